"""Responses, read: the events of a stream and what a whole answer holds."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from licet.wire.progress import Kind, Progress
from licet.wire.responses import Event, Item, Response
from licet.wire.usage import value_size
from licet.wire.usage_reading import usage_of_responses
from licet.wire.vendor import vendor_error

_DECODE: Final = msgspec.json.Decoder(Event).decode
_QUIET: Final = ("message", "reasoning")
"""Items whose start says nothing yet. One of any other type says something by being there:
which tool, which search."""

_ENDS: Final = frozenset({"response.completed", "response.incomplete"})
FAILED: Final = ("failed", "cancelled")


def read_event(progress: Progress, payload: bytes) -> Kind:
    """What an event is; raises `msgspec.DecodeError` where it is no event at all.

    An event of a type that nobody knows yet is a `preamble`: it passes and decides nothing.
    """
    event = _DECODE(payload)
    if type(event.sequence_number) is int:
        progress.sequence = event.sequence_number
    kind = event.type
    if type(kind) is not str:
        return "preamble"
    if kind.endswith(".delta"):
        return _read_delta(progress, kind, event.delta)
    if kind == "response.output_item.added":
        return _read_start(progress, event.item)
    if kind == "response.output_item.done":
        # A server that streams no pieces has said everything here.
        said = progress.text_size > 0 or event.item is None
        return "preamble" if said else _count(progress, item_size(event.item))
    if kind == "response.content_part.added":
        return _count(progress, _part_size(event.part))
    if kind in _ENDS:
        return _read_end(progress, event.response or Response())
    if kind == "response.failed":
        progress.error = vendor_error((event.response or Response()).error)
        return "error"
    if kind == "error":
        flat = {"code": event.code, "message": event.message}
        progress.error = vendor_error(event.error or flat)
        return "error"
    if event.response is not None and isinstance(event.response.model, str):
        progress.model = event.response.model or None
    return "preamble"


def _read_delta(progress: Progress, kind: str, delta: Any) -> Kind:
    size = len(delta) if type(delta) is str else value_size(delta)
    if not size:
        return "preamble"
    progress.text_size += size
    if kind != "response.refusal.delta":
        return "content"
    progress.refusal = "refusal"
    return "refusal"


def _read_start(progress: Progress, item: Item | None) -> Kind:
    if item is None:
        return "preamble"
    counted = _count(progress, item_size(item))
    return counted if item.type in _QUIET else "content"


def _read_end(progress: Progress, response: Response) -> Kind:
    if response.status in FAILED or response.error is not None:
        progress.error = vendor_error(response.error)
        return "error"
    if isinstance(response.model, str):
        progress.model = response.model or progress.model
    if not progress.text_size:
        progress.text_size = sum(map(item_size, response.output or ()))
    progress.usage = usage_of_responses(response.usage)
    progress.stop_reason = stop_reason_of(response)
    progress.refusal = refusal_of(response) or progress.refusal
    progress.ended = True
    return "end"


def _count(progress: Progress, size: int) -> Kind:
    progress.text_size += size
    return "content" if size else "preamble"


def stop_reason_of(response: Response) -> str | None:
    """Why the model stopped: the reason of an answer that is incomplete, else its status."""
    details = response.incomplete_details
    reason = None if details is None else details.reason
    found = reason or response.status
    return found if isinstance(found, str) and found else None


def refusal_of(response: Response) -> str | None:
    """The category of a refusal; Responses knows no finer ones than these two."""
    if stop_reason_of(response) == "content_filter":
        return "content_filter"
    for item in response.output or ():
        if any(part.get("type") == "refusal" for part in parts_of(item.content)):
            return "refusal"
    return None


def item_size(item: Item | None) -> int:
    """Characters of text, reasoning and arguments; 0 where nothing was said."""
    if item is None:
        return 0
    size = sum(map(_part_size, (*parts_of(item.content), *parts_of(item.summary))))
    return size + value_size(item.name) + value_size(item.arguments) + value_size(item.input)


def parts_of(content: Any) -> list[dict[str, Any]]:
    """The parts of a message or of reasoning; none where there is something else."""
    return [part for part in content if isinstance(part, dict)] if type(content) is list else []


def _part_size(part: Any) -> int:
    if not isinstance(part, dict):
        return 0
    return value_size(part.get("text")) + value_size(part.get("refusal"))
