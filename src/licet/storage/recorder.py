"""The recorder: one thread that makes everybody's leaves durable, a batch at a time.

`Recorder` is callbacks over a log, so that it also runs in a simulator; `serve` moves its
bytes over a Unix socket. In each turn everything that has arrived is appended, synced once
(openings first, in their own file), and acknowledged. While one sync runs, the next batch
gathers in the sockets: that is the group commit, and the bound on what waits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from licet.evidence import (
    Ack,
    Content,
    Erase,
    Erased,
    ErasedLeaf,
    Hello,
    Message,
    Messages,
    Nack,
    Opening,
    Recall,
    Recalled,
    Submit,
    Turn,
    Welcome,
    encode_message,
    holds,
)
from licet.storage.books import Attempt
from licet.storage.log import Checked, Log
from licet.storage.recalling import Recalling
from licet.storage.side import SideStore
from licet.terms import EvidenceFault, RequestId

CHECKPOINT_LEAVES = 10_000
CHECKPOINT_SECONDS = 1.0
PROBE_SECONDS = 0.25
_REFUSED_MAX = 1 << 17
"""More than all workers together can have sent and not heard the fate of."""
SIDE_FILE_SECONDS = 86_400.0
"""A side file is begun as often, so that what is in it is of one age."""

Send = Callable[[bytes], None]
Run = tuple[int, int, int]
"""Entries of one peer that follow one another: peer, number of the first, how many."""


class _Peer:
    """A connected worker."""

    __slots__ = ("messages", "name", "send")

    def __init__(self, send: Send) -> None:
        self.send = send
        self.messages = Messages()
        self.name = "unknown"


class Recorder:
    """Accepts entries from peers and answers each range exactly once."""

    def __init__(
        self,
        log: Log,
        side: SideStore,
        now: Callable[[], str],
        on_fault: Callable[[EvidenceFault | None], None],
        answered: Callable[[], object] | None = None,
    ) -> None:
        """`now` is the decision clock as text, for what the recorder itself has to say.

        `answered` is called when all whom a commit concerns have been told, before the books.
        `on_fault` hears a fault when writing begins to fail, and None when it works again.
        Raises `EvidenceFault` (`side_damaged`).
        """
        self._log = log
        self._side = side
        self._now = now
        self._on_fault = on_fault
        self._answered = answered
        self._peers: dict[int, _Peer] = {}
        self._pending: list[tuple[int, Submit]] = []
        self._recalling = Recalling(side.kept)
        self._orphans: list[Attempt] = []
        self._refused: dict[RequestId, EvidenceFault] = {}
        """Requests of which a record was refused lately, and why."""
        self._signed_size = log.checkpoint.size if log.checkpoint else -1
        self._signed_at = float("-inf")
        self._probed_at = float("-inf")
        self._side_since: float | None = None
        self._version: str | None = None
        self.fault: EvidenceFault | None = None
        for _, leaf in log.register():
            # An erasure is recorded first and carried out then: what a crash left between the
            # two is carried out now.
            if isinstance(leaf, ErasedLeaf):
                side.destroy(leaf.slot)
        side.require_whole()

    def begin(self, version: str) -> None:
        """Records and signs the start; on a failing disk, as soon as it works."""
        self._version = version
        self._guarded(self._begin)

    def connected(self, peer: int, send: Send) -> None:
        """A peer, by a number from 1 that is never used again, and how to send to it."""
        self._peers[peer] = _Peer(send)
        send(self._welcome())

    def received(self, peer: int, data: bytes | memoryview) -> None:
        """Bytes from a peer, kept no longer than this takes; `EvidenceFault` (`protocol`):
        close its connection."""
        for message in self._peers[peer].messages.feed(data):
            self._take(peer, message)

    def disconnected(self, peer: int) -> None:
        """A peer is gone: what it began and did not end has an unknown outcome."""
        self.turn()
        del self._peers[peer]
        self._orphans += self._log.books.opened_by(peer)
        self._settle_orphans()

    def turn(self) -> None:
        """Commits what has arrived and answers it. To be called after each round of reading."""
        pending, self._pending = self._pending, []
        admit = self._admit
        batch: list[Checked] = []
        openings: list[Opening] = []
        contents: list[Content] = []
        turns: list[Turn] = []
        runs: list[Run] = []
        for peer, submit in pending:
            first = submit.first
            for number, entry in enumerate(submit.entries, first):
                try:
                    batch.append(admit(entry.leaf, peer))
                except EvidenceFault as fault:
                    _extend(runs, peer, first, number - first)
                    first = number + 1
                    self._answer(peer, _nack(number, 1, fault), 1)
                    continue
                if entry.opening is not None:
                    openings.append(entry.opening)
                if entry.content is not None:
                    contents.append(entry.content)
                if entry.turn is not None:
                    turns.append(entry.turn)
            _extend(runs, peer, first, submit.first + len(submit.entries) - first)
        if batch:
            self._commit(batch, openings, contents, turns, runs)
        if self._recalling.busy:
            found = self._recalling.step()
            if found is not None and found[0] in self._peers:
                self._peers[found[0]].send(encode_message(found[1]))

    @property
    def busy(self) -> bool:
        """Whether another turn has something to do, whatever arrives."""
        return self._recalling.busy

    def tick(self, elapsed: float) -> None:
        """Signs, and tries a failing disk again, as due; `elapsed` in seconds, monotonic."""
        if self.fault is not None:
            if elapsed - self._probed_at >= PROBE_SECONDS:
                self._probed_at = elapsed
                self._guarded(self._probe)
            return
        new = self._log.size - self._signed_size
        waited = elapsed - self._signed_at
        if new and (waited >= CHECKPOINT_SECONDS or new >= CHECKPOINT_LEAVES):
            self._signed_at = elapsed
            self._guarded(self._sign)
        if self._side_since is None:
            self._side_since = elapsed
        elif elapsed - self._side_since >= SIDE_FILE_SECONDS:
            self._side_since = elapsed
            self._side.turn_over()
        self._settle_orphans()

    def close(self) -> None:
        """Finishes the batch, records the stop and signs. `EvidenceFault`: the disk failed."""
        self.turn()
        self._begin()
        self._side.close()
        self._log.close(self._now())

    def _take(self, peer: int, message: Message) -> None:
        match message:
            case Submit():
                self._pending.append((peer, message))
            case Hello():
                self._peers[peer].name = message.worker
            case Erase():
                self.turn()
                self._erase(peer, message.holder)
            case Recall():
                self._recalling.ask(peer, message)
            case Welcome() | Ack() | Nack() | Erased() | Recalled():
                raise EvidenceFault("protocol", "a worker sent what only the recorder sends")
            case _:
                assert_never(message)

    def _admit(self, leaf: bytes, peer: int) -> Checked:
        checked = self._log.check(leaf, peer)
        fault = self._refused.get(checked.seen.request)
        if fault is not None:
            raise EvidenceFault(fault.code, fault.message)
        return checked

    def _commit(
        self,
        batch: list[Checked],
        openings: list[Opening],
        contents: list[Content],
        turns: list[Turn],
        runs: list[Run],
    ) -> None:
        def answer(index: int) -> None:
            for peer, first, count in runs:
                self._answer(peer, Ack(first=first, count=count, index=index), count)
                index += count
            if self._answered is not None:
                self._answered()

        try:
            self._begin()
            if openings or contents or turns:
                self._side.append(openings, contents, turns)
            self._log.append(batch, answer)
        except EvidenceFault as fault:
            # The fault comes first: who hears that an entry is refused knows that more would be.
            self._failed(fault)
            for peer, first, count in runs:
                self._answer(peer, _nack(first, count, fault), count)
            self._give_up(batch, fault)
            return
        self._worked()

    def _answer(self, peer: int, message: Ack | Nack, count: int) -> None:
        if count and peer in self._peers:
            self._peers[peer].send(encode_message(message))

    def _give_up(self, batch: list[Checked], fault: EvidenceFault) -> None:
        """A worker ends a request of which a record was refused, and brings nothing of it again.

        What it had sent by then must not be recorded either, or the log would tell of an end
        without a beginning; and what is on record as begun has an unknown outcome.
        """
        requests = {entry.seen.request for entry in batch if entry.seen.request}
        self._refused |= dict.fromkeys(requests, fault)
        while len(self._refused) > _REFUSED_MAX:
            del self._refused[next(iter(self._refused))]
        self._orphans += [one for one in self._log.books.open if one[0] in requests]

    def _erase(self, peer: int, holder: str) -> None:
        slot = self._side.find(holder)
        if any(one.slot == slot for one in holds(leaf for _, leaf in self._log.register())):
            held = Nack(first=0, count=0, code="held", message="it is under a legal hold")
            self._peers[peer].send(encode_message(held))
            return
        if slot >= 0:
            at = max(self._now(), self._log.last_at)
            erased = ErasedLeaf(at=at, log=self._log.origin, slot=slot, by=self._peers[peer].name)
            try:
                self._log.record([erased])
                self._side.destroy(slot)
            except EvidenceFault as fault:
                self._failed(fault)
                self._peers[peer].send(encode_message(_nack(0, 0, fault)))
                return
        self._peers[peer].send(encode_message(Erased(slot=slot)))

    def _begin(self) -> None:
        if self._version is not None:
            self._log.begin(self._now(), self._version)
            self._version = None
        if self._signed_size < 0:
            self._sign()

    def _settle_orphans(self) -> None:
        if not self._orphans or self.fault is not None:
            return
        self._guarded(self._record_orphans)

    def _record_orphans(self) -> None:
        orphans = dict.fromkeys(self._orphans)
        still = [attempt for attempt in orphans if attempt in self._log.books.open]
        if still:
            self._log.record(self._log.unknown(still, self._now()))
        self._orphans = []

    def _sign(self) -> None:
        self._signed_size = self._log.sign().size

    def _probe(self) -> None:
        self._side.repair()
        self._log.probe()
        self._signed_size = self._log.size
        self._begin()

    def _guarded(self, act: Callable[[], object]) -> None:
        try:
            act()
        except EvidenceFault as fault:
            self._failed(fault)
        else:
            self._worked()

    def _failed(self, fault: EvidenceFault) -> None:
        news = self.fault is None or self.fault.code != fault.code
        self.fault = fault
        if news:
            self._announce()

    def _worked(self) -> None:
        if self.fault is not None:
            self.fault = None
            self._announce()

    def _announce(self) -> None:
        self._on_fault(self.fault)
        for peer in self._peers.values():
            peer.send(self._welcome())

    def _welcome(self) -> bytes:
        return encode_message(
            Welcome(
                log=self._log.origin,
                size=self._log.size,
                last_at=self._log.last_at,
                fault=self.fault.code if self.fault else "",
            )
        )


def _extend(runs: list[Run], peer: int, first: int, count: int) -> None:
    """Adds entries to the last run where they go on from it, so that one answer covers both."""
    if runs:
        last, start, length = runs[-1]
        if last == peer and start + length == first:
            runs[-1] = (peer, start, length + count)
            return
    runs.append((peer, first, count))


def _nack(first: int, count: int, fault: EvidenceFault) -> Nack:
    return Nack(first=first, count=count, code=fault.code, message=fault.message)
