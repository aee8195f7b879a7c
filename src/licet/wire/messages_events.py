"""Answers of Messages, to and from neutral events."""

from __future__ import annotations

from collections.abc import Iterable
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
    GatheredCall,
    Idle,
    Said,
    Stopped,
    StopWord,
    Thought,
    gather,
    text_of,
)
from licet.wire.messages_requests import DIRECT, arguments_of, input_of
from licet.wire.usage import Usage, marks_of

_WORDS: Final[dict[str, StopWord]] = {
    "end_turn": "end",
    "stop_sequence": "sequence",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "call",
    "refusal": "refusal",
    "pause_turn": "pause",
}
_REASONS: Final[dict[StopWord, str]] = {
    "end": "end_turn",
    "length": "max_tokens",
    "call": "tool_use",
    "refusal": "refusal",
    "sequence": "stop_sequence",
    "pause": "pause_turn",
    "other": "end_turn",
}
_PING: Final = b'event: ping\ndata: {"type":"ping"}\n\n'


class _Message(msgspec.Struct, gc=False):
    id: Any = None
    model: Any = None


class _Delta(msgspec.Struct, gc=False):
    text: Any = None
    thinking: Any = None
    partial_json: Any = None
    stop_reason: Any = None


class _Block(msgspec.Struct, gc=False):
    type: Any = None
    text: Any = None
    thinking: Any = None
    id: Any = None
    name: Any = None
    input: Any = None


class _Event(msgspec.Struct, gc=False):
    type: Any = None
    index: Any = None
    delta: _Delta | None = None
    content_block: _Block | None = None
    message: _Message | None = None


class _Whole(msgspec.Struct, gc=False):
    id: Any = None
    model: Any = None
    content: list[_Block] = []
    stop_reason: Any = None


_DECODE: Final = msgspec.json.Decoder(_Event).decode
_DECODE_WHOLE: Final = msgspec.json.Decoder(_Whole).decode
_TEXT: Final = msgspec.json.Encoder().encode
_ENCODE: Final = msgspec.json.Encoder().encode


class MessagesReader:
    """Reads one answer. Blocks of types that only this vendor knows say nothing elsewhere."""

    __slots__ = ("_calls", "_opened", "_whole_input")

    def __init__(self) -> None:
        # From a block's index to its call's; `_opened` counts them.
        self._calls: dict[int, int] = {}
        self._opened = 0
        # What the start of the open call gave; deltas of the same call replace it.
        self._whole_input: str | None = None

    def read(self, payload: bytes) -> list[Event]:
        """The events of one event of the dialect."""
        event = _DECODE(payload)
        kind, delta = event.type, event.delta
        if kind == "content_block_delta":
            return [] if delta is None else self._read_delta(event.index, delta)
        if kind == "content_block_start":
            block = event.content_block
            return [] if block is None else self._read_start(event.index, block)
        if kind == "content_block_stop":
            return self._read_stop(event.index)
        if kind == "message_start":
            message = event.message or _Message()
            return [Began(text_of(message.id), text_of(message.model))]
        if kind == "message_delta" and delta is not None and isinstance(delta.stop_reason, str):
            return [_stopped(delta.stop_reason)]
        return [Idle()] if kind == "ping" else []

    def _read_delta(self, block: Any, delta: _Delta) -> list[Event]:
        if type(delta.text) is str:
            return [Said(delta.text)] if delta.text else []
        if type(delta.partial_json) is str:
            call = self._calls.get(block)
            # Input of a tool that the vendor runs by itself belongs to no call of ours.
            if call is None or not delta.partial_json:
                return []
            self._whole_input = None
            return [Argued(call, delta.partial_json)]
        if type(delta.thinking) is str and delta.thinking:
            return [Thought(delta.thinking)]
        return []

    def _read_start(self, index: Any, block: _Block) -> list[Event]:
        if block.type == "text" and text_of(block.text):
            return [Said(block.text)]
        if block.type == "thinking" and text_of(block.thinking):
            return [Thought(block.thinking)]
        if block.type != "tool_use":
            return []
        call = self._calls[index] = self._opened
        self._opened += 1
        given = block.input
        self._whole_input = arguments_of(given or {})
        return [Called(call, text_of(block.id), text_of(block.name))]

    def _read_stop(self, index: Any) -> list[Event]:
        call = self._calls.pop(index, None)
        given, self._whole_input = self._whole_input, None
        return [] if call is None or given is None else [Argued(call, given)]

    def whole(self, body: bytes) -> list[Event]:
        """The events of a whole answer, but for its end."""
        answer = _DECODE_WHOLE(body)
        events: list[Event] = [Began(text_of(answer.id), text_of(answer.model))]
        for index, block in enumerate(answer.content):
            events += self._read_start(index, block)
            events += self._read_stop(index)
        events.append(_stopped(text_of(answer.stop_reason)))
        return events


