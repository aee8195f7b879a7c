"""Headers: which pass in which direction. Names are lower case, as bytes.

What is not named here does not pass, so that a header nobody thought of leaks nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from licet.terms import ConfigurationFault
from licet.wire.dialect import CHAT, MESSAGES, RESPONSES, Dialect

Header = tuple[bytes, bytes]
Auth = Literal["bearer", "x-api-key", "api-key"]

ANTHROPIC_VERSION: Final = b"anthropic-version"
ANTHROPIC_VERSION_DEFAULT: Final = b"2023-06-01"

HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Of one connection only (RFC 9110, 7.6.1): never forwarded, whoever names them."""

REQUEST_PASSED: Final[dict[Dialect, frozenset[bytes]]] = {
    CHAT: frozenset(),
    MESSAGES: frozenset({ANTHROPIC_VERSION, b"anthropic-beta"}),
    RESPONSES: frozenset(),
}
"""Request headers that are parameters of the dialect, and so must not be dropped.

Not among them, and why: credentials and cookies are the caller's with us; `openai-organization`,
`openai-project` and workspace headers choose an account, which is the operator's to choose;
`idempotency-key` would let callers who share the operator's account read one another's answers;
`user-agent`, `x-stainless-*`, `traceparent` and `Licet-*` tell a vendor about the caller.
"""

ACCOUNT_HEADERS: Final[dict[Dialect, dict[bytes, str]]] = {
    MESSAGES: {
        b"anthropic-user-profile-id": "user_profile_id",
        b"anthropic-workspace-id": "workspace_id",
    },
}
"""Parameters of a request that its client sends as headers, and that choose an account: left out,
and named, as any other parameter that is."""

RESPONSE_KEPT: Final = frozenset(
    {b"content-type", b"retry-after", b"retry-after-ms", b"request-id", b"x-request-id"}
)
"""Response headers that pass by name, besides `RATE_LIMIT_PREFIXES`. The vendor's request
id keeps its name, since the clients read it there; ours is `Licet-Request-Id`."""

REQUEST_ID: Final[dict[Dialect, bytes]] = {
    CHAT: b"x-request-id",
    MESSAGES: b"request-id",
    RESPONSES: b"x-request-id",
}
"""Where the official clients look for a request id; in answers of our own it is ours."""

RATE_LIMIT_PREFIXES: Final = (b"x-ratelimit-", b"anthropic-ratelimit-")

_ALWAYS: Final[tuple[Header, ...]] = (
    (b"content-type", b"application/json"),
    # A compressed answer would hide usage and refusals from the record.
    (b"accept-encoding", b"identity"),
    (b"user-agent", b"licet"),
)


def request_headers(dialect: Dialect, headers: Iterable[Header]) -> list[Header]:
    """The headers for the vendor, but for `host`, `content-length` and the credential."""
    passed = REQUEST_PASSED[dialect]
    kept = list(_ALWAYS)
    if passed:
        kept += [(lower, value) for name, value in headers if (lower := name.lower()) in passed]
    if dialect == MESSAGES and not any(name == ANTHROPIC_VERSION for name, _ in kept):
        kept.append((ANTHROPIC_VERSION, ANTHROPIC_VERSION_DEFAULT))
    return kept


def response_headers(headers: Iterable[Header]) -> list[Header]:
    """The vendor's headers that the caller may see."""
    return [
        (lower, value)
        for name, value in headers
        if (lower := name.lower()) in RESPONSE_KEPT or lower.startswith(RATE_LIMIT_PREFIXES)
    ]


def credential_headers(dialect: Dialect, secret: str, auth: Auth | None = None) -> list[Header]:
    """What proves the operator's account to the vendor. `secret` is shown nowhere else. `auth` is
    the header; None is the dialect's.

    Raises `ConfigurationFault` (`invalid_credential`) for a secret that would break out of
    its header.
    """
    if not secret or not secret.isascii() or not secret.isprintable():
        raise ConfigurationFault(
            "invalid_credential",
            "a vendor credential is empty or holds characters that no header may have",
            remedy="look for a line end or a space that was copied with it",
        )
    value = secret.encode()
    chosen = auth or ("x-api-key" if dialect == MESSAGES else "bearer")
    if chosen == "bearer":
        return [(b"authorization", b"Bearer " + value)]
    return [(chosen.encode(), value)]
