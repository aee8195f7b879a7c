"""Answers and errors in the form of OpenAI's Chat Completions API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from licet.sim.answers import REFUSAL, Answer, Refusing, Stop, Usage
from licet.sim.pieces import Piece, Stage, encode, split
from licet.sim.questions import Rejection

_FINISH: dict[Stop, str] = {
    "end": "stop",
    "length": "length",
    "tool": "tool_calls",
    "refusal": "content_filter",
    "unknown": "wandered_off",
}
_TYPES = {401: "invalid_request_error", 403: "invalid_request_error", 429: "rate_limit_exceeded"}
MALFORMED = b'data: {"id": "chatcmpl-sim", "object": "chat.completion.chunk", "choi\n\n'
DONE = b"data: [DONE]\n\n"


def whole(answer: Answer) -> bytes:
    """A `chat.completion` object."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": answer.text or None,
        "refusal": REFUSAL if answer.stop == "refusal" else None,
        "annotations": [],
    }
    if answer.reasoning:
        message["reasoning_content"] = answer.reasoning
    if answer.call:
        message["tool_calls"] = [
            {
                "id": f"call_{answer.call.id}",
                "type": "function",
                "function": {"name": answer.call.name, "arguments": answer.call.arguments},
            }
        ]
    body = _envelope(answer, "chat.completion")
    body["choices"] = [
        {"index": 0, "message": message, "logprobs": None, "finish_reason": _FINISH[answer.stop]}
    ]
    if answer.usage:
        body["usage"] = _usage(answer.usage)
    return encode(body)


def stream(answer: Answer, *, chunks: int, include_usage: bool) -> tuple[Piece, ...]:
    """`chat.completion.chunk` events up to `[DONE]`.

    Who asks for usage gets the member on every chunk, `null` until the one before the end.
    """
    events = [(stage, _chunk(answer, delta)) for stage, delta in _deltas(answer, chunks)]
    events.append(("closing", _chunk(answer, {}, finish=_FINISH[answer.stop])))
    if include_usage:
        events = [(stage, {**body, "usage": None}) for stage, body in events]
        if answer.usage:
            last = _envelope(answer, "chat.completion.chunk")
            events.append(("closing", {**last, "choices": [], "usage": _usage(answer.usage)}))
    pieces = [Piece(stage=stage, data=_event(body)) for stage, body in events]
    return (*pieces, Piece(stage="closing", data=DONE))


def error(rejection: Rejection, request_id: str) -> bytes:
    """OpenAI's error object."""
    return encode(
        {
            "error": {
                "message": rejection.message,
                "type": rejection.type,
                "param": rejection.param,
                "code": rejection.code,
            }
        }
    )


def error_event(rejection: Rejection, request_id: str) -> bytes:
    """An error inside a stream whose 200 has already been sent."""
    return b"data: " + error(rejection, request_id) + b"\n\n"


def failure(status: int) -> Rejection:
    """The error that goes with a status out of the script."""
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    code = "rate_limit_exceeded" if status == 429 else None
    return Rejection(status=status, type=kind, message=f"scripted failure {status}", code=code)


def refusing(what: Refusing) -> Rejection:
    """The error of a content filter (Azure OpenAI), or of a policy (OpenAI)."""
    code = "content_filter" if what == "filter" else "content_policy_violation"
    message = f"scripted refusal by a {what}"
    return Rejection(status=400, type="invalid_request_error", message=message, code=code)


def headers(request_id: str) -> tuple[tuple[str, str], ...]:
    """The id of the request and what is left of the caller's rate."""
    return (("x-request-id", request_id), ("x-ratelimit-remaining-requests", "999"))


def models(vendor: str, names: tuple[str, ...], created: int) -> bytes:
    """The list of models."""
    return encode({"object": "list", "data": [_model(vendor, name, created) for name in names]})


def model(vendor: str, name: str, created: int) -> bytes:
    """One model of the list."""
    return encode(_model(vendor, name, created))


def _model(vendor: str, name: str, created: int) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": created, "owned_by": vendor}


def _envelope(answer: Answer, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{answer.id}",
        "object": kind,
        "created": answer.created,
        "model": answer.model,
        "service_tier": "default",
        "system_fingerprint": "fp_sim",
    }


def _deltas(answer: Answer, chunks: int) -> Iterator[tuple[Stage, dict[str, Any]]]:
    yield "opening", {"role": "assistant", "content": "", "refusal": None}
    for part in split(answer.reasoning, chunks):
        yield "reasoning", {"reasoning_content": part}
    for part in split(answer.text, chunks):
        yield "text", {"content": part}
    if answer.stop == "refusal":
        yield "text", {"refusal": REFUSAL}
    if answer.call:
        head = {"index": 0, "id": f"call_{answer.call.id}", "type": "function"}
        function = {"name": answer.call.name, "arguments": ""}
        yield "tool", {"tool_calls": [{**head, "function": function}]}
        for part in split(answer.call.arguments, chunks):
            yield "tool", {"tool_calls": [{"index": 0, "function": {"arguments": part}}]}


def _chunk(answer: Answer, delta: dict[str, Any], *, finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {**_envelope(answer, "chat.completion.chunk"), "choices": [choice]}


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _event(body: dict[str, Any]) -> bytes:
    return b"data: " + encode(body) + b"\n\n"
