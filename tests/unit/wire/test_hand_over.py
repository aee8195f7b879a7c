"""What is kept of a stream for whoever continues it, and how that one is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from licet.wire import (
    INSTRUCTION,
    AnswerTranslator,
    ContinuedBy,
    Dialect,
    Frame,
    StreamReader,
    Transcript,
    Usage,
    continuable,
    continued,
    manner_of,
    read_request,
    without_notices,
)


def chunk(delta: dict[str, Any] | None = None, **choice: Any) -> bytes:
    one = {"index": 0, "delta": delta or {}, "finish_reason": None} | choice
    body = {"id": "chatcmpl-1", "created": 7, "model": "a", "choices": [one]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def event(kind: str, **fields: Any) -> bytes:
    data = json.dumps({"type": kind} | fields).encode()
    return b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n"


def block(kind: str, index: int = 0, **fields: Any) -> bytes:
    return event("content_block_start", index=index, content_block={"type": kind} | fields)


def delta(index: int = 0, **fields: Any) -> bytes:
    return event("content_block_delta", index=index, delta=fields)


START = event("message_start", message={"id": "msg_1", "model": "a", "usage": {"input_tokens": 3}})
TEXT = block("text", text="")
CALL = {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": ""}}]}


def read(dialect: Dialect, *events: bytes, size_max: int = 1000) -> Transcript:
    found = Transcript(dialect, size_max)
    found.read(b"".join(events))
    return found


def test_the_text_is_kept_and_what_the_answer_is_called() -> None:
    chat = read("chat", chunk({"role": "assistant"}), chunk({"content": "A b"}), b": hi\n\n")
    chat.read(chunk({"content": "c"}))
    assert (chat.text, chat.id, chat.created_s, chat.barrier) == ("A bc", "chatcmpl-1", 7, "")
    spoken = (START, event("ping"), TEXT, delta(type="text_delta", text="A b"))
    messages = read("messages", *spoken)
    assert (messages.text, messages.id, messages.barrier) == ("A b", "msg_1", "")
    assert (messages.index, messages.open) == (0, True)
    messages.read(event("content_block_stop", index=0))
    assert (messages.index, messages.open) == (0, False)


def test_before_anything_is_said_there_is_nothing_in_the_way() -> None:
    assert (read("chat", chunk({"role": "assistant"})).barrier, read("messages").barrier) == (
        "",
        "",
    )


@pytest.mark.parametrize(
    ("events", "barrier"),
    [
        ([chunk(CALL)], "call"),
        ([chunk({"content": "a"}), chunk(CALL), chunk({"content": "b"})], "call"),
        ([chunk({"function_call": {"name": "f"}})], "call"),
        ([chunk({"refusal": "no"})], "refusal"),
        ([chunk({"reasoning_content": "hm"})], "reasoning"),
        ([chunk({"reasoning": "hm"}), chunk({"content": "so"})], ""),
        ([chunk({"content": "a"}, index=1)], "unknown"),
        ([chunk({"content": "a"}, logprobs={"content": []})], "unknown"),
        ([chunk({"content": ["a"]})], "unknown"),
        ([chunk({"audio": {"data": "x"}})], "unknown"),
        ([chunk({"content": "a"}), chunk(finish_reason="stop")], "ended"),
        ([b"data: [DONE]\n\n"], "ended"),
        ([b"data: {nonsense\n\n"], "unknown"),
        ([chunk({"content": "a" * 1001})], "too_long"),
    ],
)
def test_what_stands_in_the_way_in_chat(events: list[bytes], barrier: str) -> None:
    assert read("chat", *events).barrier == barrier


@pytest.mark.parametrize(
    ("events", "barrier"),
    [
        ([block("tool_use", id="t", name="f", input={})], "call"),
        ([TEXT, delta(type="text_delta", text="a"), block("tool_use", 1, id="t")], "call"),
        ([block("thinking", thinking="")], "reasoning"),
        ([block("thinking"), delta(type="thinking_delta", thinking="hm")], "reasoning"),
        ([block("thinking"), event("content_block_stop", index=0), TEXT], ""),
        ([block("server_tool_use", id="t")], "unknown"),
        ([TEXT, delta(type="citations_delta", citation={})], "unknown"),
        ([event("message_delta", delta={"stop_reason": "end_turn"})], "ended"),
        ([event("message_delta", delta={"stop_reason": None})], ""),
        ([TEXT, delta(type="text_delta", text="a" * 1001)], "too_long"),
    ],
)
def test_what_stands_in_the_way_in_messages(events: list[bytes], barrier: str) -> None:
    assert read("messages", START, *events).barrier == barrier


def item(kind: str, at: int = 0, number: int = 2, **fields: Any) -> bytes:
    whole = {"type": kind, "id": f"i_{at}"} | fields
    return event("response.output_item.added", sequence_number=number, output_index=at, item=whole)


def part(kind: str = "output_text", at: int = 0, **fields: Any) -> bytes:
    begun = {"type": kind, "text": ""} | fields
    return event(
        "response.content_part.added",
        sequence_number=3,
        output_index=at,
        content_index=fields.pop("content_index", 0),
        part=begun,
    )


def said(text: str, number: int = 4, **fields: Any) -> bytes:
    kind = "response.output_text.delta"
    return event(kind, sequence_number=number, output_index=0, delta=text, logprobs=[], **fields)


CREATED = event("response.created", sequence_number=0, response={"id": "resp_1", "created_at": 7.0})
SPOKEN = (item("message", content=[]), part(), said("A b"))


def test_of_responses_the_items_are_kept_too() -> None:
    thought = {"type": "reasoning", "id": "rs_0", "summary": []}
    done = event("response.output_item.done", sequence_number=3, output_index=0, item=thought)
    answer = read(
        "responses", CREATED, item("reasoning", summary=[]), done,
        item("message", at=1), part(at=1), said("A"), said(" b", number=5),
    )  # fmt: skip
    assert (answer.text, answer.id, answer.created_s, answer.barrier) == ("A b", "resp_1", 7, "")
    assert (answer.index, answer.open, answer.part_open) == (1, True, True)
    assert (answer.item_id, answer.item_text, answer.sequence) == ("i_1", "A b", 5)
    assert [json.loads(bytes(one)) for one in answer.items] == [thought]


@pytest.mark.parametrize(
    ("events", "barrier"),
    [
        ([item("message", content=[])], ""),
        ([item("message", content=[]), part()], ""),
        ([item("function_call", name="f", arguments="")], "call"),
        ([*SPOKEN, item("function_call", at=1, name="f")], "call"),
        ([item("reasoning")], "reasoning"),
        ([item("reasoning"), event("response.reasoning_text.delta", delta="hm")], "reasoning"),
        ([item("reasoning"), *SPOKEN], ""),
        ([item("web_search_call")], "unknown"),
        ([item("message"), part("refusal")], "refusal"),
        ([*SPOKEN, part()], "unknown"),
        ([*SPOKEN, event("response.output_text.annotation.added", annotation={})], "unknown"),
        ([item("message"), part(), said("a", number=4) + said("b" * 1000)], "too_long"),
        ([*SPOKEN, event("response.completed", response={"id": "resp_1"})], "ended"),
        ([*SPOKEN, event("response.incomplete", response={"id": "resp_1"})], "ended"),
        ([b"data: {nonsense\n\n"], "unknown"),
    ],
)
def test_what_stands_in_the_way_in_responses(events: list[bytes], barrier: str) -> None:
    assert read("responses", CREATED, *events).barrier == barrier


@pytest.mark.parametrize(
    "shown",
    [(), (item("message", content=[]),), (item("message", content=[]), part()), SPOKEN],
    ids=["nothing", "item", "part", "text"],
)
def test_the_rest_in_responses_is_an_item_of_its_own(shown: tuple[bytes, ...]) -> None:
    way = AnswerTranslator("chat", "responses", created_s=9, usage_asked=True, request_size=40)
    way.resume(read("responses", CREATED, *shown), b'{"who":"b"}', None)
    reader = StreamReader("chat")
    frames = reader.feed(b"".join(CHAT_REST))
    events = [
        json.loads(one.split(b"data: ")[1])
        for one in b"".join(way.frame(frame, reader).raw for frame in frames).split(b"\n\n")
        if one
    ]
    numbers = [one["sequence_number"] for one in events]
    first = {0: 1, 1: 3, 2: 4, 3: 5}[len(shown)]
    assert numbers == list(range(first, first + len(events)))
    (added,) = [one for one in events if one["type"] == "response.output_item.added"]
    assert (added["item"]["licet"], added["output_index"]) == ({"who": "b"}, min(1, len(shown)))
    last = events[-1]["response"]
    assert (last["id"], last["created_at"], last["model"]) == ("resp_1", 7, "a")
    *begun, rest = last["output"]
    assert rest["content"][0]["text"].strip() == "rest"
    assert [one["status"] for one in begun] == ["incomplete"] * min(1, len(shown))
    parts = [one["type"] for one in events].count("response.content_part.added")
    assert parts == (2 if len(shown) == 1 else 1)


def test_what_cannot_be_continued_is_not_kept() -> None:
    assert read("chat", chunk({"content": "a"}), chunk(CALL)).text == ""


def request(dialect: Dialect, **fields: Any) -> Any:
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]} | fields
    return read_request(dialect, json.dumps(body).encode())


def messages_of(dialect: Dialect, text: str, manner: ContinuedBy, **fields: Any) -> Any:
    return json.loads(bytes(continued(request(dialect, **fields), text, manner).fields["messages"]))


@pytest.mark.parametrize(
    "fields",
    [
        {"stream": False},
        {"response_format": {"type": "json_object"}},
        {"n": 2},
        {"logprobs": True},
        {"modalities": ["text", "audio"]},
    ],
)
def test_requests_whose_answers_are_not_continued(fields: dict[str, Any]) -> None:
    assert not continuable(request("chat", **fields))
    assert continuable(request("chat", n=1, logprobs=False, modalities=["text"], stop=["x"]))


@pytest.mark.parametrize("dialect", ["chat", "messages"])
def test_a_target_is_told_to_continue(dialect: Dialect) -> None:
    user, begun, told = messages_of(dialect, "so far ", "instruction")
    assert user == {"role": "user", "content": "hi"}
    assert begun == {"role": "assistant", "content": "so far "}
    assert told == {"role": "user", "content": INSTRUCTION}


def test_a_target_that_can_is_given_the_beginning() -> None:
    assert messages_of("messages", "so far ", "prefill")[1:] == [
        {"role": "assistant", "content": "so far"}
    ]
    assert messages_of("chat", "so far", "prefix")[1:] == [
        {"role": "assistant", "content": "so far", "prefix": True}
    ]
    fields = continued(request("chat"), "so far", "final_message").fields
    assert bytes(fields["continue_final_message"]) == b"true"
    assert bytes(fields["add_generation_prompt"]) == b"false"


def test_what_the_caller_began_itself_stays_the_beginning() -> None:
    hi = {"role": "user", "content": "hi"}
    text = [hi, {"role": "assistant", "content": "{"}]
    assert messages_of("messages", "1", "prefill", messages=text)[1]["content"] == "{1"
    parts = [hi, {"role": "assistant", "content": [{"type": "text", "text": "{"}]}]
    _, begun, _ = messages_of("messages", "1", "instruction", messages=parts)
    assert [part["text"] for part in begun["content"]] == ["{", "1"]


def test_nothing_said_is_nothing_to_continue() -> None:
    asked = request("chat")
    assert continued(asked, " \n", "prefill") is asked


def test_with_reasoning_nobody_is_given_the_beginning() -> None:
    assert manner_of(request("messages", thinking={"type": "enabled"}), "prefill") == "instruction"
    assert manner_of(request("messages"), "prefill") == "prefill"


def test_the_bound_on_the_answer_is_lessened_by_what_was_said() -> None:
    fields = continued(request("chat", max_tokens=20), "x" * 40, "prefill").fields
    assert bytes(fields["max_tokens"]) == b"10"
    fields = continued(request("messages", max_tokens=5), "x" * 40, "prefill").fields
    assert bytes(fields["max_tokens"]) == b"1"


def test_what_we_told_in_a_block_is_taken_out_when_it_comes_back() -> None:
    told = {"type": "text", "text": "b", "licet": {"handed_over": {}}}
    messages = [{"role": "assistant", "content": [{"type": "text", "text": "a"}, told]}]
    sent = without_notices(request("messages", messages=messages))
    assert b"licet" not in bytes(sent.fields["messages"])
    untouched = request("messages", messages=[{"role": "user", "content": 'say "licet"'}])
    assert without_notices(untouched).fields["messages"] == untouched.fields["messages"]
    plain = request("messages")
    assert without_notices(plain) is plain
    items = [
        {"type": "message", "role": "assistant", "content": "b", "licet": {}},
        {"role": "user", "content": "licet"},
    ]
    own = read_request("responses", json.dumps({"model": "m", "input": items}).encode())
    assert json.loads(bytes(without_notices(own).fields["input"])) == [
        {"type": "message", "role": "assistant", "content": "b"},
        {"role": "user", "content": "licet"},
    ]


def resumed(source: Dialect, target: Dialect, text: str, *events: bytes) -> bytes:
    """What a caller is sent of a continuation, after having read `text`."""
    shown: dict[Dialect, tuple[bytes, ...]] = {
        "chat": (chunk({"content": text}),),
        "messages": (START, TEXT, delta(type="text_delta", text=text)),
    }
    translator = AnswerTranslator(source, target, created_s=9, usage_asked=True, request_size=40)
    before = Usage(input_tokens=10, output_tokens=2, estimated=True)
    translator.resume(read(target, *shown[target]), b'{"who":"b"}', before)
    reader = StreamReader(source)
    frames: list[Frame] = reader.feed(b"".join(events))
    return b"".join(translator.frame(frame, reader).raw for frame in frames)


CHAT_REST = (
    chunk({"role": "assistant", "content": ""}),
    chunk({"reasoning_content": "hm"}),
    chunk({"content": " "}),
    chunk({"content": " rest"}),
    chunk(finish_reason="stop"),
    b'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":3}}\n\n',
    b"data: [DONE]\n\n",
)


def payloads(data: bytes) -> list[Any]:
    lines = [line for line in data.decode().split("\n") if line.startswith("data: {")]
    return [json.loads(line[6:]) for line in lines]


def test_the_rest_in_chat_is_of_one_answer_with_one_sum() -> None:
    data = resumed("chat", "chat", "so far ", *CHAT_REST)
    told, *rest = payloads(data)
    assert told["licet"] == {"who": "b"}
    assert {one["id"] for one in (told, *rest)} == {"chatcmpl-1"}
    said = "".join(c["delta"].get("content", "") for one in rest for c in one["choices"])
    assert said == "rest", "white space that was said is not said again"
    assert b"reasoning" not in data
    assert rest[-1]["usage"]["total_tokens"] == 20
    assert (rest[-1]["usage"]["estimated"], rest[-1]["usage"]["attempts"]) == (True, 2)
    assert data.endswith(b"data: [DONE]\n\n")


def test_the_rest_in_messages_is_a_block_more_that_says_who_goes_on() -> None:
    data = resumed("chat", "messages", "so far", *CHAT_REST)
    kinds = [one["type"] for one in payloads(data) if one["type"] != "ping"]
    assert kinds == [
        "content_block_stop", "content_block_start", "content_block_delta", "content_block_delta",
        "content_block_stop", "message_delta", "message_stop",
    ]  # fmt: skip
    opened = next(one for one in payloads(data) if one["type"] == "content_block_start")
    assert opened["index"] == 1
    assert opened["content_block"] == {
        "type": "text", "text": "", "citations": None, "licet": {"who": "b"},
    }  # fmt: skip


def test_a_rest_that_says_nothing_still_says_who_ended_it() -> None:
    silent = (CHAT_REST[0], *CHAT_REST[4:])
    ended = next(
        one
        for one in payloads(resumed("chat", "messages", "so far", *silent))
        if one["type"] == "message_delta"
    )
    assert ended["licet"] == {"who": "b"}
