"""Each fault on a real socket, in each dialect, whole and streamed: what the caller hears."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from licet.sim import FAULTS, Dialect
from tests.unit.sim.world import DIALECTS, PATH, VENDOR, Heard, ask, play, prompt, request, world

EACH = pytest.mark.parametrize("dialect", DIALECTS)
STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
TOOLS = {
    "chat": [{"type": "function", "function": {"name": "look", "parameters": {}}}],
    "messages": [{"name": "look", "input_schema": {"type": "object"}}],
    "responses": [{"type": "function", "name": "look", "parameters": {}, "strict": False}],
}


def heard(
    dialect: Dialect, fault: str, stream: bool, *, until: bytes | None = None, tools: bool = False
) -> Heard:
    """What is heard of one request whose prompt asks for `fault`, and a check of the ledger."""
    kept: list[Heard] = []

    async def scene() -> None:
        async with world() as here:
            text = f"[[sim:{fault}]]" + (" [[sim:tools]]" if tools else "")
            more: Any = {"tools": TOOLS[dialect]} if tools else {}
            answer = await ask(here, dialect, text, until=until, stream=stream, **more)
            entry, end = await here.lines(2)
            assert entry.fault == (None if fault == "none" else fault)
            assert entry.status == answer.status
            held = fault.startswith("stall")
            broken = fault.startswith(("cut", "truncated"))
            assert end.outcome == ("cancelled" if held else "cut" if broken else "completed")
            kept.append(answer)

    play(scene())
    return kept[0]


def text_of(dialect: Dialect, answer: Heard) -> str:
    """The text of the events that arrived."""
    if dialect == "chat":
        choices = [event["choices"] for event in answer.events() if event.get("choices")]
        return "".join(choice[0]["delta"].get("content") or "" for choice in choices)
    if dialect == "responses":
        texts = [e for e in answer.events() if e["type"] == "response.output_text.delta"]
        return "".join(event["delta"] for event in texts)
    deltas = [event.get("delta", {}) for event in answer.events()]
    return "".join(delta.get("text", "") for delta in deltas)


@EACH
@STREAMED
def test_none(dialect: Dialect, stream: bool) -> None:
    answer = heard(dialect, "none", stream)
    assert (answer.status, answer.ending) == (200, "complete")
    assert "transfer-encoding" in answer.headers if stream else "content-length" in answer.headers


@EACH
@STREAMED
def test_stall_says_nothing_at_all(dialect: Dialect, stream: bool) -> None:
    async def scene() -> None:
        async with world() as here:
            port = here.port(VENDOR[dialect])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            body = prompt(dialect, "[[sim:stall]]", stream=stream)
            writer.write(request(PATH[dialect], body))
            await here.lines(1)
            writer.write_eof()
            assert await reader.read() == b""
            writer.close()
            entry, end = await here.lines(2)
            assert (entry.fault, entry.status) == ("stall", None)
            assert (end.outcome, end.chunks) == ("cancelled", 0)

    play(scene())


@EACH
@STREAMED
def test_slow_headers_come_late_and_complete(dialect: Dialect, stream: bool) -> None:
    assert heard(dialect, "slow_headers:1", stream).ending == "complete"


@EACH
@STREAMED
def test_stall_before_content(dialect: Dialect, stream: bool) -> None:
    opened = b"output_item.added" if dialect == "responses" else b'"role":"assistant"'
    last = opened if stream else b"\r\n\r\n"
    answer = heard(dialect, "stall_before_content", stream, until=last)
    assert (answer.status, answer.ending) == (200, "open")
    assert b"answer from" not in answer.raw


@EACH
@STREAMED
def test_stall_mid_text(dialect: Dialect, stream: bool) -> None:
    answer = heard(dialect, "stall_mid_text", stream, until=b"answer" if stream else b'"role"')
    assert (answer.status, answer.ending) == (200, "open")
    assert answer.body


@EACH
@STREAMED
def test_cut_before_head(dialect: Dialect, stream: bool) -> None:
    answer = heard(dialect, "cut_before_head", stream)
    assert (answer.status, answer.ending, answer.raw) == (None, "reset", b"")


@EACH
@STREAMED
def test_cut_before_content(dialect: Dialect, stream: bool) -> None:
    answer = heard(dialect, "cut_before_content", stream)
    assert (answer.status, answer.ending) == (200, "reset")
    assert bool(answer.body) is stream
    assert not text_of(dialect, answer)


@EACH
@STREAMED
def test_cut_mid_text(dialect: Dialect, stream: bool) -> None:
    answer = heard(dialect, "cut_mid_text", stream)
    assert (answer.status, answer.ending) == (200, "reset")
    assert answer.body
    if stream:
        assert text_of(dialect, answer).startswith("answer")


@EACH
@STREAMED
def test_cut_mid_tool_call(dialect: Dialect, stream: bool) -> None:
    answer = heard(dialect, "cut_mid_tool_call", stream, tools=True)
    assert answer.ending == "reset"
    assert b"look" in answer.body if stream else answer.body
    assert b"[DONE]" not in answer.body


@EACH
@STREAMED
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
def test_status(dialect: Dialect, stream: bool, status: int) -> None:
    answer = heard(dialect, f"status_{status}", stream)
    assert (answer.status, answer.ending) == (status, "complete")
    assert answer.json()["error"]["message"] == f"scripted failure {status}"
    assert "retry-after" not in answer.headers


@EACH
def test_status_with_retry_after(dialect: Dialect) -> None:
    assert heard(dialect, "status_429:3", False).headers["retry-after"] == "3"


@EACH
@STREAMED
@pytest.mark.parametrize(("fault", "status"), [("html_error", 502), ("html_answer", 200)])
def test_html(dialect: Dialect, stream: bool, fault: str, status: int) -> None:
    answer = heard(dialect, fault, stream)
    assert (answer.status, answer.headers["content-type"]) == (status, "text/html")
    assert answer.body.startswith(b"<html>")


@EACH
def test_malformed_event_stands_amid_good_ones(dialect: Dialect) -> None:
    answer = heard(dialect, "malformed_event", True)
    with pytest.raises(json.JSONDecodeError):
        answer.events()
    assert answer.ending == "complete"
    end = {"chat": b"[DONE]", "messages": b"message_stop", "responses": b"response.completed"}
    assert end[dialect] in answer.body


@EACH
def test_malformed_event_of_a_whole_answer_is_half_of_it(dialect: Dialect) -> None:
    answer = heard(dialect, "malformed_event", False)
    assert (answer.status, answer.ending) == (200, "complete")
    with pytest.raises(json.JSONDecodeError):
        answer.json()


@EACH
@STREAMED
def test_malformed_answer_is_broken_json_even_for_a_stream(dialect: Dialect, stream: bool) -> None:
    answer = heard(dialect, "malformed_answer", stream)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    with pytest.raises(json.JSONDecodeError):
        answer.json()


@EACH
def test_error_after_200_comes_amid_the_text(dialect: Dialect) -> None:
    answer = heard(dialect, "error_after_200", True)
    assert (answer.status, answer.ending) == (200, "complete")
    assert text_of(dialect, answer).startswith("answer")
    last = answer.events()[-1]
    assert last.get("error", last)["message"] == "scripted failure 500"


@EACH
def test_overloaded_in_band_comes_before_the_text(dialect: Dialect) -> None:
    answer = heard(dialect, "overloaded_in_band", True)
    assert not text_of(dialect, answer)
    last = answer.events()[-1]
    if dialect == "responses":
        assert (last["type"], last["code"]) == ("error", "server_error")
        return
    kind = "server_error" if dialect == "chat" else "overloaded_error"
    assert last["error"]["type"] == kind


@EACH
@pytest.mark.parametrize("fault", ["error_after_200", "overloaded_in_band"])
def test_a_whole_answer_can_be_an_error_with_200(dialect: Dialect, fault: str) -> None:
    answer = heard(dialect, fault, False)
    assert answer.status == 200
    assert "error" in answer.json()


@EACH
@STREAMED
@pytest.mark.parametrize("fault", ["first_event_not_content:1", "slow_drip:1"])
def test_slow_answers_are_complete(dialect: Dialect, stream: bool, fault: str) -> None:
    answer = heard(dialect, fault, stream)
    assert answer.ending == "complete"
    whole = answer.body.decode()
    assert "answer" in (text_of(dialect, answer) if stream else whole)


def usage_of(dialect: Dialect, answer: Heard, stream: bool) -> object:
    if not stream:
        return answer.json().get("usage")
    events = [event.get("response", event) for event in answer.events()]
    return next((e["usage"] for e in reversed(events) if e.get("usage")), None)


@EACH
@STREAMED
def test_wrong_usage(dialect: Dialect, stream: bool) -> None:
    async def scene() -> None:
        async with world() as here:
            options: Any = {"stream_options": {"include_usage": True}}
            text = "[[sim:wrong_usage]]"
            answer = await ask(
                here, dialect, text, stream=stream, **(options if dialect == "chat" else {})
            )
            assert "1000000007" in json.dumps(usage_of(dialect, answer, stream))

    play(scene())


@EACH
@STREAMED
def test_missing_usage(dialect: Dialect, stream: bool) -> None:
    answer = heard(dialect, "missing_usage", stream)
    assert answer.ending == "complete"
    assert usage_of(dialect, answer, stream) is None


@EACH
@STREAMED
def test_wrong_content_encoding(dialect: Dialect, stream: bool) -> None:
    answer = heard(dialect, "wrong_content_encoding", stream)
    assert answer.headers["content-encoding"] == "gzip"
    assert b"answer" in answer.body


@EACH
@STREAMED
def test_refusal(dialect: Dialect, stream: bool) -> None:
    answer = heard(dialect, "refusal", stream)
    body = json.dumps(answer.events() if stream else answer.json())
    if dialect == "chat":
        assert '"finish_reason": "content_filter"' in body
    elif dialect == "responses":
        assert '"type": "refusal"' in body
    else:
        assert '"stop_reason": "refusal"' in body
        assert '"category": "cyber"' in body
    assert "answer from" not in body


@EACH
@STREAMED
@pytest.mark.parametrize("fault", ["filter_error", "policy_error", "policy_in_band"])
def test_refusals_told_as_errors(dialect: Dialect, stream: bool, fault: str) -> None:
    answer = heard(dialect, fault, stream)
    words = {"filter_error": b"content_filter", "policy_error": b"content_policy_violation"}
    told = words.get(fault, b"content_policy_violation")
    assert (b"content filtering policy" if dialect == "messages" else told) in answer.body
    assert answer.status == (200 if fault == "policy_in_band" else 400)
    assert b"answer from" not in answer.body


@STREAMED
def test_who_refuses_is_replaced_where_the_request_says_so(stream: bool) -> None:
    async def scene() -> None:
        async with world() as here:
            names = ["nobody", "claude-fable-5"]
            more: Any = {"fallbacks": [{"model": name} for name in names]}
            answer = await ask(here, "messages", "[[sim:refusal]]", stream=stream, **more)
            assert b'"fallback"' in answer.body
            assert b"claude-fable-5" in answer.body

    play(scene())


@EACH
@STREAMED
def test_truncated_body_ends_early_and_politely(dialect: Dialect, stream: bool) -> None:
    answer = heard(dialect, "truncated_body", stream)
    assert (answer.status, answer.ending) == (200, "eof")
    if not stream:
        assert 0 < len(answer.body) < int(answer.headers["content-length"])


@EACH
@STREAMED
def test_unknown_stop_reason(dialect: Dialect, stream: bool) -> None:
    assert b"wandered_off" in heard(dialect, "unknown_stop_reason", stream).body


@EACH
@STREAMED
def test_redirect_points_where_no_credential_must_go(dialect: Dialect, stream: bool) -> None:
    answer = heard(dialect, "redirect", stream)
    assert answer.status == 307
    assert answer.headers["location"].startswith("https://elsewhere.invalid/v1/")


@EACH
@STREAMED
def test_close_idle_closes_after_a_complete_answer(dialect: Dialect, stream: bool) -> None:
    answer = heard(dialect, "close_idle", stream)
    assert answer.ending == "complete"
    assert "connection" not in answer.headers


@EACH
def test_chunked_frames_a_whole_answer_in_chunks(dialect: Dialect) -> None:
    answer = heard(dialect, "chunked", False)
    assert answer.headers["transfer-encoding"] == "chunked"
    assert "answer from" in json.dumps(answer.json())


@EACH
@STREAMED
def test_wrong_model(dialect: Dialect, stream: bool) -> None:
    answer = heard(dialect, "wrong_model", stream)
    assert b'-lite"' in answer.body


@EACH
def test_a_fault_of_another_vendor_is_not_ours(dialect: Dialect) -> None:
    async def scene() -> None:
        async with world() as here:
            other = next(vendor for vendor in VENDOR.values() if vendor != VENDOR[dialect])
            answer = await ask(here, dialect, f"[[sim:status_500@{other}]]")
            assert answer.status == 200

    play(scene())


@EACH
def test_the_header_steers_too(dialect: Dialect) -> None:
    async def scene() -> None:
        async with world() as here:
            answer = await ask(here, dialect, "hi", headers={"sim-script": "status_503"})
            assert answer.status == 503

    play(scene())


def test_every_fault_has_its_test_and_its_place_in_the_manual() -> None:
    here = Path(__file__)
    tests = here.read_text(encoding="utf-8")
    manual = (here.parents[3] / "docs/internals/sim.md").read_text(encoding="utf-8")
    assert not [name for name in FAULTS if name not in tests]
    assert not [name for name in FAULTS if f"`{name}" not in manual]