def _stopped(reason: str) -> Stopped:
    return Stopped(_WORDS.get(reason, "other"), reason)


class MessagesWriter:
    """Writes one answer, with one block open at a time.

    Calls that another dialect tells of in turns are put in order: the first is written as it
    comes; one that begins before it is whole waits for the end.
    """

    __slots__ = (
        "_arguments",
        "_block",
        "_called",
        "_declined",
        "_index",
        "_late",
        "_open",
        "_stop",
        "_told",
    )
    sequence: Final = -1

    def __init__(self) -> None:
        self._index = -1
        # What the open block is: a text, the call of this index, or nothing.
        self._open: int | str | None = None
        self._arguments: list[str] = []
        self._late: dict[int | str, GatheredCall | list[str]] = {}
        self._block = b""
        self._stop: Stopped | None = None
        self._called = False
        self._declined = False
        # What the next block says of who goes on.
        self._told = b""

    def resume(self, begun: Begun) -> None:
        self._index = begun.index
        self._open = "begun" if begun.open else None

    def write(self, events: Iterable[Event]) -> bytes:
        return b"".join([self._write(event) for event in events])

    def _write(self, event: Event) -> bytes:
        if isinstance(event, Said):
            return self._text(event.text)
        if isinstance(event, Argued):
            return self._argue(event)
        if isinstance(event, Called):
            return self._call(event)
        if isinstance(event, Thought | Idle):
            # Reasoning of another vendor has no signature here, and would be refused when it
            # is sent back. The caller learns that somebody is at work.
            return _PING
        if isinstance(event, Began):
            return _begin(event)
        if isinstance(event, Declined):
            self._declined = True
            return self._text(event.text)
        if isinstance(event, Stopped):
            self._stop = event
            return b""
        if isinstance(event, Continued):
            self._told = b',"licet":' + event.told
            return _PING
        assert isinstance(event, Ended)
        return self._end(event.usage)

    def _text(self, text: str) -> bytes:
        if self._open == "text":
            return b"%s%s}}\n\n" % (self._block, _TEXT(text))
        if not self._is_whole():
            late = self._late.setdefault("text", [])
            assert isinstance(late, list)
            late.append(text)
            return b""
        opened = self._start("text", b'{"type":"text","text":"","citations":null}')
        self._block = (
            b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,'
            b'"delta":{"type":"text_delta","text":' % self._index
        )
        return b"%s%s%s}}\n\n" % (opened, self._block, _TEXT(text))

    def _call(self, event: Called) -> bytes:
        self._called = True
        if not self._is_whole():
            self._late[event.index] = GatheredCall(event.id, event.name)
            return b""
        opened = self._start(
            event.index,
            b'{"type":"tool_use","id":%s,"name":%s,"input":{},"caller":{"type":"direct"}}'
            % (_TEXT(event.id), _TEXT(event.name)),
        )
        self._block = (
            b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,'
            b'"delta":{"type":"input_json_delta","partial_json":' % self._index
        )
        return opened

    def _argue(self, event: Argued) -> bytes:
        if self._open == event.index:
            self._arguments.append(event.text)
            return b"%s%s}}\n\n" % (self._block, _TEXT(event.text))
        late = self._late.get(event.index)
        if isinstance(late, GatheredCall):
            late.arguments += event.text
        # Of a call that was whole, only white space can follow.
        return b""

    def _is_whole(self) -> bool:
        """Whether nothing more can come for the open block, and nothing waits."""
        if self._late:
            return False
        if not isinstance(self._open, int):
            return True
        return object_of("".join(self._arguments)) is not None

    def _start(self, what: int | str, block: bytes) -> bytes:
        closed = self._close()
        self._open = what
        self._index += 1
        # Clients keep what they do not know of a block, so that it is there in the end as well.
        told, self._told = self._told, b""
        return (
            b'%sevent: content_block_start\ndata: {"type":"content_block_start","index":%d,'
            b'"content_block":%s%s}}\n\n' % (closed, self._index, block[:-1], told)
        )

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        self._arguments = []
        return (
            b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'
            % self._index
        )

    def _end(self, usage: Usage) -> bytes:
        pieces = [self._close()]
        late, self._late = self._late, {}
        for index, waiting in late.items():
            if isinstance(waiting, list):
                pieces.append(self._text("".join(waiting)))
            else:
                assert isinstance(index, int)
                pieces.append(self._call(Called(index, waiting.id, waiting.name)))
                pieces.append(self._argue(Argued(index, waiting.arguments)))
            pieces.append(self._close())
        stop = self._stop or Stopped("end", "")
        ended = {
            "type": "message_delta",
            "delta": _reason(stop.word, stop.raw, called=self._called, declined=self._declined),
            "usage": _usage(usage),
        }
        # Where nobody said anything more, there is no block to tell it in.
        told = self._told
        pieces.append(b"event: message_delta\ndata: %s%s}\n\n" % (_ENCODE(ended)[:-1], told))
        pieces.append(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')
        return b"".join(pieces)

    def whole(self, events: Iterable[Event]) -> bytes:
        answer = gather(events)
        content: list[dict[str, Any]] = []
        for part in answer.parts:
            if isinstance(part, str):
                content.append(_text_block(part))
            else:
                content.append(
                    {
                        "type": "tool_use",
                        "id": part.id,
                        "name": part.name,
                        "input": input_of(part.arguments),
                        "caller": DIRECT,
                    }
                )
        if answer.declined:
            content.append(_text_block(answer.declined))
        assert answer.usage is not None, "an answer ends with its usage"
        return _ENCODE(
            {
                "id": answer.id,
                "type": "message",
                "role": "assistant",
                "model": answer.model,
                "content": content,
                **_reason(
                    answer.stop,
                    answer.raw_stop,
                    called=bool(answer.calls),
                    declined=bool(answer.declined),
                ),
                "container": None,
                "usage": _usage(answer.usage),
            }
        )


def _text_block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text, "citations": None}


