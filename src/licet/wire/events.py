"""The neutral form of an answer: events. A whole answer is their list, a stream their flow.

A dialect's reader makes them, a dialect's writer says them; neither knows the other. Text and
arguments come in pieces. Usage comes with the end alone, in one meaning for every dialect.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal, Protocol

import msgspec

from licet.wire.usage import Usage

StopWord = Literal["end", "length", "call", "refusal", "sequence", "pause", "other"]
"""Why a model stopped. `other` is a reason that nobody knows yet: its neighbour is `end`."""


class Began(msgspec.Struct, frozen=True, gc=False):
    """The vendor's id of the answer, and the model as the vendor spells it."""

    id: str
    model: str


class Continued(msgspec.Struct, frozen=True, gc=False):
    """Another model goes on with the answer: its name as its vendor spells it, and what the
    caller is told of it, a JSON object."""

    model: str
    told: bytes


class Said(msgspec.Struct, frozen=True, gc=False):
    text: str


class Thought(msgspec.Struct, frozen=True, gc=False):
    """Reasoning, which is never text of the answer."""

    text: str


class Declined(msgspec.Struct, frozen=True, gc=False):
    """The words of a refusal, where the dialect keeps them apart from text."""

    text: str


class Called(msgspec.Struct, frozen=True, gc=False):
    """A call of a tool begins. `index` counts the calls of this answer."""

    index: int
    id: str
    name: str


class Argued(msgspec.Struct, frozen=True, gc=False):
    """A piece of the arguments of call `index`: JSON text as the model wrote it."""

    index: int
    text: str


class Idle(msgspec.Struct, frozen=True, gc=False):
    """The vendor shows that it is alive."""


class Stopped(msgspec.Struct, frozen=True, gc=False):
    """`raw` is the reason as the vendor spells it."""

    word: StopWord
    raw: str


class Ended(msgspec.Struct, frozen=True, gc=False):
    usage: Usage


Event = Began | Continued | Said | Thought | Declined | Called | Argued | Idle | Stopped | Ended


class EventReader(Protocol):
    """Reads the payloads of one stream, in order, or one whole body.

    Raises `msgspec.DecodeError` for what is nothing of its dialect.
    """

    def read(self, payload: bytes) -> list[Event]: ...
    def whole(self, body: bytes) -> list[Event]: ...


class Begun(Protocol):
    """What a caller has of an answer whose rest somebody else says: its id, when it was made
    (Unix time), and, where the dialect has content blocks or items, the last one's index and
    whether it is open. Of Responses also the last event's number, the items that are done (JSON),
    and of the open one its id, its text, and whether the part for that was begun."""

    id: str
    created_s: int
    index: int
    open: bool
    sequence: int
    items: list[msgspec.Raw]
    item_id: str
    part_open: bool

    @property
    def item_text(self) -> str: ...


class EventWriter(Protocol):
    """Writes one answer, as bytes of a stream or as one body. `sequence` is the number of the
    last event, -1 before it and where the dialect counts none."""

    @property
    def sequence(self) -> int: ...
    def write(self, events: Iterable[Event]) -> bytes: ...
    def whole(self, events: Iterable[Event]) -> bytes: ...


EXACT_REASONS: Final = frozenset(
    {
        "stop",
        "length",
        "tool_calls",
        "content_filter",
        "end_turn",
        "max_tokens",
        "tool_use",
        "refusal",
        "completed",
        "max_output_tokens",
    }
)
"""Reasons that every dialect has a word for; any other is shown beside its neighbour as
`vendor_stop_reason`."""


class GatheredCall(msgspec.Struct, gc=False):
    """A call with all of its arguments so far."""

    id: str
    name: str
    arguments: str = ""


class Gathered(msgspec.Struct):
    """A whole answer, put together from its events. `parts` are texts and calls in order."""

    id: str = ""
    model: str = ""
    parts: list[str | GatheredCall] = msgspec.field(default_factory=list)
    thought: str = ""
    declined: str = ""
    stop: StopWord = "end"
    raw_stop: str = ""
    usage: Usage | None = None

    @property
    def text(self) -> str:
        return "".join(part for part in self.parts if isinstance(part, str))

    @property
    def calls(self) -> list[GatheredCall]:
        return [part for part in self.parts if isinstance(part, GatheredCall)]


def gather(events: Iterable[Event]) -> Gathered:
    """The answer that some events tell of."""
    answer = Gathered()
    calls: dict[int, GatheredCall] = {}
    for event in events:
        if isinstance(event, Said):
            answer.parts.append(event.text)
        elif isinstance(event, Argued):
            calls[event.index].arguments += event.text
        elif isinstance(event, Called):
            calls[event.index] = GatheredCall(event.id, event.name)
            answer.parts.append(calls[event.index])
        elif isinstance(event, Thought):
            answer.thought += event.text
        elif isinstance(event, Declined):
            answer.declined += event.text
        elif isinstance(event, Began):
            answer.id, answer.model = event.id, event.model
        elif isinstance(event, Stopped):
            answer.stop, answer.raw_stop = event.word, event.raw
        elif isinstance(event, Ended):
            answer.usage = event.usage
    return answer


def text_of(value: Any) -> str:
    """A text, whatever stands in its place."""
    return value if isinstance(value, str) else ""
