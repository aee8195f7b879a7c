"""The worker's connection to the recorder: entries out, durability back.

All that is submitted in one turn of the loop leaves in one write. What can wait until then is
submitted only then (`defer`), so that what the turn has for vendors is not kept by it; what can
be done while the disk works is done right after (`meanwhile`).

When the connection is lost, everything that was not settled is told to be unrecorded, and the
connection is opened again at once and then every `retry_s` seconds. A recorder that says nothing
for `silence_s` seconds while something waits for it (a disk may hang for ever) counts as lost.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol, cast

from licet.evidence import CommitQueue, Content, Opening, Recall, Turn
from licet.terms import EvidenceFault


class Timers(Protocol):
    """The parts of an event loop that the request path uses."""

    def time(self) -> float: ...
    def call_soon(self, callback: Callable[[], object]) -> object: ...
    def call_later(self, delay: float, callback: Callable[[], object]) -> object: ...


class Recorded(Protocol):
    """Whoever submitted an entry."""

    def recorded(self, index: int) -> None:
        """It is on disk, as leaf `index`."""

    def unrecorded(self, code: str) -> None:
        """It is not, as far as anybody knows."""


class Committer(asyncio.Protocol):
    """Submits entries and hears what became of them."""

    def __init__(
        self,
        worker: str,
        *,
        timers: Timers,
        connect: Callable[[asyncio.Protocol, Callable[[], None]], None],
        retry_s: float = 0.1,
        silence_s: float = 5.0,
    ) -> None:
        self._queue: CommitQueue[Recorded] = CommitQueue(worker)
        self._timers = timers
        self._connect = connect
        self._retry_s = retry_s
        self._silence_s = silence_s
        self._heard = 0.0
        self._transport: asyncio.Transport | None = None
        self._flushing = False
        self._closed = False
        self._deferred: deque[Callable[[], object]] = deque()
        self._meanwhile: list[Callable[[], object]] = []

    @property
    def connected(self) -> bool:
        """Whether a recorder has greeted us: the socket is the supervisor's, so a connection may
        stand while the recorder is still being started."""
        return self._transport is not None and self._queue.welcome is not None

    @property
    def accepts(self) -> bool:
        """Whether what is submitted now can be expected to be recorded."""
        welcome = self._queue.welcome
        return self._transport is not None and welcome is not None and not welcome.fault

    @property
    def fault(self) -> str:
        """Why the recorder cannot write at present (`disk_full`, ...); empty while it can."""
        welcome = self._queue.welcome
        return welcome.fault if welcome is not None else ""

    def start(self) -> None:
        """Opens the connection; again and again until it is there."""
        if not self._closed:
            self._connect(self, self._retry)

    def close(self) -> None:
        self._closed = True
        if self._transport is not None:
            self._transport.close()

    def submit(
        self,
        leaf: bytes,
        owner: Recorded,
        opening: Opening | None = None,
        content: Content | None = None,
        turn: Turn | None = None,
    ) -> bool:
        """Queues an entry; False where there is no recorder or it is too far behind."""
        self._note_silence()
        if self._transport is None or not self._queue.submit(leaf, owner, opening, content, turn):
            return False
        self._flush_soon()
        return True

    def defer(self, submits: Callable[[], object]) -> None:
        """Calls `submits` at the end of this turn, before what it submits leaves."""
        self._deferred.append(submits)
        self._flush_soon()

    def meanwhile(self, act: Callable[[], object]) -> None:
        """Calls `act` as soon as what was submitted in this turn has left."""
        self._meanwhile.append(act)
        self._flush_soon()

    def recall(self, recall: Recall, told: Callable[[list[Turn], str], None]) -> None:
        """Asks for kept turns; `told` hears of them, or of a code why there are none."""
        if self._transport is None:
            told([], "recorder_gone")
            return
        self._note_silence()
        self._queue.recall(recall, told)
        self._flush_soon()

    def _note_silence(self) -> None:
        """Silence counts from when the first is kept waiting: of what came before, nothing is."""
        if not self._queue.pending:
            self._heard = self._timers.time()

    def _flush_soon(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._timers.call_soon(self._flush)

    def forgive(self, stood_s: float) -> None:
        """For so long nobody was listened to: that was no silence of the recorder's."""
        self._heard += stood_s

    def sweep(self, now: float) -> None:
        """Gives up a recorder that leaves entries waiting in silence; `now` as the timers say."""
        transport = self._transport
        if transport is not None and self._queue.pending and now - self._heard > self._silence_s:
            transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        if self._closed:
            # It was on its way when we went.
            transport.abort()
            return
        self._transport = transport
        transport.write(self._queue.to_send())

    def data_received(self, data: bytes) -> None:
        self._heard = self._timers.time()
        try:
            settled = self._queue.receive(data)
        except EvidenceFault:
            if self._transport is not None:
                self._transport.abort()
            return
        for entry in settled:
            if entry.code:
                entry.token.unrecorded(entry.code)
            else:
                entry.token.recorded(entry.index)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        for owner in self._queue.lost():
            owner.unrecorded("recorder_gone")
        if not self._closed:
            self.start()

    def pause_writing(self) -> None:
        """The queue has a bound of its own (`CommitQueue.full`)."""

    def resume_writing(self) -> None:
        """See `pause_writing`."""

    def _retry(self) -> None:
        if not self._closed:
            self._timers.call_later(self._retry_s, self.start)

    def _flush(self) -> None:
        try:
            while self._deferred:
                self._deferred.popleft()()
        finally:
            # Whatever one of them raised, the others come next, and nobody is kept from the log.
            self._flushing = False
            if self._deferred:
                self._flush_soon()
        if self._transport is not None:
            data = self._queue.to_send()
            if data:
                self._transport.write(data)
        meanwhile, self._meanwhile = self._meanwhile, []
        for act in meanwhile:
            act()
