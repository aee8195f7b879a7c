"""Differences between versions, as data and in English."""

from __future__ import annotations

from msgspec.structs import replace

from licet.policy import (
    Condition,
    Directive,
    Duty,
    FactCondition,
    InFlight,
    Mode,
    Reading,
    Version,
    applicable,
    difference_sentence,
    differences,
)
from licet.policy.directives import Alternative, Presumption
from licet.terms import parse_instant
from tests.golden.scenarios import read_folder

DIRECTIVES = {
    one.id: one
    for one in (
        *read_folder("rules").sources.directives,
        *read_folder("june-2026").sources.directives,
    )
}
LETTER = DIRECTIVES["us-commerce-2026-06-12"]
FIRST = LETTER.versions[0]


def told(one: Version, other: Version, of: Directive = LETTER) -> list[str]:
    return [difference_sentence(each) for each in differences((of, one), (of, other))]


def test_nothing_is_told_of_what_is_the_same() -> None:
    assert told(FIRST, FIRST) == []
    two = replace(FIRST, applies=(*FIRST.applies, Alternative(conditions=(_WHO,))))
    assert told(two, replace(two, applies=tuple(reversed(two.applies)))) == []


_WHO = Condition(attribute="organisation.us_person", any_of=(False,))


def test_whom_it_applies_to_and_excepts() -> None:
    other = Alternative(conditions=(_WHO,))
    more = replace(FIRST, applies=(*FIRST.applies, other), unless=(other,))
    assert told(FIRST, more) == [
        "Applies as well to organisations that are not US persons.",
        "Excepts as well: organisations that are not US persons.",
    ]
    assert told(more, FIRST) == [
        "No longer applies to organisations that are not US persons.",
        "No longer excepts: organisations that are not US persons.",
    ]


def test_every_other_part_of_a_version() -> None:
    changed = replace(
        FIRST,
        mode=Mode.OBSERVE,
        in_flight=InFlight.FINISH,
        reading=Reading(text="another", by="x", date="2026-01-01"),
        relieves=("other",),
        conditions=(FactCondition(fact="reports", grace_s=3600),),
        duties=(Duty(kind="retain", value=86_400),),
        presume=(Presumption(attribute="subject.us_person", value=True),),
    )
    assert told(FIRST, changed) == [
        "Relieves as well of `other`.",
        "Depends as well on the fact `reports`, and 1 hour after.",
        "Demands as well: What was decided is retained for 1 day.",
        "Presumes as well that `subject.us_person` is true.",
        "The mode was enforce and is now observe.",
        "What becomes of answers on their way was cut and is now finish.",
        'The reading was "follows the person, not the destination" and is now "another".',
    ]


def test_a_lift_says_that_it_has_no_effect() -> None:
    first, *rest = told(FIRST, LETTER.versions[1])
    assert first == "The effect was as written and is now nothing."
    assert any(one.startswith("No longer applies to persons who are not US") for one in rest)
    assert not any("on their way" in one for one in rest)


def test_which_version_applies_when() -> None:
    suspended = DIRECTIVES["lumen-abroad"]
    days = ("2026-01-01", "2026-03-01", "2026-05-01", "2026-08-01")
    found = [applicable(suspended, parse_instant(f"{day}T00:00:00Z")) for day in days]
    assert found == [None, 1, 2, 1]
