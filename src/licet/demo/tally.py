"""The counts of a pass and of the whole: what the JSON object says and the summary tells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from licet.demo.evidence import Evidence
from licet.demo.hearing import Heard, Kind
from licet.demo.judge import Said
from licet.demo.persons import COLUMNS, PERSONS, Column, Person
from licet.policy import Verdict
from licet.terms import Instant, format_instant

EXAMPLES_MAX = 5


class VerdictSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of the verdict table. `got`: what everybody who asked was told over HTTP, in both
    dialects, streamed and whole; several words where they were not told the same."""

    person: str
    model: str
    at: Instant
    expected: Verdict
    got: str

    @property
    def is_right(self) -> bool:
        return self.got == self.expected


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """One pass. What went wrong is a sentence each; the rest are numbers of requests."""

    id: str
    requests: int
    answered: int
    rerouted: int
    refused: int
    cut: int
    unavailable: int
    blanket_refused: int
    unlawful: tuple[str, ...]
    wrongly_refused: tuple[str, ...]
    lost: tuple[str, ...]
    verdicts: tuple[VerdictSeen, ...]
    evidence: Evidence
    seconds: float = 0.0

    @property
    def wrongs(self) -> tuple[str, ...]:
        """Some of what went wrong, of each sort."""
        wrong_verdicts = [
            f"wrong verdict: {one.person}, `{one.model}` at {format_instant(one.at)}:"
            f" expected {one.expected}, got {one.got}"
            for one in self.verdicts
            if not one.is_right
        ]
        return (
            *(f"unlawful: {one}" for one in self.unlawful[:EXAMPLES_MAX]),
            *(f"wrongly refused: {one}" for one in self.wrongly_refused[:EXAMPLES_MAX]),
            *(f"lost: {one}" for one in self.lost[:EXAMPLES_MAX]),
            *wrong_verdicts[:EXAMPLES_MAX],
            *(f"evidence: {one}" for one in self.evidence.findings[:EXAMPLES_MAX]),
        )


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Both passes."""

    passes: tuple[Tally, ...]

    @property
    def ok(self) -> bool:
        """Nothing unlawful, nobody wrongly refused, nothing lost, every verdict as expected, and
        the evidence sound."""
        return not any(
            one.unlawful or one.wrongly_refused or one.lost or not one.evidence.verified
            for one in self.passes
        ) and all(seen.is_right for seen in self.verdicts)

    @property
    def verdicts(self) -> tuple[VerdictSeen, ...]:
        return tuple(seen for one in self.passes for seen in one.verdicts)

    def total(self, name: str) -> int:
        """The sum over the passes of a count, or of the number of sentences."""
        values = [getattr(one, name) for one in self.passes]
        return sum(value if isinstance(value, int) else len(value) for value in values)

    def document(self) -> dict[str, Any]:
        """The object that `licet demo --json` prints."""
        counts = (
            "requests",
            "answered",
            "rerouted",
            "refused",
            "unlawful",
            "wrongly_refused",
            "lost",
            "blanket_refused",
        )
        return {
            **{name: self.total(name) for name in counts},
            "verdicts": [
                {
                    "person": seen.person,
                    "model": seen.model,
                    "at": format_instant(seen.at),
                    "expected": seen.expected.value,
                    "got": seen.got,
                }
                for seen in self.verdicts
            ],
            "evidence": {
                "records": sum(one.evidence.records for one in self.passes),
                "verified": all(one.evidence.verified for one in self.passes),
            },
        }


def told(heard: Heard, model: str) -> str:
    """What a caller who named `model` was told: a verdict, or what else befell."""
    if heard.kind is Kind.ANSWERED:
        return Verdict.PERMITTED if heard.model == model else f"answered by {heard.model}"
    return heard.verdict if heard.kind is Kind.REFUSED else heard.kind


def verdicts(said: Sequence[Said]) -> tuple[VerdictSeen, ...]:
    """The verdict table as it was heard, while the clock stood."""
    return tuple(
        _seen(person, column, person.expected[index], said)
        for person in PERSONS
        for index, column in enumerate(COLUMNS)
    )


def _seen(person: Person, column: Column, expected: Verdict, said: Iterable[Said]) -> VerdictSeen:
    words = {
        told(one.heard, column.model)
        for one in said
        if one.at == one.until == column.at
        and one.ask.name == column.model
        and one.ask.person is person
    }
    return VerdictSeen(
        person=person.row,
        model=column.model,
        at=column.at,
        expected=expected,
        got=", ".join(sorted(words)) or "nothing",
    )
