"""Owners of whom not all are known: verdict and missing sets equal brute force over all owners.

Few percents and low bounds, so that every set of owners which any test could tell apart can be
written down: sums beyond every bound are one and the same. The brute force never asks the engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations, combinations_with_replacement, product
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from licet.catalog import List, ListKind, ListVersion, Organisation
from licet.policy import (
    Alternative,
    Condition,
    Directive,
    Kind,
    Snapshot,
    Sources,
    Verdict,
)
from licet.terms import UNKNOWN_PERSON, Attested, Owner
from tests.property.test_exactness import NOW, START, parties, versions_on

replace = msgspec.structs.replace

NAMED = ("acme", "bolt")
STRANGERS = ("one", "two")
EVERYBODY = (*NAMED, *STRANGERS)
PERCENTS = (1, 2)
BEYOND = 2
"""No bound is above 2: from here on sums are the same."""
DIGIT = 8
"""Bits for what all owners together are to one condition."""

LISTED = Condition(attribute="organisation.list", any_of=("annex",))
TWO = Condition(attribute="organisation.id", any_of=("bolt", "one"))
BOLT = Condition(attribute="organisation.id", any_of=("bolt",))


def share(at_least: int | None = None, at_most: int | None = None) -> Condition:
    return Condition(attribute="percent", at_least=at_least, at_most=at_most)


def total(at_least: int | None = None, at_most: int | None = None) -> Condition:
    return Condition(attribute="percent_sum", at_least=at_least, at_most=at_most)


RECORDS = (
    (LISTED, total(at_least=2)),
    (LISTED, total(at_least=1, at_most=1)),
    (LISTED, total(at_most=1)),
    (LISTED, share(at_least=2)),
    (LISTED,),
    (TWO, total(at_least=2)),
    (TWO, share(at_most=1)),
    (BOLT, total(at_least=1)),
    (BOLT, share(at_least=1, at_most=1)),
    (total(at_least=2),),
    (share(at_least=2),),
)
OWNERS = [Condition(attribute="organisation.owners", record=record) for record in RECORDS]
US_PERSON = Condition(attribute="subject.us_person", any_of=(True,))
VERSIONS = versions_on([*OWNERS, US_PERSON])
LISTS = st.builds(
    ListVersion,
    effective_from=st.just(START),
    members=st.sampled_from([(), ("acme",), ("bolt",), ("acme", "bolt")]),
    complete=st.booleans(),
)
SHARES = st.lists(
    st.builds(Owner, organisation=st.sampled_from(EVERYBODY), percent=st.sampled_from(PERCENTS)),
    max_size=2,
).map(tuple)
ATTESTED = st.none() | st.builds(
    Attested, value=SHARES, issuer=st.just("registry"), complete=st.sampled_from([False, True])
)


@st.composite
def rules(draw: st.DrawFn) -> Sources:
    restrictions = [
        Directive(id=name, kind=Kind.RESTRICTION, versions=(draw(VERSIONS),))
        for name in ("r1", "r2")[: draw(st.integers(1, 2))]
    ]
    licence = replace(draw(VERSIONS), relieves=draw(st.sampled_from([("r1",), ("r1", "r2")])))
    licences = [Directive(id="a1", kind=Kind.AUTHORISATION, versions=(licence,))]
    firm = Organisation(id="firm", owners=draw(ATTESTED))
    return replace(
        parties(*restrictions, *licences[: draw(st.integers(0, 1))]),
        lists=(List(id="annex", kind=ListKind.ORGANISATIONS, versions=(draw(LISTS),)),),
        organisations=(firm,),
    )


def counted(condition: Condition, owner: str, percent: int, *, is_listed: bool) -> int:
    """What one share is to a condition: percents where they are summed, else one or nothing."""
    worth = 1
    for part in condition.record:
        match part.attribute:
            case "organisation.list":
                met = is_listed
            case "organisation.id":
                met = owner in part.any_of
            case "percent":
                met = within(part, percent)
            case _:
                met, worth = True, percent
        if not met:
            return 0
    return worth


def within(bounds: Condition, number: int) -> bool:
    above = bounds.at_least is None or number >= bounds.at_least
    return above and (bounds.at_most is None or number <= bounds.at_most)


@cache
def holdings() -> tuple[tuple[int, ...], ...]:
    """Shares of one owner that no test tells apart from others: up to three records."""
    found: dict[object, tuple[int, ...]] = {}
    for size in range(4):
        for shares in combinations_with_replacement(PERCENTS, size):
            found.setdefault((min(sum(shares), BEYOND), frozenset(shares)), shares)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Way:
    """A way in which everything may be: what owners are, on any list; who is on it; who asks."""

    owners: tuple[int, ...]
    members: frozenset[str]
    us_person: bool


class Wholes:
    """All that there may be, of some rules on one organisation."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        tables = (
            table
            for one in sources.directives
            for table in (*one.versions[0].applies, *one.versions[0].unless)
        )
        used = dict.fromkeys(one for table in tables for one in table.conditions)
        self.used = tuple(one for one in used if one.attribute == "organisation.owners")
        content = sources.lists[0].versions[0]
        self.free = () if content.complete else tuple(set(EVERYBODY) - set(content.members))
        self.lists = [
            frozenset((*content.members, *more))
            for size in range(len(self.free) + 1)
            for more in combinations(self.free, size)
        ]

    def ways(self) -> Iterator[tuple[Way, bool]]:
        """Each with whether it is permitted."""
        for owners in self.all_owners():
            for members, counts in zip(self.lists, owners, strict=True):
                for us_person in (False, True):
                    permitted = self.permits(counts, us_person=us_person)
                    yield Way(owners, members, us_person), permitted

    def all_owners(self) -> set[tuple[int, ...]]:
        """What owners are to the conditions, a digit each, under every way of the list."""
        attested = self.sources.organisations[0].owners
        known = () if attested is None else attested.value
        whole = attested is not None and attested.complete
        base = [
            sum(self.digits(o.organisation, (o.percent,), members) for o in known)
            for members in self.lists
        ]
        found = {tuple(base)}
        for owner in () if whole else EVERYBODY:
            more = {
                tuple(self.digits(owner, shares, members) for members in self.lists)
                for shares in holdings()
            }
            found = {tuple(map(int.__add__, old, new)) for old, new in product(found, more)}
        return found

    def digits(self, owner: str, shares: tuple[int, ...], members: frozenset[str]) -> int:
        return sum(
            counted(one, owner, share, is_listed=owner in members) << (DIGIT * place)
            for share in shares
            for place, one in enumerate(self.used)
        )

    def permits(self, counts: int, *, us_person: bool) -> bool:
        matching = {
            one.id
            for one in self.sources.directives
            if self.any_of(one.versions[0].applies, counts, us_person)
            and not self.any_of(one.versions[0].unless, counts, us_person)
        }
        relieved: set[str] = set()
        for one in self.sources.directives:
            if one.kind is Kind.AUTHORISATION and one.id in matching:
                relieved.update(one.versions[0].relieves)
        restrictions = {x.id for x in self.sources.directives if x.kind is Kind.RESTRICTION}
        return not (restrictions & matching) - relieved

    def any_of(self, tables: tuple[Alternative, ...], counts: int, us_person: bool) -> bool:
        return any(
            all(self.holds(one, counts, us_person) for one in table.conditions) for table in tables
        )

    def holds(self, condition: Condition, counts: int, us_person: bool) -> bool:
        if condition == US_PERSON:
            return us_person
        count = counts >> (DIGIT * self.used.index(condition)) & ((1 << DIGIT) - 1)
        for part in condition.record:
            if part.attribute == "percent_sum":
                return within(part, count)
        return count > 0


