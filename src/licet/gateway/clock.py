"""The decision clock: never backwards, with a declared error, scripted only when told so.

Two clocks are injected: `wall_ns` (Unix time) and `monotonic_ns`. Decision time is the
greatest of the wall clock, the floor that the evidence log remembers, and what was already
given out. When the wall clock falls behind by more than the permitted error, decision time
stands still and the clock says that it is `uncertain`: governed requests are refused.
"""

from __future__ import annotations

from collections.abc import Callable

from licet.terms import Instant


class DecisionClock:
    """Decision time in microseconds since the Unix epoch."""

    __slots__ = ("_latest", "_scripted", "_wall_ns", "error_max_us", "error_us")

    def __init__(
        self, *, wall_ns: Callable[[], int], error_us: int = 0, error_max_us: int = 0
    ) -> None:
        self._wall_ns = wall_ns
        self._latest = Instant(0)
        self._scripted: Instant | None = None
        self.error_us = error_us
        self.error_max_us = error_max_us

    def now(self) -> Instant:
        """The instant as of which to decide."""
        if self._scripted is not None:
            return self._scripted
        wall = Instant(self._wall_ns() // 1000)
        # Not `max`: this is asked several times for each request.
        if wall > self._latest:  # noqa: PLR1730
            self._latest = wall
        return self._latest

    def wall(self) -> Instant:
        """The system's clock as it is, for records of a scripted run."""
        return Instant(self._wall_ns() // 1000)

    @property
    def scripted(self) -> bool:
        return self._scripted is not None

    @property
    def lag_us(self) -> int:
        """How far the wall clock is behind decision time."""
        if self._scripted is not None:
            return 0
        return max(0, self._latest - self._wall_ns() // 1000)

    @property
    def uncertain(self) -> bool:
        """Whether decision time has left the wall clock by more than the permitted error."""
        return self.lag_us > self.error_max_us

    def set_floor(self, floor: Instant) -> None:
        """Decision time is never before `floor` (what the evidence log has seen)."""
        self._latest = max(self._latest, floor)

    def step(self, instant: Instant) -> None:
        """Moves a scripted clock; backwards is ignored, as for any other clock."""
        if self._scripted is None or instant > self._scripted:
            self._scripted = instant
