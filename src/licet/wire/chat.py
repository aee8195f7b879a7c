"""Chat Completions: what is read of the chunks of a stream and of whole answers.

Structs name only what is read. What a vendor adds is ignored here and reaches the caller
in the untouched bytes; a known name with an unforeseen value (`Any`) raises nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from licet.wire.usage import ChatUsage


class Function(msgspec.Struct, gc=False):
    name: Any = None
    arguments: Any = None


class ToolCall(msgspec.Struct, gc=False):
    function: Function | None = None
    custom: Any = None


class Said(msgspec.Struct, gc=False):
    """The `delta` of a chunk, the `message` of an answer."""

    content: Any = None
    refusal: Any = None
    tool_calls: list[ToolCall] | None = None
    # Names under which servers of open weights send the reasoning.
    reasoning_content: Any = None
    reasoning: Any = None
    reasoning_details: Any = None
    function_call: Any = None
    audio: Any = None


class Choice(msgspec.Struct, gc=False):
    """One of `n` answers."""

    delta: Said | None = None
    message: Said | None = None
    finish_reason: Any = None


class Chunk(msgspec.Struct, gc=False):
    choices: list[Choice] | None = None
    model: Any = None
    usage: ChatUsage | None = None
    error: Any = None
