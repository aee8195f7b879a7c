"""Bitsets: one bit per row, one column per attribute that rows test.

A *row* is one alternative or one exception of one selected version. Each column answers, for
what is known of its attribute, two masks over all rows: `must`, rows whose test on it certainly
holds (or that do not test it), and `may`, rows whose test on it possibly holds. The AND of the
columns is exactly what each row's conditions, taken one by one, say.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import msgspec

from licet.policy.holdings import NO_THRESHOLD, UNKNOWN, Holding, Threshold
from licet.policy.matching import ElementTest, some
from licet.policy.vocabulary import Attribute

Masks = tuple[int, int]
"""(must, may)."""

ELEMENTS_MAX = 8192
"""Distinct elements a column remembers before it forgets them all: memory stays bounded even
where callers make up values."""


class ColumnKey(msgspec.Struct, frozen=True):
    """Rows whose conditions need the same holding share a column. `slot` keeps apart several
    tests of one row on one attribute."""

    attribute: Attribute
    threshold: Threshold = NO_THRESHOLD
    presumed: bool | int | str | None = None
    slot: int = 0


class Column:
    """One attribute as rows test it."""

    __slots__ = ("_elements", "_tests", "key", "silent")

    def __init__(self, key: ColumnKey, tests: dict[ElementTest, int], all_rows: int) -> None:
        self.key = key
        self._tests = tuple(tests.items())
        self._elements: dict[Hashable, Masks] = {}
        mentions = 0
        for rows in tests.values():
            mentions |= rows
        self.silent = all_rows & ~mentions

    def presume(self, holding: Holding) -> Holding:
        """What rows with a presumption take for granted where nothing is attested."""
        if self.key.presumed is None or holding.elements or holding.complete or holding.attested:
            return holding
        return Holding((self.key.presumed,), True, False)

    def masks(self, holding: Holding, all_rows: int) -> Masks:
        if self.key.presumed is not None:
            holding = self.presume(holding)
        if holding is UNKNOWN:
            return self.silent, all_rows
        certain = possible = self.silent
        seen = self._elements
        for element in holding.elements:
            found = seen.get(element)
            if found is None:
                found = self._learn(element)
            certain |= found[0]
            possible |= found[1]
        return certain, possible if holding.complete else all_rows

    def _learn(self, element: Hashable) -> Masks:
        certain = possible = 0
        for test, rows in self._tests:
            answer = test.holds(element)
            if answer is not False:
                possible |= rows
                if answer:
                    certain |= rows
        if len(self._elements) >= ELEMENTS_MAX:
            self._elements.clear()
        self._elements[element] = certain, possible
        return certain, possible


def answer(test: ElementTest, holding: Holding) -> bool | None:
    """One test on one holding, as `Column.masks` answers it for all rows at once."""
    found = some(test.holds(element) for element in holding.elements)
    return None if found is False and not holding.complete else found


def join(columns: Sequence[Masks], all_rows: int) -> Masks:
    must = may = all_rows
    for certain, possible in columns:
        must &= certain
        may &= possible
    return must, may
