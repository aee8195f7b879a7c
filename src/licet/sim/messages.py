"""Answers and errors in the form of Anthropic's Messages API."""

from __future__ import annotations

from typing import Any

import msgspec

from licet.sim.answers import REFUSAL, Answer, Refusing, Stop, Usage
from licet.sim.pieces import Piece, Stage, encode, split
from licet.sim.questions import Rejection
from licet.terms import SECOND_US, Instant, format_instant

_STOP: dict[Stop, str] = {
    "end": "end_turn",
    "length": "max_tokens",
    "tool": "tool_use",
    "refusal": "refusal",
    "unknown": "wandered_off",
}
MALFORMED = (
    b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 0, "del\n\n'
)
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def whole(answer: Answer) -> bytes:
    """A `message` object."""
    content = [_fallback(answer)] if answer.declined_by else []
    if answer.reasoning:
        content.append(
            {"type": "thinking", "thinking": answer.reasoning, "signature": _signature(answer)}
        )
    if answer.text:
        content.append({"type": "text", "text": answer.text, "citations": None})
    if answer.call:
        arguments = msgspec.Raw(answer.call.arguments.encode())
        content.append({**_tool_block(answer), "input": arguments})
    body = _message(answer)
    body |= {"container": None, "content": content, **_stop(answer)}
    if answer.usage:
        body["usage"] = _usage(answer.usage, answer.geo, answer.usage.completion)
    return encode(body)


def stream(
    answer: Answer,
    *,
    chunks: int,
    include_usage: bool,
) -> tuple[Piece, ...]:
    """Named events from `message_start` to `message_stop`, with a `ping` near the start."""
    start = {**_message(answer), "container": None, "content": []}
    start["model"] = answer.declined_by or answer.model
    start |= {"stop_reason": None, "stop_sequence": None, "stop_details": None}
    if answer.usage:
        start["usage"] = _usage(answer.usage, answer.geo, 1)
    pieces = [
        _event("opening", "message_start", {"message": start}),
        _event("opening", "ping", {}),
    ]
    index = 0
    if answer.declined_by:
        pieces += _block("opening", index, _fallback(answer), [])
        index += 1
    if answer.reasoning:
        pieces += _thinking(answer, index, chunks)
        index += 1
    if answer.text:
        pieces += _text(answer, index, chunks)
        index += 1
    if answer.call:
        pieces += _tool_use(answer, index, chunks)
    closing: dict[str, Any] = {"delta": _stop(answer)}
    if answer.usage:
        closing["usage"] = {"output_tokens": answer.usage.completion, **_thought(answer.usage)}
    pieces.append(_event("closing", "message_delta", closing))
    pieces.append(_event("closing", "message_stop", {}))
    return tuple(pieces)


def error(rejection: Rejection, request_id: str) -> bytes:
    """Anthropic's error object."""
    return encode(
        {
            "type": "error",
            "error": {"type": rejection.type, "message": rejection.message},
            "request_id": request_id,
        }
    )


def error_event(rejection: Rejection, request_id: str) -> bytes:
    """An error inside a stream whose 200 has already been sent."""
    return b"event: error\ndata: " + error(rejection, request_id) + b"\n\n"


def failure(status: int) -> Rejection:
    """The error that goes with a status out of the script."""
    kind = _TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
    return Rejection(status=status, type=kind, message=f"scripted failure {status}")


def refusing(what: Refusing) -> Rejection:
    """The error of the filter; Anthropic has no other, and no code for it."""
    message = "Output blocked by content filtering policy"
    return Rejection(status=400, type="invalid_request_error", message=message)


def headers(request_id: str) -> tuple[tuple[str, str], ...]:
    """The id of the request and what is left of the caller's rate."""
    return (("request-id", request_id), ("anthropic-ratelimit-requests-remaining", "999"))


def token_count(tokens: int) -> bytes:
    """The answer of `/v1/messages/count_tokens`."""
    return encode({"input_tokens": tokens})


