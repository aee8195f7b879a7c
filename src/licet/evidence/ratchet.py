"""The decision clock's ratchet: decision time never runs backwards.

Leaves carry the instants that were decided for, so the log itself is what persists it: a new
process begins from the last instant in the log (`licet.storage.last_instant`, or `last_at` of
the recorder's welcome). An instant that was never recorded decided nothing.
"""

from __future__ import annotations

from licet.terms import Instant


class Ratchet:
    """Turns the readings of a clock into instants that never decrease."""

    __slots__ = ("held_us", "last")

    def __init__(self, last: Instant | None = None) -> None:
        self.last = last if last is not None else Instant(-(2**62))
        """The latest instant given out, or known from the log."""
        self.held_us = 0
        """How far the clock was behind the ratchet at the last reading: 0 when all is well."""

    def at(self, reading: Instant) -> Instant:
        """The instant to decide for, given what the clock says now."""
        if reading >= self.last:
            self.last = reading
            self.held_us = 0
        else:
            self.held_us = self.last - reading
        return self.last

    def learn(self, recorded: Instant) -> None:
        """Moves on to an instant that another process recorded."""
        self.last = max(self.last, recorded)
