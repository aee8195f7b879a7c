"""Tests on one element of an attribute, three-valued: holds, does not, or a list does not say.

`holds(element, assumed)` answers under a completion's assumptions about open memberships;
`opens(element)` names the memberships on which the answer depends. A test that no list leaves
open is two-valued on every element.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Protocol

import msgspec

from licet.policy.directives import View
from licet.policy.rolls import Assumed, OpenMembership, Roll
from licet.terms import Standing

NOTHING_ASSUMED: Assumed = {}

OTHER = "\0other"
"""A name that nothing mentions: it stands for all of them."""


class ElementTest(Protocol):
    """What a condition demands of one element of an attribute."""

    def holds(self, element: Any, assumed: Assumed = ...) -> bool | None: ...

    def opens(self, element: Any) -> frozenset[OpenMembership]: ...

    @property
    def mentioned(self) -> frozenset[Hashable]: ...

    @property
    def consulted(self) -> frozenset[str]:
        """Ids of the lists that are asked."""
        ...


class Among(msgspec.Struct, frozen=True):
    """The element is one of `values` or a member of one of `rolls`; `outside`: it is not."""

    values: frozenset[bool | int | str]
    rolls: tuple[Roll, ...] = ()
    outside: bool = False

    def holds(self, element: Any, assumed: Assumed = NOTHING_ASSUMED) -> bool | None:
        found: bool | None = element in self.values
        if not found:
            for roll in self.rolls:
                member = roll.holds(element)
                if member is None:
                    member = assumed.get((roll.id, element))
                if member:
                    found = True
                    break
                if member is None:
                    found = None
        return found if not self.outside or found is None else not found

    def opens(self, element: Any) -> frozenset[OpenMembership]:
        if element in self.values:
            return frozenset()
        return frozenset((roll.id, element) for roll in self.rolls if roll.holds(element) is None)

    @property
    def mentioned(self) -> frozenset[Hashable]:
        return frozenset[Hashable]().union(self.values, *(roll.mentioned for roll in self.rolls))

    @property
    def consulted(self) -> frozenset[str]:
        return frozenset(roll.id for roll in self.rolls)


class Between(msgspec.Struct, frozen=True):
    """A number within bounds, both included; `None` is no bound."""

    at_least: int | None
    at_most: int | None

    def holds(self, element: Any, assumed: Assumed = NOTHING_ASSUMED) -> bool | None:
        del assumed
        above = self.at_least is None or element >= self.at_least
        return above and (self.at_most is None or element <= self.at_most)

    def opens(self, element: Any) -> frozenset[OpenMembership]:
        del element
        return frozenset()

    @property
    def mentioned(self) -> frozenset[Hashable]:
        return frozenset(bound for bound in (self.at_least, self.at_most) if bound is not None)

    @property
    def consulted(self) -> frozenset[str]:
        return frozenset()


Tie = tuple[str, str]
"""An element of `subject.engagement`: (relation, organisation id)."""


class OneEngagement(msgspec.Struct, frozen=True):
    """One single record: its relation is among these and its organisation meets all tests."""

    relations: frozenset[str] | None
    organisation: tuple[Among, ...] = ()

    def holds(self, element: Any, assumed: Assumed = NOTHING_ASSUMED) -> bool | None:
        relation, organisation = element
        if self.relations is not None and relation not in self.relations:
            return False
        return every(test.holds(organisation, assumed) for test in self.organisation)

    def opens(self, element: Any) -> frozenset[OpenMembership]:
        relation, organisation = element
        if self.relations is not None and relation not in self.relations:
            return frozenset()
        return frozenset[OpenMembership]().union(
            *(test.opens(organisation) for test in self.organisation)
        )

    @property
    def mentioned(self) -> frozenset[Hashable]:
        """Ids of organisations."""
        return frozenset[Hashable]().union(*(test.mentioned for test in self.organisation))

    @property
    def consulted(self) -> frozenset[str]:
        return frozenset[str]().union(*(test.consulted for test in self.organisation))


class Stand(msgspec.Struct, frozen=True):
    """An element of `subject.nationality`: a status that there is or was.

    `current`: in effect. `latest`: whether it is the most recent of citizenship or permanent
    residency; None where the attestation does not say. `dated`: whether it says since when.
    """

    country: str
    standing: Standing
    current: bool
    latest: bool | None
    dated: bool = True


class OneStatus(msgspec.Struct, frozen=True):
    """One status that counts under the view, of one of these countries and standings."""

    country: tuple[Among, ...]
    standings: frozenset[str] | None
    view: View

    def counts(self, stand: Stand) -> bool | None:
        """Whether the view sees the status at all."""
        match self.view:
            case View.CURRENT:
                allowed = self.standings or _CURRENT
                return stand.current and stand.standing in allowed
            case View.MOST_RECENT:
                seen = self.standings is None or stand.standing in self.standings
                return seen and stand.latest
            case View.ALL_EVER:
                return self.standings is None or stand.standing in self.standings

    def holds(self, element: Any, assumed: Assumed = NOTHING_ASSUMED) -> bool | None:
        stand: Stand = element
        counts = self.counts(stand)
        if counts is False:
            return False
        there = every(test.holds(stand.country, assumed) for test in self.country)
        return there if counts or there is False else None

    def opens(self, element: Any) -> frozenset[OpenMembership]:
        stand: Stand = element
        if self.counts(stand) is False:
            return frozenset()
        return frozenset[OpenMembership]().union(
            *(test.opens(stand.country) for test in self.country)
        )

    @property
    def mentioned(self) -> frozenset[Hashable]:
        """Codes of countries."""
        return frozenset[Hashable]().union(*(test.mentioned for test in self.country))

    @property
    def consulted(self) -> frozenset[str]:
        return frozenset[str]().union(*(test.consulted for test in self.country))


_CURRENT = frozenset({Standing.CITIZEN.value})

Shares = tuple[tuple[str, int], ...]
"""Owners: (id, percent) of each."""

Owners = tuple[Shares, bool]
"""The one element of `organisation.owners`: the shares that are known, and whether these are
all."""


class OwnersTest(msgspec.Struct, frozen=True):
    """One owner that meets everything; or, with `summed`, the percentages of all owners that
    meet the tests on the organisation, added up, are within `percent`."""

    organisation: tuple[Among, ...]
    percent: Between
    summed: bool

    def holds(self, element: Any, assumed: Assumed = NOTHING_ASSUMED) -> bool | None:
        owners, complete = element
        answers = [
            (every(test.holds(owner, assumed) for test in self.organisation), percent)
            for owner, percent in owners
        ]
        # Whoever owns through others is an owner too, so that what is known of some bounds
        # nothing of the rest: their shares may add up to more than 100.
        more = not complete and self._attainable()
        if not self.summed:
            each = [every((answer, self.percent.holds(share))) for answer, share in answers]
            found = some(each)
            return None if found is False and more else found
        least = sum(share for answer, share in answers if answer)
        most = sum(share for answer, share in answers if answer is not False)
        at_least, at_most = self.percent.at_least or 0, self.percent.at_most
        if (most < at_least and not more) or (at_most is not None and least > at_most):
            return False
        if least >= at_least and (at_most is None or (most <= at_most and not more)):
            return True
        return None

    def _attainable(self) -> bool:
        """Whether any organisation at all meets the tests: one that is named, or any other."""
        return any(
            every(test.holds(name) for test in self.organisation) is not False
            for name in (*self.mentioned, OTHER)
        )

    def opens(self, element: Any) -> frozenset[OpenMembership]:
        owners, _ = element
        return frozenset[OpenMembership]().union(
            *(test.opens(owner) for owner, _ in owners for test in self.organisation)
        )

    @property
    def mentioned(self) -> frozenset[Hashable]:
        """Ids of organisations."""
        return frozenset[Hashable]().union(*(test.mentioned for test in self.organisation))

    @property
    def consulted(self) -> frozenset[str]:
        return frozenset[str]().union(*(test.consulted for test in self.organisation))


def every(answers: Iterable[bool | None]) -> bool | None:
    """Three-valued AND."""
    verdict: bool | None = True
    for answer in answers:
        if answer is False:
            return False
        if answer is None:
            verdict = None
    return verdict


def some(answers: Iterable[bool | None]) -> bool | None:
    """Three-valued OR."""
    verdict: bool | None = False
    for answer in answers:
        if answer:
            return True
        if answer is None:
            verdict = None
    return verdict


Resolve = Callable[[str], Roll]
"""The roll of a list id; of a list that does not exist, one that says nothing."""
