"""Which version of each directive and list applies, as of when: policy.md's "which version".

Of the versions recorded by `known_at` and in effect, the last recorded applies, and within one
adoption the later in the file. A version that no log has recorded yet (`recorded_at` None)
counts as recorded before all others, in the order of the file: that is a configuration folder
which has not been adopted, as unit tests and `licet explain` on a bare folder have it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from licet.catalog import Fact, List
from licet.policy.directives import Directive, Kind
from licet.policy.rolls import Roll
from licet.terms import SECOND_US, Instant, to_instant

ALWAYS = -(1 << 62)
NEVER = 1 << 62


class Dated(msgspec.Struct, frozen=True):
    """One version's place in time: in effect in [start, end), recorded at `recorded`."""

    start: int
    end: int
    recorded: int
    index: int


class Window(msgspec.Struct, frozen=True):
    """Instants `low` to `high`, both included: what "now" may be, as known at `known_at`."""

    low: int
    high: int
    known_at: int | None = None


class _Version(msgspec.Struct, frozen=True):
    effective_from: datetime
    effective_until: datetime | None
    recorded_at: datetime | None


def date_versions(versions: Iterable[object]) -> tuple[Dated, ...]:
    """Versions in the order in which they prevail: the last of those in effect applies."""
    dated = []
    for index, version in enumerate(versions):
        v: _Version = version  # type: ignore[assignment]
        dated.append(
            Dated(
                start=to_instant(v.effective_from),
                end=NEVER if v.effective_until is None else to_instant(v.effective_until),
                recorded=ALWAYS if v.recorded_at is None else to_instant(v.recorded_at),
                index=index,
            )
        )
    return tuple(sorted(dated, key=lambda one: (one.recorded, one.index)))


def selected(versions: Sequence[Dated], window: Window) -> tuple[int | None, ...]:
    """The index of the version that applies at each part of the window, without repetition.

    More than one entry means that the window lies across a change; None is a part in which no
    version is in effect.
    """
    known = versions
    if window.known_at is not None:
        known = [one for one in versions if one.recorded <= window.known_at]
    if window.low == window.high:
        return (_at(known, window.low),)
    points = {window.low}
    for one in known:
        points.update(p for p in (one.start, one.end) if window.low < p <= window.high)
    return tuple(dict.fromkeys(_at(known, point) for point in sorted(points)))


def _at(known: Sequence[Dated], instant: int) -> int | None:
    for one in reversed(known):
        if one.start <= instant < one.end:
            return one.index
    return None


def in_force(directive: Directive, versions: Sequence[Dated], window: Window) -> tuple[int, ...]:
    """Indices of the versions that count: of what restricts, any that is in force anywhere in
    the window; of an authorisation, those that together are in force throughout, or none."""
    found = selected(versions, window)
    with_effect = tuple(
        index for index in found if index is not None and not directive.versions[index].nothing
    )
    if directive.kind is Kind.AUTHORISATION and len(with_effect) < len(found):
        return ()
    return with_effect


def applicable(directive: Directive, at: Instant) -> int | None:
    """The number, from 1, of the version that applies at an instant, by all that is recorded; it
    may be one without effect."""
    (index,) = selected(date_versions(directive.versions), Window(at, at))
    return None if index is None else index + 1


def members(named: List, at: Instant) -> frozenset[str]:
    """Who is on a list at an instant, by all that is recorded."""
    return call_roll(named, date_versions(named.versions), Window(at, at)).certain


def call_roll(named: List, versions: Sequence[Dated], window: Window) -> Roll:
    """The list's membership over the window: certain where all its parts agree."""
    certain: frozenset[str] | None = None
    possible: frozenset[str] = frozenset()
    closed = True
    for index in selected(versions, window):
        if index is None:
            members: frozenset[str] = frozenset()
            closed = False
        else:
            version = named.versions[index]
            members = frozenset(version.members)
            fresh = version.max_age_s is None or (
                version.as_of is not None
                and window.high < to_instant(version.as_of) + version.max_age_s * SECOND_US
            )
            closed = closed and version.complete and fresh
        certain = members if certain is None else certain & members
        possible |= members
    assert certain is not None
    return Roll(named.id, named.kind, certain, possible, closed)


def condition_met(facts: Sequence[Fact], grace_s: int, window: Window) -> bool:
    """Whether, at every instant of the window, the fact was true within the grace before.

    Entries of one fact are dated; where one says no, that counts, whatever another says.
    """
    grace = grace_s * SECOND_US
    points = sorted({p for fact in facts for p in bounds(fact)} | {ALWAYS})
    held: list[tuple[int, int]] = []
    for start, end in zip(points, [*points[1:], NEVER], strict=True):
        saying = [fact.value for fact in facts if _covers(fact, start)]
        if saying and all(saying):
            held.append((start, end + grace))
    reached = window.low
    for start, end in held:
        if start <= reached < end:
            reached = end
    return reached > window.high


def bounds(fact: Fact) -> tuple[int, int]:
    start = ALWAYS if fact.start is None else to_instant(fact.start)
    return start, NEVER if fact.end is None else to_instant(fact.end)


def _covers(fact: Fact, instant: int) -> bool:
    start, end = bounds(fact)
    return start <= instant < end


class Boundaries:
    """The sorted instants at which something that was selected may differ.

    Under a clock error e each moves to both sides: what restricts applies from e before until e
    after, an authorisation from e after until e before.
    """

    __slots__ = ("_points",)

    def __init__(self, instants: Iterable[int], error_us: int) -> None:
        self._points = sorted(
            {
                point
                for instant in instants
                if ALWAYS < instant < NEVER
                for point in (instant - error_us, instant + error_us)
            }
        )

    def window(self, instant: int) -> int:
        """The number of the stretch between two boundaries in which `instant` lies."""
        return bisect_right(self._points, instant)

    def after(self, instant: int) -> Instant | None:
        position = bisect_right(self._points, instant)
        return Instant(self._points[position]) if position < len(self._points) else None
