"""What tests make of an element that nobody attested, and what an attestation would tell of it.

A list may leave open whether such an element is a member. Then attesting the element tells less
than attesting the list as well: in between lies what holds in all ways in which the lists that
stay open may answer, and what holds in any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import combinations, product

import msgspec

from licet.policy.matching import ElementTest
from licet.policy.rolls import Answers, Assumed, OpenMembership

OPENS_MAX = 8
"""Open memberships of one element beyond which the verdict stays undetermined."""

LISTS_MAX = 4
"""Lists of which each set is looked at by itself; of more, none of them and all of them."""

Label = tuple[frozenset[str], Hashable]
"""What is revealed once all the named attributes are attested."""

Tests = tuple[tuple[int, ElementTest], ...]
"""(bit, test) of every open test on one attribute."""

Hull = tuple[int, int]
"""Tests that hold in all ways, and those that hold in any."""


class TooMany(Exception):
    """There are more completions than the bound allows; caught where they are counted."""


class Seen(msgspec.Struct, frozen=True):
    """What the tests make of something: `bits` here; `hulls`, for each set of lists that may be
    attested, over all ways in which the others may answer."""

    bits: int
    hulls: tuple[Hull, ...] = ()

    def __or__(self, other: Seen) -> Seen:
        return Seen(
            self.bits | other.bits,
            tuple(
                (certain | also, possible | perhaps)
                for (certain, possible), (also, perhaps) in zip(
                    self.hulls, other.hulls, strict=True
                )
            ),
        )


class Opened:
    """The lists that leave open what elements of one attribute are, as far as no other attribute
    shares in the answer."""

    def __init__(self, tests: Tests, elements: Iterable[Hashable], answers: Answers) -> None:
        self._tests = tests
        self._shared = answers.memberships
        self.lists = sorted({one for element in elements for one, _ in self._opens((element,))})
        sizes = range(len(self.lists)) if len(self.lists) <= LISTS_MAX else (0,)
        self._attested = [
            frozenset(some) for size in sizes for some in combinations(self.lists, size)
        ]
        if not self.lists:
            self._attested = []

    def ways(self, elements: Sequence[Hashable]) -> list[Assumed]:
        """How lists may answer what they leave open of these elements; raises `TooMany`."""
        opens = self._opens(elements)
        if len(opens) > OPENS_MAX:
            raise TooMany
        return [
            dict(zip(opens, each, strict=True))
            for each in product((False, True), repeat=len(opens))
        ]

    def sightings(self, elements: Sequence[Hashable], held: Callable[[Assumed], int]) -> list[Seen]:
        """`held` of these elements together, in each way in which lists may answer."""
        found = [(way, held(way)) for way in self.ways(elements)]
        return [
            Seen(bits, tuple(self._hull(way, found, attested) for attested in self._attested))
            for way, bits in found
        ]

    def settled(self, bits: int) -> Seen:
        """Something of which no list leaves anything open."""
        return Seen(bits, ((bits, bits),) * len(self._attested))

    def labels(self, name: str, seen: Seen, besides: Hashable = None) -> tuple[Label, ...]:
        """What attesting the attribute reveals, alone and with lists; and `besides`, anyhow."""
        alone = frozenset({name})
        revealed = [
            (alone | {f"list.{one}" for one in attested}, (besides, hull))
            for attested, hull in zip(self._attested, seen.hulls, strict=True)
        ]
        everything = alone | {f"list.{one}" for one in self.lists}
        return (*revealed, (everything, (besides, seen.bits)))

    def _opens(self, elements: Sequence[Hashable]) -> list[OpenMembership]:
        opens = frozenset[OpenMembership]().union(
            *(test.opens(element) for _, test in self._tests for element in elements)
        )
        return sorted(opens - self._shared)

    def _hull(
        self, way: Assumed, found: Sequence[tuple[Assumed, int]], attested: frozenset[str]
    ) -> Hull:
        """Over the ways that answer as this one does where these lists are asked."""
        certain, possible = -1, 0
        for other, bits in found:
            if all(other[one] is there for one, there in way.items() if one[0] in attested):
                certain &= bits
                possible |= bits
        return certain, possible


def held(
    tests: Tests, elements: Iterable[Hashable], answers: Answers, local: Assumed | None = None
) -> int:
    """The tests that hold of one of these elements, in each way of `answers`."""
    seen = tuple(elements)

    def bits_in(way: Assumed) -> int:
        assumed = {**way, **local} if local else way
        bits = 0
        for bit, test in tests:
            if any(test.holds(element, assumed) for element in seen):
                bits |= bit
        return bits

    return answers.spread(bits_in)
