"""Decisions under a clock with a declared error: of a window of instants, not of one.

Everything here changes at `NOW`; it is asked for an instant whose window reaches over it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from licet.catalog import Fact, List, ListKind, ListVersion
from licet.policy import Alternative, Condition, Directive, FactCondition, Kind, Verdict, Version
from licet.terms import UNKNOWN_PERSON, Attested, Profile, to_instant
from tests.unit.policy.test_page import FOREIGN, P, R, U, among, decided, restricting, world

SINCE, NOW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 10, 12, tzinfo=UTC)
ERROR, LEAST = timedelta(seconds=10), timedelta(microseconds=1)


def instrument(kind: Kind, *versions: Version) -> Directive:
    return Directive(
        id="r" if kind is Kind.RESTRICTION else "licence", kind=kind, versions=versions
    )


def version(start: datetime = SINCE, *conditions: Condition, **fields: Any) -> Version:
    applies = (Alternative(conditions=conditions),) if conditions else ()
    return replace(Version(received=start, effective_from=start, applies=applies), **fields)


def around(
    *directives: Directive, profile: Profile = UNKNOWN_PERSON, **sources: Any
) -> list[Verdict]:
    """With the error: before the window reaches `NOW`, while it does, and when it is past; then
    without an error, just before `NOW` and at it."""
    asked = replace(world(*directives), **sources)
    moments = (
        (NOW - ERROR - LEAST, ERROR),
        (NOW - ERROR, ERROR),
        (NOW + ERROR - LEAST, ERROR),
        (NOW + ERROR, ERROR),
        (NOW - LEAST, timedelta(0)),
        (NOW, timedelta(0)),
    )
    return [decided(asked, profile, to_instant(at), error).verdict for at, error in moments]


def test_what_restricts_begins_early_and_ends_late() -> None:
    ending = instrument(Kind.RESTRICTION, version(effective_until=NOW))
    assert around(ending) == [R, R, R, P, R, P]
    beginning = instrument(Kind.RESTRICTION, version(NOW))
    assert around(beginning) == [P, R, R, R, P, R]


def test_of_two_versions_both_restrict() -> None:
    ours, others = among("action", "inference"), among("action", "weights")
    first = instrument(Kind.RESTRICTION, version(SINCE, ours), version(NOW, others))
    assert around(first) == [R, R, R, P, R, P]
    second = instrument(Kind.RESTRICTION, version(SINCE, others), version(NOW, ours))
    assert around(second) == [P, R, R, R, P, R]


def test_what_relaxes_begins_late_and_ends_early() -> None:
    ending = instrument(Kind.AUTHORISATION, version(effective_until=NOW, relieves=("r",)))
    assert around(restricting("r"), ending) == [P, R, R, R, P, R]
    beginning = instrument(Kind.AUTHORISATION, version(NOW, relieves=("r",)))
    assert around(restricting("r"), beginning) == [R, R, R, P, R, P]


def test_of_two_versions_both_must_match_to_relieve() -> None:
    first = version(SINCE, among("action", "inference"), relieves=("r",))
    second = version(NOW, among("action", "weights"), relieves=("r",))
    granted = instrument(Kind.AUTHORISATION, first, second)
    assert around(restricting("r"), granted) == [P, R, R, R, P, R]


def test_its_conditions_must_be_met_throughout() -> None:
    granted = instrument(
        Kind.AUTHORISATION, version(relieves=("r",), conditions=(FactCondition(fact="kept"),))
    )
    kept = (Fact(id="kept", value=True, end=NOW),)
    assert around(restricting("r"), granted, facts=kept) == [P, R, R, R, P, R]


def test_attestations_must_hold_until_the_end() -> None:
    attested = Attested(value=True, issuer="hr", expires=NOW)
    assert around(restricting("r", FOREIGN), profile=Profile(us_person=attested)) == [
        P, U, U, U, P, U,
    ]  # fmt: skip


def test_attestations_must_be_young_enough_at_the_end() -> None:
    young = Condition(attribute="subject.us_person", any_of=(False,), max_age_s=60)
    looked_at = NOW - timedelta(seconds=60) - LEAST
    attested = Attested(value=True, issuer="hr", evidence_date=looked_at)
    assert around(restricting("r", young), profile=Profile(us_person=attested)) == [
        P, U, U, U, P, U,
    ]  # fmt: skip


def test_a_list_must_give_one_and_the_same_answer() -> None:
    with_us = ListVersion(effective_from=SINCE, members=("us-firm",), complete=True)
    without = ListVersion(effective_from=NOW, members=("maker",), complete=True)
    named = List(id="few", kind=ListKind.ORGANISATIONS, versions=(with_us, without))
    rule = restricting("r", among("organisation.list", "few"))
    assert around(rule, lists=(named,)) == [R, U, U, P, R, P]


def test_a_list_must_be_fresh_at_the_end() -> None:
    only = ListVersion(
        effective_from=SINCE,
        members=("maker",),
        complete=True,
        as_of=NOW - timedelta(seconds=60),
        max_age_s=60,
    )
    named = List(id="few", kind=ListKind.ORGANISATIONS, versions=(only,))
    rule = restricting("r", among("organisation.list", "few"))
    assert around(rule, lists=(named,)) == [P, U, U, U, P, U]
