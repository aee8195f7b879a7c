"""The counts: what makes a run fail, and the object for programs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from licet.demo.evidence import Evidence
from licet.demo.hearing import Heard, Kind
from licet.demo.judge import Said
from licet.demo.persons import COLUMNS, DIALECTS, PERSONS, Column, Dialect, Person
from licet.demo.requests import Ask
from licet.demo.tally import Report, Tally, verdicts
from licet.policy import Verdict

SOUND = Evidence(records=20, verified=True)


def heard(verdict: Verdict, model: str) -> Heard:
    if verdict is Verdict.PERMITTED:
        return Heard(kind=Kind.ANSWERED, model=model)
    return Heard(kind=Kind.REFUSED, verdict=verdict)


def cell(person: Person, column: Column, dialect: Dialect, got: Heard) -> Said:
    asked = Ask(case="1", person=person, dialect=dialect, name=column.model, stream=False)
    return Said(ask=asked, heard=got, at=column.at, until=column.at)


def as_expected() -> list[Said]:
    return [
        cell(person, column, dialect, heard(expected, column.model))
        for person in PERSONS
        for column, expected in zip(COLUMNS, person.expected, strict=True)
        for dialect in DIALECTS
    ]


def tally(**changed: Any) -> Tally:
    sound = Tally(
        id="developer",
        requests=10,
        answered=6,
        rerouted=2,
        refused=4,
        cut=1,
        unavailable=1,
        blanket_refused=9,
        unlawful=(),
        wrongly_refused=(),
        lost=(),
        verdicts=verdicts(as_expected()),
        evidence=SOUND,
    )
    return msgspec.structs.replace(sound, **changed)


def test_a_run_as_expected_is_right() -> None:
    report = Report(passes=(tally(), tally(id="deployer", verdicts=())))
    assert report.ok
    assert len(report.verdicts) == 13 * 7
    assert report.passes[0].wrongs == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"unlawful": ("1: somebody was served",)},
        {"wrongly_refused": ("1: somebody was refused",)},
        {"lost": ("1: nothing was heard",)},
        {"evidence": Evidence(records=20, verified=False, findings=("a leaf is missing",))},
        {"verdicts": verdicts([])},
    ],
)
def test_each_wrong_alone_fails_the_run_and_is_named(changed: dict[str, Any]) -> None:
    report = Report(passes=(tally(), tally(**changed)))
    assert not report.ok
    assert report.passes[1].wrongs


def test_a_verdict_that_nobody_asked_for_is_not_as_expected() -> None:
    seen = verdicts(as_expected()[2:])
    assert [one.got for one in seen if not one.is_right] == ["nothing"]


def test_a_verdict_counts_only_if_both_dialects_say_it() -> None:
    other = cell(PERSONS[0], COLUMNS[0], "chat", heard(Verdict.REFUSED, COLUMNS[0].model))
    wrong = [one for one in verdicts([*as_expected(), other]) if not one.is_right]
    assert [(one.person, one.got) for one in wrong] == [(PERSONS[0].row, "permitted, refused")]


def test_an_answer_by_another_model_is_no_permission() -> None:
    said = as_expected()
    said[0] = cell(PERSONS[0], COLUMNS[0], "chat", heard(Verdict.PERMITTED, "claude-opus-4.8"))
    said[1] = cell(PERSONS[0], COLUMNS[0], "messages", heard(Verdict.PERMITTED, "claude-opus-4.8"))
    assert verdicts(said)[0].got == "answered by claude-opus-4.8"


def test_the_object_has_exactly_what_is_promised() -> None:
    document = Report(passes=(tally(lost=("1: gone",)), tally(id="deployer"))).document()
    assert list(document) == [
        "requests",
        "answered",
        "rerouted",
        "refused",
        "unlawful",
        "wrongly_refused",
        "lost",
        "blanket_refused",
        "verdicts",
        "evidence",
    ]
    assert (document["requests"], document["lost"], document["unlawful"]) == (20, 1, 0)
    assert document["evidence"] == {"records": 40, "verified": True}
    assert document["verdicts"][0] == {
        "person": "US citizen, employee of a US firm outside the programme",
        "model": "claude-fable-5",
        "at": "2026-06-10T12:00:00.000000Z",
        "expected": "permitted",
        "got": "permitted",
    }
