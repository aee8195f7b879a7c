"""Which owners there may be whom nobody attested, as far as the tests on owners can tell.

What owners are to the tests adds up: a share to each sum, a hit to each test on one owner. Owners
are added one after another until nothing is new; a sum is followed until it has passed the bounds
of its test. Several tests are followed together, because one owner counts in all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import product
from operator import add

import msgspec

from licet.policy.choices import OPENS_MAX, STATES_MAX, Choice, Label, Tests, TooMany
from licet.policy.matching import OTHER, Between, OwnersTest, Shares, every
from licet.policy.rolls import Answers, Assumed, OpenMembership

SUMS_MAX = 4096
"""Combinations of sums beyond which each test is taken to turn out by itself."""

SHARES = range(101)

Sums = tuple[int, ...]
"""What all owners together are to each measure: now; and where lists may answer what nobody can
know yet, also at the least and at the most."""


class _Measure(msgspec.Struct, frozen=True):
    """One test in one way of answering lists: `bits` of the wide number is where it holds."""

    test: OwnersTest
    way: Assumed
    bits: int

    def meets(self, owner: str, local: Assumed) -> bool:
        known = {**self.way, **local} if local else self.way
        return bool(every(part.holds(owner, known) for part in self.test.organisation))

    def adds(self, percent: int) -> int:
        """What the share of an owner who meets it adds."""
        return percent if self.test.summed else int(self.test.percent.holds(percent) or 0)

    @property
    def enough(self) -> int:
        """From here on nothing changes any more."""
        bounds = self.test.percent
        if not self.test.summed:
            return 1
        over = 0 if bounds.at_most is None else bounds.at_most + 1
        return max(bounds.at_least or 0, over)

    def holds(self, total: int) -> bool:
        return bool(self.test.percent.holds(total)) if self.test.summed else total > 0


class _Kind(msgspec.Struct, frozen=True):
    """What an organisation is to each measure: as one way has it in which lists may answer that
    no attestation fixes, in all of these ways, and in any of them."""

    meets: tuple[bool, ...]
    certain: tuple[bool, ...]
    possible: tuple[bool, ...]


def owner_choices(name: str, shares: Shares, tests: Tests, answers: Answers) -> list[Choice]:
    """Every way in which the tests on owners of whom not all are known may turn out together."""
    owners = _Owners(tests, answers)
    alone = frozenset({name})
    together = alone | {f"list.{one}" for one in owners.lists}
    states = owners.grown(shares)
    if states is None:
        return [Choice(bits, ((together, bits),)) for bits in owners.each_by_itself(shares)]
    choices = set()
    for now, certain, possible in map(owners.truths, states):
        labels: tuple[Label, ...] = ((alone, (certain, possible)), (together, now))
        choices.add(Choice(now, labels))
    return sorted(choices, key=repr)


class _Owners:
    """The measures of some tests on owners, and who may be added."""

    def __init__(self, tests: Tests, answers: Answers) -> None:
        self.measures = tuple(
            _Measure(test, way, answers.at(bit, number))
            for bit, test in tests
            if isinstance(test, OwnersTest)
            for number, way in enumerate(answers.ways)
        )
        self.lists: set[str] = set()
        self._groups: dict[tuple[_Kind, ...], int] = {}
        fixed = answers.memberships
        named = {str(name) for _, test in tests for name in test.mentioned}
        self._others = self._kinds(OTHER, fixed)
        for owner in sorted(named | {member for _, member in fixed}):
            group = self._kinds(owner, fixed)
            self._groups[group] = self._groups.get(group, 0) + 1
        self._views = 3 if self.lists else 1
        self._enough = tuple(one.enough for one in self.measures) * self._views

    def _kinds(self, owner: str, fixed: frozenset[OpenMembership]) -> tuple[_Kind, ...]:
        opens = sorted(
            {
                membership
                for one in self.measures
                for part in one.test.organisation
                for membership in part.opens(owner)
                if membership not in fixed
            }
        )
        if len(opens) > OPENS_MAX:
            raise TooMany
        self.lists.update(one for one, _ in opens)
        seen = [
            tuple(one.meets(owner, dict(zip(opens, each, strict=True))) for one in self.measures)
            for each in product((False, True), repeat=len(opens))
        ]
        certain = tuple(all(met) for met in zip(*seen, strict=True))
        possible = tuple(any(met) for met in zip(*seen, strict=True))
        return tuple(_Kind(meets, certain, possible) for meets in dict.fromkeys(seen))

    def truths(self, sums: Sums) -> tuple[int, ...]:
        """Which tests hold: now, at the least, and at the most."""
        count = len(self.measures)
        found = [self._truth(sums[at : at + count]) for at in range(0, len(sums), count)]
        return tuple(found if self.lists else found * 3)

    def _truth(self, sums: Sums) -> int:
        bits = 0
        for one, total in zip(self.measures, sums, strict=True):
            if one.holds(total):
                bits |= one.bits
        return bits

    def grown(self, shares: Shares) -> set[Sums] | None:
        """Everything that the known shares may grow to; None if that is too much."""
        known = tuple(
            sum(one.adds(percent) for owner, percent in shares if one.meets(owner, {}))
            for one in self.measures
        )
        settled = [group[0] for group in self._groups if len(group) == 1]
        start = {tuple(map(min, known * self._views, self._enough))}
        # Of organisations that nobody names there is any number, of each kind.
        states = self._closed(start, (*settled, *self._others))
        for group, many in self._groups.items():
            # One that is named is on a list or is not, whatever it owns.
            for _ in range(min(many, len(group)) if len(group) > 1 else 0):
                states = self._with_one_of(states, group)
        return states

    def each_by_itself(self, shares: Shares) -> list[int]:
        """Every test that is open is taken to be free: that allows for more than there is, so
        never for too little."""
        sums = [0]
        for one in self.measures:
            held = one.test.holds((shares, False), one.way)
            if held is None:
                sums += [bits | one.bits for bits in sums]
            elif held:
                sums = [bits | one.bits for bits in sums]
            if len(sums) > STATES_MAX:
                raise TooMany
        return sums

    def _with_one_of(self, states: set[Sums] | None, group: Iterable[_Kind]) -> set[Sums] | None:
        grown: set[Sums] = set()
        for kind in group:
            more = None if states is None else self._closed(states, (kind,))
            if more is None:
                return None
            grown |= more
        return grown

    def _closed(self, states: set[Sums], kinds: Iterable[_Kind]) -> set[Sums] | None:
        """The states with any number of owners of these kinds added."""
        steps = {step for kind in kinds for step in self._steps(kind)}
        found = set(states)
        fresh = list(found)
        while fresh:
            state = fresh.pop()
            for step in steps:
                grown = tuple(map(min, map(add, state, step), self._enough))
                if grown not in found:
                    if len(found) >= SUMS_MAX:
                        return None
                    found.add(grown)
                    fresh.append(grown)
        return found

    def _steps(self, kind: _Kind) -> set[Sums]:
        """What single owners of a kind add, of which any number of them is made up."""
        concerned = [
            one.test for one, meets in zip(self.measures, kind.possible, strict=True) if meets
        ]
        alone = tuple(dict.fromkeys(test.percent for test in concerned if not test.summed))
        views = (kind.meets, kind.certain, kind.possible)[: self._views]
        return {
            tuple(
                one.adds(percent) if met else 0
                for meets in views
                for one, met in zip(self.measures, meets, strict=True)
            )
            for percent in generators(alone, summed=any(test.summed for test in concerned))
        }


@lru_cache(maxsize=1024)
def generators(bounds: tuple[Between, ...], *, summed: bool) -> tuple[int, ...]:
    """Shares of which every other share is made up, as far as sums and these bounds on the share
    of one owner can tell; without sums, one of each kind."""
    hits = [frozenset(one for one in bounds if one.holds(share)) for share in SHARES]
    if not summed:
        return tuple(hits.index(kind) for kind in dict.fromkeys(hits))
    return tuple(
        share
        for share in SHARES
        if not any(
            hits[part] | hits[share - part] == hits[share] for part in range(1, share // 2 + 1)
        )
    )
