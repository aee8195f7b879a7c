"""Between two dialects: there and back is where one started, and nothing is out of order."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any, TypeVar

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from licet.terms import Fault
from licet.wire import (
    LOSSES,
    AnswerTranslator,
    Dialect,
    StreamReader,
    read_answer,
    read_request,
    translate_request,
    write_request,
)
from licet.wire.chat_events import ChatReader
from licet.wire.events import Event, EventReader, gather
from licet.wire.framing import data_of
from licet.wire.messages_events import MessagesReader
from licet.wire.responses_events import ResponsesReader

T = TypeVar("T")

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12)
WORD = st.text("abcxyz_-09", min_size=1, max_size=12)
OBJECTS = st.dictionaries(WORD, st.none() | st.integers(-9, 9) | TEXT, max_size=3)
ARGUMENTS = OBJECTS.map(lambda value: msgspec.json.encode(value).decode())


# Requests


def chat_tool(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {}}
    function = {"name": name, "description": description, "parameters": schema}
    return {"type": "function", "function": function}


@st.composite
def exchanges(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A user's turn, calls with their results, and the assistant's answer."""
    said: list[dict[str, Any]] = [{"role": "user", "content": draw(TEXT)}]
    calls = draw(st.lists(st.tuples(WORD, WORD, ARGUMENTS), max_size=3, unique_by=lambda c: c[0]))
    if calls:
        said.append(
            {
                "role": "assistant",
                "content": draw(st.none() | TEXT),
                "tool_calls": [
                    {"id": i, "type": "function", "function": {"name": n, "arguments": a}}
                    for i, n, a in calls
                ],
            }
        )
        said += [{"role": "tool", "tool_call_id": i, "content": draw(TEXT)} for i, _, _ in calls]
    said.append({"role": "assistant", "content": draw(TEXT)})
    return said


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """Chat requests in the spelling that our own writer uses."""
    turns = draw(st.lists(exchanges(), max_size=2))
    body: dict[str, Any] = {"model": "m"}
    system = [{"role": "system", "content": draw(TEXT)}] if draw(st.booleans()) else []
    last = {"role": "user", "content": draw(TEXT)}
    body["messages"] = [*system, *(m for turn in turns for m in turn), last]
    if draw(st.booleans()):
        body["tools"] = [chat_tool(draw(WORD), draw(TEXT))]
        named = {"type": "function", "function": {"name": draw(WORD)}}
        body["tool_choice"] = draw(st.sampled_from(["auto", "required", named]))
        body["parallel_tool_calls"] = draw(st.booleans())
    body["max_completion_tokens"] = draw(st.integers(1, 99))
    extra = {"temperature": 0.5, "top_p": 0.25, "stop": ["a"], "user": "u", "stream": True}
    return body | {k: v for k, v in extra.items() if draw(st.booleans())}


def sent(source: Dialect, target: Dialect, body: dict[str, Any]) -> dict[str, Any]:
    found = translate_request(read_request(source, json.dumps(body).encode()), target)
    assert not found.dropped
    assert not found.stripped
    fields = {name: json.loads(bytes(raw)) for name, raw in found.request.fields.items()}
    return {"model": found.request.model, **fields}


@given(requests())
def test_a_request_comes_back_as_it_went(body: dict[str, Any]) -> None:
    there = sent("chat", "messages", body)
    assert sent("messages", "chat", there) == body


@given(requests())
def test_a_request_comes_back_from_the_dialect_of_its_family(body: dict[str, Any]) -> None:
    # A stop sequence has no place there, and says so.
    body.pop("stop", None)
    there = sent("chat", "responses", body)
    assert there.pop("store") is False
    assert sent("responses", "chat", there) == body | _not_strict(body)


@given(requests())
def test_a_request_says_the_same_by_either_way(body: dict[str, Any]) -> None:
    body.pop("stop", None)
    over = sent("chat", "responses", body)
    assert over.pop("store") is False
    straight = sent("chat", "messages", body)
    assert sent("responses", "messages", over) == straight | _not_strict(straight)


def _not_strict(body: dict[str, Any]) -> dict[str, Any]:
    """Tools as they come back from where a tool is strict unless it is said not to be."""
    tools = body.get("tools", ())
    if not tools:
        return {}
    if "function" in tools[0]:
        return {"tools": [t | {"function": t["function"] | {"strict": False}} for t in tools]}
    return {"tools": [t | {"strict": False} for t in tools]}


@given(requests())
def test_turns_alternate_and_results_follow_their_calls(body: dict[str, Any]) -> None:
    messages = sent("chat", "messages", body)["messages"]
    roles = [message["role"] for message in messages]
    assert all(one != other for one, other in pairwise(roles))
    for before, after in pairwise(messages):
        called = [b["id"] for b in before["content"] if b["type"] == "tool_use"]
        answered = [b["tool_use_id"] for b in after["content"] if b["type"] == "tool_result"]
        assert called == answered


