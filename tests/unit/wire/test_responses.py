"""Responses: what the official client makes of what we write, and what rests on a vendor."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest
from openai import APIError
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from licet.terms import CallerFault
from licet.wire import (
    DIALECTS,
    AnswerTranslator,
    Dialect,
    ErrorBody,
    Request,
    StreamReader,
    read_answer,
    read_request,
    translate_request,
    write_request,
    write_stream_error,
)
from tests.golden.wire.test_golden import HERE, dialect_of, inputs
from tests.unit.wire.clients import EVENTS, openai_client

EVENT: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)
TRANSLATED = sorted((HERE / "translated").glob("*.responses.sse"))


def request(**fields: Any) -> Request:
    return read_request("responses", json.dumps({"model": "m", **fields}).encode())


def sent(**fields: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(write_request(request(**fields), model="v"))
    return body


def events_of(stream: bytes) -> list[dict[str, Any]]:
    return [json.loads(e.split(b"data: ", 1)[1]) for e in stream.split(b"\n\n") if b"data: " in e]


def in_responses(source: Dialect, stream: bytes) -> bytes:
    reader = StreamReader(source)
    way = AnswerTranslator(source, "responses", created_s=1, usage_asked=False, request_size=4)
    frames = reader.feed(stream) + reader.finish()
    return b"".join(way.frame(frame, reader).raw for frame in frames)


# What we write


@pytest.mark.parametrize("path", TRANSLATED, ids=lambda path: path.stem)
def test_every_event_is_one_that_the_official_client_knows(path: Any) -> None:
    numbers = count()
    for event in events_of(path.read_bytes()):
        assert event["sequence_number"] == next(numbers)
        assert EVENT.validate_python(event).type == event["type"]


@pytest.mark.parametrize(
    "path",
    [p for p in inputs("streams", ".sse") if dialect_of(p) != "responses"],
    ids=lambda path: path.stem,
)
def test_a_stream_adds_up_to_its_last_event(path: Any) -> None:
    written = in_responses(dialect_of(path), path.read_bytes())
    events = events_of(written)
    last = events[-1] if events else {}
    if last.get("type") not in ("response.completed", "response.incomplete"):
        assert dialect_of(path) != "responses"
        return
    with openai_client(200, written, EVENTS).responses.stream(model="m", input="x") as stream:
        told = [event for event in stream if event.type == "response.output_text.delta"]
        if last["type"] == "response.completed":
            final = stream.get_final_response()
            whole = Response.model_validate(last["response"])
            assert [item.type for item in final.output] == [item.type for item in whole.output]
            assert final.output_text == whole.output_text
            assert final.usage is not None
            assert "".join(event.delta for event in told) == final.output_text
    done = [e["item"] for e in events if e["type"] == "response.output_item.done"]
    assert sorted(i["id"] for i in done) == sorted(i["id"] for i in last["response"]["output"])


@pytest.mark.parametrize("source", ["chat", "messages"])
def test_a_whole_answer_is_one_that_the_official_client_knows(source: Dialect) -> None:
    for path in inputs("answers", ".json", ".read.json"):
        if dialect_of(path) != source:
            continue
        body = path.read_bytes()
        way = AnswerTranslator(source, "responses", created_s=1, usage_asked=False, request_size=4)
        written = way.answer(body, read_answer(source, body))
        assert Response.model_validate_json(written).object == "response"


def test_an_answer_says_again_what_was_asked() -> None:
    asked = request(input="hi", temperature=0.5, metadata={"run": "7"}, instructions="Be brief.")
    way = AnswerTranslator(
        "chat", "responses", created_s=7, usage_asked=False, request_size=4, asked=asked.fields
    )
    message = {"message": {"content": "Hello"}, "finish_reason": "stop"}
    body = json.dumps({"id": "c-1", "model": "v", "choices": [message]}).encode()
    answer = Response.model_validate_json(way.answer(body, read_answer("chat", body)))
    assert (answer.id, answer.output_text, answer.created_at) == ("resp_c-1", "Hello", 7)
    assert (answer.temperature, answer.metadata) == (0.5, {"run": "7"})
    assert answer.instructions == "Be brief."


def test_the_official_client_raises_at_an_error_inside_a_stream() -> None:
    body = ErrorBody(reason="refused", message="no longer permitted", request_id="01K")
    begun = (HERE / "streams" / "responses-cut.sse").read_bytes().rpartition(b"\n\n")[0] + b"\n\n"
    reader = StreamReader("responses")
    reader.feed(begun)
    stream = begun + write_stream_error("responses", body, sequence=reader.sequence)
    told = openai_client(200, stream, EVENTS).responses.create(model="m", input="x", stream=True)
    numbers = [next(told).sequence_number for _ in events_of(begun)]
    with pytest.raises(APIError) as raised:
        next(told)
    assert raised.value.code == "directive_refused"
    assert events_of(stream)[-1]["sequence_number"] == numbers[-1] + 1


class Sight(BaseModel):
    seen: str


def test_a_shaped_answer_of_another_dialect_is_parsed() -> None:
    choice = {"index": 0, "delta": {"content": '{"seen": "a cat"}'}, "finish_reason": "stop"}
    chunk = {"id": "c", "model": "m", "choices": [choice]}
    stream = b"data: %s\n\ndata: [DONE]\n\n" % json.dumps(chunk).encode()
    with openai_client(200, in_responses("chat", stream), EVENTS).responses.stream(
        model="m", input="x", text_format=Sight
    ) as told:
        parsed = told.get_final_response().output_parsed
    assert parsed == Sight(seen="a cat")


# What rests on a vendor


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"conversation": "conv_1"}, "conversation"),
        ({"conversation": {"id": "conv_1"}}, "conversation"),
        ({"background": True}, "background"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input"),
        ({"input": [{"role": "user", "content": "x"}, {"id": "msg_1"}]}, "input"),
    ],
)
def test_what_all_callers_of_an_account_would_share_is_refused(
    fields: dict[str, Any], place: str
) -> None:
    with pytest.raises(CallerFault) as refused:
        request(**fields)
    assert refused.value.code == "vendor_state"
    assert refused.value.place is not None
    assert refused.value.place.path == place
    assert refused.value.remedy


@pytest.mark.parametrize(
    "fields",
    [
        {"conversation": None, "background": None, "previous_response_id": None},
        {"background": False, "input": 5},
        {"input": [{"role": "user", "content": "x"}, {"type": "message", "role": "user"}]},
        {"input": [{"type": "reasoning", "id": "rs_1", "summary": []}, 7]},
    ],
)
def test_what_rests_on_nobody_passes(fields: dict[str, Any]) -> None:
    assert request(**fields).model == "m"


def test_reasoning_that_we_have_told_comes_back_to_no_vendor() -> None:
    told = {"type": "reasoning", "id": "rs_licet_7_0", "summary": []}
    own = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "rs_licet_"}
    said = {"role": "user", "content": "rs_licet_ is a word"}
    assert sent(input=[told, own, said])["input"] == [own, said]
    assert sent(input="rs_licet_")["input"] == "rs_licet_"
    for target in DIALECTS[:2]:
        found = translate_request(request(input=[told, said], max_output_tokens=5), target)
        assert found.stripped == ("input.reasoning",)


@pytest.mark.parametrize(
    ("fields", "abilities"),
    [
        ({"input": "x", "tools": [{"type": "function"}]}, {"tools"}),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, {"images"}),
        ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, {"documents"}),
        (
            {"input": [{"type": "function_call_output", "output": [{"type": "input_image"}]}]},
            {"images"},
        ),
        ({"input": "x", "text": {"format": {"type": "json_schema"}}}, {"structured"}),
        ({"input": "x", "text": {"format": {"type": "text"}, "verbosity": "low"}}, set()),
        ({"input": "x", "reasoning": {"effort": "low"}}, {"reasoning"}),
        ({"input": [{"role": "user", "content": "x"}, {"role": "assistant"}]}, {"prefill"}),
    ],
)
def test_what_a_request_needs_of_a_model(fields: dict[str, Any], abilities: set[str]) -> None:
    asked = request(max_output_tokens=7, **fields)
    names: Any = ("tools", "images", "audio", "documents", "reasoning", "structured", "prefill")
    assert {name for name in names if asked.uses(name)} == abilities
    assert asked.max_tokens == 7
