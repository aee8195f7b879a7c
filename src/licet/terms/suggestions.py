"""What somebody probably meant: the nearest known word, as the help of a fault."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A question that names the nearest of `known`, or None if nothing is near."""
    near = get_close_matches(word, sorted(set(known) - {word}), n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else None