# Streams


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "chatcmpl-1", "model": "m", "choices": [choice]}
    return b"data: %s\n\n" % json.dumps(body).encode()


@st.composite
def interleaved(draw: st.DrawFn) -> tuple[str, list[tuple[str, str]], bytes]:
    """Text, calls with their arguments, and a chat stream that tells of them in turns."""
    text = draw(st.text("xy ", max_size=8))
    calls = draw(st.lists(st.tuples(WORD, ARGUMENTS | st.just("{not json")), max_size=4))
    left = [list(arguments) for _, arguments in calls]
    pieces = [chunk({"role": "assistant"}), *(chunk({"content": c}) for c in text)]
    begun: set[int] = set()
    while any(left) or len(begun) < len(calls):
        open_to = [i for i in range(len(calls)) if left[i] or i not in begun]
        index = draw(st.sampled_from(open_to))
        call: dict[str, Any] = {"index": index, "function": {}}
        if index not in begun:
            begun.add(index)
            call |= {"id": f"call_{index}", "type": "function"}
            call["function"]["name"] = calls[index][0]
        size = draw(st.integers(0, 9))
        call["function"]["arguments"] = "".join(left[index][:size])
        left[index] = left[index][size:]
        pieces.append(chunk({"tool_calls": [call]}))
    pieces += [chunk({}, "tool_calls" if calls else "stop"), b"data: [DONE]\n\n"]
    return text, calls, b"".join(pieces)


def translated(source: Dialect, target: Dialect, stream: bytes) -> bytes:
    reader = StreamReader(source)
    way = AnswerTranslator(source, target, created_s=1, usage_asked=True, request_size=1)
    frames = reader.feed(stream) + reader.finish()
    assert reader.ended
    return b"".join(way.frame(frame, reader).raw for frame in frames)


def payloads(stream: bytes) -> list[bytes]:
    found = [data_of(event + b"\n\n") for event in stream.split(b"\n\n") if event]
    return [payload for payload in found if payload and payload.strip() != b"[DONE]"]


def events_of(reader: EventReader, stream: bytes) -> list[Event]:
    return [event for payload in payloads(stream) for event in reader.read(payload)]


@given(interleaved())
def test_interleaved_calls_become_one_open_block_at_a_time(
    said: tuple[str, list[tuple[str, str]], bytes],
) -> None:
    text, calls, stream = said
    written = translated("chat", "messages", stream)
    open_block: int | None = None
    opened = 0
    for payload in payloads(written):
        event = json.loads(payload)
        if event["type"] == "content_block_start":
            assert open_block is None
            assert event["index"] == opened
            open_block, opened = opened, opened + 1
        elif event["type"] == "content_block_delta":
            assert event["index"] == open_block
        elif event["type"] == "content_block_stop":
            assert event["index"] == open_block
            open_block = None
    assert open_block is None
    answer = gather(events_of(MessagesReader(), written))
    assert answer.text == text
    assert sorted((c.name, c.arguments) for c in answer.calls) == sorted(calls)
    back = gather(events_of(ChatReader(), translated("messages", "chat", written)))
    assert (back.text, back.stop) == (text, "call" if calls else "end")
    assert [(c.id, c.name, c.arguments) for c in back.calls] == [
        (c.id, c.name, c.arguments) for c in answer.calls
    ]


@given(interleaved())
def test_interleaved_calls_are_items_each_of_its_own(
    said: tuple[str, list[tuple[str, str]], bytes],
) -> None:
    text, calls, stream = said
    written = translated("chat", "responses", stream)
    events = [json.loads(payload) for payload in payloads(written)]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    open_items: set[int] = set()
    done: list[dict[str, Any]] = []
    for event in events:
        if event["type"] == "response.output_item.added":
            assert event["output_index"] == len(open_items) + len(done)
            open_items.add(event["output_index"])
        elif event["type"] == "response.output_item.done":
            open_items.remove(event["output_index"])
            done.append(event["item"])
        elif "output_index" in event:
            assert event["output_index"] in open_items
    assert not open_items
    last = events[-1]
    assert last["type"] == "response.completed"
    output = last["response"]["output"]
    assert sorted(i["id"] for i in done) == sorted(i["id"] for i in output)
    answer = gather(events_of(ResponsesReader(), written))
    assert answer.text == text
    assert [(c.name, c.arguments) for c in answer.calls] == [
        (item["name"], item["arguments"]) for item in output if item["type"] == "function_call"
    ]
    back = gather(events_of(ChatReader(), translated("responses", "chat", written)))
    assert (back.text, back.stop) == (text, "call" if calls else "end")
    assert sorted((c.name, c.arguments) for c in back.calls) == sorted(calls)


# Anything at all

