"""What a caller has read so far of a stream, kept so that another model can go on from there.

A transcript reads what leaves for the caller, in the caller's dialect: what was held back or
stripped is not in it. It keeps text alone, and knows what stands in the way of a continuation:
calls of tools, reasoning that has not ended, refusals, several answers at once, and whatever it
does not know.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from licet.wire.dialect import CHAT, MESSAGES, Dialect
from licet.wire.framing import CR, data_of, end_of_event

Barrier = Literal["", "call", "reasoning", "refusal", "ended", "too_long", "unknown"]
"""Why an answer cannot be continued by another model; empty where it can."""

_PASSING: Final = frozenset({"call", "refusal", "ended", "too_long", "unknown"})
_THOUGHTS: Final = frozenset({"thinking", "redacted_thinking"})


class _ChatSaid(msgspec.Struct, gc=False):
    content: Any = None
    refusal: Any = None
    tool_calls: Any = None
    function_call: Any = None
    audio: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    reasoning_details: Any = None


class _ChatChoice(msgspec.Struct, gc=False):
    index: Any = 0
    delta: _ChatSaid | None = None
    finish_reason: Any = None
    logprobs: Any = None


class _ChatChunk(msgspec.Struct, gc=False):
    id: Any = None
    created: Any = None
    choices: list[_ChatChoice] | None = None


class _Message(msgspec.Struct, gc=False):
    id: Any = None


class _Delta(msgspec.Struct, gc=False):
    type: Any = None
    text: Any = None
    stop_reason: Any = None


class _Block(msgspec.Struct, gc=False):
    type: Any = None
    text: Any = None


class _Event(msgspec.Struct, gc=False):
    type: Any = None
    index: Any = None
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None


class _Response(msgspec.Struct, gc=False):
    id: Any = None
    created_at: Any = None


class _Item(msgspec.Struct, gc=False):
    type: Any = None
    id: Any = None
    content: Any = None


class _Part(msgspec.Struct, gc=False):
    type: Any = None
    text: Any = None


class _ResponseEvent(msgspec.Struct, gc=False):
    type: Any = None
    sequence_number: Any = None
    output_index: Any = None
    content_index: Any = None
    delta: Any = None
    logprobs: Any = None
    response: _Response | None = None
    part: _Part | None = None
    item: msgspec.Raw = msgspec.Raw(b"null")


_RESPONSE_EVENT: Final = msgspec.json.Decoder(_ResponseEvent).decode
_ITEM: Final = msgspec.json.Decoder(_Item).decode
_ENDS: Final = ("response.completed", "response.incomplete", "response.failed", "error")
_OF_TEXT: Final = ("response.output_text.done", "response.content_part.done")
_CHUNK: Final = msgspec.json.Decoder(_ChatChunk).decode
_EVENT: Final = msgspec.json.Decoder(_Event).decode


class Transcript:
    """Reads along, event by event. `size_max`: characters of text, beyond which none is kept.

    `id` and `created_s` are those of the answer; `index` is the last content block's in
    Messages, the last item's in Responses (-1: none), and `open` whether it is open. In
    Responses, `sequence` is the last event's number, `items` are those that are done, and of the
    open one `item_id` is the id, `item_text` the text, and `part_open` says whether it has any.
    """

    __slots__ = ("_item_pieces", "_pieces", "_read", "barrier", "created_s", "id", "index",
                 "item_id", "items", "open", "part_open", "sequence", "size",
                 "size_max")  # fmt: skip

    def __init__(self, dialect: Dialect, size_max: int) -> None:
        if dialect == CHAT:
            self._read = self._read_chunk
        else:
            self._read = self._read_event if dialect == MESSAGES else self._read_response_event
        self._pieces: list[str] = []
        self._item_pieces: list[str] = []
        self.items: list[msgspec.Raw] = []
        self.item_id = ""
        self.part_open = False
        self.sequence = -1
        self.size = 0
        self.size_max = size_max
        self.barrier: Barrier = ""
        self.id = ""
        self.created_s = 0
        self.index = -1
        self.open = False

    @property
    def text(self) -> str:
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    @property
    def item_text(self) -> str:
        return "".join(self._item_pieces)

    def read(self, data: bytes) -> None:
        """Whole events, as they leave for the caller."""
        plain = CR not in data
        start, size = 0, len(data)
        while start < size and self.barrier not in _PASSING:
            end = end_of_event(data, start, plain=plain)
            payload = data_of(data[start : size if end < 0 else end])
            if payload:
                try:
                    self._read(payload)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    self._bar("unknown")
            start = size if end < 0 else end

    def _bar(self, barrier: Barrier) -> None:
        self.barrier = barrier
        self._pieces = []

    def _say(self, text: str) -> None:
        self.barrier = ""
        self.size += len(text)
        if self.size > self.size_max:
            self._bar("too_long")
        else:
            self._pieces.append(text)

    def _read_chunk(self, payload: bytes) -> None:
        if payload.startswith(b"[DONE]"):
            self._bar("ended")
            return
        chunk = _CHUNK(payload)
        if not self.id and isinstance(chunk.id, str):
            self.id = chunk.id
            self.created_s = chunk.created if type(chunk.created) is int else 0
        for choice in chunk.choices or ():
            if choice.index != 0 or choice.logprobs is not None:
                self._bar("unknown")
            elif choice.finish_reason is not None:
                self._bar("ended")
            elif choice.delta is not None:
                self._read_said(choice.delta)

    def _read_said(self, said: _ChatSaid) -> None:
        if said.tool_calls or said.function_call:
            self._bar("call")
        elif said.refusal:
            self._bar("refusal")
        elif said.audio or not isinstance(said.content, str | None):
            self._bar("unknown")
        elif said.content:
            self._say(said.content)
        elif said.reasoning_content or said.reasoning or said.reasoning_details:
            self.barrier = "reasoning"

    def _read_event(self, payload: bytes) -> None:
        event = _EVENT(payload)
        kind = event.type
        if kind == "content_block_delta":
            delta = event.delta or _Delta()
            if delta.type == "text_delta" and isinstance(delta.text, str):
                self._say(delta.text)
            elif self.barrier != "reasoning":
                # Of citations, and of what nobody knows, a continuation knows nothing.
                self._bar("unknown")
        elif kind == "content_block_start":
            self._open(event.index, event.content_block or _Block())
        elif kind == "content_block_stop":
            self.open = False
        elif kind == "message_start" and event.message is not None:
            self.id = event.message.id if isinstance(event.message.id, str) else ""
        elif kind == "message_delta" and event.delta is not None and event.delta.stop_reason:
            self._bar("ended")

    def _open(self, index: Any, block: _Block) -> None:
        if type(index) is int:
            self.index = index
        self.open = True
        if block.type == "text":
            self._say(block.text if isinstance(block.text, str) else "")
        elif block.type in _THOUGHTS:
            self.barrier = "reasoning"
        else:
            self._bar("call" if block.type == "tool_use" else "unknown")

    def _read_response_event(self, payload: bytes) -> None:
        event = _RESPONSE_EVENT(payload)
        kind = event.type
        if type(event.sequence_number) is int:
            self.sequence = event.sequence_number
        if kind == "response.output_text.delta":
            if event.logprobs or not isinstance(event.delta, str):
                self._bar("unknown")
                return
            self._say(event.delta)
            self._item_pieces.append(event.delta)
        elif kind == "response.output_item.added":
            self._begin_item(event.output_index, _ITEM(event.item))
        elif kind == "response.output_item.done":
            self.items.append(event.item.copy())
            self.open = self.part_open = False
        elif kind == "response.content_part.added":
            self._begin_part(event)
        elif kind in _ENDS:
            self._bar("ended")
        elif event.response is not None:
            self._begin_response(event.response)
        elif self.barrier != "reasoning" and kind not in _OF_TEXT:
            # Of sources, and of what nobody knows, a continuation knows nothing.
            self._bar("refusal" if kind == "response.refusal.delta" else "unknown")

    def _begin_response(self, response: _Response) -> None:
        if isinstance(response.id, str):
            self.id = response.id
        if isinstance(response.created_at, int | float):
            self.created_s = int(response.created_at)

    def _begin_item(self, index: Any, item: _Item) -> None:
        self._item_pieces = []
        self.index = index if type(index) is int else self.index + 1
        self.item_id = item.id if isinstance(item.id, str) else ""
        self.open = True
        if item.type == "reasoning":
            self.barrier = "reasoning"
        elif item.type != "message" or item.content:
            self._bar("call" if item.type == "function_call" else "unknown")

    def _begin_part(self, event: _ResponseEvent) -> None:
        part = event.part or _Part()
        if self.barrier == "reasoning" and part.type == "reasoning_text":
            return
        if part.type != "output_text" or part.text or self.part_open or event.content_index != 0:
            self._bar("refusal" if part.type == "refusal" else "unknown")
        self.part_open = True