def models(vendor: str, names: tuple[str, ...], created: int) -> bytes:
    """The list of models, in one page."""
    return encode(
        {
            "data": [_model(name, created) for name in names],
            "first_id": names[0] if names else None,
            "has_more": False,
            "last_id": names[-1] if names else None,
        }
    )


def model(vendor: str, name: str, created: int) -> bytes:
    """One model of the list."""
    return encode(_model(name, created))


def _model(name: str, created: int) -> dict[str, Any]:
    return {
        "type": "model",
        "id": name,
        "display_name": name.replace("-", " ").title(),
        "created_at": format_instant(Instant(created * SECOND_US)),
        "lifecycle": "active",
        "max_input_tokens": 200_000,
        "max_tokens": 64_000,
    }


def _message(answer: Answer) -> dict[str, Any]:
    return {
        "id": f"msg_{answer.id}",
        "type": "message",
        "role": "assistant",
        "model": answer.model,
    }


def _stop(answer: Answer) -> dict[str, Any]:
    details = None
    if answer.stop == "refusal":
        category = answer.refusal_category
        details = {"type": "refusal", "category": category, "explanation": REFUSAL}
    return {
        "stop_reason": _STOP[answer.stop],
        "stop_sequence": None,
        "stop_details": details,
    }


def _thinking(answer: Answer, index: int, chunks: int) -> list[Piece]:
    deltas = [
        {"type": "thinking_delta", "thinking": part} for part in split(answer.reasoning, chunks)
    ]
    deltas.append({"type": "signature_delta", "signature": _signature(answer)})
    block = {"type": "thinking", "thinking": "", "signature": ""}
    return _block("reasoning", index, block, deltas)


def _text(answer: Answer, index: int, chunks: int) -> list[Piece]:
    deltas = [{"type": "text_delta", "text": part} for part in split(answer.text, chunks)]
    return _block("text", index, {"type": "text", "text": "", "citations": None}, deltas)


def _tool_use(answer: Answer, index: int, chunks: int) -> list[Piece]:
    arguments = answer.call.arguments if answer.call else ""
    deltas = [
        {"type": "input_json_delta", "partial_json": part} for part in split(arguments, chunks)
    ]
    return _block("tool", index, {**_tool_block(answer), "input": {}}, deltas)


def _block(
    stage: Stage, index: int, block: dict[str, Any], deltas: list[dict[str, str]]
) -> list[Piece]:
    """A content block; its start and stop carry no content themselves."""
    start = {"index": index, "content_block": block}
    opened: Stage = "opening" if index == 0 else stage
    return [
        _event(opened, "content_block_start", start),
        *(_event(stage, "content_block_delta", {"index": index, "delta": d}) for d in deltas),
        _event(stage, "content_block_stop", {"index": index}),
    ]


def _fallback(answer: Answer) -> dict[str, Any]:
    """Where one model's output gives way to another's (`fallbacks`)."""
    return {
        "type": "fallback",
        "from": {"model": answer.declined_by},
        "to": {"model": answer.model},
        "trigger": {"type": "refusal", "category": "cyber"},
    }


def _tool_block(answer: Answer) -> dict[str, Any]:
    if answer.call is None:
        return {}
    return {
        "type": "tool_use",
        "id": f"toolu_{answer.call.id}",
        "name": answer.call.name,
        "caller": {"type": "direct"},
    }


def _signature(answer: Answer) -> str:
    return f"sim-signature-{answer.id}"


def _usage(usage: Usage, geo: str, output: int) -> dict[str, Any]:
    return {
        "input_tokens": usage.prompt - usage.cached,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": output,
        **_thought(usage),
        "server_tool_use": None,
        "service_tier": "standard",
        "inference_geo": geo,
    }


def _thought(usage: Usage) -> dict[str, Any]:
    return {"output_tokens_details": {"thinking_tokens": usage.reasoning}}


def _event(stage: Stage, name: str, body: dict[str, Any]) -> Piece:
    data = b"event: " + name.encode() + b"\ndata: " + encode({"type": name, **body}) + b"\n\n"
    return Piece(stage=stage, data=data)
