"""Obligations by which nobody may be refused, beside restrictions that refuse so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from licet.policy import (
    Alternative,
    Condition,
    Contest,
    Directive,
    Duty,
    Kind,
    Mode,
    Snapshot,
    Sources,
    Verdict,
    Version,
    cautions,
    contests,
)
from licet.terms import UNKNOWN_PERSON
from tests.property.test_exactness import NOW, START, parties

FRENCH = Condition(attribute="subject.nationality", any_of=("FR",))
FOREIGN = Condition(attribute="subject.us_person", any_of=(False,))
ASKED = Condition(attribute="action", any_of=("inference",))
HERE = Condition(attribute="subject.place", any_of=("FR",))


def fair(*attributes: str, **fields: Any) -> Directive:
    duty = Duty(kind="no_refusal_by", value=attributes)
    version = Version(received=START, effective_from=START, duties=(duty,), **fields)
    return Directive(id="fair", kind=Kind.OBLIGATION, versions=(version,))


def letter(*conditions: Condition, **fields: Any) -> Directive:
    table = (Alternative(conditions=conditions),)
    version = replace(Version(received=START, effective_from=START, applies=table), **fields)
    return Directive(id="letter", kind=Kind.RESTRICTION, versions=(version,))


def named(*directives: Directive) -> list[tuple[str, ...]]:
    """By what the letter is named to refuse, once for each pair of versions."""
    return [one.by for one in contests([(one, 0) for one in directives])]


@pytest.mark.parametrize(
    ("attribute", "restriction", "by"),
    [
        ("nationality", letter(FRENCH), "subject.nationality"),
        ("subject.nationality", letter(FRENCH), "subject.nationality"),
        # Who is a US person follows from nationality, so who refuses by it refuses by that.
        ("nationality", letter(FOREIGN), "subject.us_person"),
        ("us_person", letter(FRENCH), None),
        ("nationality", letter(HERE), None),
        ("sex", letter(FRENCH), None),
        ("nationality", letter(FRENCH, mode=Mode.OBSERVE), None),
        ("nationality", letter(FRENCH, nothing=True), None),
        (
            "nationality",
            letter(HERE, unless=(Alternative(conditions=(FRENCH,)),)),
            "subject.nationality",
        ),
    ],
)
def test_who_refuses_by_what_nobody_may_be_refused_by_is_named(
    attribute: str, restriction: Directive, by: str | None
) -> None:
    assert named(fair(attribute), restriction) == ([] if by is None else [(by,)])
    assert named(fair(attribute, mode=Mode.OBSERVE), restriction) == []


def test_the_officer_is_told_before_and_while_it_is_so() -> None:
    """Of versions that are in force together, once for each pair."""
    later = START + timedelta(days=30)
    over = letter(FRENCH, effective_until=START + timedelta(days=9))
    (caution,) = cautions(Sources(directives=(fair("nationality"), letter(FRENCH))))
    assert (caution.code, caution.directive) == ("contested_refusal", "letter")
    assert "its refusals stand, and an officer has to decide" in caution.message
    coming = replace(fair("nationality").versions[0], effective_from=later)
    after = replace(fair("nationality"), versions=(coming,))
    assert cautions(Sources(directives=(after, over))) == ()


def test_such_an_obligation_refuses_nobody() -> None:
    """And a refusal stands beside it."""
    alone = Snapshot.of(parties(fair("nationality"))).select(NOW)
    known = alone.know(UNKNOWN_PERSON, "bolt", "w", NOW)
    decision = alone.decide(known, "m", "e")
    assert decision.verdict is Verdict.PERMITTED
    assert [duty.kind for duty in decision.duties] == ["no_refusal_by"]
    both = Snapshot.of(parties(fair("nationality"), letter(ASKED))).select(NOW)
    known = both.know(UNKNOWN_PERSON, "bolt", "w", NOW)
    assert both.decide(known, "m", "e").verdict is Verdict.REFUSED


def test_a_contest_says_which_versions_contradict_each_other() -> None:
    (first,) = letter(FRENCH).versions
    amended = replace(letter(FRENCH), versions=(first, first, first))
    renewed = replace(fair("nationality"), versions=fair("nationality").versions * 2)
    (contest,) = contests([(amended, 2), (renewed, 1)])
    assert contest == Contest(
        duty_of="fair",
        duty_version=2,
        restriction="letter",
        version=3,
        by=("subject.nationality",),
    )
    assert contest.message.startswith("`letter@3` refuses by `subject.nationality`, which `fair@2`")