KEYS = st.sampled_from(
    [
        "role", "content", "type", "text", "id", "name", "input", "arguments", "function",
        "tool_calls", "tool_call_id", "url", "source", "data", "media_type", "image_url",
        "file", "file_data", "tool_use_id", "delta", "index", "choices", "message", "call_id",
        "output", "summary", "item", "output_index", "response", "input_text", "file_url",
    ]
)  # fmt: skip
KINDS = st.sampled_from(
    [
        "user", "assistant", "tool", "system", "text", "image", "image_url", "document", "file",
        "tool_use", "tool_result", "thinking", "base64", "url", "function", "json_schema",
        "any", "message", "function_call", "function_call_output", "reasoning", "input_text",
        "output_text", "input_image", "input_file", "refusal", "web_search_call",
    ]
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | KINDS | TEXT
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
MESSAGES: st.SearchStrategy[Any] = st.lists(
    st.fixed_dictionaries({"role": KINDS, "content": ANYTHING}, optional={"tool_calls": ANYTHING}),
    max_size=3,
)
PARAMETERS = {
    dialect: st.dictionaries(
        st.sampled_from(sorted(name for name in rows if "." not in name)), ANYTHING, max_size=3
    )
    for (dialect, _), rows in LOSSES.items()
}
RESPONSE_KINDS = st.sampled_from(
    [
        f"response.{name}"
        for name in (
            "created", "output_item.added", "output_item.done", "output_text.delta",
            "function_call_arguments.delta", "refusal.delta", "reasoning_text.delta",
            "reasoning_summary_text.delta", "incomplete", "completed", "failed",
        )
    ]
)  # fmt: skip
PAIR = st.sampled_from(sorted(LOSSES))


def read_or_fault(work: Callable[[], T]) -> T | Fault:
    try:
        return work()
    except Fault as fault:
        return fault


@given(st.data(), PAIR)
def test_any_request_is_translated_or_refused(
    data: st.DataObject, pair: tuple[Dialect, Dialect]
) -> None:
    source, target = pair
    said = "input" if source == "responses" else "messages"
    body = data.draw(PARAMETERS[source]) | {"model": "m", said: data.draw(MESSAGES)}
    body.pop("stream", None)
    body.pop("stream_options", None)
    raw = msgspec.json.encode(body)
    found = read_or_fault(lambda: translate_request(read_request(source, raw), target))
    if isinstance(found, Fault):
        assert found.code in ("untranslatable", "invalid_type", "vendor_state")
        assert found.place is not None
    else:
        assert json.loads(write_request(found.request, model="m"))["model"] == "m"


@given(st.data(), PAIR)
def test_any_event_of_a_stream_is_translated_or_breaks_it(
    data: st.DataObject, pair: tuple[Dialect, Dialect]
) -> None:
    source, target = pair
    kinds = ["message_start", "content_block_start", "content_block_delta", "message_delta"]
    event: st.SearchStrategy[Any]
    if source == "chat":
        part = st.fixed_dictionaries({"delta": ANYTHING, "index": st.sampled_from([0, 0, 1])})
        event = st.fixed_dictionaries({"choices": st.lists(part, max_size=2)})
    elif source == "messages":
        event = st.fixed_dictionaries(
            {"type": st.sampled_from(kinds)},
            optional={"index": ANYTHING, "delta": ANYTHING, "content_block": ANYTHING},
        )
    else:
        event = st.fixed_dictionaries(
            {"type": RESPONSE_KINDS},
            optional={
                "output_index": st.integers(0, 2) | ANYTHING,
                "delta": TEXT | ANYTHING,
                "item": st.builds(
                    lambda kind, parts: {"type": kind, "content": parts}, KINDS, ANYTHING
                )
                | ANYTHING,
                "response": ANYTHING,
            },
        )
    reader = StreamReader(source)
    way = AnswerTranslator(source, target, created_s=1, usage_asked=True, request_size=1)
    for value in data.draw(st.lists(event, max_size=6)):
        for frame in reader.feed(b"data: %s\n\n" % msgspec.json.encode(value)):
            written = way.frame(frame, reader)
            assert written.kind in (frame.kind, "malformed")
            assert all(json.loads(payload) for payload in payloads(written.raw))


@given(ANYTHING, ANYTHING, PAIR)
def test_any_answer_is_translated_or_is_none(
    one: Any, other: Any, pair: tuple[Dialect, Dialect]
) -> None:
    source, target = pair
    body = msgspec.json.encode({"choices": [{"message": one, "finish_reason": other}]})
    if source == "messages":
        body = msgspec.json.encode({"content": [one, other], "stop_reason": other})
    elif source == "responses":
        body = msgspec.json.encode({"output": [one, other], "status": other, "model": one})
    way = AnswerTranslator(source, target, created_s=1, usage_asked=True, request_size=1)
    found = read_or_fault(lambda: way.answer(body, read_answer(source, body)))
    if isinstance(found, Fault):
        assert found.code == "malformed_answer"
    else:
        assert json.loads(found)
