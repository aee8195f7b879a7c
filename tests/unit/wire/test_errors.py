"""Errors, as the official clients see them."""

from __future__ import annotations

import json
from typing import get_args

import anthropic
import httpx2
import openai
import pytest
from anthropic.types.shared import ErrorResponse

from licet.terms import CallerFault, Place
from licet.wire import (
    DIALECTS,
    ERROR_FORMS,
    Dialect,
    ErrorBody,
    LicetDetails,
    Reason,
    error_of,
    write_error,
    write_stream_error,
)
from tests.unit.wire.clients import EVENTS, anthropic_client, openai_client

REASONS: tuple[Reason, ...] = get_args(Reason)
RETRIED = {408, 409, 429}

CHUNK = (
    b'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m",'
    b'"choices":[{"index":0,"delta":{"content":"so far"},"finish_reason":null}]}\n\n'
)
EVENT = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"so far"}}\n\n'
)


def error(reason: Reason = "refused") -> ErrorBody:
    return ErrorBody(reason=reason, message="no", request_id="01K0", param="model")


def test_every_reason_has_a_form_in_both_dialects() -> None:
    assert set(ERROR_FORMS) == set(REASONS)


def test_the_status_of_every_reason() -> None:
    assert {reason: ERROR_FORMS[reason].status for reason in REASONS} == {
        "invalid_request": 400,
        "unauthenticated": 401,
        "forbidden": 403,
        "not_found": 404,
        "method_not_allowed": 405,
        "request_timeout": 408,
        "payload_too_large": 413,
        "unsupported_media_type": 415,
        "rate_limited": 429,
        "headers_too_large": 431,
        "refused": 451,
        "internal": 500,
        "vendor_error": 502,
        "model_unavailable": 503,
        "recorder_unavailable": 503,
        "draining": 503,
        "vendor_timeout": 504,
    }


@pytest.mark.parametrize("reason", REASONS)
def test_every_error_is_of_the_types_that_the_messages_client_knows(reason: Reason) -> None:
    said = ErrorResponse.model_validate_json(write_error("messages", error(reason)), strict=True)
    assert said.request_id == "01K0"
    assert said.error.message == "no"


@pytest.mark.parametrize("reason", REASONS)
def test_every_error_of_chat_has_the_four_fields(reason: Reason) -> None:
    said = json.loads(write_error("chat", error(reason)))["error"]
    assert said["message"] == "no"
    assert said["param"] == "model"
    assert said["type"] == ERROR_FORMS[reason].chat
    assert said["code"] == ERROR_FORMS[reason].code
    without = ErrorBody(reason=reason, message="no", request_id="01K0")
    assert json.loads(write_error("chat", without))["error"]["param"] is None


def test_a_refusal_is_retried_by_no_client() -> None:
    status = error().status
    assert status == 451
    assert status not in RETRIED
    assert status < 500


@pytest.mark.parametrize(
    "reason", ["rate_limited", "model_unavailable", "recorder_unavailable", "draining"]
)
def test_what_passes_by_itself_is_retried_by_every_client(reason: Reason) -> None:
    status = error(reason).status
    assert status in RETRIED or status >= 500


def test_the_chat_client_reads_a_refusal() -> None:
    client = openai_client(451, write_error("chat", error()))
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="m", messages=[])
    assert caught.value.status_code == 451
    assert (caught.value.code, caught.value.type) == ("directive_refused", "access_denied")
    assert caught.value.param == "model"


def test_the_messages_client_reads_a_refusal() -> None:
    client = anthropic_client(451, write_error("messages", error()))
    with pytest.raises(anthropic.APIStatusError) as caught:
        client.messages.create(model="m", max_tokens=1, messages=[])
    assert caught.value.status_code == 451
    body = caught.value.body
    assert isinstance(body, dict)
    assert body["error"]["code"] == "directive_refused"


def test_the_chat_client_raises_at_an_error_inside_a_stream() -> None:
    body = CHUNK + write_stream_error("chat", error())
    stream = openai_client(200, body, EVENTS).chat.completions.create(
        model="m", messages=[], stream=True
    )
    assert next(stream).choices[0].delta.content == "so far"
    with pytest.raises(openai.APIError) as caught:
        next(stream)
    assert caught.value.code == "directive_refused"


def test_the_messages_client_raises_at_an_error_inside_a_stream() -> None:
    body = EVENT + write_stream_error("messages", error())
    stream = anthropic_client(200, body, EVENTS).messages.create(
        model="m", max_tokens=1, messages=[], stream=True
    )
    assert next(stream).type == "content_block_delta"
    with pytest.raises(anthropic.APIStatusError) as caught:
        next(stream)
    assert "directive_refused" in caught.value.message


def test_no_done_follows_an_error_that_some_client_could_take_for_success() -> None:
    assert b"[DONE]" not in write_stream_error("chat", error())


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_error_inside_a_stream_is_one_event(dialect: Dialect) -> None:
    hostile = ErrorBody(reason="internal", message="a\n\ndata: [DONE]\r\n", request_id="01K0")
    written = write_stream_error(dialect, hostile)
    assert written.count(b"\n\n") == 1
    assert written.endswith(b"\n\n")
    assert b"\r" not in written


def test_what_a_directive_does_not_disclose_is_not_there() -> None:
    shown = LicetDetails(request_id="01K0", verdict="refused", permitted=())
    body = ErrorBody(reason="refused", message="no", request_id="01K0", licet=shown)
    assert json.loads(write_error("chat", body))["error"]["licet"] == {
        "request_id": "01K0",
        "verdict": "refused",
        "permitted": [],
    }


def test_every_error_names_its_request() -> None:
    said = json.loads(write_error("chat", error("internal")))
    assert said["error"]["licet"] == {"request_id": "01K0"}


def test_a_fault_of_the_caller_keeps_its_code_its_place_and_its_remedy() -> None:
    fault = CallerFault("invalid_type", "`n` is text", place=Place("n"), remedy="set a number")
    body = error_of(fault, "01K0")
    assert (body.status, body.code, body.param) == (400, "invalid_type", "n")
    assert body.message == "`n` is text: set a number"
    bare = error_of(CallerFault("x", "no such path"), "01K0", reason="not_found")
    assert (bare.status, bare.param, bare.message) == (404, None, "no such path")


def test_who_asks_for_a_thread_hears_in_the_clients_own_words_that_there_is_none() -> None:
    error = ErrorBody(reason="invalid_request", param="thread", message="no", request_id="01K")
    details = json.loads(write_error("messages", error))["error"]["details"]
    assert details["error_code"] == "thread_unsupported_request"
    assert "details" not in json.loads(write_error("chat", error))["error"]


def test_the_clients_here_use_no_network() -> None:
    transport = openai_client(200, b"{}")._client._transport
    assert isinstance(transport, httpx2.MockTransport)
