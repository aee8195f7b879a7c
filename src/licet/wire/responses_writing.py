"""Answers of Responses, written from neutral events."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from licet.wire.conversation import object_of
from licet.wire.events import (
    EXACT_REASONS,
    Argued,
    Began,
    Begun,
    Called,
    Continued,
    Declined,
    Ended,
    Event,
    Idle,
    Said,
    Stopped,
    StopWord,
    Thought,
)
from licet.wire.reasoning import REASONING_ID
from licet.wire.usage import Usage, marks_of

_INCOMPLETE: Final[dict[StopWord, str]] = {
    "length": "max_output_tokens",
    "refusal": "content_filter",
}
ECHOED: Final[dict[str, Any]] = {
    "background": False,
    "frequency_penalty": 0.0,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "presence_penalty": 0.0,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "service_tier": "default",
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
"""What an answer says again of its request, and how it stands where the caller said nothing."""

_TOOL: Final[dict[str, Any]] = {"description": None, "parameters": None, "strict": None}
_NULL: Final = msgspec.Raw(b"null")
_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,59}")
_TEXT: Final = msgspec.json.Encoder().encode
_ENCODE: Final = msgspec.json.Encoder().encode
_REASONING: Final = REASONING_ID.decode()
_PARTS: Final = {"output_text": "text", "refusal": "refusal", "reasoning_text": "text"}


class _Item:
    """One item of the answer while it is written. `part` is the type of its only part, or
    empty for a call. `text` gathers what it says: text, or arguments."""

    __slots__ = ("at", "call_id", "delta", "id", "name", "part", "text", "told")

    def __init__(self, at: int, id: str, *, part: str = "", call_id: str = "", name: str = ""):
        self.at = at
        self.id = id
        self.part = part
        self.call_id = call_id
        self.name = name
        self.text: list[str] = []
        self.delta = b""
        # Where another model goes on: what the caller is told of that (JSON).
        self.told = b""

    def form(self, status: str, *, begun: bool = False) -> dict[str, Any]:
        """The item as it stands; `begun`: before it has said anything."""
        form = self._form(status, begun=begun)
        return form | {"licet": msgspec.Raw(self.told)} if self.told else form

    def _form(self, status: str, *, begun: bool) -> dict[str, Any]:
        text = "" if begun else "".join(self.text)
        if not self.part:
            return {
                "id": self.id,
                "type": "function_call",
                "status": status,
                "call_id": self.call_id,
                "name": self.name,
                "arguments": text,
            }
        content = [] if begun else [part_form(self.part, text)]
        if self.part == "reasoning_text":
            return {
                "id": self.id,
                "type": "reasoning",
                "summary": [],
                "content": content,
                "status": status,
            }
        return {
            "id": self.id,
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        }


def _echo(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the caller said of the parameters that are said again, with what he left out in them.

    `asked` holds raw JSON; a translated request is one whose shape has been looked at.
    """
    said = {k: v for k, v in asked.items() if k in ECHOED and v != _NULL}
    if "reasoning" in said:
        said["reasoning"] = ECHOED["reasoning"] | msgspec.json.decode(said["reasoning"])
    if "tools" in said:
        said["tools"] = [_tool_form(tool) for tool in msgspec.json.decode(said["tools"])]
    return said


def _tool_form(tool: dict[str, Any]) -> dict[str, Any]:
    return _TOOL | tool if tool.get("type") == "function" else tool


def part_form(kind: str, text: str) -> dict[str, Any]:
    """A part of a message or of reasoning."""
    form: dict[str, Any] = {"type": kind, _PARTS[kind]: text}
    if kind == "output_text":
        form |= {"annotations": [], "logprobs": []}
    return form


