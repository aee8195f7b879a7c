"""The judge finds what is wrong, and nothing where nothing is."""

from __future__ import annotations

import pytest

from licet.catalog import Candidate
from licet.demo.hearing import Kind
from licet.demo.judge import Judge
from licet.demo.persons import COLUMNS, PERSONS, noon
from licet.demo.script import LETTER, LIFT, MINUTE_US
from licet.terms import Instant
from tests.unit.demo import world
from tests.unit.demo.world import (
    AFTER,
    BEFORE,
    FABLE,
    FRENCH,
    MARKS,
    MYTHOS,
    UNPROVEN,
    US_CITIZEN,
    Outcome,
    answered,
    ask,
    end,
    entry,
    said,
)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return world.judge()


@pytest.fixture(scope="module")
def withdrawn() -> Judge:
    return world.judge(withdrawn=True)


def test_what_reaches_a_vendor_before_the_letter_is_lawful(judge: Judge) -> None:
    assert judge.unlawful([entry(99)], {}, MARKS) == []


def test_what_reaches_a_vendor_after_the_letter_is_unlawful(judge: Judge) -> None:
    assert judge.unlawful([entry(110)], {}, MARKS) == [
        "1: `claude-fable-5` was asked for `claire` at `anthropic`"
    ]


def test_while_the_clock_is_moved_either_side_counts(judge: Judge) -> None:
    assert judge.unlawful([entry(105)], {}, MARKS) == []
    assert judge.unlawful([entry(205)], {}, MARKS) != []


def test_persons_whom_the_letter_does_not_name_are_served_lawfully(judge: Judge) -> None:
    assert judge.unlawful([entry(300, "ann")], {}, MARKS) == []
    assert judge.unlawful([entry(300, "claire", "claude-opus-4.8")], {}, MARKS) == []


@pytest.mark.parametrize(
    ("person", "model", "vendor"),
    [
        (None, FABLE, "anthropic"),
        ("a stranger", FABLE, "anthropic"),
        ("ann", "gpt-7", "anthropic"),
        ("ann", None, "anthropic"),
        ("ann", FABLE, "a vendor that nobody has configured"),
    ],
)
def test_what_the_ledger_cannot_tell_is_not_lawful(
    judge: Judge, person: str | None, model: str | None, vendor: str
) -> None:
    assert judge.unlawful([entry(50, person, model, vendor=vendor)], {}, MARKS) != []


def test_a_reseller_is_known_by_its_own_names(judge: Judge) -> None:
    resold = entry(300, "claire", "anthropic.claude-fable-5-v1", vendor="cloud-us")
    assert judge.unlawful([resold], {}, MARKS) == [
        "1: `claude-fable-5` was asked for `claire` at `cloud-us`"
    ]


def test_a_stream_that_went_on_after_the_letter_is_unlawful(judge: Judge) -> None:
    assert judge.unlawful([entry(90)], end(150), MARKS) == [
        "1: `claude-fable-5` went on answering `claire`"
    ]


@pytest.mark.parametrize(
    ("person", "at", "outcome"),
    [("claire", 150, "cancelled"), ("claire", 108, "completed"), ("ann", 150, "completed")],
)
def test_streams_that_were_cut_or_ended_or_are_permitted_are_lawful(
    judge: Judge, person: str, at: int, outcome: Outcome
) -> None:
    assert judge.unlawful([entry(90, person)], end(at, outcome), MARKS) == []


def test_a_refusal_without_a_permitted_candidate_is_right(judge: Judge) -> None:
    assert not judge.wrongly_refused(said(Kind.REFUSED, ask(FRENCH)))
    assert not judge.wrongly_refused(said(Kind.REFUSED, ask(UNPROVEN)))


def test_whoever_the_letter_does_not_name_is_wrongly_refused(judge: Judge) -> None:
    assert judge.wrongly_refused(said(Kind.REFUSED, ask(US_CITIZEN)))
    assert judge.wrongly_refused(said(Kind.REFUSED, ask(FRENCH), at=BEFORE))


