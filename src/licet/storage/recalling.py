"""Turns for workers that ask for them, a little at a time: commits come in between.

A step looks at some heads of frames, or reads one turn; so whoever waits for a record waits for
no conversation, however long that is. One question is answered after another.
"""

from __future__ import annotations

from collections import deque

from licet.evidence import Recall, Recalled, Turn
from licet.storage.appending import disk_fault
from licet.storage.kept import KeptStore

TURNS_MAX = 4_096
"""Of one conversation: each is a read of its own."""


class Recalling:
    """The questions of all workers, and how far the first of them has come."""

    def __init__(self, kept: KeptStore) -> None:
        self._kept = kept
        self._asked: deque[tuple[int, Recall]] = deque()
        self._turns: list[Turn] = []
        self._bytes = 0

    @property
    def busy(self) -> bool:
        return bool(self._asked)

    def ask(self, peer: int, recall: Recall) -> None:
        """To be answered in one of the steps that follow."""
        self._asked.append((peer, recall))

    def step(self) -> tuple[int, Recalled] | None:
        """A part of the work; the peer and its answer, once there is one."""
        peer, recall = self._asked[0]
        try:
            if not self._kept.ready():
                return None
            code = self._read(recall)
        except OSError as error:
            code = disk_fault(error, self._kept.folder).code
        if code is None:
            return None
        self._asked.popleft()
        turns, self._turns, self._bytes = self._turns[::-1], [], 0
        return peer, Recalled(number=recall.number, turns=[] if code else turns, code=code)

    def _read(self, recall: Recall) -> str | None:
        """One turn more; a code once no more are to be read, empty where all is well."""
        wanted = self._turns[-1].previous if self._turns else recall.id
        turn = self._kept.turn(recall.holder, recall.scope, wanted)
        if turn is None or turn.until <= recall.now:
            return "not_found"
        if recall.delete:
            self._kept.delete(turn)
            return ""
        self._turns.append(turn)
        self._bytes += turn.size
        if recall.bytes_max and (self._bytes > recall.bytes_max or len(self._turns) > TURNS_MAX):
            return "too_long"
        return None if recall.bytes_max and turn.previous else ""
