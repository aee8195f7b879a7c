"""What is played: the days, the exact minutes, and everybody in both dialects."""

from __future__ import annotations

from licet.demo.persons import COLUMNS, DIALECTS, FABLE, MYTHOS, PERSONS, noon
from licet.demo.script import LETTER, LIFT, MINUTE_US, Step, instants, passes
from licet.demo.staging import episode
from licet.terms import Instant, format_instant

DEVELOPER, DEPLOYER = passes()


def names(step: Step) -> set[tuple[str, str, str, bool]]:
    return {(ask.person.id, ask.dialect, ask.name, ask.stream) for ask in step.asks}


def test_the_clock_goes_forward_from_9_june_to_2_july_over_the_exact_minutes() -> None:
    played = instants()
    assert list(played) == sorted(set(played))
    assert format_instant(LETTER) == "2026-06-12T21:21:00.000000Z"
    assert format_instant(LIFT) == "2026-06-30T23:52:00.000000Z"
    for exact in (LETTER, LIFT):
        assert {exact, Instant(exact - MINUTE_US)} <= set(played)
    assert {noon(6, 9), noon(6, 10), noon(6, 13), noon(6, 27), noon(7, 2)} <= set(played)
    assert (played[0], played[-1]) == (noon(6, 9), noon(7, 2))


def test_everybody_asks_for_everything_at_every_instant_of_the_developers_side() -> None:
    wanted = {
        (person.id, dialect, name, stream)
        for person in PERSONS
        for dialect in DIALECTS
        for name in (FABLE, MYTHOS, person.workloads[dialect])
        for stream in (False, True)
    }
    assert all(names(step) == wanted for step in DEVELOPER.steps)


def test_everybodys_work_goes_on_on_the_deployers_side() -> None:
    for step in DEPLOYER.steps:
        working = {ask.person.id for ask in step.asks if ask.by_workload}
        assert working == {person.id for person in PERSONS}
        named = sorted((ask.person.id, ask.name) for ask in step.asks if not ask.by_workload)
        assert named == sorted((person.id, name) for person in PERSONS for name in (FABLE, MYTHOS))
    ways = {(ask.dialect, ask.stream) for ask in DEPLOYER.steps[0].asks if not ask.by_workload}
    assert len(ways) == 4


def test_somebody_asks_for_either_model_whenever_the_clock_is_moved() -> None:
    wanted = sorted((person.id, name) for person in PERSONS for name in (FABLE, MYTHOS))
    for which in (DEVELOPER, DEPLOYER):
        assert which.steps[0].across == ()
        for step in which.steps[1:]:
            assert sorted((ask.person.id, ask.name) for ask in step.across) == wanted


def test_streams_are_held_over_the_first_letter_alone() -> None:
    held = {step.at: step.held for step in DEVELOPER.steps if step.held}
    assert list(held) == [LETTER - MINUTE_US]
    assert len(held[Instant(LETTER - MINUTE_US)]) == len(PERSONS) * len(DIALECTS) * 2


def test_no_case_is_asked_twice() -> None:
    for which in (DEVELOPER, DEPLOYER):
        cases = [ask.case for step in which.steps for ask in (*step.across, *step.asks, *step.held)]
        assert len(cases) == len(set(cases))


def test_every_person_has_a_row_of_seven_verdicts() -> None:
    assert len(PERSONS) == 13
    assert {len(person.expected) for person in PERSONS} == {len(COLUMNS)} == {7}


def test_the_episode_is_in_the_package() -> None:
    assert {"licet.toml", "directives/us-commerce-2026-06-12.toml"} <= episode().keys()
