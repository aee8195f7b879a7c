"""What to attest: the minimal sets of attributes that settle an undetermined verdict. Pure."""

from __future__ import annotations

from itertools import combinations

from licet.policy.naive.completions import Completion

INTRUSIVENESS = (
    "us_person", "engagement", "place", "tier", "organisation.", "workload.", "model.",
    "endpoint.", "list.", "", "nationality",
)  # fmt: skip
"""What is asked for first, section 4: one bit about a person, and papers last. What somebody
declared of a subject has a name of its own (the empty prefix)."""


def missing_sets(ways: list[Completion], permits: list[bool]) -> tuple[tuple[str, ...], ...]:
    """Missing sets, section 4: the minimal sets of attributes that settle it, whatever they are.

    A set settles it if completions that agree on the set agree on the verdict.
    """
    names = [
        name for name in sorted(ways[0].labels) if len({repr(way.labels[name]) for way in ways}) > 1
    ]
    found: list[tuple[str, ...]] = []
    for size in range(1, len(names) + 1):
        for candidate in combinations(names, size):
            if any(set(smaller) <= set(candidate) for smaller in found):
                continue
            verdicts: dict[str, bool] = {}
            if all(
                verdicts.setdefault(repr([way.labels[name] for name in candidate]), permitted)
                is permitted
                for way, permitted in zip(ways, permits, strict=True)
            ):
                found.append(candidate)
    ordered = [tuple(sorted(each, key=_intrusiveness)) for each in found]
    return tuple(sorted(ordered, key=_burden))


def _intrusiveness(name: str) -> tuple[int, str]:
    ranks = [
        rank
        for rank, prefix in enumerate(INTRUSIVENESS)
        if name == prefix or (prefix.endswith(".") and name.startswith(prefix))
    ]
    return (ranks[0] if ranks else INTRUSIVENESS.index(""), name)


def _burden(names: tuple[str, ...]) -> list[tuple[int, str]]:
    """By the most intrusive of each, then by the next."""
    return [_intrusiveness(name) for name in reversed(names)]
