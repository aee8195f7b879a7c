"""What is read strictly: anything that is not one answer or one refusal is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from licet.demo.hearing import Heard, Kind, Raw, hear
from licet.demo.persons import DIALECTS, Dialect

GOLDEN = Path(__file__).parents[2] / "golden" / "wire"
OURS = {
    "licet-request-id": "01K0",
    "licet-model": "claude-fable-5",
    "licet-endpoint": "anthropic",
    "licet-evidence": "node-1/7",
    "licet-decision": "permitted",
}
BLOCKED = {"x-should-retry": "false", "link": '<https://operator.example/ai>; rel="blocked-by"'}
JSON = {"content-type": "application/json"}
EVENTS = {"content-type": "text/event-stream; charset=utf-8"}


def golden(path: str) -> bytes:
    return (GOLDEN / path).read_bytes()


def answer(dialect: Dialect, *, without: str = "", **changed: str) -> Raw:
    headers = {**JSON, **OURS, **changed}
    headers.pop(without, None)
    return Raw(status=200, headers=headers, body=golden(f"answers/{dialect}-text.json"))


def stream(dialect: Dialect, body: bytes | None = None) -> Raw:
    data = golden(f"streams/{dialect}-text.sse") if body is None else body
    return Raw(status=200, headers={**EVENTS, **OURS}, body=data)


def refusal(dialect: Dialect, status: int = 451, **headers: str) -> Raw:
    body = golden(f"errors/{dialect}-refusal.json")
    return Raw(status=status, headers={**JSON, **BLOCKED, **headers}, body=body)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_answer_is_heard_with_who_gave_it(dialect: Dialect) -> None:
    expected = Heard(kind=Kind.ANSWERED, model="claude-fable-5", endpoint="anthropic")
    assert hear(answer(dialect), dialect, stream=False) == expected
    assert hear(stream(dialect), dialect, stream=True) == expected


def test_a_rerouted_answer_says_so() -> None:
    rerouted = answer("chat", **{"licet-decision": "rerouted"})
    assert hear(rerouted, "chat", stream=False).rerouted


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_refusal_is_heard_with_its_verdict(dialect: Dialect) -> None:
    assert hear(refusal(dialect), dialect, stream=False) == Heard(
        kind=Kind.REFUSED, verdict="undetermined", directives=("us-commerce-2026-06-12",)
    )


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_stream_that_ends_in_a_refusal_is_cut(dialect: Dialect) -> None:
    events = golden(f"streams/{dialect}-text.sse").split(b"\n\n")[:4]
    cut = b"\n\n".join(events) + b"\n\n" + golden(f"errors/{dialect}-refusal.sse")
    heard = hear(stream(dialect, cut), dialect, stream=True)
    assert (heard.kind, heard.directives) == (Kind.CUT, ("us-commerce-2026-06-12",))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_unavailable_is_a_refusal_of_its_own(dialect: Dialect) -> None:
    body = golden(f"errors/{dialect}-refusal.json")
    gone = Raw(
        status=503, headers=JSON, body=body.replace(b"directive_refused", b"model_unavailable")
    )
    assert hear(gone, dialect, stream=False).kind is Kind.UNAVAILABLE


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_stream_that_breaks_off_is_lost(dialect: Dialect) -> None:
    whole = golden(f"streams/{dialect}-text.sse")
    # The bytes after the last event's data, its blank line, are part of the event.
    for length in range(len(whole) - 1):
        assert hear(stream(dialect, whole[:length]), dialect, stream=True).kind is Kind.LOST


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_answer_that_breaks_off_is_lost(dialect: Dialect) -> None:
    whole = golden(f"answers/{dialect}-text.json").rstrip()
    for length in range(len(whole)):
        raw = Raw(status=200, headers={**JSON, **OURS}, body=whole[:length])
        assert hear(raw, dialect, stream=False).kind is Kind.LOST


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_dropped_event_is_missed(dialect: Dialect) -> None:
    events = golden(f"streams/{dialect}-text.sse").split(b"\n\n")[:-1]
    needed = {
        "chat": ('"stop"', "[DONE]"),
        "messages": (
            "message_start",
            "content_block_start",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ),
    }
    for name in needed[dialect]:
        left = [event for event in events if name.encode() not in event]
        assert len(left) == len(events) - 1, name
        heard = hear(stream(dialect, b"\n\n".join(left) + b"\n\n"), dialect, stream=True)
        assert heard.kind is Kind.LOST, name


@pytest.mark.parametrize("name", sorted(OURS))
def test_an_answer_without_what_is_promised_is_lost(name: str) -> None:
    assert hear(answer("chat", without=name), "chat", stream=False).kind is Kind.LOST


@pytest.mark.parametrize(
    "raw",
    [
        answer("chat", **{"content-type": "text/html"}),
        answer("chat", **{"licet-decision": "degraded"}),
        answer("messages"),
        Raw(status=200, headers={**JSON, **OURS}, body=b"{}", whole=False),
        Raw(status=200, headers={**JSON, **OURS}, body=b"[]"),
        Raw(status=502, headers=JSON, body=b'{"error": {"type": "server_error"}}'),
        Raw(status=500, headers={"content-type": "text/html"}, body=b"<html>"),
        Raw(status=451, headers=JSON, body=golden("errors/chat-refusal.json")),
        refusal("chat", 403),
        refusal("chat", link="<https://operator.example/ai>"),
        refusal("messages"),
    ],
    ids=range(11),
)
def test_whatever_is_not_of_the_dialect_is_lost(raw: Raw) -> None:
    heard = hear(raw, "chat", stream=False)
    assert heard.kind is Kind.LOST
    assert heard.problem


def test_an_answer_that_is_not_streamed_is_lost_to_whoever_asked_for_a_stream() -> None:
    assert hear(answer("chat"), "chat", stream=True).kind is Kind.LOST
    assert hear(stream("chat"), "chat", stream=False).kind is Kind.LOST
