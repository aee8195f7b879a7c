"""Simulated time: callbacks in order of their moment, and nothing waits."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable


class Handle:
    """A scheduled call."""

    __slots__ = ("callback", "cancelled")

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class SimulatedTime:
    """The parts of an event loop that adapters use. Seconds from 0; `wall` adds an epoch."""

    def __init__(self, *, epoch_us: int) -> None:
        self._now = 0.0
        self._epoch_us = epoch_us
        self._order = itertools.count()
        self._queue: list[tuple[float, int, Handle]] = []
        self.turns = 0

    def time(self) -> float:
        return self._now

    def wall_us(self) -> int:
        return self._epoch_us + round(self._now * 1_000_000)

    def call_soon(self, callback: Callable[[], object]) -> Handle:
        return self.call_later(0.0, callback)

    def call_later(self, delay: float, callback: Callable[[], object]) -> Handle:
        handle = Handle(callback)
        moment = self._now + max(delay, 0.0)
        heapq.heappush(self._queue, (moment, next(self._order), handle))
        return handle

    def stand_still(self, seconds: float) -> None:
        """As in a machine that is suspended: nothing runs, and whatever was due is late."""
        self._now += seconds

    def run(self, *, until: Callable[[], bool], limit_s: float) -> bool:
        """Runs until `until` holds; False if that is not so within `limit_s`."""
        while not until():
            if not self._queue or self._queue[0][0] > limit_s:
                return False
            moment, _, handle = heapq.heappop(self._queue)
            self._now = max(self._now, moment)
            if not handle.cancelled:
                self.turns += 1
                handle.callback()
        return True
