"""Requests: what is read of a body, what is refused, what the vendor is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from licet.terms import CallerFault
from licet.wire import Ability, Dialect, Request, read_request, write_request


def chat(**fields: Any) -> Request:
    return read_request("chat", json.dumps({"model": "m", **fields}).encode())


def messages(**fields: Any) -> Request:
    return read_request("messages", json.dumps({"model": "m", **fields}).encode())


def sent(request: Request, **arguments: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(write_request(request, model="v", **arguments))
    return body


def user(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(parts)}]


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        (b"", "invalid_json", "the body is empty"),
        (b"{", "invalid_json", "not valid JSON"),
        (b'{"model":"m"', "invalid_json", "not valid JSON"),
        (b'{"model":"m"}x', "invalid_json", "trailing characters"),
        (b'{"model":"m","x":NaN}', "invalid_json", "not valid JSON"),
        (b'{"model":"m","x":[Infinity]}', "invalid_json", "not valid JSON"),
        (b'{"model":"m","x":01}', "invalid_json", "not valid JSON"),
        (b'{"model":"m","x":"\x00"}', "invalid_json", "not valid JSON"),
        (b'\xef\xbb\xbf{"model":"m"}', "invalid_json", "not valid JSON"),
        (b'{"model":"m","x":"\xff"}', "invalid_json", "byte 18 is not UTF-8"),
        (b'{"model":"m","x":["\xed\xa0\x80"]}', "invalid_json", "is not UTF-8"),
        (b'{"model":"\\ud800"}', "invalid_json", "not valid JSON"),
        (b'{"model":"m","x":' + b"[" * 100_000, "invalid_json", "nested too deep"),
        (b'{"model":"m","x":' + b'{"a":' * 100_000, "invalid_json", "nested too deep"),
        (b"[]", "invalid_type", "not a JSON object"),
        (b"[" * 100_000, "invalid_type", "not a JSON object"),
        (b"null", "invalid_type", "not a JSON object"),
        (b'"model"', "invalid_type", "not a JSON object"),
        (b"{}", "missing_model", "names no model"),
        (b'{"model":""}', "missing_model", "`model` is empty"),
        (b'{"model":null}', "invalid_type", "`model` is not a string"),
        (b'{"model":["m"]}', "invalid_type", "`model` is not a string"),
        (b'{"model":"m","stream":"yes"}', "invalid_type", "`stream` is neither"),
        (b'{"model":"m","stream":1}', "invalid_type", "`stream` is neither"),
        (b'{"model":"m","stream_options":[]}', "invalid_type", "`stream_options` is not an object"),
        (
            b'{"model":"m","stream_options":{"include_usage":"a"}}',
            "invalid_type",
            "`stream_options.include_usage` is neither",
        ),
    ],
)
def test_what_cannot_be_read_says_why_and_what_to_do(body: bytes, code: str, said: str) -> None:
    with pytest.raises(CallerFault) as caught:
        read_request("chat", body)
    assert caught.value.code == code
    assert said in caught.value.message
    assert caught.value.remedy


def test_a_fault_names_its_parameter() -> None:
    with pytest.raises(CallerFault) as caught:
        read_request("messages", b'{"model":7}')
    assert str(caught.value.place) == "model"


def test_stream_is_false_unless_it_is_true() -> None:
    assert not chat().stream
    assert not chat(stream=None).stream
    assert not chat(stream=False).stream
    assert chat(stream=True).stream


def test_only_chat_can_ask_for_usage() -> None:
    assert chat(stream=True, stream_options={"include_usage": True}).usage_asked
    assert not chat(stream=True, stream_options=None).usage_asked
    assert not chat(stream=True).usage_asked
    assert not messages(stream=True, stream_options={"include_usage": True}).usage_asked


def test_usage_is_asked_of_a_chat_stream_whatever_the_caller_said() -> None:
    for options in ({}, {"stream_options": None}, {"stream_options": {"include_usage": False}}):
        body = sent(chat(stream=True, **options))
        assert body["stream_options"] == {"include_usage": True}


def test_a_vendor_without_stream_options_is_sent_what_the_caller_sent() -> None:
    assert "stream_options" not in sent(chat(stream=True), include_usage=False)
    assert "stream_options" not in sent(chat())
    assert "stream_options" not in sent(messages(stream=True))


def test_owned_fields_stand_over_those_of_the_caller() -> None:
    body = sent(chat(user="me", safety_identifier="x"), fields={"safety_identifier": "h"})
    assert body == {"model": "v", "user": "me", "safety_identifier": "h"}


def test_a_request_can_be_written_again_for_another_vendor() -> None:
    request = chat(stream=True)
    write_request(request, model="one", fields={"inference_geo": "eu"})
    assert sent(request) == {
        "model": "v",
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize(
    ("dialect", "fields", "ability"),
    [
        ("chat", {"tools": [{"type": "function"}]}, "tools"),
        ("chat", {"functions": [{"name": "f"}]}, "tools"),
        ("messages", {"tools": [{"name": "f"}]}, "tools"),
        ("chat", {"reasoning_effort": "low"}, "reasoning"),
        ("messages", {"thinking": {"type": "adaptive"}}, "reasoning"),
        ("chat", {"response_format": {"type": "json_object"}}, "structured"),
        ("chat", {"messages": user({"type": "image_url"})}, "images"),
        ("messages", {"messages": user({"type": "text"}, {"type": "image"})}, "images"),
        ("chat", {"messages": user({"type": "input_audio"})}, "audio"),
        ("messages", {"messages": user({"type": "document"})}, "documents"),
        ("chat", {"messages": user({"type": "file"})}, "documents"),
        ("messages", {"messages": [*user(), {"role": "assistant", "content": "{"}]}, "prefill"),
    ],
)
def test_what_a_request_needs_is_seen(
    dialect: Dialect, fields: dict[str, Any], ability: Ability
) -> None:
    abilities: tuple[Ability, ...] = (
        "tools", "images", "audio", "documents", "reasoning", "structured", "prefill",
    )  # fmt: skip
    request = read_request(dialect, json.dumps({"model": "m", **fields}).encode())
    assert [name for name in abilities if request.uses(name)] == [ability]


def test_text_about_images_is_no_image() -> None:
    talk = user({"type": "text", "text": '{"type": "image_url"} and \\"type\\":\\"image\\"'})
    assert not chat(messages=talk).uses("images")
    assert not chat(messages=[{"role": "user", "content": "image"}]).uses("images")


def test_an_escaped_type_is_still_an_image() -> None:
    body = b'{"model":"m","messages":[{"content":[{"type":"\\u0069mage_url"}]}]}'
    assert read_request("chat", body).uses("images")


@pytest.mark.parametrize("nothing", [None, [], {}, ""])
def test_an_empty_field_needs_nothing(nothing: object) -> None:
    assert not chat(tools=nothing, response_format=nothing).uses("tools")
    assert not chat(response_format=nothing).uses("structured")


def test_messages_of_an_unknown_shape_need_nothing_that_has_a_name() -> None:
    assert not chat(messages={"image": 1}).uses("images")
    assert not chat(messages=[{"content": [["image"]]}]).uses("images")
    assert not chat().uses("prefill")


def test_the_bound_on_the_answer() -> None:
    assert messages(max_tokens=64).max_tokens == 64
    assert chat(max_tokens=64, max_completion_tokens=32).max_tokens == 32
    assert chat(max_tokens="many").max_tokens is None
    assert chat().max_tokens is None
