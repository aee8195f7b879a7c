"""Chat Completions, read: chunks of a stream and whole answers."""

from __future__ import annotations

from typing import Final

import msgspec

from licet.wire.chat import Chunk, Said, ToolCall
from licet.wire.progress import Kind, Progress
from licet.wire.usage import value_size
from licet.wire.usage_reading import usage_of_chat
from licet.wire.vendor import error_detail, vendor_error

_DECODE: Final = msgspec.json.Decoder(Chunk).decode


def read_chunk(progress: Progress, payload: bytes) -> Kind:
    """What a chunk is; raises `msgspec.DecodeError` where it is no chunk at all."""
    chunk = _DECODE(payload)
    if chunk.error is not None:
        progress.error = vendor_error(chunk.error)
        return "error"
    if progress.model is None and isinstance(chunk.model, str):
        progress.model = chunk.model or None
    if chunk.usage is not None:
        progress.usage = usage_of_chat(chunk.usage) or progress.usage
    if not chunk.choices:
        return _read_rest(progress, chunk, payload)
    kind: Kind = "preamble"
    for choice in chunk.choices:
        delta = choice.delta
        if delta is not None and (size := said_size(delta)):
            progress.text_size += size
            if kind == "preamble":
                kind = "content"
        reason = choice.finish_reason
        if reason is None and (delta is None or delta.refusal is None):
            continue
        if isinstance(reason, str) and reason:
            progress.stop_reason = reason
            if kind == "preamble":
                kind = "stop"
        category = refusal_of(delta, reason)
        if category is not None:
            progress.refusal = progress.refusal or category
            kind = "refusal"
    return kind


def _read_rest(progress: Progress, chunk: Chunk, payload: bytes) -> Kind:
    """A chunk without a choice: usage, a filter's notes, or an error in an older form."""
    if chunk.usage is not None:
        return "usage"
    detail = error_detail(msgspec.json.decode(payload))
    if detail is None:
        return "preamble"
    progress.error = vendor_error(detail)
    return "error"


def said_size(said: Said) -> int:
    """Characters of text, reasoning and tool calls; 0 where nothing was said."""
    content = said.content
    # The common chunk carries a few words and nothing else.
    size = len(content) if type(content) is str else value_size(content)
    if said.refusal is not None:
        size += value_size(said.refusal)
    # Some servers send the same reasoning under several names: it counts once.
    if said.reasoning_content is not None:
        size += value_size(said.reasoning_content)
    elif said.reasoning is not None:
        size += value_size(said.reasoning)
    elif said.reasoning_details is not None:
        size += value_size(said.reasoning_details)
    if said.tool_calls is not None:
        size += sum(map(_call_size, said.tool_calls))
    if said.function_call is not None:
        size += value_size(said.function_call)
    if said.audio is not None:
        size += value_size(said.audio)
    return size


def refusal_of(said: Said | None, reason: object) -> str | None:
    """The category of a refusal; chat knows no finer ones than these two."""
    if said is not None and said.refusal:
        # The model's own words say more than the reason that some give beside them, and come first
        # in a stream.
        return "refusal"
    return "content_filter" if reason == "content_filter" else None


def _call_size(call: ToolCall) -> int:
    if call.function is None:
        return value_size(call.custom)
    return value_size(call.function.name) + value_size(call.function.arguments)
