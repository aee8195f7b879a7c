"""A vendor's failures: who is to blame, what may pass, what is made of the rest."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from licet.terms import to_instant
from licet.wire import Blame, Dialect, VendorError, read_vendor_error

NOW = to_instant(datetime(2026, 6, 12, 21, 21, tzinfo=UTC))


def failure(
    status: int,
    body: bytes | dict[str, Any] = b"",
    *,
    dialect: Dialect = "chat",
    headers: list[tuple[bytes, bytes]] | None = None,
) -> VendorError:
    said = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_vendor_error(dialect, status, headers or [], said, now=NOW)


CHAT = {
    "error": {"message": "too long", "type": "invalid_request_error", "param": None, "code": "x"}
}
MESSAGES = {"type": "error", "error": {"type": "invalid_request_error", "message": "too long"}}


def test_a_well_formed_error_that_the_caller_can_mend_may_pass() -> None:
    for status in (400, 413, 422):
        assert failure(status, CHAT).passable
        assert failure(status, MESSAGES, dialect="messages").passable
    assert failure(400, CHAT).message == "too long"
    assert failure(400, MESSAGES, dialect="messages").code == "invalid_request_error"


def test_an_error_of_another_dialect_does_not_pass() -> None:
    assert not failure(400, CHAT, dialect="messages").passable
    assert not failure(400, {"error": "too long"}).passable
    assert not failure(400, {"object": "error", "message": "too long"}).passable
    assert failure(400, {"object": "error", "message": "too long"}).message == "too long"


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_what_only_the_operator_can_mend_never_passes(status: int) -> None:
    error = failure(status, {"error": {"message": "Incorrect API key: sk-abc"}})
    assert error.blame == "operator"
    assert not error.passable


@pytest.mark.parametrize(
    ("status", "blame"),
    [
        (400, "caller"),
        (401, "operator"),
        (402, "operator"),
        (403, "operator"),
        (404, "operator"),
        (405, "operator"),
        (407, "vendor"),
        (408, "vendor"),
        (409, "vendor"),
        (413, "caller"),
        (415, "operator"),
        (422, "caller"),
        (429, "vendor"),
        (500, "vendor"),
        (529, "vendor"),
        (302, "vendor"),
    ],
)
def test_who_must_act(status: int, blame: Blame) -> None:
    assert failure(status).blame == blame


@pytest.mark.parametrize("status", [429, 503, 529])
def test_an_overload_is_seen_by_its_status(status: int) -> None:
    assert failure(status).overloaded
    assert not failure(500).overloaded


def test_an_overload_is_seen_by_its_type() -> None:
    said = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    assert failure(500, said, dialect="messages").overloaded


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "an empty body"),
        (b"<html><h1>Bad Gateway</h1>10.0.0.7", "an HTML page"),
        (b"upstream connect error: 10.0.0.7", "a body that is no error of its dialect"),
        (b'{"detail":"10.0.0.7"}', "a body that is no error of its dialect"),
        (b'["10.0.0.7"]', "a body that is no error of its dialect"),
        (b"\xff\xfe", "a body that is no error of its dialect"),
        (b"[" * 100_000, "a body that is no error of its dialect"),
    ],
)
def test_of_an_unreadable_body_nothing_is_quoted(body: bytes, said: str) -> None:
    error = failure(502, body)
    assert error.message == f"the vendor answered 502 with {said}"
    assert error.code == "unreadable_error"
    assert not error.passable


@pytest.mark.parametrize("strange", [None, 7, True, ["x"], {}, ""])
def test_known_names_with_strange_values_raise_nothing(strange: object) -> None:
    error = failure(500, {"error": {"message": strange, "type": strange, "code": strange}})
    assert error.message == "the vendor reported an error without a message"
    assert isinstance(error.code, str)


def test_long_messages_are_cut() -> None:
    error = failure(400, {"error": {"message": "a" * 100_000, "type": "b" * 100_000}})
    assert len(error.message) == 1000
    assert len(error.type) == 100


@pytest.mark.parametrize("code", ["content_filter", "content_policy_violation", "bio_policy"])
def test_a_refusal_in_the_guise_of_an_error_is_a_refusal(code: str) -> None:
    assert failure(400, {"error": {"message": "no", "code": code}}).refusal == code
    assert failure(400, CHAT).refusal is None


AZURE = {
    "message": "The response was filtered",
    "type": None,
    "code": "content_filter",
    "status": 400,
    "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {}},
}
FILTERED: dict[str, tuple[int, dict[str, Any]]] = {
    "Azure OpenAI": (400, AZURE),
    "Azure OpenAI, the code inside": (400, {**AZURE, "code": None}),
    "OpenRouter": (403, {"code": 403, "message": "no", "metadata": {"flagged_input": "x"}}),
    "Zhipu": (400, {"code": "1301", "message": "no"}),
    "DeepSeek": (400, {"message": "Content Exists Risk", "code": "invalid_request_error"}),
    "Moonshot": (400, {"type": "content_filter", "message": "no"}),
    "Anthropic": (400, {"message": "Output blocked by content filtering policy"}),
}


@pytest.mark.parametrize("vendor", FILTERED)
def test_filters_are_known_by_what_each_vendor_says(vendor: str) -> None:
    status, told = FILTERED[vendor]
    error = failure(status, {"error": told})
    assert error.refusal == "content_filter"
    assert error.passable == (status == 400)


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
def test_what_is_no_answer_to_the_content_is_no_refusal(status: int) -> None:
    assert failure(status, {"error": AZURE}).refusal is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([], None),
        ([(b"Retry-After", b"7")], 7.0),
        ([(b"retry-after", b" 1.5 ")], 1.5),
        ([(b"retry-after", b"-3")], 0.0),
        ([(b"retry-after", b"9999999")], 86_400.0),
        ([(b"retry-after", b"nan")], None),
        ([(b"retry-after", b"inf")], None),
        ([(b"retry-after", b"soon")], None),
        ([(b"retry-after", b"\xff")], None),
        ([(b"retry-after", b"Fri, 12 Jun 2026 21:21:30 GMT")], 30.0),
        ([(b"retry-after", b"Fri, 12 Jun 2026 21:20:30 GMT")], 0.0),
        ([(b"retry-after", b"Fri, 32 Jun 2026 21:21:30 GMT")], None),
        ([(b"retry-after", b"Fri, 12 Jun 2026 21:21:30 -0000")], None),
        ([(b"retry-after-ms", b"250"), (b"retry-after", b"1")], 0.25),
        ([(b"retry-after-ms", b"?"), (b"retry-after", b"1")], 1.0),
    ],
)
def test_how_long_to_wait(headers: list[tuple[bytes, bytes]], seconds: float | None) -> None:
    assert failure(429, headers=headers).retry_after_s == seconds
