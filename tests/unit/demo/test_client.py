"""The client: what a server does wrong on the wire is heard as a loss, and never hangs it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from licet.demo import client
from licet.demo.client import Connection
from licet.demo.hearing import Heard, Kind
from licet.demo.persons import PERSONS
from licet.demo.requests import Ask
from licet.demo.staging import Access
from tests.unit.demo.test_hearing import OURS, golden

ASK = Ask(case="1", person=PERSONS[0], dialect="chat", name="claude-fable-5", stream=False)
STREAMED = Ask(case="2", person=PERSONS[0], dialect="chat", name="claude-fable-5", stream=True)
ACCESS = Access(keys={"plainfield-staff": "lk_1"}, tokens={"ann": "a.b.c"})

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answering(*answers: bytes) -> Serve:
    """A server that answers each request of a connection in turn, and then closes it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
            assert b"authorization: Bearer lk_1\r\n" in head
            assert b"licet-subject: a.b.c\r\n" in head
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            assert b"[[person:ann]]" in await reader.readexactly(length)
            writer.write(answer)
        writer.close()

    return serve


def heard(serve: Serve, *asks: Ask) -> list[Heard]:
    async def scene() -> list[Heard]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        connection = Connection(host, port)
        found = [await connection.ask(ask, ACCESS) for ask in asks]
        await connection.close()
        # Who was accepted a moment ago may not have begun: what is made of it must be closed too.
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.gather(*others)
        server.close()
        await server.wait_closed()
        return found

    return asyncio.run(scene())


def response(body: bytes, kind: str = "application/json", *, framing: str = "") -> bytes:
    framing = framing or f"content-length: {len(body)}"
    lines = [f"content-type: {kind}", framing, *(f"{n}: {v}" for n, v in OURS.items())]
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode() + body


def chunked(body: bytes, *, last: bytes = b"0\r\n\r\n") -> bytes:
    pieces = [body[at : at + 100] for at in range(0, len(body), 100)]
    data = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + last
    return response(data, "text/event-stream", framing="transfer-encoding: chunked")


WHOLE = response(golden("answers/chat-text.json"))
STREAM = golden("streams/chat-text.sse")


def test_answers_come_one_after_the_other_on_one_connection() -> None:
    found = heard(answering(WHOLE, chunked(STREAM), WHOLE), ASK, STREAMED, ASK)
    assert [one.kind for one in found] == [Kind.ANSWERED] * 3


def test_a_connection_that_ended_is_opened_again() -> None:
    found = heard(answering(WHOLE.replace(b"\r\n", b"\r\nconnection: close\r\n", 1)), ASK, ASK)
    assert [one.kind for one in found] == [Kind.ANSWERED] * 2


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        (b"", ASK),
        (WHOLE[:-1], ASK),
        (WHOLE[:40], ASK),
        (WHOLE.replace(b"HTTP/1.1", b"HTTP/1.0", 1), ASK),
        (WHOLE.replace(b"content-length: ", b"content-length: x", 1), ASK),
        (WHOLE.replace(b"\r\n", b"\r\nlicet-model: another\r\n", 1), ASK),
        (response(b"", framing="server: a"), ASK),
        (chunked(STREAM, last=b""), STREAMED),
        (chunked(STREAM, last=b"5\r\n12345678\r\n0\r\n\r\n"), STREAMED),
        (chunked(STREAM, last=b"many\r\n"), STREAMED),
    ],
    ids=range(10),
)
def test_what_breaks_off_or_miscounts_is_lost(answer: bytes, asked: Ask) -> None:
    (found,) = heard(answering(answer), asked)
    assert found.kind is Kind.LOST
    assert found.problem


def test_silence_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    monkeypatch.setattr(client, "ANSWER_S", 0.05)
    (found,) = heard(silent, ASK)
    assert (found.kind, found.problem[:7]) == (Kind.LOST, "Timeout")


def test_a_port_where_nobody_listens_is_lost() -> None:
    async def scene() -> Heard:
        server = await asyncio.start_server(answering(), "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        server.close()
        await server.wait_closed()
        return await Connection(host, port).ask(ASK, ACCESS)

    assert asyncio.run(scene()).kind is Kind.LOST
