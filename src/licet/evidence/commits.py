"""A worker's side of the recorder: what was submitted, and what became of it.

`CommitQueue` moves no bytes. The gateway submits leaves during one turn of its loop, writes
`to_send()` at the turn's end, gives what it reads to `receive`, and settles the tokens that
come back. When the connection is lost, `lost` returns every token that was never settled;
the next connection begins with `to_send()`, which says hello again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeVar, assert_never

import msgspec

from licet.evidence.commitments import Opening
from licet.evidence.contents import Content
from licet.evidence.framing import Messages, encode_message
from licet.evidence.messages import (
    Ack,
    Entry,
    Erase,
    Erased,
    Hello,
    Nack,
    Recall,
    Recalled,
    Submit,
    Welcome,
)
from licet.evidence.turns import Turn
from licet.terms import EvidenceFault

T = TypeVar("T")
Told = Callable[[list[Turn], str], None]
"""Hears of the turns that were asked for, or of a code why there are none."""

_TOGETHER_BYTES_MAX = 8 << 20
"""Of content in one message: with one more, of at most 16 MiB, it stays below what one may be."""


class Settled(Generic[T]):
    """What became of one entry: durable as leaf `index`, or refused with a fault `code`."""

    __slots__ = ("code", "index", "token")

    def __init__(self, token: T, *, index: int = -1, code: str = "") -> None:
        self.token: Final = token
        self.index: Final = index
        self.code: Final = code

    @property
    def durable(self) -> bool:
        return self.index >= 0


class CommitQueue(Generic[T]):
    """Entries in order, each with a token that comes back exactly once."""

    def __init__(self, worker: str, *, entries_max: int = 65_536) -> None:
        self._worker = worker
        self._entries_max = entries_max
        self._next = 1
        self._next_recall = 1
        self._start()

    def _start(self) -> None:
        self._messages = Messages()
        self._greeted = False
        self._new: list[Entry] = []
        self._content_bytes = 0
        self._recalls: list[Recall] = []
        self._asked: dict[int, Told] = {}
        self._waiting: dict[int, T] = {}
        self.welcome: Welcome | None = None
        """What the recorder said of its log on this connection; None until it has."""

    @property
    def pending(self) -> int:
        """Entries submitted and not settled."""
        return len(self._waiting) + len(self._asked)

    @property
    def full(self) -> bool:
        """Whether the recorder is so far behind that nothing more is accepted."""
        return len(self._waiting) >= self._entries_max

    def submit(
        self,
        leaf: bytes,
        token: T,
        opening: Opening | None = None,
        content: Content | None = None,
        turn: Turn | None = None,
    ) -> bool:
        """Queues a leaf; False, and nothing done, when the queue is full."""
        if len(self._waiting) >= self._entries_max:
            return False
        self._waiting[self._next] = token
        self._next += 1
        if content is not None:
            self._content_bytes += len(content.data)
        if turn is not None:
            self._content_bytes += turn.size
        self._new.append(Entry(leaf=leaf, opening=opening, content=content, turn=turn))
        return True

    def recall(self, recall: Recall, told: Told) -> None:
        """Asks for turns; its number is set here. `told` hears of it exactly once."""
        self._recalls.append(msgspec.structs.replace(recall, number=self._next_recall))
        self._asked[self._next_recall] = told
        self._next_recall += 1

    def _recalled(self, message: Recalled) -> None:
        told = self._asked.pop(message.number, None)
        if told is None:
            raise EvidenceFault("protocol", f"recall {message.number} is not waiting")
        told(message.turns, message.code)

    def to_send(self) -> bytes:
        """The bytes to write now; empty when there is nothing new."""
        recalls, self._recalls = self._recalls, []
        return self._submitted() + b"".join(map(encode_message, recalls))

    def _submitted(self) -> bytes:
        greeting = b""
        if not self._greeted:
            self._greeted = True
            greeting = encode_message(Hello(worker=self._worker))
        if not self._new:
            return greeting
        entries, self._new = self._new, []
        first = self._next - len(entries)
        if self._content_bytes <= _TOGETHER_BYTES_MAX:
            self._content_bytes = 0
            return greeting + encode_message(Submit(first=first, entries=entries))
        self._content_bytes = 0
        messages = [greeting]
        for several in _apart(entries):
            messages.append(encode_message(Submit(first=first, entries=several)))
            first += len(several)
        return b"".join(messages)

    def receive(self, data: bytes) -> list[Settled[T]]:
        """The tokens settled by these bytes, in the order of submission.

        Raises `EvidenceFault` (`protocol`) when the recorder talks nonsense: treat the
        connection as lost.
        """
        settled: list[Settled[T]] = []
        for message in self._messages.feed(data):
            match message:
                case Ack():
                    index = message.index
                    for token in self._take(message.first, message.count):
                        settled.append(Settled(token, index=index))
                        index += 1
                case Nack():
                    for token in self._take(message.first, message.count):
                        settled.append(Settled(token, code=message.code))
                case Welcome():
                    self.welcome = message
                case Recalled():
                    self._recalled(message)
                case Hello() | Submit() | Erase() | Recall() | Erased():
                    raise EvidenceFault("protocol", "the recorder sent what only workers send")
                case _:
                    assert_never(message)
        return settled

    def lost(self) -> list[T]:
        """Ends the connection: the tokens of everything that was never settled, in order. Whoever
        waits for turns is told `recorder_gone`."""
        tokens, asked = list(self._waiting.values()), list(self._asked.values())
        self._start()
        for told in asked:
            told([], "recorder_gone")
        return tokens

    def _take(self, first: int, count: int) -> list[T]:
        try:
            return [self._waiting.pop(number) for number in range(first, first + count)]
        except KeyError as error:
            raise EvidenceFault("protocol", f"entry {error} is not waiting") from None


def _apart(entries: list[Entry]) -> Iterator[list[Entry]]:
    """The entries in order, in as many messages as their content needs."""
    several: list[Entry] = []
    size = 0
    for entry in entries:
        several.append(entry)
        size += 0 if entry.content is None else len(entry.content.data)
        size += 0 if entry.turn is None else entry.turn.size
        if size > _TOGETHER_BYTES_MAX:
            yield several
            several, size = [], 0
    if several:
        yield several
