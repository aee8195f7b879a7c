"""What may not be lost, changed or made up between two dialects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from licet.terms import CallerFault
from licet.wire import (
    AnswerTranslator,
    Dialect,
    StreamReader,
    Translated,
    read_answer,
    read_request,
    translate_request,
    translates,
)

OTHER: dict[Dialect, Dialect] = {"chat": "messages", "messages": "chat"}
HI: list[dict[str, Any]] = [{"role": "user", "content": "hi"}]


def translated(source: Dialect, *, lossless: bool = False, **fields: Any) -> Translated:
    body = json.dumps({"model": "m", "messages": HI} | fields).encode()
    return translate_request(read_request(source, body), OTHER[source], lossless=lossless)


def sent(source: Dialect, **fields: Any) -> dict[str, Any]:
    found = translated(source, **fields).request.fields
    return {name: json.loads(bytes(raw)) for name, raw in found.items()}


def whole(source: Dialect, body: dict[str, Any]) -> dict[str, Any]:
    way = AnswerTranslator(source, OTHER[source], created_s=1, usage_asked=False, request_size=4)
    raw = json.dumps(body).encode()
    answer: dict[str, Any] = json.loads(way.answer(raw, read_answer(source, raw)))
    return answer


def streamed(source: Dialect, *events: dict[str, Any]) -> bytes:
    reader = StreamReader(source)
    way = AnswerTranslator(source, OTHER[source], created_s=1, usage_asked=False, request_size=4)
    raw = b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in events)
    if source == "chat":
        raw += b"data: [DONE]\n\n"
    return b"".join(way.frame(frame, reader).raw for frame in reader.feed(raw))


def choice(**message: Any) -> dict[str, Any]:
    finish = message.pop("finish", "stop")
    return {"id": "c", "model": "m", "choices": [{"message": message, "finish_reason": finish}]}


def message(*content: dict[str, Any], **fields: Any) -> dict[str, Any]:
    usage = {"input_tokens": 1, "output_tokens": 1}
    said = {"id": "a", "model": "m", "type": "message", "content": content, "usage": usage}
    return said | {"stop_reason": "end_turn"} | fields


# Requests


@pytest.mark.parametrize(
    ("source", "parameter", "value"),
    [
        ("chat", "n", 2),
        ("chat", "logprobs", True),
        ("chat", "modalities", ["text", "audio"]),
        ("chat", "web_search_options", {}),
        ("messages", "container", "c"),
        ("messages", "mcp_servers", [{"type": "url"}]),
        ("messages", "inference_geo", "us"),
    ],
)
def test_what_changes_the_answer_is_refused_and_named(
    source: Dialect, parameter: str, value: Any
) -> None:
    with pytest.raises(CallerFault) as refused:
        translated(source, **{parameter: value})
    assert refused.value.code == "untranslatable"
    assert refused.value.place is not None
    assert refused.value.place.path == parameter


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("n", 1), ("logprobs", False), ("seed", None), ("modalities", ["text"]), ("logit_bias", {})],
)
def test_a_value_that_says_nothing_loses_nothing(parameter: str, value: Any) -> None:
    assert not translated("chat", lossless=True, max_tokens=5, **{parameter: value}).dropped


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}],
        [{"type": "file", "file": {"file_id": "f"}}],
        [{"type": "hologram"}],
    ],
)
def test_content_that_the_other_dialect_cannot_hold_is_refused(content: object) -> None:
    with pytest.raises(CallerFault) as refused:
        translated("chat", messages=[{"role": "user", "content": content}])
    assert refused.value.code == "untranslatable"


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": 5},
        {"messages": [5]},
        {"messages": [{"role": "king", "content": "x"}]},
        {"messages": [{"role": "user", "content": 5}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]},
        {"messages": [{"role": "tool", "content": "x"}]},
        {"messages": [{"role": "assistant", "tool_calls": 5}]},
        {"tools": {}},
        {"tools": [5]},
        {"tool_choice": 5},
        {"stop": 5},
        {"response_format": "json"},
    ],
)
def test_a_misshapen_request_is_the_callers_fault(fields: dict[str, Any]) -> None:
    with pytest.raises(CallerFault):
        translated("chat", **fields)


def test_a_name_that_a_caller_made_up_is_safe_in_a_header() -> None:
    made_up: dict[str, Any] = {"x\r\nset-cookie: a": 1, "y" * 500: 2}
    found = translated("chat", **made_up)
    assert all(name.isascii() and name.isprintable() and len(name) <= 64 for name in found.dropped)
    assert all(" " not in name and ":" not in name for name in found.dropped)


def test_what_nobody_knows_is_named_wherever_it_lies() -> None:
    tool = {"type": "function", "x": 1, "function": {"name": "f", "y": 2}}
    part = {"type": "text", "text": "a", "z": 3}
    found = translated(
        "chat",
        tools=[tool],
        messages=[{"role": "user", "content": [part], "w": 4}],
        v=5,
        max_tokens=5,
    )
    assert found.dropped == ("messages.content.z", "messages.w", "tools.function.y", "tools.x", "v")
    block = {"type": "text", "text": "a", "z": 3}
    back = translated(
        "messages",
        messages=[{"role": "user", "content": [block], "w": 4}],
        metadata={"user_id": "u", "x": 1},
        tool_choice={"type": "auto", "y": 2},
    )
    assert back.dropped == ("messages.content.z", "messages.w", "metadata.x", "tool_choice.y")


def test_a_begun_answer_is_not_sent_where_it_would_be_begun_anew() -> None:
    begun = [*HI, {"role": "assistant", "content": "So"}]
    with pytest.raises(CallerFault) as refused:
        translated("messages", messages=begun, max_tokens=5)
    assert refused.value.place is not None
    assert refused.value.place.path == "messages.prefill"


def test_the_later_bound_wins_and_a_missing_one_is_filled_and_named() -> None:
    assert sent("chat")["max_tokens"] == 8192
    assert translated("chat").dropped == ("max_tokens_default",)
    with pytest.raises(CallerFault) as refused:
        translated("chat", lossless=True)
    assert refused.value.place is not None
    assert refused.value.place.path == "max_tokens_default"
    assert sent("chat", max_tokens=5)["max_tokens"] == 5
    assert sent("chat", max_tokens=5, max_completion_tokens=6)["max_tokens"] == 6
    assert sent("messages", max_tokens=5)["max_completion_tokens"] == 5


def test_one_call_at_a_time_is_asked_for_in_both() -> None:
    tool = {"type": "function", "function": {"name": "f"}}
    found = sent("chat", tools=[tool], parallel_tool_calls=False)
    assert found["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    back = sent(
        "messages",
        tools=[{"name": "f", "input_schema": {}}],
        tool_choice={"type": "none", "disable_parallel_tool_use": True},
    )
    assert (back["tool_choice"], back["parallel_tool_calls"]) == ("none", False)


# Answers


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("pause_turn", "stop"),
        ("x_new", "stop"),
        (None, "stop"),
    ],
)
def test_reasons_to_stop_have_a_safe_neighbour(reason: str | None, expected: str) -> None:
    answer = whole("messages", message({"type": "text", "text": "a"}, stop_reason=reason))
    assert answer["choices"][0]["finish_reason"] == expected


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("tool_calls", "tool_use"),
        ("function_call", "tool_use"),
        ("content_filter", "refusal"),
        ("x_new", "end_turn"),
        (None, "end_turn"),
    ],
)
def test_reasons_to_stop_have_one_in_messages_too(reason: str | None, expected: str) -> None:
    assert whole("chat", choice(content="a", finish=reason))["stop_reason"] == expected


def test_calls_and_refusals_show_in_the_reason_whatever_the_server_says() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert whole("chat", choice(tool_calls=[call]))["stop_reason"] == "tool_use"
    assert whole("chat", choice(refusal="no"))["stop_reason"] == "refusal"


def test_reasoning_is_never_text() -> None:
    answer = whole("chat", choice(content="a", reasoning_content="secret"))
    assert [block["type"] for block in answer["content"]] == ["text"]
    assert "secret" not in json.dumps(answer)
    block = {"type": "thinking", "thinking": "secret", "signature": "s"}
    found = whole("messages", message(block, {"type": "text", "text": "a"}))
    assert found["choices"][0]["message"]["content"] == "a"
    stream = streamed(
        "chat", {"id": "c", "choices": [{"index": 0, "delta": {"reasoning": "secret"}}]}
    )
    assert b"secret" not in stream
    assert b"event: ping" in stream


def test_cached_tokens_are_counted_as_each_dialect_counts_them() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": 4},
    }
    found = whole("chat", choice(content="a") | {"usage": usage})["usage"]
    assert (found["input_tokens"], found["cache_read_input_tokens"]) == (6, 4)
    used = {"input_tokens": 6, "cache_read_input_tokens": 4, "output_tokens": 2}
    back = whole("messages", message(usage=used))["usage"]
    assert (back["prompt_tokens"], back["completion_tokens"], back["total_tokens"]) == (10, 2, 12)


def test_a_call_without_arguments_is_called_with_an_empty_object() -> None:
    block = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    stream = streamed(
        "messages",
        {"type": "message_start", "message": {"id": "a", "model": "m"}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_stop"},
    )
    assert b'"arguments":"{}"' in stream


def test_calls_without_ids_or_indices_are_told_apart() -> None:
    def piece(**call: Any) -> dict[str, Any]:
        return {"id": "c", "choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}

    stream = streamed(
        "chat",
        piece(id="a", function={"name": "f", "arguments": '{"x":'}),
        piece(function={"arguments": "1}"}),
        piece(id="b", function={"name": "g", "arguments": "{}"}),
    )
    assert stream.count(b"content_block_start") == 4  # event and type, of two blocks
    assert b'"id":"a","name":"f"' in stream
    assert b'"id":"b","name":"g"' in stream
    unnamed = streamed("chat", piece(index=0, function={"name": "f", "arguments": "{}"}))
    assert b'"id":"call_c_0"' in unnamed


@pytest.mark.parametrize("dialect", ["chat", "messages"])
def test_each_dialect_can_be_said_in_each(dialect: Dialect) -> None:
    assert translates(dialect, dialect)
    assert translates(dialect, OTHER[dialect])
