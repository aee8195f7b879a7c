"""Printed forms: a record that is nearly the same each time, encoded once and then filled.

A form is made from a leaf in which blanks stand where records differ, and filling it gives the
bytes that encoding the leaf would give.
"""

from __future__ import annotations

import re
from operator import itemgetter

from licet.evidence import Leaf, encode

TEXTS: tuple[str, ...] = tuple(f"\x00{n}" for n in range(10))
"""Blanks for texts, by number. Control characters are in no identifier; whoever prints a text
that others chose looks first (`str.isprintable`)."""

NUMBERS: tuple[int, ...] = tuple(9_007_199_254_740_000 + n for n in range(10))
"""Blanks for integers: the last that a record can hold, where nothing is counted."""

_BLANK = re.compile(r"(?:\\u0000|900719925474000)(\d)")


class Form:
    """A canonical record with two blanks or more."""

    __slots__ = ("_in_order", "_printed")

    def __init__(self, leaf: Leaf) -> None:
        pieces = _BLANK.split(encode(leaf).decode().replace("%", "%%"))
        self._printed = "%s".join(pieces[::2])
        self._in_order = itemgetter(*(int(number) for number in pieces[1::2]))

    def fill(self, *values: object) -> bytes:
        """The record with `values[n]` in each blank `n`. Texts must need no escape in JSON."""
        filled: str = self._printed % self._in_order(values)
        return filled.encode()
