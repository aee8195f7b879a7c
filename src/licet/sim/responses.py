"""Answers and errors in the form of OpenAI's Responses API; all else is as in its chat."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from licet.sim.answers import REFUSAL, Answer, Stop, Usage
from licet.sim.chat import error, failure, headers, model, models, refusing
from licet.sim.pieces import Piece, Stage, encode, split
from licet.sim.questions import Rejection

__all__ = [
    "MALFORMED",
    "error",
    "error_event",
    "failure",
    "headers",
    "model",
    "models",
    "refusing",
    "stream",
    "whole",
]

_REASONS: dict[Stop, str] = {"length": "max_output_tokens", "unknown": "wandered_off"}
_LATE = 1_000_000
"""The number of an event that the script throws in: above any that was sent before it."""

MALFORMED = (
    b'event: response.output_text.delta\ndata: {"type": "response.output_text.delta", "it\n\n'
)


def whole(answer: Answer) -> bytes:
    """A `response` object."""
    output = [_item(answer, kind, at, "completed") for at, kind in enumerate(_kinds(answer))]
    return encode(_finished(answer, output))


def stream(answer: Answer, *, chunks: int, include_usage: bool) -> tuple[Piece, ...]:
    """Named and numbered events from `response.created` to `response.completed`."""
    begun = {"response": _response(answer, "in_progress", [])}
    told: list[tuple[Stage, str, dict[str, Any]]] = [
        ("opening", "response.created", begun),
        ("opening", "response.in_progress", begun),
    ]
    output = []
    for at, kind in enumerate(_kinds(answer)):
        told += _tell(answer, kind, at, chunks)
        output.append(_item(answer, kind, at, "completed"))
    last = _finished(answer, output)
    told.append(("closing", f"response.{last['status']}", {"response": last}))
    return tuple(
        Piece(stage=stage, data=_event(name, number, body))
        for number, (stage, name, body) in enumerate(told)
    )


def error_event(rejection: Rejection, request_id: str) -> bytes:
    """An error inside a stream whose 200 has already been sent."""
    body = {
        "code": rejection.code or rejection.type,
        "message": rejection.message,
        "param": rejection.param,
    }
    return _event("error", _LATE, body)


def _kinds(answer: Answer) -> list[str]:
    kinds = []
    if answer.reasoning:
        kinds.append("reasoning")
    if answer.text or answer.stop == "refusal" or not answer.call:
        kinds.append("message")
    if answer.call:
        kinds.append("function_call")
    return kinds


def _item(answer: Answer, kind: str, at: int, status: str) -> dict[str, Any]:
    """An item of the output; while it is `in_progress`, it has said nothing yet."""
    done = status == "completed"
    if kind == "reasoning":
        summary = [{"type": "summary_text", "text": answer.reasoning}]
        return {
            "id": f"rs_{answer.id}_{at}",
            "type": "reasoning",
            "summary": summary if done else [],
            "encrypted_content": f"sim-encrypted-{answer.id}" if done else None,
        }
    if kind == "function_call":
        assert answer.call is not None
        return {
            "id": f"fc_{answer.id}_{at}",
            "type": "function_call",
            "status": status,
            "call_id": f"call_{answer.call.id}",
            "name": answer.call.name,
            "arguments": answer.call.arguments if done else "",
        }
    return {
        "id": f"msg_{answer.id}_{at}",
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": [_part(kind, text) for kind, text in _said(answer)] if done else [],
    }


def _said(answer: Answer) -> list[tuple[str, str]]:
    """The parts of the message: its text, and the words of a refusal."""
    said = [("output_text", answer.text)] if answer.text else []
    if answer.stop == "refusal":
        said.append(("refusal", REFUSAL))
    return said


def _part(kind: str, text: str) -> dict[str, Any]:
    if kind == "refusal":
        return {"type": "refusal", "refusal": text}
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _tell(
    answer: Answer, kind: str, at: int, chunks: int
) -> Iterable[tuple[Stage, str, dict[str, Any]]]:
    """One item, in pieces; where it begins, nothing is said yet but by a call."""
    stage: Stage = "text"
    if kind != "message":
        stage = "tool" if kind == "function_call" else "reasoning"
    item = _item(answer, kind, at, "in_progress")
    place = {"item_id": item["id"], "output_index": at}
    opened: Stage = stage if kind == "function_call" or at else "opening"
    yield opened, "response.output_item.added", {"output_index": at, "item": item}
    if kind == "reasoning":
        yield from _pieces(
            opened,
            stage,
            "response.reasoning_summary_part",
            "response.reasoning_summary_text",
            {**place, "summary_index": 0},
            ("text", {"type": "summary_text", "text": ""}, answer.reasoning),
            chunks,
        )
    elif kind == "function_call":
        arguments = answer.call.arguments if answer.call else ""
        for part in split(arguments, chunks):
            yield stage, "response.function_call_arguments.delta", {**place, "delta": part}
        said = {**place, "arguments": arguments}
        yield "closing", "response.function_call_arguments.done", said
    else:
        for index, (name, text) in enumerate(_said(answer)):
            yield from _pieces(
                opened,
                stage,
                "response.content_part",
                f"response.{name}",
                {**place, "content_index": index},
                ("text" if name == "output_text" else "refusal", _part(name, ""), text),
                chunks,
            )
    done = {"output_index": at, "item": _item(answer, kind, at, "completed")}
    yield "closing", "response.output_item.done", done


def _pieces(
    opened: Stage,
    stage: Stage,
    part: str,
    event: str,
    place: dict[str, Any],
    said: tuple[str, dict[str, Any], str],
    chunks: int,
) -> Iterable[tuple[Stage, str, dict[str, Any]]]:
    """A part of an item: `said` has the member for its text, the empty part, the text."""
    member, empty, text = said
    extra: dict[str, Any] = {"logprobs": []} if event.endswith("output_text") else {}
    yield opened, f"{part}.added", {**place, "part": empty}
    for piece in split(text, chunks):
        yield stage, f"{event}.delta", {**place, **extra, "delta": piece}
    yield "closing", f"{event}.done", {**place, **extra, member: text}
    yield "closing", f"{part}.done", {**place, "part": {**empty, member: text}}


def _finished(answer: Answer, output: list[dict[str, Any]]) -> dict[str, Any]:
    reason = _REASONS.get(answer.stop)
    response = _response(answer, "incomplete" if reason else "completed", output)
    response["incomplete_details"] = {"reason": reason} if reason else None
    if answer.usage:
        response["usage"] = _usage(answer.usage)
    return response


def _response(answer: Answer, status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": f"resp_{answer.id}",
        "object": "response",
        "created_at": answer.created,
        "completed_at": answer.created if status == "completed" else None,
        "status": status,
        "background": False,
        "error": None,
        "frequency_penalty": 0.0,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "max_tool_calls": None,
        "metadata": {},
        "model": answer.model,
        "output": output,
        "parallel_tool_calls": True,
        "presence_penalty": 0.0,
        "previous_response_id": None,
        "prompt_cache_key": None,
        # Who reasons says so here too, as far as an answer knows what was asked of it.
        "reasoning": {"effort": None, "summary": "auto" if answer.reasoning else None},
        "safety_identifier": None,
        "service_tier": "default",
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, **(answer.asked_text or {})},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None,
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt + usage.completion,
    }


def _event(name: str, number: int, body: dict[str, Any]) -> bytes:
    said = {"type": name, "sequence_number": number, **body}
    return b"event: %s\ndata: %s\n\n" % (name.encode(), encode(said))
