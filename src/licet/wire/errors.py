"""Errors in the caller's dialect: one table from our reasons to both languages.

The official clients retry 408, 409, 429 and everything from 500 by themselves, so that a
refusal is none of these (RFC 7725: 451), and what a repetition can mend is one of them.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from licet.terms import CallerFault
from licet.wire.dialect import CHAT, MESSAGES, RESPONSES, Dialect

Reason = Literal[
    "invalid_request",
    "unauthenticated",
    "forbidden",
    "not_found",
    "method_not_allowed",
    "request_timeout",
    "payload_too_large",
    "unsupported_media_type",
    "rate_limited",
    "headers_too_large",
    "refused",
    "internal",
    "vendor_error",
    "model_unavailable",
    "recorder_unavailable",
    "draining",
    "vendor_timeout",
]
"""Why a request ends without an answer. `refused` is a directive's verdict, also where the
evaluation itself failed; `vendor_error` is what no other candidate could make good."""


_ENCODE: Final = msgspec.json.Encoder().encode
_MESSAGES_DETAILS: Final = {
    "thread": {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}
}
"""What the official client of Messages looks for where a parameter is refused: it asks again
without it. Its tool runner asks for a thread of its own accord."""


class ErrorForm(msgspec.Struct, frozen=True):
    """How a reason is said: HTTP status, default code, and the `type` of OpenAI's dialects and
    of Messages."""

    status: int
    code: str
    chat: str
    messages: str


ERROR_FORMS: Final[dict[Reason, ErrorForm]] = {
    "invalid_request": ErrorForm(
        400, "invalid_request", "invalid_request_error", "invalid_request_error"
    ),
    "unauthenticated": ErrorForm(
        401, "invalid_api_key", "authentication_error", "authentication_error"
    ),
    "forbidden": ErrorForm(403, "forbidden", "permission_error", "permission_error"),
    "not_found": ErrorForm(404, "not_found", "invalid_request_error", "not_found_error"),
    "method_not_allowed": ErrorForm(
        405, "method_not_allowed", "invalid_request_error", "invalid_request_error"
    ),
    "request_timeout": ErrorForm(
        408, "request_timeout", "invalid_request_error", "invalid_request_error"
    ),
    "payload_too_large": ErrorForm(
        413, "payload_too_large", "invalid_request_error", "invalid_request_error"
    ),
    "unsupported_media_type": ErrorForm(
        415, "unsupported_media_type", "invalid_request_error", "invalid_request_error"
    ),
    "rate_limited": ErrorForm(429, "rate_limit_exceeded", "rate_limit_error", "rate_limit_error"),
    "headers_too_large": ErrorForm(
        431, "headers_too_large", "invalid_request_error", "invalid_request_error"
    ),
    "refused": ErrorForm(451, "directive_refused", "access_denied", "permission_error"),
    "internal": ErrorForm(500, "internal_error", "server_error", "api_error"),
    "vendor_error": ErrorForm(502, "vendor_error", "server_error", "api_error"),
    "model_unavailable": ErrorForm(503, "model_unavailable", "server_error", "overloaded_error"),
    "recorder_unavailable": ErrorForm(503, "recorder_unavailable", "server_error", "api_error"),
    "draining": ErrorForm(503, "draining", "server_error", "overloaded_error"),
    "vendor_timeout": ErrorForm(504, "vendor_timeout", "server_error", "timeout_error"),
}


class LicetDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The `licet` object of an error, for programs. What is UNSET is not shown, which is
    how a directive's disclosure is kept; an empty `permitted` says that nothing is.
    """

    request_id: str
    verdict: str | msgspec.UnsetType = msgspec.UNSET
    directives: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    missing: tuple[tuple[str, ...], ...] | msgspec.UnsetType = msgspec.UNSET
    permitted: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    contact: str | msgspec.UnsetType = msgspec.UNSET


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """An error before it is put into a dialect. `code` and `status` come from the reason
    unless they are given; `param` is the request's parameter at fault.
    """

    reason: Reason
    message: str
    request_id: str
    code: str | None = None
    param: str | None = None
    licet: LicetDetails | None = None

    @property
    def status(self) -> int:
        """The HTTP status, while headers can still be sent."""
        return ERROR_FORMS[self.reason].status


def error_of(
    fault: CallerFault, request_id: str, *, reason: Reason = "invalid_request"
) -> ErrorBody:
    """The error that tells the caller of a fault and what to do about it."""
    message = f"{fault.message}: {fault.remedy}" if fault.remedy else fault.message
    return ErrorBody(
        reason=reason,
        code=fault.code,
        message=message,
        param=None if fault.place is None else fault.place.path,
        request_id=request_id,
    )


def write_error(dialect: Dialect, error: ErrorBody) -> bytes:
    """The JSON body of an error answer."""
    return _ENCODE(_form(dialect, error))


def write_stream_error(dialect: Dialect, error: ErrorBody, *, sequence: int = -1) -> bytes:
    """The same inside a stream whose headers have left. Nothing may follow it. `sequence` is
    the last number that a stream of Responses has given to an event, -1 before the first.

    A chat stream gets no `[DONE]` after it: the official client raises at the error and
    reads no further, and a client that knows no such chunk would take `[DONE]` for success.
    """
    if dialect == RESPONSES:
        return b"event: error\ndata: %s\n\n" % _ENCODE(_event(error, sequence + 1))
    data = write_error(dialect, error)
    if dialect == CHAT:
        return b"data: " + data + b"\n\n"
    return b"event: error\ndata: " + data + b"\n\n"


def _form(dialect: Dialect, error: ErrorBody) -> dict[str, object]:
    form = ERROR_FORMS[error.reason]
    inner: dict[str, object] = {
        "type": form.messages if dialect == MESSAGES else form.chat,
        "code": error.code or form.code,
    }
    # OpenAI's dialects always have the field, Messages has none of its own.
    if dialect != MESSAGES or error.param is not None:
        inner["param"] = error.param
    inner["message"] = error.message
    if dialect == MESSAGES and error.param in _MESSAGES_DETAILS:
        inner["details"] = _MESSAGES_DETAILS[error.param]
    inner["licet"] = error.licet or LicetDetails(request_id=error.request_id)
    if dialect != MESSAGES:
        return {"error": inner}
    return {"type": "error", "error": inner, "request_id": error.request_id}


def _event(error: ErrorBody, number: int) -> dict[str, object]:
    """The event `error` of Responses. Its own form is flat, and the official client hands that
    on like any other event; it raises where there is an `error`, so that nobody can miss it."""
    inner = _form(RESPONSES, error)["error"]
    assert isinstance(inner, dict)
    told = {name: inner[name] for name in ("code", "message", "param")}
    return {"type": "error", "sequence_number": number, **told, "error": inner}
