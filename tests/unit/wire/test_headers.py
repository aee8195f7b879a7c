"""Headers: what passes to the vendor, what comes back, what never does."""

from __future__ import annotations

import pytest

from licet.terms import ConfigurationFault
from licet.wire import (
    DIALECTS,
    HOP_BY_HOP,
    REQUEST_PASSED,
    RESPONSE_KEPT,
    Dialect,
    credential_headers,
    request_headers,
    response_headers,
)

OURS = {
    "chat": [b"content-type", b"accept-encoding", b"user-agent"],
    "messages": [b"content-type", b"accept-encoding", b"user-agent", b"anthropic-version"],
    "responses": [b"content-type", b"accept-encoding", b"user-agent"],
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "name",
    [
        b"Authorization",
        b"X-Api-Key",
        b"Cookie",
        b"Licet-Subject",
        b"Idempotency-Key",
        b"OpenAI-Organization",
        b"OpenAI-Project",
        b"Connection",
        b"Transfer-Encoding",
        b"Content-Length",
        b"Host",
        b"User-Agent",
        b"Accept-Encoding",
        b"Forwarded",
        b"X-Forwarded-For",
        b"traceparent",
        b"x-stainless-os",
    ],
)
def test_what_is_the_callers_own_does_not_reach_the_vendor(dialect: Dialect, name: bytes) -> None:
    sent = request_headers(dialect, [(name, b"secret")])
    assert [name for name, _ in sent] == OURS[dialect]
    assert b"secret" not in dict(sent).values()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_answers_are_asked_for_uncompressed(dialect: Dialect) -> None:
    sent = request_headers(dialect, [(b"accept-encoding", b"gzip, br, zstd")])
    assert dict(sent)[b"accept-encoding"] == b"identity"


def test_parameters_of_messages_pass_under_any_spelling() -> None:
    sent = dict(
        request_headers(
            "messages", [(b"Anthropic-Version", b"2026-01-01"), (b"ANTHROPIC-BETA", b"files")]
        )
    )
    assert sent[b"anthropic-version"] == b"2026-01-01"
    assert sent[b"anthropic-beta"] == b"files"


def test_messages_always_have_a_version() -> None:
    assert dict(request_headers("messages", []))[b"anthropic-version"] == b"2023-06-01"


def test_several_betas_all_pass() -> None:
    betas = [(b"anthropic-beta", b"a"), (b"anthropic-beta", b"b")]
    assert [pair for pair in request_headers("messages", betas) if pair in betas] == betas


def test_what_the_client_acts_on_comes_back() -> None:
    kept = [
        (b"content-type", b"application/json"),
        (b"retry-after", b"3"),
        (b"request-id", b"req_1"),
        (b"x-request-id", b"req_1"),
        (b"x-ratelimit-remaining-tokens", b"9"),
        (b"anthropic-ratelimit-requests-reset", b"2026-06-12T21:21:00Z"),
    ]
    assert response_headers([(name.title(), value) for name, value in kept]) == kept


@pytest.mark.parametrize(
    "name",
    [
        b"Set-Cookie",
        b"OpenAI-Organization",
        b"Anthropic-Organization-Id",
        b"Server",
        b"Via",
        b"Content-Length",
        b"Content-Encoding",
        b"Strict-Transport-Security",
        b"X-Should-Retry",
        b"Licet-Decision",
        b"Location",
    ],
)
def test_what_is_the_vendors_own_does_not_come_back(name: bytes) -> None:
    assert response_headers([(name, b"x")]) == []


def test_no_table_names_a_header_of_one_connection() -> None:
    for dialect in DIALECTS:
        assert not HOP_BY_HOP & REQUEST_PASSED[dialect]
    assert not HOP_BY_HOP & RESPONSE_KEPT


def test_each_dialect_has_its_own_credential() -> None:
    assert credential_headers("chat", "sk-1") == [(b"authorization", b"Bearer sk-1")]
    assert credential_headers("messages", "sk-1") == [(b"x-api-key", b"sk-1")]


@pytest.mark.parametrize("secret", ["", "sk\r\nHost: evil", "sk\n", "sk\x00", "schlüssel"])
def test_a_credential_cannot_break_out_of_its_header(secret: str) -> None:
    with pytest.raises(ConfigurationFault) as caught:
        credential_headers("chat", secret)
    assert caught.value.code == "invalid_credential"
    assert not secret or secret not in str(caught.value)
