"""The verdict tables of June 2026, made by the code that decides, held against the facts."""

from __future__ import annotations

from pathlib import Path

import pytest

from licet.policy import Moment, Ruleset, Snapshot, Verdict, naive
from tests.golden.persons import COLUMNS, NOON, PERSONS, read_example

GOLDEN = Path(__file__).parent / "verdicts.txt"
SIGNS = {Verdict.PERMITTED: "P", Verdict.REFUSED: "-", Verdict.UNDETERMINED: "?"}

# As the reports of the time have it; written by hand, not made.
READING_A = """
P P - P - P -
P P P P - P -
P - - - - P -
P P - P - P -
P - - - - P -
P P - P - P -
P - - - P P P
P - - - - P -
P - - - P P P
P ? - ? - P -
P ? ? ? P P P
P P - P - P -
P ? - ? - P -
"""
# The other reading refuses one person more: a US citizen at an EU company, Fable, both days.
READING_B = READING_A.splitlines()
READING_B[6] = "P - - - - P -"
EXPECTED = {"a": READING_A.strip().splitlines(), "b": READING_B[1:]}


def verdicts(reading: str) -> list[str]:
    """One line of signs per person."""
    configuration = read_example(reading)
    assert configuration.faults == ()
    snapshot = Snapshot.of(configuration.sources)
    lines = []
    for one in PERSONS:
        signs = []
        for day, model in COLUMNS:
            ruleset = snapshot.select(NOON[day])
            known = ruleset.know(one.profile, one.organisation, one.workload, NOON[day])
            signs.append(SIGNS[ruleset.decide(known, model, "anthropic").verdict])
        lines.append(" ".join(signs))
    return lines


def table() -> str:
    """The golden file: both readings, what differs between them in the second."""
    heads = [f"{day} {model.split('-')[1]}" for day, model in COLUMNS]
    text = ["P permitted, - refused, ? undetermined; noon UTC of each day", "", *heads, ""]
    first = verdicts("a")
    text.append("reading A: follows the person")
    text += [f"{one.name:36}{line}" for one, line in zip(PERSONS, first, strict=True)]
    text += ["", "reading B: the person or the recipient organisation; what differs"]
    text += [
        f"{one.name:36}{line}"
        for one, line, before in zip(PERSONS, verdicts("b"), first, strict=True)
        if line != before
    ]
    return "\n".join(text) + "\n"


@pytest.mark.parametrize("reading", ["a", "b"])
def test_verdicts_are_those_of_the_facts(reading: str) -> None:
    assert verdicts(reading) == EXPECTED[reading]


def test_golden_file_is_what_the_code_decides() -> None:
    assert GOLDEN.read_text() == table()


@pytest.mark.parametrize("reading", ["a", "b"])
def test_interpreter_agrees_on_every_cell(reading: str) -> None:
    sources = read_example(reading).sources
    judged = [
        " ".join(
            SIGNS[
                naive.judge(
                    sources,
                    profile=one.profile,
                    organisation=one.organisation,
                    workload=one.workload,
                    model=model,
                    endpoint="anthropic",
                    moment=Moment(valid_at=NOON[day]),
                ).verdict
            ]
            for day, model in COLUMNS
        )
        for one in PERSONS
    ]
    assert judged == EXPECTED[reading]


def ruleset_of(day: str) -> Ruleset:
    return Snapshot.of(read_example().sources).select(NOON[day])


def test_unproven_person_is_asked_for_one_bit_before_a_passport() -> None:
    ruleset = ruleset_of("13 Jun")
    unproven = PERSONS[9]
    known = ruleset.know(unproven.profile, unproven.organisation, "code-review", NOON["13 Jun"])
    decision = ruleset.decide(known, "claude-fable-5", "anthropic")
    assert decision.missing == (("us_person",), ("nationality",))
    assert decision.deciding == ("us-commerce-2026-06-12",)


def test_annex_employee_is_relieved_by_the_second_letter_alone() -> None:
    ruleset = ruleset_of("27 Jun")
    employee = PERSONS[6]
    known = ruleset.know(employee.profile, employee.organisation, "code-review", NOON["27 Jun"])
    decision = ruleset.decide(known, "claude-mythos-5", "anthropic")
    assert decision.relieving == ("us-commerce-2026-06-26",)


def test_other_models_are_nobodys_business() -> None:
    ruleset = ruleset_of("13 Jun")
    for one in PERSONS:
        known = ruleset.know(one.profile, one.organisation, one.workload, NOON["13 Jun"])
        assert ruleset.decide(known, "claude-opus-4.8", "anthropic").permitted