class ResponsesWriter:
    """Writes one answer. `created_s`: Unix time. `echoed`: the caller's own parameters.

    Every item has its index, so that calls may be told of in turns. An item is done when the
    next one begins, but for a call whose arguments are not whole yet.
    """

    __slots__ = ("_call_items", "_created_s", "_done", "_echoed", "_id", "_items", "_key",
                 "_model", "_next", "_open", "_partless", "_stop", "_told",
                 "sequence")  # fmt: skip

    def __init__(self, *, created_s: int, echoed: Mapping[str, Any]) -> None:
        self._created_s = created_s
        self._echoed = ECHOED | _echo(echoed)
        self._id = ""
        self._key = ""
        self._model = ""
        self._items: list[_Item] = []
        self._open: dict[int, _Item] = {}
        self._call_items: dict[int, _Item] = {}
        self._done: dict[int, Any] = {}
        self._stop = Stopped("end", "")
        self._next = 0
        self._told = b""
        self._partless = False
        self.sequence = -1

    def resume(self, begun: Begun) -> None:
        """Goes on where somebody else left off: with the items that are done, and the open one."""
        self._created_s = begun.created_s
        self._id = begun.id
        self._key = _digest(begun.id)[:24]
        self.sequence = begun.sequence
        self._next = begun.index + 1
        self._done = dict(enumerate(begun.items))
        if begun.open:
            item = _Item(begun.index, begun.item_id, part="output_text")
            item.text.append(begun.item_text)
            self._items.append(item)
            self._open[item.at] = item
            self._partless = not begun.part_open

    def write(self, events: Iterable[Event]) -> bytes:
        return b"".join([self._write(event) for event in events])

    def _write(self, event: Event) -> bytes:
        if isinstance(event, Said):
            return self._say("output_text", "msg_", event.text)
        if isinstance(event, Argued):
            return self._argue(event)
        if isinstance(event, Called):
            return self._call(event)
        if isinstance(event, Thought):
            return self._say("reasoning_text", _REASONING, event.text)
        if isinstance(event, Began):
            return self._begin(event)
        if isinstance(event, Declined):
            return self._say("refusal", "msg_", event.text)
        if isinstance(event, Stopped):
            self._stop = event
            return b""
        if isinstance(event, Ended):
            return self._end(event.usage)
        if isinstance(event, Continued):
            return self._continue(event)
        assert isinstance(event, Idle)
        if not self._id:
            return b""
        return self._event("response.in_progress", {"response": self._response("in_progress")})

    def _event(self, kind: str, fields: dict[str, Any]) -> bytes:
        self.sequence += 1
        said = {"type": kind, "sequence_number": self.sequence, **fields}
        return b"event: %s\ndata: %s\n\n" % (kind.encode(), _ENCODE(said))

    def _begin(self, event: Began) -> bytes:
        self._name(event)
        begun = {"response": self._response("in_progress")}
        created = self._event("response.created", begun)
        return created + self._event("response.in_progress", begun)

    def _continue(self, event: Continued) -> bytes:
        """The item that somebody else began ends; the next one says whose it is."""
        self._model = event.model
        self._told = event.told
        pieces = []
        for item in list(self._open.values()):
            if self._partless:
                place = {"item_id": item.id, "output_index": item.at, "content_index": 0}
                begun = {**place, "part": part_form(item.part, "")}
                pieces.append(self._event("response.content_part.added", begun))
            pieces.append(self._close(item, "incomplete"))
        return b"".join(pieces)

    def _name(self, event: Began) -> None:
        self._model = event.model
        self._id = answer_id(event.id)
        # Vendors of this dialect take no longer ids when an item is sent back.
        self._key = _digest(event.id)[:24]

    def _response(self, status: str, **more: Any) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._created_s,
            "status": status,
            "completed_at": None,
            "error": None,
            "incomplete_details": None,
            "model": self._model,
            "output": [],
            "usage": None,
            "store": False,
            **self._echoed,
            **more,
        }

    def _say(self, part: str, prefix: str, text: str) -> bytes:
        item = self._items[-1] if self._items else None
        if item is not None and item.part == part and item.at in self._open:
            item.text.append(text)
            return self._delta(item, text)
        closed = self._close_whole()
        item = self._new(prefix, part=part)
        item.text.append(text)
        place = {"item_id": item.id, "output_index": item.at, "content_index": 0}
        opened = self._event(
            "response.output_item.added",
            {"output_index": item.at, "item": item.form("in_progress", begun=True)},
        )
        begun = {**place, "part": part_form(part, "")}
        opened += self._event("response.content_part.added", begun)
        kind = f"response.{part}.delta"
        item.delta = b'event: %s\ndata: {"type":"%s","item_id":%s,"output_index":%d,%s' % (
            kind.encode(),
            kind.encode(),
            _TEXT(item.id),
            item.at,
            b'"content_index":0,"logprobs":[],' if part == "output_text" else b'"content_index":0,',
        )
        return closed + opened + self._delta(item, text)

    def _delta(self, item: _Item, text: str) -> bytes:
        self.sequence += 1
        return b'%s"sequence_number":%d,"delta":%s}\n\n' % (item.delta, self.sequence, _TEXT(text))

    def _call(self, event: Called) -> bytes:
        closed = self._close_whole()
        item = self._new("fc_", call_id=event.id, name=event.name)
        self._call_items[event.index] = item
        kind = b"response.function_call_arguments.delta"
        item.delta = b'event: %s\ndata: {"type":"%s","item_id":%s,"output_index":%d,' % (
            kind,
            kind,
            _TEXT(item.id),
            item.at,
        )
        return closed + self._event(
            "response.output_item.added",
            {"output_index": item.at, "item": item.form("in_progress", begun=True)},
        )

    def _argue(self, event: Argued) -> bytes:
        item = self._call_items[event.index]
        if item.at not in self._open:
            # Of a call that was whole, only white space can follow.
            return b""
        item.text.append(event.text)
        return self._delta(item, event.text)

    def _new(self, prefix: str, *, part: str = "", call_id: str = "", name: str = "") -> _Item:
        at = self._next
        self._next += 1
        named = f"{prefix}{self._key}_{at}"
        item = _Item(at, named, part=part, call_id=call_id, name=name)
        item.told, self._told = self._told, b""
        self._items.append(item)
        self._open[at] = item
        return item

    def _close_whole(self) -> bytes:
        """Ends every open item of which nothing more can come."""
        whole = [i for i in self._open.values() if i.part or object_of("".join(i.text)) is not None]
        return b"".join([self._close(item, "completed") for item in whole])

    def _close(self, item: _Item, status: str) -> bytes:
        del self._open[item.at]
        text = "".join(item.text)
        place: dict[str, Any] = {"item_id": item.id, "output_index": item.at}
        if item.part:
            place["content_index"] = 0
            said = {**place, _PARTS[item.part]: text}
            if item.part == "output_text":
                said["logprobs"] = []
            pieces = self._event(f"response.{item.part}.done", said)
            done = {**place, "part": part_form(item.part, text)}
            pieces += self._event("response.content_part.done", done)
        else:
            said = {**place, "arguments": text}
            pieces = self._event("response.function_call_arguments.done", said)
        form = self._done[item.at] = item.form(status)
        return pieces + self._event(
            "response.output_item.done", {"output_index": item.at, "item": form}
        )

    def _end(self, usage: Usage) -> bytes:
        status, more = self._status()
        last = self._items[-1] if self._items else None
        closed = [
            self._close(item, status if item is last else "completed")
            for item in list(self._open.values())
        ]
        output = [form for _, form in sorted(self._done.items())]
        response = self._response(status, output=output, usage=_usage(usage), **more)
        return b"".join(closed) + self._event(f"response.{status}", {"response": response})

    def _status(self) -> tuple[str, dict[str, Any]]:
        word, raw = self._stop.word, self._stop.raw
        reason = _INCOMPLETE.get(word)
        # Where nobody said anything more, there is no item to tell it in.
        more: dict[str, Any] = {"licet": msgspec.Raw(self._told)} if self._told else {}
        if raw and raw not in EXACT_REASONS:
            more["vendor_stop_reason"] = raw
        if reason is None:
            return "completed", more | {"completed_at": self._created_s}
        return "incomplete", more | {"incomplete_details": {"reason": reason}}

    def whole(self, events: Iterable[Event]) -> bytes:
        usage: Usage | None = None
        for event in events:
            if isinstance(event, Ended):
                usage = event.usage
            elif isinstance(event, Began):
                self._name(event)
            else:
                self._write(event)
        assert usage is not None, "an answer ends with its usage"
        status, more = self._status()
        last = self._items[-1] if self._items else None
        output = [item.form(status if item is last else "completed") for item in self._items]
        return _ENCODE(self._response(status, output=output, usage=_usage(usage), **more))


def answer_id(id: str) -> str:
    """The vendor's id of an answer, as ids of answers look in this dialect."""
    if id.startswith("resp_"):
        return id
    return f"resp_{id if _ID.fullmatch(id) else _digest(id)[:32]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _usage(usage: Usage) -> dict[str, Any]:
    written: dict[str, Any] = {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_input_tokens,
            "cache_write_tokens": 0,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
    return written | marks_of(usage)
