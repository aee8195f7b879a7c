"""The ledger: what reached a vendor, for whom, and how it ended."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path

import pytest

from licet.sim import Dialect, End, Entry, Ledger, LedgerFile, Reset, read_ledger
from licet.terms import Instant
from tests.unit.sim.world import (
    DIALECTS,
    MODEL,
    PATH,
    VENDOR,
    World,
    ask,
    hear,
    play,
    prompt,
    request,
    world,
)

BOTH = pytest.mark.parametrize("dialect", DIALECTS)


@BOTH
def test_an_arrival_says_what_came_and_for_whom(dialect: Dialect) -> None:
    async def scene() -> None:
        async with world() as here:
            text = "hi [[person:Zoë Müller]] [[case:row-7]]"
            body = prompt(dialect, text, stream=True)
            headers = {"x-request-id": "01K", "accept-encoding": "identity"}
            await hear(here.port(VENDOR[dialect]), request(PATH[dialect], body, headers=headers))
            entry, end = await here.lines(2)
            assert isinstance(entry, Entry)
            assert (entry.vendor, entry.dialect) == (VENDOR[dialect], dialect)
            assert (entry.model, entry.stream) == (MODEL[dialect], True)
            assert (entry.person, entry.case) == ("Zoë Müller", "row-7")
            assert (entry.request_id, entry.accept_encoding) == ("01K", "identity")
            assert (entry.digest, entry.body_bytes) == (hashlib.sha256(body).hexdigest(), len(body))
            assert (entry.whole, entry.fault, entry.status) == (True, None, 200)
            assert (end.outcome, end.number) == ("completed", entry.number)
            assert end.chunks > 8
            assert end.at >= entry.at > Instant(0)

    play(scene())


def test_the_person_is_found_in_system_text_and_in_blocks() -> None:
    async def scene() -> None:
        async with world() as here:
            blocks = [{"type": "text", "text": "[[case:deep]]"}]
            await ask(here, "messages", "hi", system=[{"type": "text", "text": "[[person:Sys]]"}])
            messages = [{"role": "user", "content": blocks}]
            await ask(here, "chat", "", messages=messages)
            first, second = here.simulation.ledger.entries()
            assert (first.person, second.case) == ("Sys", "deep")

    play(scene())


def test_numbers_count_the_arrivals_at_all_vendors() -> None:
    async def scene() -> None:
        async with world() as here:
            for dialect in ("chat", "messages", "chat"):
                await ask(here, dialect, "hi")
            entries = here.simulation.ledger.entries()
            assert [entry.number for entry in entries] == [1, 2, 3]
            assert [entry.vendor for entry in entries] == ["openai", "anthropic", "openai"]

    play(scene())


def test_what_is_not_answered_is_written_down_too() -> None:
    async def scene() -> None:
        async with world() as here:
            port = here.port("openai")
            person = b'{"model": "gpt-5.6", "messages": [{"content": "[[person:Ana]]"'
            await hear(port, request("/v1/chat/completions", person))
            await hear(port, request("/v1/messages", prompt("messages", "[[person:Bo]]")))
            bare = {"authorization": ""}
            body = prompt("chat", "[[person:Cy]]")
            await hear(port, request("/v1/chat/completions", body, headers=bare))
            entries = here.simulation.ledger.entries()
            assert [entry.status for entry in entries] == [400, 404, 401]
            assert [entry.person for entry in entries] == ["Ana", "Bo", "Cy"]
            assert [entry.model for entry in entries] == ["gpt-5.6", "claude-opus-4.8", "gpt-5.6"]

    play(scene())


@BOTH
def test_a_peer_that_goes_away_amid_the_answer(dialect: Dialect) -> None:
    async def scene() -> None:
        async with world() as here:
            await ask(here, dialect, "[[sim:stall_mid_text]]", stream=True, until=b"answer")
            _, end = await here.lines(2)
            assert end.outcome == "cancelled"
            assert end.chunks >= 3

    play(scene())


def test_a_peer_that_goes_away_amid_the_body() -> None:
    async def scene() -> None:
        async with world() as here:
            body = prompt("chat", "[[person:Ana]] and much more")
            sent = request(PATH["chat"], body[:-5], length=len(body))
            await _send_and_leave(here, sent)
            entry, end = await here.lines(2)
            assert (entry.whole, entry.body_bytes) == (False, len(body) - 5)
            assert (entry.person, entry.digest) == ("Ana", hashlib.sha256(body[:-5]).hexdigest())
            assert (end.outcome, end.chunks) == ("cancelled", 0)

    play(scene())


async def _send_and_leave(here: World, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", here.port("openai"))
    writer.write(sent)
    writer.write_eof()
    assert await reader.read() == b""
    writer.close()


def test_lookups_carry_no_prompt_and_are_not_written_down() -> None:
    async def scene() -> None:
        async with world() as here:
            heard = await hear(here.port("openai"), request("/v1/models", b"", method="GET"))
            assert heard.status == 200
            assert here.simulation.ledger.lines() == ()

    play(scene())


def test_lines_are_on_file_when_the_request_has_arrived(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"

    async def scene() -> None:
        file = LedgerFile(path)
        async with world(write=file.write) as here:
            port = here.port("openai")
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request(PATH["chat"], prompt("chat", "[[sim:stall]]")))
            await here.lines(1)
            (entry,) = read_ledger(path.read_bytes())
            assert isinstance(entry, Entry)
            assert entry.fault == "stall"
            writer.close()
            lines = await here.lines(2)
            assert read_ledger(path.read_bytes()) == lines
        file.close()

    play(scene())


def test_a_file_is_appended_to_and_a_torn_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    end = End(number=1, at=Instant(5), outcome="cut", chunks=0)
    for _ in range(2):
        file = LedgerFile(path)
        Ledger(file.write).end(end)
        file.close()
    assert read_ledger(path.read_bytes() + b'{"kind": "end", "num') == (end, end)


def test_the_ledger_is_read_and_reset_over_http() -> None:
    written: list[bytes] = []

    async def scene() -> None:
        async with world(write=written.append) as here:
            port = here.port("openai")
            await ask(here, "chat", "one")
            await ask(here, "chat", "two")
            await here.lines(4)
            heard = await hear(port, request("/sim/ledger?since=2", b"", method="GET"))
            kinds = [json.loads(line)["kind"] for line in heard.body.splitlines()]
            assert kinds == ["arrival", "end"]
            assert read_ledger(heard.body) == here.simulation.ledger.lines(2)
            assert (await hear(port, request("/sim/reset", b""))).json() == {"reset": True}
            assert here.simulation.ledger.lines() == ()
            await ask(here, "chat", "three")
            assert here.simulation.ledger.entries()[0].number == 3

    play(scene())
    assert sum(isinstance(line, Reset) for line in read_ledger(b"".join(written))) == 1
