"""Dates: which versions apply, and whether the conditions of a licence are met.

The decision clock has a declared error, so a question is asked of a window of instants: what
restricts applies if it is in force anywhere in it, what relaxes only throughout. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from licet.catalog import Fact
from licet.policy.directives import FactCondition
from licet.policy.questions import Moment
from licet.terms import Instant, to_datetime

BEGINNING = datetime.min.replace(tzinfo=UTC)


class Dated(Protocol):
    """What versions of directives and of lists have in common."""

    @property
    def effective_from(self) -> datetime: ...
    @property
    def effective_until(self) -> datetime | None: ...
    @property
    def recorded_at(self) -> datetime | None: ...


V = TypeVar("V", bound=Dated)


@dataclass(frozen=True, slots=True)
class Window:
    """The instants that the decision clock may mean: [first, last], both included."""

    first: datetime
    last: datetime

    @classmethod
    def around(cls, moment: Moment) -> Window:
        """Clocks, section 5: the declared error on either side of `valid_at`."""
        return cls(
            to_datetime(Instant(moment.valid_at - moment.error_us)),
            to_datetime(Instant(moment.valid_at + moment.error_us)),
        )

    def instants(self, boundaries: Iterable[datetime | None]) -> list[datetime]:
        """One instant for each stretch of the window that the boundaries cut out."""
        inside = {each for each in boundaries if each and self.straddles(each)}
        return sorted({self.first, *inside})

    def straddles(self, boundary: datetime | None) -> bool:
        return boundary is not None and self.first < boundary <= self.last


def recorded(version: Dated) -> datetime:
    """What has not been adopted into a log counts as recorded before everything."""
    return version.recorded_at or BEGINNING


def applying(versions: tuple[V, ...], at: datetime, known_at: datetime | None) -> V | None:
    """Which version, section 3: the last recorded of those known and effective at `at`."""
    effective = [
        version
        for version in versions
        if (known_at is None or recorded(version) <= known_at)
        and version.effective_from <= at
        and (version.effective_until is None or at < version.effective_until)
    ]
    # `max` keeps the first of equals, so the reversed order prefers the later in the file.
    return max(reversed(effective), key=recorded, default=None)


def selections(
    versions: tuple[V, ...], window: Window, known_at: datetime | None
) -> list[V | None]:
    """Every selection that the clock's error admits; None where no version applies."""
    boundaries = [edge for each in versions for edge in (each.effective_from, each.effective_until)]
    return [applying(versions, at, known_at) for at in window.instants(boundaries)]


def is_met(condition: FactCondition, facts: tuple[Fact, ...], window: Window) -> bool:
    """Conditions of an authorisation, section 2: met throughout the window, or in grace."""
    entries = [fact for fact in facts if fact.id == condition.fact]
    grace = timedelta(seconds=condition.grace_s)
    edges = [edge for each in entries for edge in (each.start, each.end) if edge]

    def met(at: datetime) -> bool:
        current = [
            each
            for each in entries
            if (each.start is None or each.start <= at) and (each.end is None or at < each.end)
        ]
        return bool(current) and all(each.value for each in current)

    def met_or_in_grace(at: datetime) -> bool:
        # A stretch [a, b) in which it was met reaches into (at - grace, at], or covers `at`,
        # exactly if it was met just after `at - grace`, at `at`, or at a boundary in between.
        return any(met(s) for s in (at - grace, at, *(e for e in edges if at - grace < e <= at)))

    return all(
        met_or_in_grace(at) for at in window.instants([*edges, *(edge + grace for edge in edges)])
    )
