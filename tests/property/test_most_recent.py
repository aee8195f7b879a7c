"""Which nationality is the most recent: equal dates, missing dates, and sets known in part."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from licet.policy import (
    Alternative,
    Condition,
    Decision,
    Directive,
    Kind,
    Moment,
    Snapshot,
    Sources,
    Verdict,
    Version,
    View,
    explain,
    naive,
    sentences,
)
from licet.terms import UNKNOWN_PERSON, Profile, Standing, Status
from tests.property.test_exactness import NOW, START, parties, rules, said
from tests.property.worlds import condition, table

replace = msgspec.structs.replace
EARLIER, LATER = START - timedelta(days=9), START - timedelta(days=2)
DATES = (EARLIER, LATER, None)
PLACES = ("US", "FR", "DE")
STATUSES = st.builds(
    Status,
    country=st.sampled_from(PLACES),
    standing=st.sampled_from([Standing.CITIZEN, Standing.CITIZEN, *Standing]),
    since=st.sampled_from([*DATES, None]),
    until=st.sampled_from([None, None, None, START - timedelta(days=1)]),
)
RECENT = condition("subject.nationality", PLACES, view=st.just(View.MOST_RECENT)) | table(
    "subject.nationality",
    condition("country", PLACES),
    condition("standing", tuple(str(each) for each in Standing)),
    view=st.just(View.MOST_RECENT),
)


@st.composite
def sources(draw: st.DrawFn) -> Sources:
    """Rules of the exactness tests, with most of their conditions on the most recent status."""
    drawn = draw(rules())
    return replace(
        drawn, directives=tuple(_recent(draw, directive) for directive in drawn.directives)
    )


def _recent(draw: st.DrawFn, directive: Directive) -> Directive:
    def changed(one: Condition) -> Condition:
        return draw(RECENT) if draw(st.integers(0, 3)) else one

    (version,) = directive.versions
    tables = {
        name: tuple(
            replace(table, conditions=tuple(map(changed, table.conditions)))
            for table in getattr(version, name)
        )
        for name in ("applies", "unless")
    }
    return replace(directive, versions=(replace(version, **tables),))


def persons(complete: st.SearchStrategy[bool]) -> st.SearchStrategy[Profile]:
    statuses = st.lists(STATUSES, min_size=1, max_size=3, unique=True).map(tuple)
    claims = st.none() | st.none() | st.booleans().map(said)
    return st.builds(
        lambda value, whole, claim: replace(
            UNKNOWN_PERSON, nationality=said(value, complete=whole), us_person=claim
        ),
        statuses,
        complete,
        claims,
    )


def ruled_by(test: Condition) -> Sources:
    applies = (Alternative(conditions=(test,)),)
    version = Version(received=START, effective_from=START, applies=applies)
    rule = Directive(id="r1", kind=Kind.RESTRICTION, versions=(version,))
    return parties(rule)


def decided(sources: Sources, person: Profile) -> Decision:
    ruleset = Snapshot.of(sources).select(NOW)
    return ruleset.decide(ruleset.know(person, "bolt", "w", NOW), "m", "e")


@given(sources(), persons(st.booleans()))
def test_the_engine_and_the_interpreter_agree(sources: Sources, person: Profile) -> None:
    ours = naive.judge(
        sources,
        profile=person,
        organisation="bolt",
        workload="w",
        model="m",
        endpoint="e",
        moment=Moment(valid_at=NOW),
    )
    theirs = decided(sources, person)
    assert theirs.verdict is ours.verdict
    assert (sorted(theirs.deciding), sorted(theirs.relieving)) == (
        sorted(ours.deciding),
        sorted(ours.relieving),
    )
    if ours.missing:
        assert {frozenset(one) for one in theirs.missing} == {
            frozenset(one) for one in ours.missing
        }


def datings(statuses: tuple[Status, ...]) -> list[tuple[Status, ...]]:
    """With every date that those without one may have: before, between, at and after others."""
    moments: list[datetime] = [
        EARLIER - timedelta(days=1), EARLIER, EARLIER + timedelta(days=1), LATER,
        LATER + timedelta(hours=1),
    ]  # fmt: skip
    ways = [
        [one] if one.since else [replace(one, since=each) for each in moments] for one in statuses
    ]
    return list(product(*ways))


@given(sources(), persons(st.just(True)))
def test_a_missing_date_is_any_date(sources: Sources, person: Profile) -> None:
    """Of a person whose statuses are all known but for dates: what every dating says."""
    assert person.nationality is not None
    statuses = person.nationality.value
    person = replace(person, us_person=None, place=said("FR"), engagement=said(()), tier=said(()))
    verdicts = {
        decided(sources, replace(person, nationality=said(dated))).verdict
        for dated in datings(statuses)
    }
    expected = verdicts.pop() if len(verdicts) == 1 else Verdict.UNDETERMINED
    assert decided(sources, person).verdict is expected


def test_statuses_of_one_date_count_together_and_one_without_may_be_the_last() -> None:
    def verdict(country: str, *statuses: tuple[str, datetime | None]) -> Verdict:
        test = Condition(attribute="subject.nationality", any_of=(country,), view=View.MOST_RECENT)
        held = tuple(
            Status(country=where, standing=Standing.CITIZEN, since=since)
            for where, since in statuses
        )
        return decided(ruled_by(test), replace(UNKNOWN_PERSON, nationality=said(held))).verdict

    refused, permitted, open_ = Verdict.REFUSED, Verdict.PERMITTED, Verdict.UNDETERMINED
    together = (("FR", LATER), ("DE", LATER), ("US", EARLIER))
    assert [verdict(one, *together) for one in PLACES] == [permitted, refused, refused]
    assert verdict("FR", ("FR", None)) is refused
    undated = (("FR", None), ("DE", LATER), ("US", EARLIER))
    assert [verdict(one, *undated) for one in PLACES] == [permitted, open_, open_]


def test_an_explanation_says_that_a_date_is_missing() -> None:
    test = Condition(attribute="subject.nationality", any_of=("DE",), view=View.MOST_RECENT)
    snapshot = Snapshot.of(ruled_by(test))

    def told(since: datetime | None) -> str:
        held = (
            Status(country="FR", standing=Standing.CITIZEN, since=EARLIER),
            Status(country="DE", standing=Standing.CITIZEN, since=since),
        )
        explanation = explain(
            snapshot,
            Moment(valid_at=NOW),
            profile=replace(UNKNOWN_PERSON, nationality=said(held)),
            organisation="bolt",
            workload="w",
            model="m",
            endpoint="e",
        )
        return " ".join(sentences(explanation))

    assert "is citizen of FR, citizen of DE, not all with a date" in told(None)
    assert "is citizen of FR, citizen of DE (attested" in told(LATER)