def _begin(event: Began) -> bytes:
    start = {
        "type": "message_start",
        "message": {
            "id": event.id,
            "type": "message",
            "role": "assistant",
            "model": event.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "stop_details": None,
            "container": None,
            # Nobody has told the figures yet; the end of the stream does.
            "usage": _usage(Usage(input_tokens=0, output_tokens=0)),
        },
    }
    return b"event: message_start\ndata: %s\n\n" % _ENCODE(start)


def _reason(word: StopWord, raw: str, *, called: bool, declined: bool) -> dict[str, Any]:
    """The stop reason. Chat ends an answer that declines, and with some servers one that
    calls, like any other; clients of this dialect go by the reason alone."""
    if word in ("end", "other") and (called or declined):
        word = "call" if called else "refusal"
    reason: dict[str, Any] = {
        "stop_reason": _REASONS[word],
        "stop_sequence": None,
        "stop_details": None,
    }
    if word == "refusal":
        reason["stop_details"] = {"type": "refusal", "category": None, "explanation": None}
    if raw and raw not in EXACT_REASONS:
        reason["vendor_stop_reason"] = raw
    return reason


def _usage(usage: Usage) -> dict[str, Any]:
    """Every member that the dialect knows; `null` is what no vendor of another dialect tells."""
    written: dict[str, Any] = {
        "input_tokens": usage.input_tokens - usage.cached_input_tokens,
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
        "cache_read_input_tokens": usage.cached_input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_creation": None,
        "server_tool_use": None,
        "service_tier": None,
        "inference_geo": None,
    }
    return written | marks_of(usage)
