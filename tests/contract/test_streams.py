"""Streams in motion, for every ordered pair of dialects: the caller's, and the vendor's.

A reader who is slow slows the vendor; one who leaves ends the call; tokens are complete, or
estimated and marked; a held head is held for so long and no longer. What callers see of everything
that vendors do wrong, errors amid a stream above all, is in `tests/golden/test_faults_across.py`.
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from itertools import product
from typing import Any

import msgspec
import pytest

from licet.sim import End
from licet.terms import Instant
from tests.contract.asking import PATHS, Heard, Streaming, ask, body_of, heard
from tests.contract.evidence import told
from tests.contract.test_robustness import narrow, request
from tests.rig import EVERY_VENDOR, LICET, Rig, bounded

AT = Instant(1_781_300_000_000_000)
DIALECTS = tuple(PATHS)
PAIRS = pytest.mark.parametrize(("dialect", "spoken"), list(product(DIALECTS, DIALECTS)))
FOR_EVER_MS = 60_000

ANSWER_BYTES = 12_000_000
UNSENT_BYTES_MAX = 2_000_000
"""Far below the answer: what the kernel has not taken yet of what was written to the caller."""
# A stream of Responses says all of its answer again in its last event, which is bounded.
BOUNDS = "[limits]\nanswer_bytes_max = 64000000\nstream_event_bytes_max = 64000000\n"
LARGE = tuple(
    msgspec.structs.replace(one, answer_bytes=ANSWER_BYTES, chunks=2_000) for one in EVERY_VENDOR
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Rig]:
    with Rig({"licet.toml": LICET}, at=AT, vendors=EVERY_VENDOR) as rig:
        yield rig


def started(rig: Rig, dialect: str, spoken: str, prompt: str) -> Streaming:
    return Streaming(rig.port, rig.plain_key, dialect, prompt, model=spoken)


def ends_of(rig: Rig, request: str) -> list[str]:
    """How the calls of a request ended at the vendors, once all of them have."""
    numbers = [entry.number for entry in rig.ledger() if entry.request_id == request]
    rig.wait(lambda: set(numbers) <= rig.vendors.simulation.ledger.ends().keys())
    ends: dict[int, End] = rig.call(rig.vendors.simulation.ledger.ends)
    return [ends[number].outcome for number in numbers]


# A slow reader


@PAIRS
def test_a_slow_reader_slows_the_vendor_and_costs_bounded_memory(dialect: str, spoken: str) -> None:
    rig = Rig({"licet.toml": LICET + BOUNDS}, at=AT, vendors=LARGE)
    with rig, narrow(rig) as connection:
        body = body_of(dialect, "hello", model=spoken, stream=True, **unbounded(dialect))
        connection.sendall(request(rig, dialect, body))
        inbound, exchange = rig.call_until(lambda: in_flight(rig))
        rig.wait(lambda: inbound.paused)
        # Nothing is read any more, so the vendor cannot send what it has; nor is it kept here.
        assert not rig.call(exchange._line._outbound._transport.is_reading)
        assert rig.call(inbound._transport.get_write_buffer_size) < UNSENT_BYTES_MAX
        assert rig.call(rig.vendors.simulation.ledger.ends) == {}
        response = http.client.HTTPResponse(connection)
        response.begin()
        said = heard(response, PATHS[dialect]).said
    assert said.error is None
    assert said.closed
    assert len(said.text) >= ANSWER_BYTES


def unbounded(dialect: str) -> dict[str, int]:
    return {"max_output_tokens" if dialect == "responses" else "max_tokens": 100_000_000}


def in_flight(rig: Rig) -> tuple[Any, Any] | None:
    """The connection and the exchange of the one request that is on its way to a vendor."""
    for inbound in rig.node.desk.company.connections:
        exchange: Any = inbound.exchange
        if exchange is not None and exchange._line._outbound is not None:
            return inbound, exchange
    return None


# A caller who leaves


@PAIRS
def test_a_caller_who_leaves_amid_the_text_ends_the_call(
    shared: Rig, dialect: str, spoken: str
) -> None:
    streaming = started(shared, dialect, spoken, "[[sim:stall_mid_text]]")
    streaming.until_text()
    streaming.leave()
    request = streaming.headers["licet-request-id"]
    assert ends_of(shared, request) == ["cancelled"]
    found = told(shared)[request]
    found.check()
    (outcome,) = found.outcomes
    assert outcome.outcome == "cancelled"
    assert outcome.usage is not None
    assert outcome.usage.estimated, "no vendor has said how much it was"
    assert outcome.usage.output > 0


@PAIRS
def test_a_caller_who_leaves_while_the_vendor_thinks_ends_the_call(
    shared: Rig, dialect: str, spoken: str
) -> None:
    before = len(shared.ledger())
    with socket.create_connection(("127.0.0.1", shared.port)) as connection:
        body = body_of(dialect, "[[sim:stall]]", model=spoken)
        connection.sendall(request(shared, dialect, body))
        shared.wait(lambda: len(shared.vendors.simulation.ledger.entries()) > before)
    (entry,) = shared.ledger()[before:]
    assert entry.request_id is not None
    assert ends_of(shared, entry.request_id) == ["cancelled"]
    assert [one.outcome for one in told(shared)[entry.request_id].outcomes] == ["cancelled"]


# Tokens


def counted(answer: Heard) -> tuple[int, bool] | None:
    """The tokens of the answer as its stream says, and whether it says that they are estimated."""
    found = None
    for line in answer.body.split(b"\n"):
        if not line.startswith(b"data: {"):
            continue
        event = json.loads(line[6:])
        usage = event.get("usage") or (event.get("response") or {}).get("usage")
        if usage:
            output = usage.get("completion_tokens", usage.get("output_tokens"))
            found = output, usage.get("estimated", False)
    return found


@PAIRS
@pytest.mark.parametrize("fault", ["none", "missing_usage", "wrong_usage"])
def test_tokens_are_the_vendors_own_or_are_marked_as_estimated(
    shared: Rig, dialect: str, spoken: str, fault: str
) -> None:
    more: dict[str, Any] = {"stream_options": {"include_usage": True}} if dialect == "chat" else {}
    prompt = f"[[sim:{fault}]]"
    answer = ask(shared.port, shared.plain_key, dialect, prompt, model=spoken, stream=True, **more)
    assert answer.said.closed
    (outcome,) = told(shared)[answer.request].outcomes
    usage = outcome.usage
    assert usage is not None
    assert usage.output > 0
    if fault == "none":
        assert not usage.estimated
    if fault == "missing_usage":
        assert usage.estimated
    if dialect != spoken or fault == "none":
        assert counted(answer) == (usage.output, usage.estimated)
    elif fault == "missing_usage":
        # What the vendor of one's own dialect leaves out is not made up in its name.
        assert counted(answer) is None


@PAIRS
@pytest.mark.parametrize("fault", ["cut_mid_text", "error_after_200", "malformed_event"])
def test_tokens_of_an_answer_that_broke_off_are_estimated_and_the_caller_hears_why(
    shared: Rig, dialect: str, spoken: str, fault: str
) -> None:
    streaming = started(shared, dialect, spoken, f"[[sim:{fault}]]")
    streaming.until_text()
    answer = streaming.rest()
    assert answer.whole
    assert answer.error["code"] == "vendor_error"
    assert not answer.said.closed
    outcome = told(shared)[answer.request].outcomes[-1]
    assert outcome.outcome == "failed"
    assert outcome.usage is not None
    assert outcome.usage.estimated
    assert outcome.usage.output > 0


@PAIRS
def test_who_did_not_ask_for_tokens_in_chat_is_not_shown_what_the_vendor_was_asked(
    shared: Rig, dialect: str, spoken: str
) -> None:
    answer = ask(shared.port, shared.plain_key, dialect, model=spoken, stream=True)
    assert answer.said.closed
    assert (counted(answer) is None) == (dialect == "chat")


# The head that is held back


@PAIRS
def test_a_head_is_held_back_for_content_but_not_for_ever(dialect: str, spoken: str) -> None:
    settings = bounded(LICET, hold_head_ms=100)
    with Rig({"licet.toml": settings}, at=AT, vendors=EVERY_VENDOR) as rig:
        # The head is here when this returns, and content comes only a minute later.
        streaming = started(rig, dialect, spoken, f"[[sim:first_event_not_content:{FOR_EVER_MS}]]")
        assert streaming.status == 200
        assert rig.call(rig.vendors.simulation.ledger.ends) == {}
        streaming.leave()
        assert ends_of(rig, streaming.headers["licet-request-id"]) == ["cancelled"]
