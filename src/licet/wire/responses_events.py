"""Answers of Responses, read into neutral events."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from licet.wire.events import (
    Argued,
    Began,
    Called,
    Declined,
    Event,
    Idle,
    Said,
    Stopped,
    StopWord,
    Thought,
    text_of,
)
from licet.wire.responses import Incomplete
from licet.wire.responses_reading import parts_of

_WORDS: Final[dict[str, StopWord]] = {
    "completed": "end",
    "max_output_tokens": "length",
    "max_tokens": "length",
    "content_filter": "refusal",
}
_THOUGHTS: Final = frozenset(
    {"response.reasoning_text.delta", "response.reasoning_summary_text.delta"}
)
_ENDS: Final = frozenset({"response.completed", "response.incomplete"})


class _Item(msgspec.Struct, gc=False):
    type: Any = None
    id: Any = None
    call_id: Any = None
    name: Any = None
    arguments: Any = None
    content: Any = None
    summary: Any = None


class _Response(msgspec.Struct, gc=False):
    id: Any = None
    model: Any = None
    status: Any = None
    output: list[_Item] | None = None
    incomplete_details: Incomplete | None = None


class _Event(msgspec.Struct, gc=False):
    type: Any = None
    output_index: Any = None
    delta: Any = None
    item: _Item | None = None
    response: _Response | None = None


_DECODE: Final = msgspec.json.Decoder(_Event).decode
_DECODE_WHOLE: Final = msgspec.json.Decoder(_Response).decode


class ResponsesReader:
    """Reads one answer. Items of types that only this vendor knows say nothing elsewhere.

    Pieces are told as they come; what a server tells in no pieces is read when its item, or
    the answer, is done.
    """

    __slots__ = ("_began", "_calls", "_told", "_way_of_thought")

    def __init__(self) -> None:
        self._began = False
        # From an item's index to its call's; `_told` are the items of which pieces have come.
        self._calls: dict[Any, int] = {}
        self._told: set[Any] = set()
        # Some servers stream their reasoning and a summary of it: the first of them is told.
        self._way_of_thought = ""

    def read(self, payload: bytes) -> list[Event]:
        """The events of one event of the dialect."""
        event = _DECODE(payload)
        kind, at, delta = event.type, event.output_index, event.delta
        if kind == "response.output_text.delta":
            return self._piece(at, Said(delta)) if text_of(delta) else []
        if kind == "response.function_call_arguments.delta":
            call = self._calls.get(_key(at))
            told = call is not None and text_of(delta)
            return self._piece(at, Argued(call, delta)) if told and call is not None else []
        if kind == "response.output_item.added":
            return [] if event.item is None else self._start(at, event.item)
        if kind == "response.output_item.done":
            return [] if event.item is None else self._rest(at, event.item)
        if kind == "response.refusal.delta":
            return self._piece(at, Declined(delta)) if text_of(delta) else []
        if isinstance(kind, str) and kind in _THOUGHTS:
            self._way_of_thought = self._way_of_thought or kind
            if kind != self._way_of_thought or not text_of(delta):
                return []
            return self._piece(at, Thought(delta))
        if isinstance(kind, str) and kind in _ENDS:
            return self._end(event.response or _Response())
        if kind == "response.created" or (event.response is not None and not self._began):
            return self._begin(event.response or _Response())
        return [Idle()] if kind == "response.in_progress" else []

    def _piece(self, at: Any, event: Event) -> list[Event]:
        self._told.add(_key(at))
        return [event]

    def _begin(self, response: _Response) -> list[Event]:
        self._began = True
        return [Began(text_of(response.id), text_of(response.model))]

    def _start(self, at: Any, item: _Item) -> list[Event]:
        if item.type != "function_call" or _key(at) in self._calls:
            return []
        call = self._calls[_key(at)] = len(self._calls)
        return [Called(call, text_of(item.call_id) or text_of(item.id), text_of(item.name))]

    def _rest(self, at: Any, item: _Item) -> list[Event]:
        """What of an item that is done has not been told yet."""
        events = self._start(at, item)
        if _key(at) in self._told:
            return events
        self._told.add(_key(at))
        if item.type == "function_call":
            arguments = text_of(item.arguments)
            call = self._calls[_key(at)]
            return [*events, Argued(call, arguments)] if arguments else events
        if item.type == "reasoning":
            # Pieces belong to their item by its index; a summary may stand in another.
            parts = parts_of(item.content) or parts_of(item.summary)
            thoughts = [text_of(part.get("text")) for part in parts]
            return [Thought("\n\n".join(thoughts))] if any(thoughts) else []
        if item.type != "message":
            return []
        for part in parts_of(item.content):
            if text := text_of(part.get("text")):
                events.append(Said(text))
            elif text := text_of(part.get("refusal")):
                events.append(Declined(text))
        return events

    def _end(self, response: _Response) -> list[Event]:
        events = [] if self._began else self._begin(response)
        for at, item in enumerate(response.output or ()):
            events += self._rest(at, item)
        details = response.incomplete_details
        reason = text_of(None if details is None else details.reason) or text_of(response.status)
        called = bool(self._calls) and reason == "completed"
        events.append(Stopped("call" if called else _WORDS.get(reason, "other"), reason))
        return events

    def whole(self, body: bytes) -> list[Event]:
        """The events of a whole answer, but for its end."""
        return self._end(_DECODE_WHOLE(body))


def _key(at: Any) -> Any:
    """An item's index, whatever stands in its place."""
    return at if type(at) is int else None
