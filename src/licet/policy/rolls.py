"""Lists as they stand in one window: who is a member, who is not, and who may be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import msgspec

from licet.catalog import ListKind


class Roll(msgspec.Struct, frozen=True):
    """The membership of one list. `certain` are members throughout the window; `possible`
    are members in a part of it; of everybody else `closed` says that they are none. `kind` None:
    of a list that does not exist, which says nothing of anybody."""

    id: str
    kind: ListKind | None
    certain: frozenset[str]
    possible: frozenset[str]
    closed: bool

    def holds(self, name: str) -> bool | None:
        """True: a member, False: not a member, None: the list does not say."""
        if name in self.certain:
            return True
        if not self.closed or name in self.possible:
            return None
        return False

    @property
    def mentioned(self) -> frozenset[str]:
        return self.certain | self.possible


def unwritten(name: str) -> Roll:
    """The roll of a list that does not exist: everybody may be on it."""
    return Roll(name, None, frozenset(), frozenset(), closed=False)


OpenMembership = tuple[str, str]
"""(list id, member): a membership that its list leaves open."""

Assumed = dict[OpenMembership, bool]
"""What one completion takes open memberships to be."""


class Answers:
    """All ways in which lists may answer what they leave open, side by side.

    What tests make of a value is one number, with `width` bits for each way: so a value is told
    from another by what holds of it whatever the lists say, and not by what they say.
    """

    __slots__ = ("_order", "_repeated", "_width", "ways")

    def __init__(self, memberships: Sequence[OpenMembership], width: int) -> None:
        self._order = tuple(memberships)
        self._width = width
        self.ways: tuple[Assumed, ...] = tuple(
            dict(zip(self._order, answers, strict=True))
            for answers in product((False, True), repeat=len(self._order))
        )
        self._repeated = sum(1 << (way * width) for way in range(len(self.ways)))

    @property
    def memberships(self) -> frozenset[OpenMembership]:
        return frozenset(self._order)

    def spread(self, bits_in: Callable[[Assumed], int]) -> int:
        """What holds in each way, as one number."""
        wide = 0
        for number, way in enumerate(self.ways):
            wide |= self.at(bits_in(way), number)
        return wide

    def at(self, bits: int, number: int) -> int:
        """What holds in one of the ways, as part of such a number."""
        return bits << (number * self._width)

    def everywhere(self, bits: int) -> int:
        """What holds in every way alike, as one number."""
        return bits * self._repeated

    def within(self, wide: int, assumed: Assumed) -> int:
        """Of one number, what holds in the way that `assumed` (more memberships or the same)
        comes to."""
        number = 0
        for membership in self._order:
            number = 2 * number + assumed[membership]
        return wide >> (number * self._width) & ((1 << self._width) - 1)
