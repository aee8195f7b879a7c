"""What is published, place by place: when it is due, what became of it, when it is tried again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass

import msgspec

from licet.gateway.messages import Place, Publication
from licet.terms import Fault

RETRY_FIRST_S = 1.0
RETRY_MOST_S = 300.0

Work = Callable[[], int]
"""Publishes; the number of leaves that are published now. `Fault` when they are not."""


@dataclass(slots=True)
class _Turn:
    work: Work
    every_s: float
    place: Place
    due_s: float
    retry_s: float = RETRY_FIRST_S
    under_way: Future[int] | None = None


class Rounds:
    """`works`: name, seconds between two publications, and what publishes. `clock_s`: a clock that
    never goes back; `wall_s`: Unix seconds. `threads`: twice as many as there are works; whatever
    comes to its end on one of them calls `wake` there.

    A place that fails is tried again after a second, then after twice as long each time, at least
    every five minutes or as often as it is due. The others wait neither for that nor for a place
    that never answers: each is published to on a thread of its own, one turn at a time.
    """

    def __init__(
        self,
        works: Sequence[tuple[str, float, Work]],
        *,
        threads: Executor,
        wake: Callable[[], None],
        clock_s: Callable[[], float],
        wall_s: Callable[[], float],
    ) -> None:
        self._threads = threads
        self._wake = wake
        self._clock_s = clock_s
        self._wall_s = wall_s
        self._turns = [
            _Turn(work=work, every_s=every_s, place=Place(name=name), due_s=clock_s())
            for name, every_s, work in works
        ]

    @property
    def publication(self) -> Publication:
        """What became of the turns that are settled."""
        return Publication(places=tuple(turn.place for turn in self._turns))

    def wait_s(self) -> float | None:
        """Until something is due, 0 where something is; None while every place has its turn."""
        due = [turn.due_s for turn in self._turns if turn.under_way is None]
        return max(0.0, min(due) - self._clock_s()) if due else None

    def take(self) -> None:
        """Settles the turns that have come to an end, and begins those that are due."""
        for turn in self._turns:
            if turn.under_way is not None and turn.under_way.done():
                self._settle(turn, turn.under_way)
            if turn.under_way is None and turn.due_s <= self._clock_s():
                turn.under_way = self._begin(turn.work)

    def end(self) -> None:
        """Publishes everywhere once more, and returns when every place has answered or failed.

        A turn that is under way may have begun before the last leaf, so it has another after it;
        not where it fails, or a place that never answers would be waited for twice.
        """
        turns = [(turn, self._begin(_once_more(turn))) for turn in self._turns]
        for turn, last in turns:
            self._settle(turn, last)

    def _begin(self, work: Work) -> Future[int]:
        future = self._threads.submit(work)
        future.add_done_callback(lambda _: self._wake())
        return future

    def _settle(self, turn: _Turn, future: Future[int]) -> None:
        turn.under_way = None
        try:
            size = future.result()
        except (Fault, OSError) as error:
            # Anything else is an error of ours, ends this process, and is told as that.
            code, message = (
                (error.code, error.message)
                if isinstance(error, Fault)
                else ("disk_failed", f"`{error.filename}` cannot be read: {error.strerror}")
            )
            turn.place = msgspec.structs.replace(
                turn.place, fault=message, code=code, failures=turn.place.failures + 1
            )
            turn.due_s = self._clock_s() + min(turn.retry_s, turn.every_s)
            turn.retry_s = min(turn.retry_s * 2, RETRY_MOST_S)
            return
        turn.place = msgspec.structs.replace(
            turn.place, size=size, at_s=int(self._wall_s()), fault="", code=""
        )
        turn.due_s = self._clock_s() + turn.every_s
        turn.retry_s = RETRY_FIRST_S


def _once_more(turn: _Turn) -> Work:
    before = turn.under_way

    def work() -> int:
        if before is not None:
            before.result()
        return turn.work()

    return work
