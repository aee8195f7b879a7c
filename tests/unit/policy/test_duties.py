"""Duties: what carries them out, and what becomes of those that nothing does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from licet.policy import (
    Alternative,
    Condition,
    Decision,
    Directive,
    Duty,
    Kind,
    Moment,
    Snapshot,
    Sources,
    Verdict,
    Version,
    explain,
    naive,
    notices,
    sentences,
)
from licet.policy.duties import ENFORCERS
from licet.terms import UNKNOWN_PERSON, to_instant
from tests.unit.policy import episode

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
AT = to_instant(datetime(2026, 6, 10, 12, tzinfo=UTC))
ASKED: Any = {"organisation": "us-firm", "workload": "work", "model": "claude-fable-5"}
EVERYTHING = Alternative(conditions=(Condition(attribute="action", any_of=("inference",)),))


def directive(name: str, kind: Kind, *duties: Duty, relieves: tuple[str, ...] = ()) -> Directive:
    version = Version(
        received=SINCE,
        effective_from=SINCE,
        applies=(EVERYTHING,),
        duties=duties,
        relieves=relieves,
    )
    return Directive(id=name, kind=kind, title=name, versions=(version,))


def sources(*directives: Directive) -> Sources:
    """The parties of the episode, with an endpoint in the US, under these directives alone."""
    parties = episode.sources(recipient=False)
    in_us = tuple(msgspec.structs.replace(one, place="US") for one in parties.endpoints)
    return msgspec.structs.replace(parties, directives=directives, endpoints=in_us)


def decide(
    *directives: Directive, endpoint: str = "direct", enforcers: frozenset[str] = ENFORCERS
) -> Decision:
    """By the engine, once the interpreter has agreed."""
    of = sources(*directives)
    ruleset = Snapshot.of(of, enforcers=enforcers).select(AT)
    known = ruleset.know(UNKNOWN_PERSON, ASKED["organisation"], ASKED["workload"], AT)
    decision = ruleset.decide(known, ASKED["model"], endpoint)
    judged = naive.judge(
        of,
        profile=UNKNOWN_PERSON,
        endpoint=endpoint,
        moment=Moment(valid_at=AT),
        enforcers=enforcers,
        **ASKED,
    )
    assert (decision.verdict, set(decision.deciding)) == (judged.verdict, set(judged.deciding))
    assert decision.permitted or decision.in_flight is judged.in_flight
    assert (set(decision.duties), set(decision.relieving)) == (
        set(judged.duties),
        set(judged.relieving),
    )
    return decision


def where(attribute: str, *values: bool | str) -> Alternative:
    return Alternative(conditions=(Condition(attribute=attribute, any_of=values),))


def amended(one: Directive, **fields: Any) -> Directive:
    (version,) = one.versions
    return msgspec.structs.replace(one, versions=(msgspec.structs.replace(version, **fields),))


@pytest.mark.parametrize(
    "duty",
    [
        Duty(kind="monitor", value="full"),
        Duty(kind="report", value="office"),
        Duty(kind="share_participants"),
        Duty(kind="retain", value=0),
    ],
)
def test_a_duty_that_nothing_carries_out_refuses(duty: Duty) -> None:
    decision = decide(directive("binding", Kind.OBLIGATION, duty))
    assert decision.verdict is Verdict.REFUSED
    assert decision.deciding == ("binding",)


def test_a_licence_with_such_a_duty_relieves_nothing_and_explains_why() -> None:
    letter = directive("letter", Kind.RESTRICTION)
    licence = directive(
        "licence", Kind.AUTHORISATION, Duty(kind="report", value="x"), relieves=("letter",)
    )
    assert decide(letter, licence).deciding == ("letter",)
    assert any("nothing carries out its duty `report`" in line for line in told(letter, licence))


def test_a_licence_that_was_not_confirmed_against_an_amendment_says_so() -> None:
    letter = directive("letter", Kind.RESTRICTION)
    later = msgspec.structs.replace(
        letter.versions[0], recorded_at=datetime(2026, 2, 1, tzinfo=UTC)
    )
    amended = msgspec.structs.replace(letter, versions=(later,))
    other = directive("other", Kind.RESTRICTION)
    licence = directive("licence", Kind.AUTHORISATION, relieves=("letter", "other"))
    assert decide(amended, other, licence).deciding == ("letter",)
    assert any("was not confirmed against `letter@1`" in line for line in told(amended, licence))
    # What it does relieve, it relieves: the bar is on one of the two.
    assert not any("does not relieve" in line for line in told(amended, other, licence))


def told(*directives: Directive) -> tuple[str, ...]:
    return sentences(
        explain(
            Snapshot.of(sources(*directives)),
            Moment(valid_at=AT),
            profile=UNKNOWN_PERSON,
            endpoint="direct",
            **ASKED,
        )
    )


def test_retention_and_notices_attach_to_what_is_permitted() -> None:
    duties = (Duty(kind="retain", value=3600), Duty(kind="notify_user", value="told"))
    decision = decide(directive("binding", Kind.OBLIGATION, *duties))
    assert decision.verdict is Verdict.PERMITTED
    assert decision.duties == duties


def test_residency_excludes_endpoints_elsewhere() -> None:
    at_home = directive("binding", Kind.OBLIGATION, Duty(kind="residency", value=("US",)))
    abroad = directive("binding", Kind.OBLIGATION, Duty(kind="residency", value=("FR",)))
    assert decide(at_home).verdict is Verdict.PERMITTED
    assert decide(abroad).verdict is Verdict.REFUSED
    assert decide(abroad).deciding == ("binding",)


def test_a_licence_with_residency_relieves_only_there() -> None:
    letter = directive("letter", Kind.RESTRICTION)

    def licence(place: str) -> Directive:
        duty = Duty(kind="residency", value=(place,))
        return directive("licence", Kind.AUTHORISATION, duty, relieves=("letter",))

    assert decide(letter, licence("US")).verdict is Verdict.PERMITTED
    assert decide(letter, licence("FR")).deciding == ("letter",)


def test_residencies_without_a_common_place_refuse_everywhere() -> None:
    one = directive("one", Kind.OBLIGATION, Duty(kind="residency", value=("US",)))
    other = directive("other", Kind.OBLIGATION, Duty(kind="residency", value=("FR",)))
    assert decide(one, other).verdict is Verdict.REFUSED


def test_notices_are_header_values() -> None:
    duties = (
        Duty(kind="notify_user", value="Made by AI, 100 %\r\nX: y"),
        Duty(kind="notify_user", value="Für alle"),
        Duty(kind="retain", value=1),
    )
    assert notices(duties) == ("Made by AI%2C 100 %25%0D%0AX: y", "F%C3%BCr alle")


def test_licences_whose_duties_are_at_odds_refuse_where_both_are_needed() -> None:
    letter = directive("letter", Kind.RESTRICTION)
    year, nothing = Duty(kind="retain", value=31_536_000), Duty(kind="retain", value=0)
    one = directive("one", Kind.AUTHORISATION, year, relieves=("letter",))
    other = directive("other", Kind.AUTHORISATION, nothing, relieves=("letter",))
    both = ENFORCERS | {"retain_nothing"}
    refused = decide(letter, one, other, enforcers=both)
    assert (refused.verdict, refused.deciding) == (Verdict.REFUSED, ("one", "other"))
    assert refused.reason == "incompatible_duties"
    foreign = amended(other, applies=(where("subject.us_person", False),))
    open_ = decide(letter, one, foreign, enforcers=both)
    assert (open_.verdict, open_.missing) == (
        Verdict.UNDETERMINED,
        (("us_person",), ("nationality",)),
    )
    # Without the letter neither is needed, and nothing attaches.
    assert decide(one, other, enforcers=both).duties == ()


def test_what_can_match_nobody_brings_no_duty() -> None:
    """Taken one by one its conditions may hold; no completion meets its table and not its
    exception."""
    year = Duty(kind="retain", value=31_536_000)
    foreign, here = where("subject.us_person", False), where("action", "inference")
    never = amended(
        directive("binding", Kind.OBLIGATION, year), applies=(foreign,), unless=(foreign,)
    )
    assert decide(never).duties == ()
    letter = amended(directive("letter", Kind.RESTRICTION), applies=(foreign,), unless=(foreign,))
    licence = directive("licence", Kind.AUTHORISATION, year, relieves=("letter",))
    assert (decide(letter, licence).duties, decide(letter, licence).relieving) == ((), ())
    sometimes = amended(letter, unless=())
    assert decide(sometimes, licence).relieving == ("licence",)
    assert decide(amended(never, unless=(here,))).duties == ()
    assert decide(amended(never, unless=())).duties == (year,)
