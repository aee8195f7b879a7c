"""Real-world kinds of rules: what each says in English, and whom it refuses when.

`python -m tests.golden.test_rules` writes the golden files anew.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from licet.policy import (
    Decision,
    Moment,
    Snapshot,
    Verdict,
    cautions,
    directive_text,
    explain,
    naive,
    refusal_sentence,
    sentences,
)
from tests.golden.scenarios import SCENARIOS, Row, Scenario, noon, read_folder

HERE = Path(__file__).parent
VERDICTS, ENGLISH = HERE / "rules_verdicts.txt", HERE / "rules_english.txt"
REASONS = HERE / "rules_reasons.txt"
SIGNS = {Verdict.PERMITTED: "P", Verdict.REFUSED: "-", Verdict.UNDETERMINED: "?"}
BY_NAME = {one.name: one for one in SCENARIOS}


@cache
def snapshot_of(folder: str) -> Snapshot:
    configuration = read_folder(folder)
    assert configuration.faults == ()
    return Snapshot.of(configuration.sources)


def decide(scenario: Scenario, row: Row, day: str) -> Decision:
    """By the engine."""
    at = noon(day)
    ruleset = snapshot_of(scenario.folder).select(at)
    known = ruleset.know(row.profile, row.organisation, row.workload, at)
    return ruleset.decide(known, row.model, row.endpoint, row.action)


def judge(scenario: Scenario, row: Row, day: str) -> Decision:
    """By the interpreter."""
    return naive.judge(
        snapshot_of(scenario.folder).sources,
        profile=row.profile,
        organisation=row.organisation,
        workload=row.workload,
        model=row.model,
        endpoint=row.endpoint,
        action=row.action,
        moment=Moment(valid_at=noon(day)),
    )


def sign(decision: Decision) -> str:
    observed = decision.permitted and decision.observed_verdict is not None
    return "o" if observed else SIGNS[decision.verdict]


def why(decision: Decision) -> str:
    """Everything of a decision but its verdict, in one line."""
    words = []
    for name in ("deciding", "relieving", "observed"):
        if ids := getattr(decision, name):
            words.append(f"{name} {', '.join(ids)}")
    if decision.missing:
        words.append("missing " + " or ".join(" and ".join(names) for names in decision.missing))
    if decision.duties:
        words.append("duties " + ", ".join(duty.kind for duty in decision.duties))
    return "; ".join(words)


def verdicts() -> str:
    lines = ["P permitted, - refused, ? undetermined, o permitted and observed to be otherwise;"]
    lines.append("noon UTC of each day")
    for scenario in SCENARIOS:
        lines += ["", scenario.name, f"  {'':50}{' '.join(scenario.dates)}"]
        for row in scenario.rows:
            found = [decide(scenario, row, day) for day in scenario.dates]
            lines.append(f"  {row.who:50}{'          '.join(sign(one) for one in found)}")
            reasons = dict.fromkeys(filter(None, map(why, found)))
            lines += [f"      {reason}" for reason in reasons]
    return "\n".join(lines) + "\n"


def reasons() -> str:
    """For each scenario its refusals, as the caller and as the officer read them."""
    lines: list[str] = []
    for scenario in SCENARIOS:
        snapshot = snapshot_of(scenario.folder)
        for row in scenario.rows:
            days = [day for day in scenario.dates if not decide(scenario, row, day).permitted]
            for day in days[-1:]:
                lines += ["", f"{scenario.name}: {row.who}, {day}"]
                lines.append("  caller: " + refusal(scenario, row, day))
                explained = explain(
                    snapshot,
                    Moment(valid_at=noon(day)),
                    profile=row.profile,
                    organisation=row.organisation,
                    workload=row.workload,
                    model=row.model,
                    endpoint=row.endpoint,
                    action=row.action,
                )
                lines.append("  officer:")
                lines += [f"    {line}" for line in sentences(explained)]
    return "\n".join(lines[1:]) + "\n"


def refusal(scenario: Scenario, row: Row, day: str) -> str:
    return refusal_sentence(
        snapshot_of(scenario.folder).select(noon(day)),
        decide(scenario, row, day),
        model=row.model,
        workload=row.workload,
        permitted=(),
        contact="c@operator.example",
        request_id="01K",
    )


def english() -> str:
    texts = []
    for folder in ("june-2026", "rules"):
        directives = snapshot_of(folder).sources.directives
        texts += ["\n".join(directive_text(one, directives)) for one in directives]
    return "\n\n".join(texts) + "\n"


@pytest.mark.parametrize("by", [decide, judge])
@pytest.mark.parametrize("name", BY_NAME)
def test_verdicts_are_what_the_rules_say(
    name: str, by: Callable[[Scenario, Row, str], Decision]
) -> None:
    scenario = BY_NAME[name]
    for row in scenario.rows:
        found = "".join(sign(by(scenario, row, day)) for day in scenario.dates)
        assert (row.who, found) == (row.who, row.expected)


@pytest.mark.parametrize("name", BY_NAME)
def test_the_interpreter_agrees(name: str) -> None:
    scenario = BY_NAME[name]
    for row in scenario.rows:
        for day in scenario.dates:
            ours, theirs = decide(scenario, row, day), judge(scenario, row, day)
            assert sign(ours) == sign(theirs)
            assert sorted(ours.deciding) == sorted(theirs.deciding)
            assert sorted(ours.relieving) == sorted(theirs.relieving)
            assert set(map(frozenset, ours.missing)) == set(map(frozenset, theirs.missing))


def test_verdicts_are_as_on_file() -> None:
    assert VERDICTS.read_text() == verdicts()


def test_english_is_as_on_file() -> None:
    assert ENGLISH.read_text() == english()


def test_reasons_are_as_on_file() -> None:
    assert REASONS.read_text() == reasons()


def test_every_directive_has_a_scenario() -> None:
    shown = {name for one in SCENARIOS if one.folder == "rules" for name in one.directives}
    assert shown == {one.id for one in snapshot_of("rules").sources.directives}


def test_only_the_two_jurisdictions_contradict_each_other() -> None:
    (found,) = cautions(snapshot_of("rules").sources)
    assert (found.code, found.directive) == ("incompatible_duties", "clinic-fr")
    assert "`clinic-fr@1` and `oversight-us@1`" in found.message
    assert cautions(snapshot_of("june-2026").sources) == ()


def test_every_scenario_shows_a_difference() -> None:
    for one in SCENARIOS:
        found = [decide(one, row, day) for row in one.rows for day in one.dates]
        assert len({(sign(each), why(each)) for each in found}) > 1 or len(found) == 1


if __name__ == "__main__":
    VERDICTS.write_text(verdicts())
    ENGLISH.write_text(english())
    REASONS.write_text(reasons())
