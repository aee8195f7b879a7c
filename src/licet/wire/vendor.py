"""What a vendor says when it fails, read so that nothing of it can hurt the caller.

A vendor's error reaches the caller as it stands only where the caller is to blame for it
and it is well formed. An error about our credential, an HTML page from a load balancer or
a stack trace is the operator's business and is made into a plain sentence.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any, Final, Literal

import msgspec

from licet.terms import SECOND_US, Instant, to_instant
from licet.wire.dialect import MESSAGES, Dialect

Blame = Literal["caller", "vendor", "operator"]
"""Who must act: the caller changes the request, the vendor recovers, the operator repairs
what was configured (a credential, an account, a model's name)."""

MESSAGE_SIZE_MAX: Final = 1000
RETRY_AFTER_MAX_S: Final = 86_400.0

_BLAME: Final[dict[int, Blame]] = {
    400: "caller",
    401: "operator",
    402: "operator",
    403: "operator",
    404: "operator",
    405: "operator",
    413: "caller",
    415: "operator",
    422: "caller",
}
_OVERLOADED: Final = frozenset(
    {
        "overloaded",
        "overloaded_error",
        "server_overloaded",
        "engine_overloaded",
        "rate_limit_error",
        "rate_limit_exceeded",
        "too_many_requests",
        "429",
        "503",
        "529",
    }
)
_FILTERED: Final = "content_filter"
_REFUSALS: Final = {
    _FILTERED: _FILTERED,
    "responsibleaipolicyviolation": _FILTERED,
    "guardrail_intervened": _FILTERED,
    "moderation_blocked": _FILTERED,
    # Zhipu: sensitive content.
    "1301": _FILTERED,
    "content_policy_violation": "content_policy_violation",
    "image_content_policy_violation": "image_content_policy_violation",
    "cyber_policy_violation": "cyber_policy_violation",
    "misalignment_policy_violation": "misalignment_policy_violation",
    "bio_policy": "bio_policy",
    "invalid_prompt": "invalid_prompt",
}
"""From codes and types of errors to the category of the refusal that they are in truth: OpenAI
(API reference, errors of Responses), Azure OpenAI (also in `innererror`), Bedrock, Moonshot,
Zhipu."""

_REFUSING_WORDS: Final = ("content exists risk", "blocked by content filtering policy")
"""Of vendors (DeepSeek, Anthropic) whose filters have no code of their own."""

_REFUSING: Final = frozenset({400, 403, 422, 451})
"""With which a refusal may be told; OpenRouter's moderation says 403."""
_DECODE: Final = msgspec.json.Decoder().decode


class VendorError(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's failure. `status` is 0 where it came inside a stream.

    `passable` says that the body may go to the caller as it is. `refusal` is the category
    where the failure is in truth the vendor's refusal of the content: `content_filter`, or what
    policy was violated.
    """

    code: str
    message: str
    type: str = "api_error"
    status: int = 0
    blame: Blame = "vendor"
    overloaded: bool = False
    passable: bool = False
    refusal: str | None = None
    retry_after_s: float | None = None


def read_vendor_error(
    dialect: Dialect,
    status: int,
    headers: Iterable[tuple[bytes, bytes]],
    body: bytes,
    *,
    now: Instant,
) -> VendorError:
    """The failure that an answer with a status other than 2xx tells of. Never raises.

    `now` is what a `retry-after` date is relative to.
    """
    blame = _BLAME.get(status, "vendor")
    said = _decoded(body)
    detail = error_detail(said)
    overloaded = status in (429, 503, 529)
    retry_after_s = _retry_after(headers, now)
    if detail is None:
        return VendorError(
            code="unreadable_error",
            message=f"the vendor answered {status} with {_what(body)}",
            status=status,
            blame=blame,
            overloaded=overloaded,
            retry_after_s=retry_after_s,
        )
    error = vendor_error(detail, status=status)
    if status not in _REFUSING and status >= 300:
        error = msgspec.structs.replace(error, refusal=None)
    return msgspec.structs.replace(
        error,
        blame=blame,
        overloaded=overloaded or error.overloaded,
        passable=blame == "caller" and _is_of_dialect(dialect, said),
        retry_after_s=retry_after_s,
    )


def error_detail(said: Any) -> dict[str, Any] | None:
    """The part of a decoded body that describes an error, in any of the forms in use."""
    if not isinstance(said, dict):
        return None
    error = said.get("error")
    if isinstance(error, dict):
        return error
    if isinstance(error, str) and error:
        return {"message": error, "type": said.get("type"), "code": said.get("code")}
    if said.get("object") == "error" or said.get("type") == "error":
        return said
    return None


def vendor_error(detail: Any, *, status: int = 0) -> VendorError:
    """The failure that an error object (or a bare string) describes."""
    if isinstance(detail, str):
        detail = {"message": detail}
    elif not isinstance(detail, dict):
        detail = {}
    kind = _word(detail.get("type")) or "api_error"
    code = _word(detail.get("code")) or kind
    message = detail.get("message")
    if not isinstance(message, str) or not message:
        message = "the vendor reported an error without a message"
    return VendorError(
        code=code,
        message=message[:MESSAGE_SIZE_MAX],
        type=kind,
        status=status,
        overloaded=kind in _OVERLOADED or code in _OVERLOADED,
        refusal=_refusal(detail, code, kind, message),
    )


def _refusal(detail: dict[str, Any], code: str, kind: str, message: str) -> str | None:
    """The category of the refusal that an error is; None where it is none."""
    inner, metadata = detail.get("innererror"), detail.get("metadata")
    inner_code = _word(inner.get("code")) if isinstance(inner, dict) else None
    for word in (code, inner_code, kind):
        if word is not None and (found := _REFUSALS.get(word.lower())) is not None:
            return found
    # OpenRouter's moderation says what it flagged.
    flagged = isinstance(metadata, dict) and "flagged_input" in metadata
    said = message.lower()
    if flagged or any(words in said for words in _REFUSING_WORDS):
        return _FILTERED
    return None


def read_error(body: bytes) -> VendorError:
    """The failure that is told in an event named `error`, in whatever form."""
    said = _decoded(body)
    detail = error_detail(said)
    return vendor_error(said if detail is None else detail)


def mended(text: bytes) -> bytes:
    """JSON as the official clients read it, made strict; `ValueError` where they would fail.

    Servers that cut strings between two halves of a surrogate pair, or write NaN for a
    log probability, are read by those clients, so that such a stream must not break here.
    """
    value = json.loads(text, parse_constant=lambda _: None)
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")


def malformed(code: str, message: str) -> VendorError:
    """Something that arrived where an event or an answer was due."""
    return VendorError(code=code, message=message, type="malformed")


def _decoded(body: bytes) -> Any:
    """The value of some JSON; None for what is none."""
    try:
        return _DECODE(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _is_of_dialect(dialect: Dialect, said: Any) -> bool:
    error = said.get("error")
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return False
    if dialect != MESSAGES:
        return True
    return said.get("type") == "error" and isinstance(error.get("type"), str)


def _word(value: object) -> str | None:
    """A type or a code; some vendors write the status as a number there."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    return value[:100] if isinstance(value, str) and value else None


def _what(body: bytes) -> str:
    start = body[:512].lstrip()
    if not start:
        return "an empty body"
    if start.startswith(b"<"):
        return "an HTML page"
    return "a body that is no error of its dialect"


def _retry_after(headers: Iterable[tuple[bytes, bytes]], now: Instant) -> float | None:
    """Seconds to wait (RFC 9110, 10.2.3), bounded; `retry-after-ms` is the finer figure."""
    found: dict[bytes, bytes] = {name.lower(): value for name, value in headers}
    for name, divisor in ((b"retry-after-ms", 1000.0), (b"retry-after", 1.0)):
        value = found.get(name)
        if value is None:
            continue
        seconds = _seconds(value.decode("latin-1").strip(), now)
        if seconds is not None:
            return min(max(seconds / divisor, 0.0), RETRY_AFTER_MAX_S)
    return None


def _seconds(text: str, now: Instant) -> float | None:
    """A number of seconds or a date, whichever it is; None for anything else."""
    try:
        seconds = float(text)
    except ValueError:
        return _seconds_until(text, now)
    return seconds if isfinite(seconds) else None


def _seconds_until(date: str, now: Instant) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return (to_instant(moment) - now) / SECOND_US
