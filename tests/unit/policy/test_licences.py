"""When an authorisation relieves and an obligation binds: conditions, observation, need."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from licet.catalog import Fact
from licet.policy import (
    Alternative,
    Condition,
    Directive,
    Duty,
    FactCondition,
    Kind,
    Mode,
    Version,
)
from licet.terms import UNKNOWN_PERSON, Attested, Profile
from tests.unit.policy.test_page import FOREIGN, P, R, U, among, decided, restricting, world

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
NOTICE = Duty(kind="notify_user", value="told")


def instrument(name: str, kind: Kind, *conditions: Condition, **fields: object) -> Directive:
    version = Version(
        received=SINCE,
        effective_from=SINCE,
        applies=(Alternative(conditions=conditions),) if conditions else (),
    )
    return Directive(id=name, kind=kind, versions=(replace(version, **fields),))


def licence(*conditions: Condition, **fields: object) -> Directive:
    return instrument("licence", Kind.AUTHORISATION, *conditions, **{"relieves": ("r",), **fields})


def fact(name: str, *, value: bool = True, **dates: datetime) -> Fact:
    return replace(Fact(id=name, value=value), **dates)


def test_where_one_entry_of_a_fact_says_no_the_condition_is_not_met() -> None:
    sources = world(restricting("r"), licence(conditions=(FactCondition(fact="kept"),)))
    for facts, verdict in (
        ((), R),
        ((fact("kept"),), P),
        ((fact("kept"), fact("kept", value=False)), R),
        ((fact("kept", value=False), fact("kept")), R),
        # An entry that is over, or has yet to begin, says nothing.
        ((fact("kept"), fact("kept", value=False, end=NOW)), P),
        ((fact("kept"), fact("kept", value=False, start=NOW + DAY)), P),
        ((fact("other"),), R),
    ):
        assert decided(replace(sources, facts=facts), UNKNOWN_PERSON).verdict is verdict


def test_every_condition_must_be_met() -> None:
    both = (FactCondition(fact="kept"), FactCondition(fact="paid"))
    sources = world(restricting("r"), licence(conditions=both))
    for names, verdict in ((("kept", "paid"), P), (("kept",), R), (("paid",), R), ((), R)):
        facts = tuple(fact(name) for name in names)
        assert decided(replace(sources, facts=facts), UNKNOWN_PERSON).verdict is verdict


def test_only_what_is_observed_is_named_as_observed() -> None:
    lenient = licence(FOREIGN, mode=Mode.OBSERVE)
    found = decided(world(restricting("r"), lenient), UNKNOWN_PERSON)
    assert (found.verdict, found.deciding) == (R, ("r",))
    # Who decides there is `r` alone, and that is enforced.
    assert (found.observed_verdict, found.observed) == (U, ())
    watched = instrument("watched", Kind.RESTRICTION, mode=Mode.OBSERVE)
    maybe = restricting("maybe", FOREIGN)
    found = decided(world(maybe, watched), UNKNOWN_PERSON)
    assert (found.verdict, found.observed_verdict, found.observed) == (U, R, ("watched",))


def test_an_obligation_that_does_not_match_brings_no_duty() -> None:
    other = Duty(kind="notify_user", value="told as well")
    for action, duties in (("inference", (NOTICE, other)), ("weights", (NOTICE,))):
        always = instrument("always", Kind.OBLIGATION, duties=(NOTICE,))
        some = instrument("some", Kind.OBLIGATION, among("action", action), duties=(other,))
        found = decided(world(always, some), UNKNOWN_PERSON)
        assert (found.verdict, found.duties) == (P, duties)


def test_a_licence_brings_its_duties_only_where_it_is_needed() -> None:
    granted = licence(duties=(NOTICE,))
    for action, duties in (("inference", (NOTICE,)), ("weights", ())):
        sources = world(restricting("r", among("action", action)), granted)
        found = decided(sources, UNKNOWN_PERSON)
        assert (found.verdict, found.duties) == (P, duties)


def test_nothing_relieves_an_obligation() -> None:
    report = Duty(kind="report", value="office")
    binding = instrument("r", Kind.OBLIGATION, duties=(report,))
    found = decided(world(binding, licence()), UNKNOWN_PERSON)
    assert (found.verdict, found.deciding) == (R, ("r",))


def test_a_second_restriction_refuses_though_the_first_is_relieved() -> None:
    for second in ("r2", "a"):
        found = decided(world(restricting("r"), restricting(second), licence()), UNKNOWN_PERSON)
        assert (found.verdict, found.deciding) == (R, (second,))


def test_a_licence_that_does_not_match_relieves_nothing() -> None:
    for action, verdict in (("inference", P), ("weights", R)):
        granted = licence(among("action", action))
        assert decided(world(restricting("r"), granted), UNKNOWN_PERSON).verdict is verdict
    assert decided(world(restricting("r"), licence(FOREIGN)), UNKNOWN_PERSON).verdict is U


def test_tests_on_one_attribute_are_of_one_and_the_same_value() -> None:
    french, german = among("subject.place", "FR"), among("subject.place", "DE")
    assert decided(world(restricting("r", french, german)), UNKNOWN_PERSON).verdict is P
    anywhere_else = Condition(attribute="subject.place", outside=("FR", "DE"))
    rules = [restricting(f"r{n}", one) for n, one in enumerate((french, german, anywhere_else))]
    assert decided(world(*rules), UNKNOWN_PERSON).verdict is R
    # Of a set, each may be there beside the other.
    citizens = [among("subject.nationality", country) for country in ("FR", "DE")]
    assert decided(world(restricting("r", *citizens)), UNKNOWN_PERSON).verdict is U


@pytest.mark.parametrize(
    "condition",
    [
        Condition(attribute="organisation.list", any_of=("nowhere",)),
        Condition(attribute="subject.place", any_of=("nowhere",)),
        Condition(attribute="subject.place", outside=("nowhere",)),
    ],
)
def test_a_list_that_does_not_exist_says_nothing(condition: Condition) -> None:
    french = Profile(place=Attested(value="FR", issuer="hr"))
    rule = restricting("r", condition)
    assert decided(world(rule), french).verdict is U
    # It says the same of everybody, wherever it is asked.
    assert decided(world(rule, licence(condition)), french).verdict is P