def test_a_workload_with_a_permitted_alternative_is_wrongly_refused(judge: Judge) -> None:
    assert judge.wrongly_refused(said(Kind.REFUSED, ask(FRENCH, "code-review")))
    assert judge.wrongly_refused(said(Kind.UNAVAILABLE, ask(FRENCH, "code-review")))


def test_a_cut_is_judged_by_when_it_came(judge: Judge) -> None:
    assert not judge.wrongly_refused(said(Kind.CUT, ask(FRENCH), at=BEFORE, until=LETTER))
    assert judge.wrongly_refused(said(Kind.CUT, ask(US_CITIZEN), at=BEFORE, until=LETTER))


def test_what_nobody_has_is_refused_rightly_and_only_while_nobody_has_it(
    judge: Judge, withdrawn: Judge
) -> None:
    gone = said(Kind.UNAVAILABLE, ask(US_CITIZEN))
    assert not withdrawn.wrongly_refused(gone)
    assert judge.wrongly_refused(gone)
    back = said(Kind.UNAVAILABLE, ask(US_CITIZEN), at=noon(7, 2))
    assert withdrawn.wrongly_refused(back)
    # Its alternatives are not gone.
    assert withdrawn.wrongly_refused(said(Kind.UNAVAILABLE, ask(US_CITIZEN, "code-review")))


def test_answers_and_losses_are_no_refusals(judge: Judge) -> None:
    assert not judge.wrongly_refused(said(Kind.ANSWERED, ask(US_CITIZEN)))
    assert not judge.wrongly_refused(said(Kind.LOST, ask(US_CITIZEN)))


def test_an_answer_told_as_it_was_given_misleads_nobody(judge: Judge) -> None:
    asked = ask(US_CITIZEN)
    served = {"1": entry(300, "ann")}
    assert judge.misled(answered(asked, FABLE, "anthropic"), served) is None


def test_an_answer_that_no_vendor_gave_is_found(judge: Judge) -> None:
    assert judge.misled(answered(ask(US_CITIZEN), FABLE, "anthropic"), {}) is not None


def test_an_answer_of_another_model_than_told_is_found(judge: Judge) -> None:
    served = {"1": entry(300, "ann", "claude-opus-4.8")}
    assert judge.misled(answered(ask(US_CITIZEN), FABLE, "anthropic"), served) is not None


def test_silent_degradation_is_found(judge: Judge) -> None:
    served = {"1": entry(300, "ann", "claude-opus-4.8")}
    weaker = (ask(US_CITIZEN), "claude-opus-4.8", "anthropic")
    assert judge.misled(answered(*weaker), served) is not None
    assert judge.misled(answered(*weaker, rerouted=True), served) is None


@pytest.mark.parametrize(
    ("name", "at", "refused"),
    [
        (FABLE, BEFORE, False),
        (FABLE, LETTER, True),
        (FABLE, Instant(LIFT - MINUTE_US), True),
        (FABLE, LIFT, False),
        # The developer's programme names Mythos from the start, and after the lift.
        (MYTHOS, BEFORE, True),
        (MYTHOS, noon(7, 2), True),
        ("code-review", AFTER, True),
        ("claude-opus-4.8", AFTER, False),
    ],
)
def test_a_blanket_shutdown_refuses_by_the_first_choice_whoever_asks(
    judge: Judge, name: str, at: Instant, refused: bool
) -> None:
    for person in (US_CITIZEN, FRENCH):
        assert judge.blanket_refuses(ask(person, name), at) is refused


def test_the_naive_interpreter_gives_the_table_of_the_episode(judge: Judge) -> None:
    for person in PERSONS:
        got = tuple(
            judge.decision(
                person, "messages", Candidate(model=column.model, endpoint="anthropic"), column.at
            ).verdict
            for column in COLUMNS
        )
        assert got == person.expected, person.row
