"""An engine that we did not write is asked the same questions, and gives the same answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import cedarpy
import pytest

from licet.policy import Action, Kind, Moment, cedar
from licet.policy.rules import Compiler, Rule
from licet.terms import UNKNOWN_PERSON, to_instant
from tests.property import generated
from tests.property.directed import Directions
from tests.property.oracle import (
    Exam,
    alone,
    count,
    disagreements,
    examples,
    joint_exams,
    single_exams,
)

SEEDS = range(6)


@cache
def single() -> tuple[Exam, ...]:
    """Every directive of the examples and of generated sources, each alone."""
    drawn = [generated.sources(seed) for seed in SEEDS]
    return tuple(
        exam
        for sources in (*(sources for _, sources in examples()), *drawn)
        for exam in single_exams(sources)
    )


@cache
def lacking() -> tuple[Exam, ...]:
    """Every directive of more sources alone, asked of those of whom one thing is unknown."""
    return tuple(
        exam
        for seed in range(SEEDS.stop, SEEDS.stop + 24)
        for sources in [generated.sources(seed)]
        for directive in sources.directives
        for exam in alone(sources, directive, Directions(sources).lacking(directive))
    )


@cache
def joint() -> tuple[Exam, ...]:
    """All directives of the examples, and of generated sources, together."""
    exams: list[Exam] = []
    for name, sources in examples():
        exams += joint_exams(name, sources, frozenset(), limit=400)
    for seed in range(11):
        sources = generated.sources(seed)
        exams += joint_exams(f"seed {seed}", sources, generated.ENFORCERS, limit=150)
    return tuple(exams)


def some(found: Iterator[str], most: int = 3) -> list[str]:
    return [text for _, text in zip(range(most), found, strict=False)]


def test_each_directive_alone_is_decided_as_cedar_decides_it() -> None:
    assert some(disagreements(single())) == []
    assert count(single()) >= 40_000


def test_what_is_unknown_is_open_where_cedar_gives_both_answers() -> None:
    assert some(disagreements(lacking())) == []
    unknown = sum(one.allowed is None for exam in lacking() for one in exam.questions)
    assert unknown >= 40


def test_the_whole_set_is_decided_as_cedar_decides_it() -> None:
    assert some(disagreements(joint())) == []
    assert count(joint()) >= 2_000


def test_the_questions_have_all_answers() -> None:
    for exams in (single(), joint()):
        answers = Counter(one.allowed for exam in exams for one in exam.questions)
        assert min(answers[True], answers[False]) > 0.05 * count(exams)


def without_exceptions(rule: Rule) -> None:
    object.__setattr__(rule, "exceptions", 0)


def without_alternatives_but_one(rule: Rule) -> None:
    object.__setattr__(rule, "applies", rule.applies & -rule.applies)


@pytest.mark.parametrize("broken", [without_exceptions, without_alternatives_but_one])
def test_a_broken_compiler_is_caught(broken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = Compiler.add

    def add(self: Compiler, *arguments: Any) -> None:
        before = len(self.rules)
        sound(self, *arguments)
        for rule in self.rules[before:]:
            broken(rule)

    monkeypatch.setattr(Compiler, "add", add)
    assert some(disagreements(single()), 1)
    assert some(disagreements(joint()), 1)


def test_a_person_of_whom_something_is_unknown_is_refused_with_an_error() -> None:
    """Cedar skips a `forbid` that it cannot evaluate, so an error has to count as refusal."""
    sources = next(sources for _, sources in examples())
    restriction = next(
        one
        for one in sources.directives
        if one.kind is Kind.RESTRICTION and "us-commerce" in one.id
    )
    export = cedar.export_directive(sources, restriction.id)
    since = restriction.versions[0].effective_from
    moment = Moment(valid_at=to_instant(since))
    found = cedar.entities(export, sources, {"nobody": UNKNOWN_PERSON}, moment)
    assert ("Person", "nobody") in found.left_out
    answer = cedarpy.is_authorized(
        cedar.request(
            export,
            sources,
            person="nobody",
            organisation=sources.organisations[0].id,
            workload=sources.workloads[0].id,
            model="claude-fable-5",
            endpoint=sources.endpoints[0].id,
            action=Action.INFERENCE,
            moment=moment,
        ),
        export.policies,
        list(found.document),
        export.schema,
    )
    assert answer.allowed
    assert answer.diagnostics.errors
