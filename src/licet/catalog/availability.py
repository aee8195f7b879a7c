"""What can be had at all: a dated fact, apart from what is permitted."""

from __future__ import annotations

from collections.abc import Iterable

from licet.catalog.nouns import Availability
from licet.terms import Instant, Interval, to_datetime, to_instant


def available(
    availability: Iterable[Availability], model: str, endpoint: str, at: Instant
) -> Availability | None:
    """The first fact by which `model` cannot be had at `endpoint` at that instant, or None."""
    moment = to_datetime(at)
    for fact in availability:
        if fact.concerns(model, endpoint) and Interval(start=fact.start, end=fact.end).contains(
            moment
        ):
            return fact
    return None


def availability_boundaries(availability: Iterable[Availability]) -> tuple[Instant, ...]:
    """Every instant at which one of these facts begins or ends, sorted."""
    moments = (moment for fact in availability for moment in (fact.start, fact.end))
    return tuple(sorted({to_instant(moment) for moment in moments if moment is not None}))
