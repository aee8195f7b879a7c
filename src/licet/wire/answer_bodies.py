"""Whole answers: read for the record, passed on untouched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from licet.terms import VendorFault
from licet.wire.answers import Answer, Block, Completion, Message, Said
from licet.wire.chat_reading import refusal_of, said_size
from licet.wire.dialect import CHAT, MESSAGES, RESPONSES, Dialect
from licet.wire.messages_reading import refusal_of as refusal_of_message
from licet.wire.messages_reading import successor_of
from licet.wire.responses import Response
from licet.wire.responses_reading import FAILED, item_size, stop_reason_of
from licet.wire.responses_reading import refusal_of as refusal_of_response
from licet.wire.usage import Usage, estimate_tokens
from licet.wire.usage_reading import usage_of_chat, usage_of_messages, usage_of_responses
from licet.wire.vendor import error_detail, mended, vendor_error

_DECODE: Final[dict[Dialect, Callable[[bytes], Said]]] = {
    CHAT: msgspec.json.Decoder(Completion).decode,
    MESSAGES: msgspec.json.Decoder(Message).decode,
    RESPONSES: msgspec.json.Decoder(Response).decode,
}
_FALLBACK: Final = b'"fallback"'
_DECODE_BLOCK: Final = msgspec.json.Decoder(Block).decode


def read_answer(dialect: Dialect, body: bytes, *, request_size: int = 0) -> Answer:
    """Reads the body of a 2xx; `request_size` in bytes is the ground of an estimate.

    Raises `VendorFault` (`malformed_answer`) for what is no answer: HTML, cut JSON, an
    error object, no choice at all.
    """
    try:
        said = _DECODE[dialect](body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = _read_leniently(dialect, body)
    if isinstance(said, Completion):
        return _read_completion(said, request_size)
    if isinstance(said, Message):
        return _read_message(said, request_size)
    return _read_response(said, request_size)


def _read_leniently(dialect: Dialect, body: bytes) -> Said:
    try:
        return _DECODE[dialect](mended(body))
    except (ValueError, RecursionError):
        raise VendorFault("malformed_answer", what_instead(body)) from None


def _read_completion(said: Completion, request_size: int) -> Answer:
    if not said.choices:
        raise VendorFault("malformed_answer", "the vendor's answer holds no choice")
    refusal: str | None = None
    for choice in said.choices:
        refusal = refusal or refusal_of(choice.message, choice.finish_reason)
    usage = usage_of_chat(said.usage)
    if usage is None:
        size = sum(said_size(c.message) for c in said.choices if c.message is not None)
        usage = _estimate(request_size, size)
    return Answer(
        model=_text(said.model),
        usage=usage,
        stop_reason=_text(said.choices[0].finish_reason),
        refusal=refusal,
    )


def _read_message(said: Message, request_size: int) -> Answer:
    usage = usage_of_messages(said.usage)
    if usage is None:
        usage = _estimate(request_size, sum(len(bytes(raw)) for raw in said.content))
    return Answer(
        model=_successor(said.content) or _text(said.model),
        usage=usage,
        stop_reason=_text(said.stop_reason),
        refusal=refusal_of_message(said.stop_reason, said.stop_details),
        residency=None if said.usage is None else _text(said.usage.inference_geo),
    )


def _successor(content: list[msgspec.Raw]) -> str | None:
    """The model that said the last of it, where its vendor put others in the place of the first."""
    found = None
    for raw in content:
        if _FALLBACK not in bytes(raw):
            continue
        try:
            block = _DECODE_BLOCK(raw)
        except msgspec.DecodeError:
            # No block at all: that is for the caller's own client to see.
            continue
        if block.type == "fallback":
            found = successor_of(block.to) or found
    return found


def _read_response(said: Response, request_size: int) -> Answer:
    if said.error is not None or said.status in FAILED:
        failed = vendor_error(said.error).message
        message = f"the vendor answered with success and an error: {failed}"
        raise VendorFault("malformed_answer", message)
    if said.output is None:
        raise VendorFault("malformed_answer", "the vendor's answer holds no output")
    usage = usage_of_responses(said.usage)
    if usage is None:
        usage = _estimate(request_size, sum(map(item_size, said.output)))
    return Answer(
        model=_text(said.model),
        usage=usage,
        stop_reason=stop_reason_of(said),
        refusal=refusal_of_response(said),
    )


def _estimate(request_size: int, answer_size: int) -> Usage:
    return Usage(
        input_tokens=estimate_tokens(request_size),
        output_tokens=estimate_tokens(answer_size),
        estimated=True,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def what_instead(body: bytes) -> str:
    """Says of a body what it is instead of an answer, and quotes nothing but an error."""
    start = body[:512].lstrip()
    if not start:
        return "the vendor answered with an empty body"
    if start.startswith(b"<"):
        return "the vendor answered with an HTML page"
    try:
        detail = error_detail(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "the vendor's answer is not valid JSON"
    if detail is not None:
        return f"the vendor answered with success and an error: {vendor_error(detail).message}"
    return "the vendor's answer is not an answer of its dialect"
