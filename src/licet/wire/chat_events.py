"""Answers of Chat Completions, to and from neutral events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

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
    gather,
    text_of,
)
from licet.wire.usage import Usage, marks_of

_WORDS: Final[dict[str, StopWord]] = {
    "stop": "end",
    "length": "length",
    "tool_calls": "call",
    "function_call": "call",
    "content_filter": "refusal",
}
_REASONS: Final[dict[StopWord, str]] = {
    "end": "stop",
    "length": "length",
    "call": "tool_calls",
    "refusal": "content_filter",
    "sequence": "stop",
    "pause": "stop",
    "other": "stop",
}


class _Function(msgspec.Struct, gc=False):
    name: Any = None
    arguments: Any = None


class _Call(msgspec.Struct, gc=False):
    index: Any = None
    id: Any = None
    function: _Function | None = None


class _Said(msgspec.Struct, gc=False):
    content: Any = None
    refusal: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct, gc=False):
    index: Any = 0
    delta: _Said | None = None
    message: _Said | None = None
    finish_reason: Any = None


class _Chunk(msgspec.Struct, gc=False):
    id: Any = None
    model: Any = None
    choices: list[_Choice] | None = None


_DECODE: Final = msgspec.json.Decoder(_Chunk).decode
_TEXT: Final = msgspec.json.Encoder().encode
_ENCODE: Final = msgspec.json.Encoder().encode


class ChatReader:
    """Reads one answer. Of several choices the first is read: no more were asked for."""

    __slots__ = ("_began", "_calls", "_id", "_last")

    def __init__(self) -> None:
        self._began = False
        self._id = ""
        # Ids of the calls that have begun, by index; `_last` is the index of the last piece.
        self._calls: dict[int, str] = {}
        self._last = -1

    def read(self, payload: bytes) -> list[Event]:
        """The events of a chunk."""
        chunk = _DECODE(payload)
        events: list[Event] = []
        if not self._began:
            self._begin(chunk, events)
        for choice in chunk.choices or ():
            if choice.index != 0:
                continue
            if choice.delta is not None:
                self._read(choice.delta, events)
            if isinstance(choice.finish_reason, str) and choice.finish_reason:
                events.append(_stopped(choice.finish_reason))
        return events

    def whole(self, body: bytes) -> list[Event]:
        """The events of a whole answer, but for its end."""
        completion = _DECODE(body)
        events: list[Event] = []
        self._begin(completion, events)
        choice = completion.choices[0] if completion.choices else _Choice()
        if choice.message is not None:
            self._read(choice.message, events)
        events.append(_stopped(text_of(choice.finish_reason)))
        return events

    def _begin(self, chunk: _Chunk, events: list[Event]) -> None:
        self._began = True
        self._id = text_of(chunk.id)
        events.append(Began(self._id, text_of(chunk.model)))

    def _read(self, said: _Said, events: list[Event]) -> None:
        # Some servers send the same reasoning under two names.
        thought = text_of(said.reasoning_content) or text_of(said.reasoning)
        if thought:
            events.append(Thought(thought))
        content = said.content
        if type(content) is str:
            if content:
                events.append(Said(content))
        elif isinstance(content, list):
            events += [Said(t) for part in content if (t := _text_of_part(part))]
        if said.refusal is not None and (text := text_of(said.refusal)):
            events.append(Declined(text))
        if said.tool_calls is not None:
            for position, call in enumerate(said.tool_calls):
                self._read_call(call, position, events)

    def _read_call(self, call: _Call, position: int, events: list[Event]) -> None:
        index = self._index_of(call, position)
        function = call.function or _Function()
        if index not in self._calls:
            # Servers that give no id must be answered all the same.
            self._calls[index] = text_of(call.id) or f"call_{self._id}_{index}"
            events.append(Called(index, self._calls[index], text_of(function.name)))
        self._last = index
        arguments = function.arguments
        if arguments is not None and not isinstance(arguments, str):
            arguments = _ENCODE(arguments).decode()
        if arguments:
            events.append(Argued(index, arguments))

    def _index_of(self, call: _Call, position: int) -> int:
        if type(call.index) is int:
            return call.index
        # Whole answers have no index, and some servers leave it out of their chunks.
        named = text_of(call.id)
        if named and named not in self._calls.values():
            return len(self._calls)
        if not self._calls:
            return position
        return next((i for i, own in self._calls.items() if own == named), self._last)


def _text_of_part(part: Any) -> str:
    """Text of a part of a content list; parts of any other type are no text."""
    if not isinstance(part, dict) or part.get("type") != "text":
        return ""
    return text_of(part.get("text"))


def _stopped(reason: str) -> Stopped:
    return Stopped(_WORDS.get(reason, "other"), reason)


class ChatWriter:
    """Writes one answer. `created_s`: Unix time. `usage_asked`: a stream ends with usage."""

    __slots__ = ("_created_s", "_head", "_id", "_tail", "_usage_asked")
    sequence: Final = -1

    def __init__(self, *, created_s: int, usage_asked: bool) -> None:
        self._created_s = created_s
        self._usage_asked = usage_asked
        self._tail = b'},"finish_reason":null}]}\n\n'
        self._head = b""
        self._id = ""
        self._begin("", "")

    def _begin(self, id: str, model: str) -> None:
        self._head = (
            b'data: {"id":%s,"object":"chat.completion.chunk","created":%d,"model":%s,"choices":['
            % (_TEXT(id), self._created_s, _TEXT(model))
        )

    def resume(self, begun: Begun) -> None:
        self._created_s = begun.created_s
        self._id = begun.id

    def write(self, events: Iterable[Event]) -> bytes:
        return b"".join([self._write(event) for event in events])

    def _write(self, event: Event) -> bytes:
        if isinstance(event, Said):
            return self._chunk(b'"content":%s' % _TEXT(event.text))
        if isinstance(event, Argued):
            return self._chunk(
                b'"tool_calls":[{"index":%d,"function":{"arguments":%s}}]'
                % (event.index, _TEXT(event.text))
            )
        if isinstance(event, Called):
            return self._chunk(
                b'"tool_calls":[{"index":%d,"id":%s,"type":"function",'
                b'"function":{"name":%s,"arguments":""}}]'
                % (event.index, _TEXT(event.id), _TEXT(event.name))
            )
        if isinstance(event, Thought):
            return self._chunk(b'"reasoning_content":%s' % _TEXT(event.text))
        if isinstance(event, Began):
            self._begin(event.id, event.model)
            return self._chunk(b'"role":"assistant","content":""')
        if isinstance(event, Declined):
            return self._chunk(b'"refusal":%s' % _TEXT(event.text))
        if isinstance(event, Stopped):
            return self._stop(event)
        if isinstance(event, Ended):
            return self._end(event.usage)
        if isinstance(event, Continued):
            return self._continue(event)
        assert isinstance(event, Idle)
        return self._chunk(b"")

    def _continue(self, event: Continued) -> bytes:
        """A chunk that says nothing, in which the model's name changes and why is told."""
        self._begin(self._id, event.model)
        choice = b'{"index":0,"delta":{},"finish_reason":null}'
        return b'%s%s],"licet":%s}\n\n' % (self._head, choice, event.told)

    def _chunk(self, delta: bytes) -> bytes:
        return b'%s{"index":0,"delta":{%s%s' % (self._head, delta, self._tail)

    def _stop(self, event: Stopped) -> bytes:
        choice = {"index": 0, "delta": {}, **_reason(event.word, event.raw)}
        return b"%s%s]}\n\n" % (self._head, _ENCODE(choice))

    def _end(self, usage: Usage) -> bytes:
        last = b"data: [DONE]\n\n"
        if not self._usage_asked:
            return last
        return b'%s],"usage":%s}\n\n%s' % (self._head, _ENCODE(_usage(usage)), last)

    def whole(self, events: Iterable[Event]) -> bytes:
        answer = gather(events)
        message: dict[str, Any] = {
            "role": "assistant",
            "content": answer.text or None,
            "refusal": answer.declined or None,
            "annotations": [],
        }
        if answer.thought:
            message["reasoning_content"] = answer.thought
        if answer.calls:
            message["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                }
                for call in answer.calls
            ]
        elif not answer.declined:
            message["content"] = answer.text
        choice = {"index": 0, "message": message, "logprobs": None}
        assert answer.usage is not None, "an answer ends with its usage"
        return _ENCODE(
            {
                "id": answer.id,
                "object": "chat.completion",
                "created": self._created_s,
                "model": answer.model,
                "choices": [choice | _reason(answer.stop, answer.raw_stop)],
                "usage": _usage(answer.usage),
            }
        )


def _reason(word: StopWord, raw: str) -> dict[str, str]:
    reason = {"finish_reason": _REASONS[word]}
    if raw and raw not in EXACT_REASONS:
        reason["vendor_stop_reason"] = raw
    return reason


def _usage(usage: Usage) -> dict[str, Any]:
    written: dict[str, Any] = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens},
    }
    if usage.reasoning_tokens:
        written["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning_tokens}
    return written | marks_of(usage)
