"""What makes one sentence of docs/policy.md false."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_ENGINE = "src/licet/policy/"
_NAIVE = "src/licet/policy/naive/"


class Edit(NamedTuple):
    """`old`, which stands once in the file at `path` (from the root), becomes `new`."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class SentenceFault:
    """One way in which the code may not do what a sentence says.

    `of`: words that stand in that sentence and in no other.
    """

    of: str
    what: str
    edits: tuple[Edit, ...]

    @property
    def variants(self) -> dict[str, tuple[Edit, ...]]:
        """What is put in place together, by where it is.

        What is wrong in two places alike does not show when they are compared; so where both
        readings of the rules are given, tests must notice each alone and both together.
        """
        slow = tuple(edit for edit in self.edits if edit.path.startswith(_NAIVE))
        fast = tuple(edit for edit in self.edits if edit not in slow)
        if not slow:
            return {"": fast}
        if not fast:
            return {"interpreter": slow}
        return {"engine": fast, "interpreter": slow, "both": self.edits}


def fault(of: str, what: str, *edits: Edit) -> SentenceFault:
    return SentenceFault(of, what, edits)


def engine(path: str, old: str, new: str) -> Edit:
    """In the package that compiles and decides."""
    return Edit(_ENGINE + path, old, new)


def naive(path: str, old: str, new: str) -> Edit:
    """In the interpreter."""
    return Edit(_NAIVE + path, old, new)


def texts(root: Path, edits: tuple[Edit, ...]) -> dict[Path, str]:
    """The files below `root` as the edits make them; `ValueError` if one does not apply."""
    found: dict[Path, str] = {}
    for edit in edits:
        path = root / edit.path
        text = found.get(path) or path.read_text(encoding="utf-8")
        if text.count(edit.old) != 1:
            raise ValueError(f"{edit.path}: not once, but {text.count(edit.old)} times: {edit.old}")
        found[path] = text.replace(edit.old, edit.new)
    return found
