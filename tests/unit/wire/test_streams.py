"""Streams: which frames come of which bytes, and what they add up to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from licet.wire import Dialect, Frame, Kind, StreamReader


def data(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def event(value: dict[str, Any]) -> bytes:
    return f"event: {value['type']}\n".encode() + data(value)


def delta(**fields: Any) -> bytes:
    return data({"choices": [{"delta": fields, "finish_reason": None}]})


def kinds(frames: list[Frame]) -> list[Kind]:
    return [frame.kind for frame in frames]


def only(dialect: Dialect, stream: bytes) -> Frame:
    frames = StreamReader(dialect).feed(stream)
    assert len(frames) == 1
    return frames[0]


USAGE = data({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}})
DONE = b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"role": "assistant", "content": ""}, "preamble"),
        ({"role": "assistant", "content": None, "refusal": None}, "preamble"),
        ({}, "preamble"),
        ({"x_new": "?"}, "preamble"),
        ({"content": " "}, "content"),
        ({"content": [{"type": "thinking", "thinking": "so"}]}, "content"),
        ({"reasoning_content": "so"}, "content"),
        ({"reasoning": "so"}, "content"),
        ({"reasoning_details": [{"text": "so"}]}, "content"),
        ({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": ""}}]}, "content"),
        ({"tool_calls": [{"index": 0, "custom": {"input": "x"}}]}, "content"),
        ({"tool_calls": []}, "preamble"),
        ({"function_call": {"name": "f"}}, "content"),
        ({"audio": {"data": "AAAA"}}, "content"),
        ({"refusal": "No"}, "refusal"),
    ],
)
def test_what_a_delta_of_chat_is(fields: dict[str, Any], kind: Kind) -> None:
    assert only("chat", delta(**fields)).kind == kind


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"type": "ping"}, "preamble"),
        ({"type": "x_new"}, "preamble"),
        ({"type": "message_start", "message": None}, "preamble"),
        (
            {"type": "content_block_start", "content_block": {"type": "text", "text": ""}},
            "preamble",
        ),
        (
            {"type": "content_block_start", "content_block": {"type": "text", "text": "a"}},
            "content",
        ),
        ({"type": "content_block_start", "content_block": {"type": "tool_use"}}, "content"),
        ({"type": "content_block_start", "content_block": None}, "preamble"),
        ({"type": "content_block_delta", "delta": {"text": ""}}, "preamble"),
        ({"type": "content_block_delta", "delta": {"text": "a"}}, "content"),
        ({"type": "content_block_delta", "delta": {"thinking": "a"}}, "content"),
        ({"type": "content_block_delta", "delta": {"signature": "a"}}, "content"),
        ({"type": "content_block_delta", "delta": {"citation": {"cited_text": "a"}}}, "content"),
        ({"type": "content_block_delta", "delta": {"partial_json": "{"}}, "content"),
        ({"type": "content_block_delta", "delta": {"partial_json": ""}}, "preamble"),
        ({"type": "content_block_delta", "delta": None}, "preamble"),
        ({"type": "message_delta", "delta": {"stop_reason": None}}, "preamble"),
        ({"type": "message_delta", "delta": {"stop_reason": "x_new"}}, "stop"),
        ({"type": "message_delta", "delta": {"stop_reason": "refusal"}}, "refusal"),
        ({"type": "message_stop"}, "end"),
        ({"type": "error", "error": None}, "error"),
    ],
)
def test_what_an_event_of_messages_is(fields: dict[str, Any], kind: Kind) -> None:
    assert only("messages", event(fields)).kind == kind


@pytest.mark.parametrize("dialect", ["chat", "messages"])
@pytest.mark.parametrize(
    "stream",
    [
        b"data: {\n\n",
        b"data: hello\n\n",
        b"data: []\n\n",
        b"data: 7\n\n",
        b"data: null\n\n",
        b'data: {"choices":"?","delta":"?"}\n\n',
        b'data: {"choices":[{"delta":{"content":"\xff"}}],"delta":{"text":"\xff"}}\n\n',
        b"data: " + b"[" * 100_000 + b"\n\n",
        b"<html>\n\n",
        b'{"error":{"message":"not even an event"}}\n\n',
    ],
)
def test_what_is_no_event_breaks_the_stream_and_is_not_forwarded(
    dialect: Dialect, stream: bytes
) -> None:
    reader = StreamReader(dialect)
    frames = reader.feed(stream + delta(content="late"))
    assert kinds(frames) == ["malformed"]
    assert frames[0].raw == b""
    assert frames[0].error == reader.error
    assert reader.error is not None
    assert reader.error.code == "malformed_event"
    assert reader.feed(delta(content="later")) == []
    assert not reader.ended


@pytest.mark.parametrize(
    "stream",
    [b": comment\n\n", b"\n\n", b"id: 7\n\n", b"retry: 100\n\n", b"event: x\n\n", b":\r\n\r\n"],
)
def test_events_without_data_pass_and_say_nothing(stream: bytes) -> None:
    assert only("chat", stream) == Frame(stream, "preamble")


@pytest.mark.parametrize("stream", [b"data:\n\n", b"data: \n\n", b"data\n\n"])
def test_empty_data_is_kept_from_clients_that_would_choke_on_it(stream: bytes) -> None:
    assert only("chat", stream) == Frame(b"", "preamble")


@pytest.mark.parametrize(
    "stream",
    [
        b'data:{"choices":[{"delta":{"content":"a"}}]}\n\n',
        b'data: {"choices":[{"delta":\ndata: {"content":"a"}}]}\n\n',
        b'data:{"choices":[{"delta":\ndata: {"content":"a"}}]}\n\n',
        b'id: 7\ndata: {"choices":[{"delta":{"content":"a"}}]}\n\n',
        b'event: x\ndata:{"choices":[{"delta":{"content":"a"}}]}\n\n',
        b': so\nid: 7\ndata: {"choices":[{"delta":{"content":"a"}}]}\nretry: 1\n\n',
        b'data: {"choices":[{"delta":{"content":"a"}}]}\r\n\r\n',
        b'data: {"choices":[{"delta":\rdata: {"content":"a"}}]}\n\n',
        b'\xef\xbb\xbfdata: {"choices":[{"delta":{"content":"a"}}]}\n\n',
        b'\ndata: {"choices":[{"delta":{"content":"a"}}]}\n\n',
        b'x-new: 1\ndata: {"choices":[{"delta":{"content":"a"}}]}\n\n',
    ],
)
def test_every_legal_form_of_an_event_is_read(stream: bytes) -> None:
    reader = StreamReader("chat")
    assert reader.feed(stream) == [Frame(stream, "content")]
    assert reader.text_size == 1


def test_lines_may_end_with_a_lone_return() -> None:
    reader = StreamReader("chat")
    first = delta(content="a").replace(b"\n", b"\r")
    # Whether a line feed follows the last return is only known with the next byte.
    assert reader.feed(first) == []
    assert reader.feed(first) == [Frame(first, "content")]
    assert kinds(reader.finish()) == ["content"]
    assert reader.text_size == 2


@pytest.mark.parametrize("choice", [{}, {"delta": None}, {"delta": {}, "finish_reason": ""}])
def test_a_choice_that_says_nothing_is_a_preamble(choice: dict[str, Any]) -> None:
    assert only("chat", data({"choices": [choice]})).kind == "preamble"


def test_usage_that_only_we_asked_for_is_not_forwarded() -> None:
    for strip, raw in ((True, b""), (False, USAGE)):
        reader = StreamReader("chat", strip_usage=strip)
        assert reader.feed(USAGE) == [Frame(raw, "usage")]
        assert reader.usage is not None
        assert reader.usage.input_tokens == 3


def test_usage_on_a_chunk_that_says_more_is_forwarded_and_read() -> None:
    stream = data(
        {
            "choices": [{"delta": {}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2},
        }
    )
    reader = StreamReader("chat", strip_usage=True)
    assert reader.feed(stream) == [Frame(stream, "stop")]
    assert reader.usage is not None


@pytest.mark.parametrize("nothing", ["null", "{}", '{"prompt_tokens":null}'])
def test_usage_without_figures_does_not_count(nothing: str) -> None:
    reader = StreamReader("chat")
    reader.feed(USAGE)
    reader.feed(b'data: {"choices":[],"usage":' + nothing.encode() + b"}\n\n")
    assert reader.usage is not None
    assert reader.usage.output_tokens == 2


def test_content_with_a_stop_is_content_and_the_reason_is_kept() -> None:
    reader = StreamReader("chat")
    choice = {"delta": {"content": "a"}, "finish_reason": "length"}
    assert kinds(reader.feed(data({"choices": [choice]}))) == ["content"]
    assert reader.stop_reason == "length"


def test_nothing_is_read_after_the_end() -> None:
    reader = StreamReader("chat")
    assert kinds(reader.feed(DONE + delta(content="late"))) == ["end"]
    assert reader.feed(delta(content="later")) == []
    assert reader.finish() == []
    assert reader.text_size == 0


def test_a_stream_without_its_last_frame_has_stopped_and_not_ended() -> None:
    reader = StreamReader("chat")
    reader.feed(delta(content="a") + data({"choices": [{"delta": {}, "finish_reason": "stop"}]}))
    assert reader.finish() == []
    assert reader.stop_reason == "stop"
    assert not reader.ended


def test_a_stream_that_is_cut_between_events_has_not_ended() -> None:
    reader = StreamReader("messages")
    reader.feed(event({"type": "content_block_delta", "delta": {"text": "a"}}))
    assert reader.finish() == []
    assert not reader.ended


@pytest.mark.parametrize("end", [b"data: [DONE]", b"data: [DONE]\n", b"data: [DONE]\r\n"])
def test_the_last_event_may_lack_its_empty_line(end: bytes) -> None:
    reader = StreamReader("chat")
    assert reader.feed(end) == []
    assert reader.finish() == [Frame(DONE, "end")]
    assert reader.ended


def test_a_body_of_json_where_a_stream_was_due_is_malformed() -> None:
    reader = StreamReader("chat")
    assert reader.feed(b'{"error":{"message":"no"}}') == []
    assert kinds(reader.finish()) == ["malformed"]


def test_an_event_is_bounded_however_it_arrives() -> None:
    stream = delta(content="a" * 200)
    limit = len(stream)
    assert kinds(StreamReader("chat", event_size_max=limit).feed(stream * 2)) == ["content"] * 2
    for step in (1, 7, limit, 2 * limit):
        reader = StreamReader("chat", event_size_max=limit - 1)
        frames = [
            frame
            for start in range(0, limit, step)
            for frame in reader.feed(stream[start : start + step])
        ]
        assert kinds(frames) == ["malformed"]
        assert reader.error is not None
        assert reader.error.code == "event_too_large"


def test_an_event_has_a_bounded_number_of_lines() -> None:
    lines = b'data: {"choices":[{"delta":{"content":\n' + b"data: \n" * 997 + b'data: "a"}}]}\n\n'
    assert only("chat", lines).kind == "content"
    frame = only("chat", b"data: \n" + lines)
    assert frame.kind == "malformed"
    assert frame.error is not None
    assert frame.error.message == "an event has more than 1000 lines"


def test_an_error_in_an_older_form_is_an_error() -> None:
    frame = only("chat", data({"object": "error", "message": "bad", "code": 400}))
    assert frame.kind == "error"
    assert frame.error is not None
    assert (frame.error.code, frame.error.message) == ("400", "bad")
    frame = only("chat", data({"error": "bad"}))
    assert frame.error is not None
    assert frame.error.message == "bad"


@pytest.mark.parametrize(
    "said", ['{"message":"bad"}', '{"error":{"message":"bad"}}', '{"error":"bad"}', '"bad"']
)
def test_an_event_named_error_is_one_whatever_its_data_says(said: str) -> None:
    stream = f"event: error\ndata: {said}\n\n".encode()
    frame = only("messages", stream)
    assert (frame.raw, frame.kind) == (stream, "error")
    assert frame.error is not None
    assert frame.error.message == "bad"


@pytest.mark.parametrize(
    "text", [b'{"choices":[{"delta":{"content":"\\ud83d"},"logprobs":{"x":NaN}}]}']
)
def test_what_the_official_clients_can_read_does_not_break_the_stream(text: bytes) -> None:
    reader = StreamReader("chat")
    stream = b"data: " + text + b"\n\n"
    assert reader.feed(stream) == [Frame(stream, "content")]
    assert reader.text_size == 1


def test_an_open_block_is_known_until_it_is_closed() -> None:
    reader = StreamReader("messages")
    reader.feed(event({"type": "content_block_start", "index": 3, "content_block": {}}))
    assert reader.open_block == 3
    reader.feed(event({"type": "content_block_stop", "index": 3}))
    assert reader.open_block is None
