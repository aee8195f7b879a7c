"""What is published, place by place: when it is due, what became of it, when it is tried again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


class Rounds:
    """`works`: name, seconds between two publications, and what publishes. `clock_s`: a clock that
    never goes back; `wall_s`: Unix seconds.

    A place that fails is tried again after a second, then after twice as long each time, at least
    every five minutes or as often as it is due; the others do not wait for it.
    """

    def __init__(
        self,
        works: Sequence[tuple[str, float, Work]],
        *,
        clock_s: Callable[[], float],
        wall_s: Callable[[], float],
    ) -> None:
        self._clock_s = clock_s
        self._wall_s = wall_s
        self._turns = [
            _Turn(work=work, every_s=every_s, place=Place(name=name), due_s=clock_s())
            for name, every_s, work in works
        ]

    @property
    def publication(self) -> Publication:
        return Publication(places=tuple(turn.place for turn in self._turns))

    def wait_s(self) -> float:
        """Until something is due; 0 where something is."""
        return max(0.0, min(turn.due_s for turn in self._turns) - self._clock_s())

    def take(self) -> None:
        """Publishes whatever is due."""
        for turn in self._turns:
            if turn.due_s <= self._clock_s():
                self._take(turn)

    def take_all(self) -> None:
        """Publishes everywhere, once more before the end."""
        for turn in self._turns:
            self._take(turn)

    def _take(self, turn: _Turn) -> None:
        try:
            size = turn.work()
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
