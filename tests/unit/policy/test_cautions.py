"""What `licet check` warns of: duties that nothing carries out, and duties at odds."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from licet.policy import (
    Alternative,
    Condition,
    Directive,
    Duty,
    Kind,
    Sources,
    Version,
    cautions,
)

JANUARY, MARCH, MAY = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 3, 5))
YEAR, NOTHING = Duty(kind="retain", value=31_536_000), Duty(kind="retain", value=0)
IN_FRANCE, IN_US = (Duty(kind="residency", value=(place,)) for place in ("FR", "US"))


def binding(
    name: str,
    duty: Duty,
    *conditions: Condition,
    since: datetime = JANUARY,
    until: datetime | None = None,
) -> Directive:
    version = Version(
        received=since,
        effective_from=since,
        effective_until=until,
        applies=(Alternative(conditions=conditions),) if conditions else (),
        duties=(duty,),
    )
    return Directive(id=name, kind=Kind.OBLIGATION, title=name, versions=(version,))


def told(*directives: Directive) -> list[tuple[str, str, int]]:
    found = cautions(Sources(directives=directives))
    return [(one.code, one.directive, one.version) for one in found]


def on(attribute: str, value: str) -> Condition:
    return Condition(attribute=attribute, any_of=(value,))


def test_duties_that_are_carried_out_and_agree_are_not_told_of() -> None:
    assert told(binding("one", YEAR), binding("other", IN_FRANCE)) == []


def test_a_duty_that_nothing_carries_out_is_told_with_its_effect() -> None:
    report = Duty(kind="report", value="office")
    licence = msgspec.structs.replace(binding("licence", report), kind=Kind.AUTHORISATION)
    first, second = cautions(Sources(directives=(binding("bound", report), licence)))
    assert "nothing carries out `report`, so `bound@1` refuses all" in first.message
    assert "leave the duty out and say in `reading` who does" in first.message
    assert "so `licence@1` relieves nothing" in second.message
    assert "attested as a fact, and make the fact a `[[version.condition]]`" in second.message


def test_duties_at_odds_are_told_of_once_and_since_when() -> None:
    one, other = binding("one", IN_FRANCE), binding("other", IN_US, since=MARCH)
    (found,) = cautions(Sources(directives=(one, other)))
    assert (found.code, found.directive, found.version) == ("incompatible_duties", "one", 1)
    assert "`one@1` and `other@1`" in found.message
    assert "from 2026-03-01 00:00 +00:00 on" in found.message


def test_retaining_something_and_nothing_are_at_odds() -> None:
    found = told(binding("one", YEAR), binding("other", NOTHING))
    assert ("incompatible_duties", "one", 1) in found
    assert ("duty_without_enforcer", "other", 1) in found


def test_what_is_never_in_force_together_does_not_contradict() -> None:
    one = binding("one", IN_FRANCE, until=MARCH)
    assert told(one, binding("other", IN_US, since=MARCH)) == []
    assert told(one, binding("other", IN_US, until=MAY)) != []


def test_what_no_request_can_match_together_does_not_contradict() -> None:
    one = binding("one", IN_FRANCE, on("model.id", "alpha"))
    assert told(one, binding("other", IN_US, on("model.id", "beta"))) == []
    assert told(one, binding("other", IN_US, on("model.id", "alpha"))) != []
    # A workload may have data of both classes, and a list may name whoever is in another.
    health = binding("one", IN_FRANCE, on("workload.data", "health"))
    assert told(health, binding("other", IN_US, on("workload.data", "personal"))) != []
    listed = binding("one", IN_FRANCE, on("organisation.list", "here"))
    assert told(listed, binding("other", IN_US, on("organisation.list", "there"))) != []
