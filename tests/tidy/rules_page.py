"""The table of docs/internals/rules.md: each sentence of docs/policy.md, and its tests."""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.tidy.tree import ROOT

HEADS = "says what follows"
"""Of a sentence that says nothing by itself: the head of a table, the word that opens a page."""

_ROW = re.compile(r"^\| (\d+) \| (.*) \| ([^|]*) \|$")
_TEST = re.compile(r"`([\w/]+\.py::test_\w+)`")


class Row(NamedTuple):
    """One sentence; `cell` as written, and in it `tests` as `path::name`, below `tests/`."""

    number: int
    sentence: str
    cell: str

    @property
    def tests(self) -> tuple[str, ...]:
        return tuple(_TEST.findall(self.cell))


def rows() -> list[Row]:
    page = (ROOT / "docs/internals/rules.md").read_text(encoding="utf-8")
    found = [_ROW.match(line) for line in page.splitlines()]
    return [Row(int(one[1]), one[2], one[3]) for one in found if one]