TOLD = {"us_person": "us_person", "organisation.owners": "owners", "list.annex": "members"}


def brute_force(sources: Sources) -> tuple[Verdict, set[frozenset[str]]]:
    answers = list(Wholes(sources).ways())
    verdicts = {permitted for _, permitted in answers}
    if len(verdicts) == 1:
        return (Verdict.PERMITTED if True in verdicts else Verdict.REFUSED), set()
    minimal: set[frozenset[str]] = set()
    for size in range(1, len(TOLD) + 1):
        for names in combinations(TOLD, size):
            if any(one <= set(names) for one in minimal):
                continue
            groups: dict[tuple[Any, ...], set[bool]] = {}
            for way, permitted in answers:
                told = tuple(getattr(way, TOLD[name]) for name in names)
                groups.setdefault(told, set()).add(permitted)
            if all(len(group) == 1 for group in groups.values()):
                minimal.add(frozenset(names))
    return Verdict.UNDETERMINED, minimal


@given(rules())
def test_verdict_and_missing_sets_equal_brute_force_over_owners(sources: Sources) -> None:
    ruleset = Snapshot.of(sources).select(NOW)
    decision = ruleset.decide(ruleset.know(UNKNOWN_PERSON, "firm", "w", NOW), "m", "e")
    verdict, missing = brute_force(sources)
    assert decision.verdict is verdict
    # Papers settle who is a US person as well: what is asked for last, and not counted here.
    asked = {frozenset(names) for names in decision.missing if "nationality" not in names}
    assert asked == missing
