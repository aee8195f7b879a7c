"""Which owners there may be whom nobody attested, as far as the tests on owners can tell.

What owners are to the tests adds up: a share to each sum, a hit to each test on one owner. Owners
are added one after another until nothing is new; a sum is followed until it has passed the bounds
of its test. Several tests are followed together, because one owner counts in all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache, partial, reduce
from itertools import chain
from operator import add, or_

import msgspec

from licet.policy.choices import STATES_MAX, Choice
from licet.policy.matching import OTHER, Between, OwnersTest, Shares, every
from licet.policy.rolls import Answers, Assumed
from licet.policy.sightings import Opened, Seen, Tests, TooMany

SUMS_MAX = 4096
"""Combinations of sums beyond which each test is taken to turn out by itself."""

SHARES = range(101)

Sums = tuple[int, ...]
"""What all owners together are to each measure: here; and, for each set of lists that may be
attested, at the least and at the most."""


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


def owner_choices(name: str, shares: Shares, tests: Tests, answers: Answers) -> list[Choice]:
    """Every way in which the tests on owners of whom not all are known may turn out together."""
    owners = _Owners(tests, answers)
    states = owners.grown(shares)
    if states is None:
        together = frozenset({name, *(f"list.{one}" for one in owners.opened.lists)})
        return [Choice(bits, ((together, bits),)) for bits in owners.each_by_itself(shares)]
    seen = set(map(owners.seen, states))
    choices = [Choice(one.bits, owners.opened.labels(name, one)) for one in seen]
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
        named = {str(name) for _, test in tests for name in test.mentioned}
        named |= {member for _, member in answers.memberships}
        elements = {owner: (((owner, 0),), True) for owner in (*sorted(named), OTHER)}
        self.opened = Opened(tests, elements.values(), answers)
        kinds = {
            owner: tuple(
                dict.fromkeys(self.opened.sightings((element,), partial(self._met, owner)))
            )
            for owner, element in elements.items()
        }
        self._others = kinds.pop(OTHER)
        self._groups = Counter(kinds.values())
        views = len(_views(self._others[0]))
        self._enough = tuple(one.enough for one in self.measures) * views

    def _met(self, owner: str, local: Assumed) -> int:
        """The measures that an organisation meets, as bits."""
        return sum(
            1 << number for number, one in enumerate(self.measures) if one.meets(owner, local)
        )

    def seen(self, sums: Sums) -> Seen:
        """What the tests make of all owners together."""
        count = len(self.measures)
        now, *rest = (self._truth(sums[at : at + count]) for at in range(0, len(sums), count))
        return Seen(now, tuple(zip(rest[::2], rest[1::2], strict=True)))

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
        views = len(self._enough) // len(known)
        start = {tuple(map(min, known * views, self._enough))}
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

    def _with_one_of(self, states: set[Sums] | None, group: Iterable[Seen]) -> set[Sums] | None:
        grown: set[Sums] = set()
        for kind in group:
            more = None if states is None else self._closed(states, (kind,))
            if more is None:
                return None
            grown |= more
        return grown

    def _closed(self, states: set[Sums], kinds: Iterable[Seen]) -> set[Sums] | None:
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

    def _steps(self, kind: Seen) -> set[Sums]:
        """What single owners of a kind add, of which any number of them is made up."""
        views = _views(kind)
        anyhow = reduce(or_, views)
        concerned = [one.test for at, one in enumerate(self.measures) if anyhow >> at & 1]
        alone = tuple(dict.fromkeys(test.percent for test in concerned if not test.summed))
        return {
            tuple(
                one.adds(percent) if view >> at & 1 else 0
                for view in views
                for at, one in enumerate(self.measures)
            )
            for percent in generators(alone, summed=any(test.summed for test in concerned))
        }


def _views(kind: Seen) -> tuple[int, ...]:
    """Here; then, for each set of lists that may be attested, in all ways and in any."""
    return (kind.bits, *chain.from_iterable(kind.hulls))


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
