"""Responses: what is read of the events of a stream and of a whole answer.

Structs name only what is read. What a vendor adds is ignored here and reaches the caller
in the untouched bytes; a known name with an unforeseen value (`Any`) raises nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from licet.wire.usage import ResponsesUsage


class Item(msgspec.Struct, gc=False):
    """One thing that an answer holds: a message, reasoning, a call, what a tool did."""

    type: Any = None
    content: Any = None
    summary: Any = None
    name: Any = None
    arguments: Any = None
    input: Any = None


class Incomplete(msgspec.Struct, gc=False):
    """Why an answer stopped before its end."""

    reason: Any = None


class Response(msgspec.Struct, gc=False):
    """A whole answer; in a stream, its first and its last events hold one."""

    model: Any = None
    status: Any = None
    output: list[Item] | None = None
    usage: ResponsesUsage | None = None
    incomplete_details: Incomplete | None = None
    error: Any = None


class Event(msgspec.Struct, gc=False):
    type: Any = None
    sequence_number: Any = None
    delta: Any = None
    response: Response | None = None
    item: Item | None = None
    part: Any = None
    error: Any = None
    code: Any = None
    message: Any = None
