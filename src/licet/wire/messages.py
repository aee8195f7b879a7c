"""Messages: what is read of the events of a stream and of a whole answer.

Structs name only what is read. What a vendor adds is ignored here and reaches the caller
in the untouched bytes; a known name with an unforeseen value (`Any`) raises nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from licet.wire.usage import MessagesUsage


class Message(msgspec.Struct, gc=False):
    model: Any = None
    usage: MessagesUsage | None = None


class StopDetails(msgspec.Struct, gc=False):
    """Why a model stopped, where `stop_reason` alone does not say."""

    category: Any = None


class Delta(msgspec.Struct, gc=False):
    text: Any = None
    thinking: Any = None
    partial_json: Any = None
    signature: Any = None
    citation: Any = None
    stop_reason: Any = None
    stop_details: StopDetails | None = None


class Block(msgspec.Struct, gc=False):
    type: Any = None
    text: Any = None
    thinking: Any = None
    to: Any = None


class Event(msgspec.Struct, gc=False):
    type: Any = None
    index: Any = None
    delta: Delta | None = None
    content_block: Block | None = None
    message: Message | None = None
    usage: MessagesUsage | None = None
    error: Any = None
