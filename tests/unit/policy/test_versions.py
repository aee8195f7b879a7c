"""Which version of a directive applies, and what that means for what was decided before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from licet.policy import Directive, Kind, Version
from licet.terms import UNKNOWN_PERSON, Instant, to_instant
from tests.unit.policy.test_duties import AT
from tests.unit.policy.test_page import P, R, decided, restricting, world

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LEAST = timedelta(microseconds=1)
BEFORE, NEXT = NOW - DAY, NOW + DAY


def version(start: datetime = BEFORE, **fields: object) -> Version:
    return replace(Version(received=start, effective_from=start), **fields)


def rule(*versions: Version) -> Directive:
    return Directive(id="r", kind=Kind.RESTRICTION, versions=versions)


def licence(*versions: Version) -> Directive:
    named = tuple(one if one.nothing else replace(one, relieves=("r",)) for one in versions)
    return Directive(id="licence", kind=Kind.AUTHORISATION, versions=named)


def test_a_version_is_known_from_the_instant_at_which_it_was_recorded() -> None:
    sources = world(rule(version(recorded_at=NOW)))
    recorded = to_instant(NOW)
    found = [
        decided(sources, UNKNOWN_PERSON, known_at=known).verdict
        for known in (Instant(recorded - 1), recorded)
    ]
    assert found == [P, R]


def test_an_amendment_counts_for_what_was_before_it_was_recorded_as_known_since_then() -> None:
    first = version(recorded_at=BEFORE, nothing=True)
    amended = version(recorded_at=NEXT)
    sources = world(rule(first, amended))
    assert decided(sources, UNKNOWN_PERSON, AT).verdict is R
    assert decided(sources, UNKNOWN_PERSON, AT, known_at=to_instant(NOW)).verdict is P


def test_a_lift_counts_from_its_start_and_not_before() -> None:
    sources = world(rule(version(), version(NOW, nothing=True)))
    moments = (to_instant(NOW - LEAST), to_instant(NOW))
    assert [decided(sources, UNKNOWN_PERSON, at).verdict for at in moments] == [R, P]


def test_a_suspension_ends_by_itself() -> None:
    sources = world(rule(version(effective_until=NOW)))
    moments = (to_instant(NOW - LEAST), to_instant(NOW))
    assert [decided(sources, UNKNOWN_PERSON, at).verdict for at in moments] == [R, P]


def test_a_licence_that_was_withdrawn_relieves_nothing() -> None:
    granted = licence(version(), version(NOW, nothing=True))
    sources = world(restricting("r"), granted)
    moments = (to_instant(NOW - LEAST), to_instant(NOW))
    assert [decided(sources, UNKNOWN_PERSON, at).verdict for at in moments] == [P, R]


@pytest.mark.parametrize("error", [timedelta(0), timedelta(hours=1)])
def test_of_two_versions_within_the_clocks_error_both_must_relieve(error: timedelta) -> None:
    elsewhere = restricting("other").versions[0]
    granted = Directive(
        id="licence",
        kind=Kind.AUTHORISATION,
        versions=(
            version(relieves=("r",)),
            replace(elsewhere, effective_from=NOW, relieves=("other",)),
        ),
    )
    sources = world(restricting("r"), granted)
    just_before = to_instant(NOW - LEAST)
    assert decided(sources, UNKNOWN_PERSON, just_before, error).verdict is (R if error else P)
