"""What a caller has read so far of a stream, kept so that another model can go on from there.

A transcript reads what leaves for the caller, in the caller's dialect: what was held back or
stripped is not in it. It keeps text alone, and knows what stands in the way of a continuation:
calls of tools, reasoning that has not ended, refusals, several answers at once, and whatever it
does not know.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from licet.wire.dialect import CHAT, Dialect
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


_CHUNK: Final = msgspec.json.Decoder(_ChatChunk).decode
_EVENT: Final = msgspec.json.Decoder(_Event).decode


class Transcript:
    """Reads along, event by event. `size_max`: characters of text, beyond which none is kept.

    `id` and `created_s` are those of the answer; `index` is the last content block's in
    Messages (-1: none), and `open` whether it is open.
    """

    __slots__ = ("_is_chat", "_pieces", "barrier", "created_s", "id", "index", "open", "size",
                 "size_max")  # fmt: skip

    def __init__(self, dialect: Dialect, size_max: int) -> None:
        self._is_chat = dialect == CHAT
        self._pieces: list[str] = []
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

    def read(self, data: bytes) -> None:
        """Whole events, as they leave for the caller."""
        plain = CR not in data
        start, size = 0, len(data)
        while start < size and self.barrier not in _PASSING:
            end = end_of_event(data, start, plain=plain)
            payload = data_of(data[start : size if end < 0 else end])
            if payload:
                try:
                    self._read_chunk(payload) if self._is_chat else self._read_event(payload)
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
