"""Messages, read: the events of a stream and what a whole answer holds."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from licet.wire.messages import Delta, Event, Message, StopDetails
from licet.wire.progress import Kind, Progress
from licet.wire.usage import MessagesUsage, later_usage, value_size
from licet.wire.usage_reading import usage_of_messages
from licet.wire.vendor import vendor_error

_DECODE: Final = msgspec.json.Decoder(Event).decode


def read_event(progress: Progress, payload: bytes) -> Kind:
    """What an event is; raises `msgspec.DecodeError` where it is no event at all.

    An event of a type that nobody knows yet is a `preamble`: it passes and decides nothing.
    """
    event = _DECODE(payload)
    kind = event.type
    if kind == "content_block_delta":
        return _read_delta(progress, event.delta)
    if kind == "content_block_start":
        return _read_start(progress, event)
    if kind == "content_block_stop":
        progress.open_block = None
    elif kind == "message_start":
        _read_message(progress, event.message)
    elif kind == "message_delta":
        return _read_stop(progress, event)
    elif kind == "message_stop":
        progress.ended = True
        return "end"
    elif kind == "error":
        progress.error = vendor_error(event.error)
        return "error"
    return "preamble"


def _read_delta(progress: Progress, delta: Delta | None) -> Kind:
    if delta is None:
        return "preamble"
    if type(delta.text) is str:
        size = len(delta.text)
    elif delta.partial_json is not None:
        size = value_size(delta.partial_json)
    else:
        size = value_size(delta.thinking)
    if size:
        progress.text_size += size
        return "content"
    return "content" if delta.signature or delta.citation else "preamble"


def _read_start(progress: Progress, event: Event) -> Kind:
    if type(event.index) is int:
        progress.open_block = event.index
    block = event.content_block
    if block is None:
        return "preamble"
    if block.type in ("text", "thinking"):
        size = value_size(block.text) + value_size(block.thinking)
        progress.text_size += size
        return "content" if size else "preamble"
    if block.type == "fallback":
        progress.model = successor_of(block.to) or progress.model
    # A block of any other type says something by being there: which tool, which result.
    return "content"


def _read_message(progress: Progress, message: Message | None) -> None:
    if message is None:
        return
    if isinstance(message.model, str):
        progress.model = message.model or None
    if message.usage is not None:
        _read_usage(progress, message.usage)


def _read_stop(progress: Progress, event: Event) -> Kind:
    if event.usage is not None:
        _read_usage(progress, event.usage)
    delta = event.delta
    if delta is None or not isinstance(delta.stop_reason, str):
        return "preamble"
    progress.stop_reason = delta.stop_reason
    progress.usage = usage_of_messages(progress.reached)
    progress.refusal = refusal_of(delta.stop_reason, delta.stop_details)
    return "stop" if progress.refusal is None else "refusal"


def successor_of(to: Any) -> str | None:
    """The model that a vendor put in the place of the one that declined, by itself."""
    name = to.get("model") if isinstance(to, dict) else None
    return name if isinstance(name, str) and name else None


def _read_usage(progress: Progress, usage: MessagesUsage) -> None:
    progress.reached = later_usage(progress.reached, usage)
    if isinstance(usage.inference_geo, str):
        progress.residency = usage.inference_geo


def refusal_of(reason: object, details: StopDetails | None) -> str | None:
    """The category of a refusal; `unspecified` where the vendor names none."""
    if reason != "refusal":
        return None
    category = None if details is None else details.category
    return category if isinstance(category, str) and category else "unspecified"
