"""Conversations of Responses that the gateway keeps: turns put together, and told again.

A vendor is asked the whole: what was said in the turns before, and then what is asked now; so
any vendor of any dialect may answer, and none needs to keep anything. In the answer the ids are
the gateway's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import structs

from licet.wire.frames import Frame
from licet.wire.framing import data_of, name_of
from licet.wire.requests import Request

RESPONSE_ID: Final = "resp_"
"""How ids of responses begin (OpenAI API reference, Responses)."""

_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_INPUT: Final = msgspec.json.Decoder(list[msgspec.Raw] | str)
_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_ENCODE: Final = msgspec.json.Encoder().encode
_NULL: Final = msgspec.Raw(b"null")
_FALSE: Final = msgspec.Raw(b"false")
_EVENT: Final = b'"response"'
_ENDS: Final = b"\n\n"
_LAST: Final = (
    msgspec.Raw(b'"response.completed"'),
    msgspec.Raw(b'"response.incomplete"'),
)


class _Thought(msgspec.Struct, gc=False):
    type: Any = None
    encrypted_content: Any = None


_THOUGHT: Final = msgspec.json.Decoder(_Thought)


class Before(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A turn before: what was asked (a JSON array of items), the answer, and whose it is."""

    input: bytes
    response: bytes
    vendor: str


class Joined(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A request with all that was said before. `thinkers`: whose reasoning is in it."""

    request: Request
    thinkers: frozenset[str]


def is_stored(request: Request) -> bool:
    """Whether the caller wants the answer kept, as whoever says nothing does."""
    return bytes(request.fields.get("store", _NULL)) != b"false"


def own_input(request: Request) -> bytes:
    """What is asked in this turn, as a JSON array of items."""
    return _ENCODE(_items_of(request.fields.get("input", _NULL)))


def unstored(request: Request) -> Request:
    """The request for a vendor, who is to keep nothing: its account is everybody's."""
    fields = {name: raw for name, raw in request.fields.items() if name != "previous_response_id"}
    return structs.replace(request, fields={**fields, "store": _FALSE}, previous="")


def joined(request: Request, before: Iterable[Before]) -> Joined:
    """The request with the turns before it, the oldest first.

    Reasoning that cannot be read without the vendor who keeps it is left out: no vendor does.
    """
    items: list[msgspec.Raw] = []
    thinkers: set[str] = set()
    for turn in before:
        for item in (*_ITEMS.decode(turn.input), *_output_of(turn.response)):
            thought = _thought(item)
            if thought.type == "reasoning":
                if not thought.encrypted_content:
                    continue
                thinkers.add(turn.vendor)
            items.append(item)
    whole = _ENCODE([*items, *_items_of(request.fields.get("input", _NULL))])
    fields = {**request.fields, "input": msgspec.Raw(whole)}
    size = request.size + len(whole)
    asked = structs.replace(request, fields=fields, size=size)
    return Joined(request=asked, thinkers=frozenset(thinkers))


class Retelling:
    """An answer in the caller's dialect, told with ids of the gateway's own.

    `response` is the whole answer (JSON), once it is there.
    """

    __slots__ = ("_id", "_previous", "response")

    def __init__(self, id: str, previous: str) -> None:
        self._id = msgspec.Raw(_ENCODE(id))
        self._previous = msgspec.Raw(_ENCODE(previous or None))
        self.response = b""

    def body(self, body: bytes) -> bytes:
        """A whole answer."""
        try:
            self.response = self._told(msgspec.Raw(body))
        except msgspec.DecodeError:
            # Whoever reads the answer says so.
            return body
        return self.response

    def frame(self, frame: Frame) -> Frame:
        """A part of a stream: the events that hold the answer as it stands name it."""
        raw = frame.raw
        if _EVENT not in raw:
            return frame
        # What is translated may be several events, which we wrote; what a vendor wrote is one.
        events = raw.removesuffix(_ENDS).split(_ENDS)
        return Frame(b"".join(map(self._event, events)), frame.kind, frame.error)

    def _event(self, written: bytes) -> bytes:
        raw = written + _ENDS
        try:
            event = _OBJECT.decode(data_of(raw) or b"")
            told = self._told(event["response"])
        except (msgspec.DecodeError, KeyError):
            return raw
        if event.get("type") in _LAST:
            self.response = told
        event["response"] = msgspec.Raw(told)
        name = name_of(raw)
        head = b"event: %s\n" % name if name else b""
        return b"%sdata: %s\n\n" % (head, _ENCODE(event))

    def _told(self, response: msgspec.Raw) -> bytes:
        fields = _OBJECT.decode(response)
        fields["id"] = self._id
        fields["previous_response_id"] = self._previous
        fields["store"] = msgspec.Raw(b"true")
        return _ENCODE(fields)


def write_items(turns: Iterable[Before], *, last: bytes, request: str) -> list[dict[str, Any]]:
    """The items that a response was made from: `last` is the input of its own turn. Items
    without an id get one from `request`."""
    items: list[dict[str, Any]] = []
    for turn in turns:
        items += [_read(item) for item in (*_ITEMS.decode(turn.input), *_output_of(turn.response))]
    items += [_read(item) for item in _ITEMS.decode(last)]
    for number, item in enumerate(items):
        item.setdefault("type", "message")
        if not isinstance(item.get("id"), str):
            item["id"] = f"item_{request}_{number}"
        if item["type"] == "message" and isinstance(item.get("content"), str):
            kind = "output_text" if item.get("role") == "assistant" else "input_text"
            item["content"] = [{"type": kind, "text": item["content"]}]
    return items


def write_page(items: list[dict[str, Any]]) -> bytes:
    """All items as one page of a list, the newest first, as the API lists them unless asked."""
    newest = items[::-1]
    return _ENCODE(
        {
            "object": "list",
            "data": newest,
            "first_id": newest[0]["id"] if newest else None,
            "last_id": newest[-1]["id"] if newest else None,
            "has_more": False,
        }
    )


def _items_of(said: msgspec.Raw) -> list[msgspec.Raw]:
    """The items of an input; what is of no known shape is left to whoever is asked."""
    try:
        found = _INPUT.decode(said)
    except (msgspec.DecodeError, RecursionError):
        return [] if bytes(said) == b"null" else [said]
    if isinstance(found, str):
        message = {"type": "message", "role": "user", "content": found}
        return [msgspec.Raw(_ENCODE(message))]
    items: list[msgspec.Raw] = found
    return items


def _output_of(response: bytes) -> list[msgspec.Raw]:
    fields = _OBJECT.decode(response)
    found: list[msgspec.Raw] = _ITEMS.decode(fields.get("output", msgspec.Raw(b"[]")))
    return found


def _read(item: msgspec.Raw) -> dict[str, Any]:
    found = msgspec.json.decode(item)
    return found if isinstance(found, dict) else {"value": found}


def _thought(item: msgspec.Raw) -> _Thought:
    try:
        return _THOUGHT.decode(item)
    except (msgspec.DecodeError, RecursionError):
        return _Thought()
