"""Whole answers: what is read of them, and what is no answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from licet.terms import VendorFault
from licet.wire import Dialect, Usage, read_answer

CHOICE = {"message": {"content": "hi"}, "finish_reason": "stop"}


def completion(**fields: Any) -> bytes:
    return json.dumps({"model": "m", "choices": [CHOICE], **fields}).encode()


def message(**fields: Any) -> bytes:
    return json.dumps({"model": "m", "content": [], "stop_reason": "end_turn", **fields}).encode()


@pytest.mark.parametrize(
    ("dialect", "body", "said"),
    [
        ("chat", b"", "an empty body"),
        ("chat", b" \n", "an empty body"),
        ("chat", b"<!DOCTYPE html><title>502</title>", "an HTML page"),
        ("messages", b"\n<html>", "an HTML page"),
        ("chat", completion()[:-1], "not valid JSON"),
        ("messages", message()[:-5], "not valid JSON"),
        ("chat", b'{"choices":[{"message":{"content":"\xff"}}]}', "not valid JSON"),
        ("chat", b"[" * 100_000, "not valid JSON"),
        ("chat", b"[]", "not an answer of its dialect"),
        ("chat", b"null", "not an answer of its dialect"),
        ("chat", b'{"choices":null}', "not an answer of its dialect"),
        ("chat", b'{"choices":[]}', "no choice"),
        ("chat", b'{"choices":["a"]}', "not an answer of its dialect"),
        ("chat", message(), "not an answer of its dialect"),
        ("messages", completion(), "not an answer of its dialect"),
        ("messages", b'{"content":"hi"}', "not an answer of its dialect"),
        ("chat", b'{"error":{"message":"no credit"}}', "success and an error: no credit"),
        ("chat", b'{"object":"error","message":"bad"}', "success and an error: bad"),
        (
            "messages",
            b'{"type":"error","error":{"type":"api_error","message":"oh"}}',
            "success and an error: oh",
        ),
    ],
)
def test_what_is_no_answer_is_a_fault_of_the_vendor(
    dialect: Dialect, body: bytes, said: str
) -> None:
    with pytest.raises(VendorFault) as caught:
        read_answer(dialect, body)
    assert caught.value.code == "malformed_answer"
    assert said in caught.value.message
    assert "<" not in caught.value.message


def test_one_refused_choice_of_several_is_recorded() -> None:
    filtered = {"message": {"content": ""}, "finish_reason": "content_filter"}
    answer = read_answer("chat", completion(choices=[CHOICE, filtered]))
    assert answer.stop_reason == "stop"
    assert answer.refusal == "content_filter"


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": "19"}, {"prompt_tokens": -1}])
def test_figures_that_cannot_be_read_are_estimated(usage: object) -> None:
    answer = read_answer("chat", completion(usage=usage), request_size=9)
    assert answer.usage == Usage(input_tokens=3, output_tokens=1, estimated=True)


def test_messages_without_figures_are_estimated() -> None:
    content = [{"type": "text", "text": "hi"}]
    assert read_answer("messages", message(content=content), request_size=9).usage.estimated


@pytest.mark.parametrize("strange", [None, 7, ["m"], {}, ""])
def test_known_names_with_strange_values_raise_nothing(strange: object) -> None:
    answer = read_answer(
        "chat",
        completion(model=strange, choices=[{**CHOICE, "finish_reason": strange}]),
    )
    assert (answer.model, answer.stop_reason, answer.refusal) == (None, None, None)
    answer = read_answer("messages", message(model=strange, stop_reason=strange))
    assert (answer.model, answer.stop_reason, answer.refusal) == (None, None, None)


def test_what_the_official_clients_can_read_is_an_answer() -> None:
    body = b'{"model":"m","choices":[{"message":{"content":"\\ud83d"},"logprobs":[-Infinity]}]}'
    assert read_answer("chat", body).model == "m"
