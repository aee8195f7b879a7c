"""Sentences of docs/policy.md that nothing else in the tests would miss."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from licet.catalog import List, ListKind, ListVersion
from licet.policy import (
    Action,
    Alternative,
    Condition,
    Decision,
    DeclaredAttribute,
    Directive,
    Duty,
    InFlight,
    Kind,
    Moment,
    Presumption,
    Snapshot,
    Sources,
    Verdict,
    Version,
    explain,
    naive,
)
from licet.policy.parse_conditions import RECORDS
from licet.policy.vocabulary import ATTRIBUTES, Element
from licet.terms import (
    UNKNOWN_PERSON,
    Assurance,
    Attested,
    Engagement,
    Instant,
    Profile,
    Relation,
    Standing,
    Status,
    to_datetime,
    to_instant,
)
from tests.unit.policy import episode
from tests.unit.policy.test_duties import AT, decide

PAGE = (Path(__file__).parents[3] / "docs" / "policy.md").read_text(encoding="utf-8")
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
P, R, U = Verdict.PERMITTED, Verdict.REFUSED, Verdict.UNDETERMINED
PARTIES = ("subject", "organisation", "workload", "model", "endpoint")


def restricting(name: str, *conditions: Condition, in_flight: InFlight = InFlight.CUT) -> Directive:
    version = Version(
        received=SINCE,
        effective_from=SINCE,
        in_flight=in_flight,
        applies=(Alternative(conditions=conditions),) if conditions else (),
    )
    return Directive(id=name, kind=Kind.RESTRICTION, title=name, versions=(version,))


def row(party: str) -> set[str]:
    """What the page's table says of a party: the names of its last column."""
    (line,) = [one for one in PAGE.splitlines() if one.startswith(f"| `{party}` |")]
    return set(re.findall(r"`([a-z_.]+)`", line.rsplit(" | ", 1)[1]))


@pytest.mark.parametrize("party", PARTIES)
def test_the_attributes_of_a_party_are_those_of_the_page(party: str) -> None:
    own = {name.removeprefix(f"{party}.") for name in ATTRIBUTES if name.startswith(f"{party}.")}
    assert row(party) == own


def test_there_are_no_other_parties() -> None:
    assert {name.partition(".")[0] for name in ATTRIBUTES} == {*PARTIES, "action"}


def test_the_actions_are_those_of_the_page() -> None:
    assert row("action") == {one.value for one in Action}


def test_records_have_the_fields_of_the_page() -> None:
    assert set(RECORDS[Element.STATUS]) == {"country", "standing"}
    assert {one.value for one in Standing} == {
        "citizen",
        "former",
        "permanent_resident",
        "protected",
    }
    assert set(RECORDS[Element.ENGAGEMENT]) == {"relation", "organisation.id", "organisation.list"}
    assert {one.value for one in Relation} == {"employee", "contractor", "member", "self"}
    assert "percent" in RECORDS[Element.OWNERS]


def decided(
    sources: Sources,
    profile: Profile,
    at: Instant = AT,
    error: timedelta = timedelta(0),
    known_at: Instant | None = None,
) -> Decision:
    """By the engine, once the interpreter has agreed, on the verdict and on why."""
    asked: Any = {"organisation": "us-firm", "workload": "work", "model": episode.FABLE}
    moment = Moment(valid_at=at, known_at=known_at, error_us=error // timedelta(microseconds=1))
    ruleset = Snapshot.of(sources).select(at, known_at, moment.error_us)
    known = ruleset.know(profile, asked["organisation"], asked["workload"], at)
    found = ruleset.decide(known, asked["model"], "direct")
    other = naive.judge(sources, profile=profile, endpoint="direct", moment=moment, **asked)
    for name in ("verdict", "observed_verdict"):
        assert getattr(found, name) is getattr(other, name)
    for name in ("deciding", "relieving", "missing", "duties", "observed"):
        assert set(getattr(found, name)) == set(getattr(other, name))
    return found


def judged(
    sources: Sources, profile: Profile, at: Instant = AT, error: timedelta = timedelta(0)
) -> Verdict:
    return decided(sources, profile, at, error).verdict


def world(*directives: Directive) -> Sources:
    return replace(episode.sources(recipient=False), directives=directives)


def test_a_declared_attribute_is_tested_by_its_name() -> None:
    sources = world(
        restricting("r", Condition(attribute="subject.level", at_most=2)),
    )
    rules = replace(
        sources.rules, attributes={"level": DeclaredAttribute(party="subject", type="integer")}
    )
    sources = replace(sources, rules=rules)
    for level, verdict in ((2, Verdict.REFUSED), (3, Verdict.PERMITTED)):
        profile = Profile(declared={"level": Attested(value=level, issuer="hr")})
        assert judged(sources, profile) is verdict
    assert judged(sources, UNKNOWN_PERSON) is Verdict.UNDETERMINED


def test_numbers_may_be_bounded_on_both_sides() -> None:
    between = Condition(attribute="subject.level", at_least=2, at_most=3)
    sources = world(restricting("r", between))
    rules = replace(
        sources.rules, attributes={"level": DeclaredAttribute(party="subject", type="integer")}
    )
    sources = replace(sources, rules=rules)
    found = [
        judged(sources, Profile(declared={"level": Attested(value=level, issuer="hr")}))
        for level in (1, 2, 3, 4)
    ]
    assert [one is Verdict.REFUSED for one in found] == [False, True, True, False]


def test_a_list_without_a_version_in_effect_says_nothing() -> None:
    later = SINCE + timedelta(days=365)
    version = ListVersion(received=later, effective_from=later, members=("us-firm",), complete=True)
    named = List(id="later", kind=ListKind.ORGANISATIONS, versions=(version,))
    sources = world(restricting("r", Condition(attribute="organisation.list", any_of=("later",))))
    sources = replace(sources, lists=(*sources.lists, named))
    assert judged(sources, UNKNOWN_PERSON) is Verdict.UNDETERMINED
    assert judged(sources, UNKNOWN_PERSON, to_instant(later)) is Verdict.REFUSED


def test_answers_on_their_way_are_treated_by_the_strictest() -> None:
    finish = restricting("a", in_flight=InFlight.FINISH)
    hand_over = restricting("b", in_flight=InFlight.HAND_OVER)
    assert decide(finish).in_flight is InFlight.FINISH
    assert decide(finish, hand_over).in_flight is InFlight.HAND_OVER
    assert decide(finish, hand_over, restricting("c")).in_flight is InFlight.CUT


def test_under_no_refusal_by_a_refusal_stands() -> None:
    duty = Duty(kind="no_refusal_by", value=("subject.nationality",))
    version = Version(received=SINCE, effective_from=SINCE, duties=(duty,))
    fair = Directive(id="fair", kind=Kind.OBLIGATION, versions=(version,))
    decision = decide(restricting("r"), fair)
    assert decision.verdict is Verdict.REFUSED
    assert "r" in decision.deciding


def test_an_explanation_is_of_one_instant() -> None:
    sources = world(restricting("r"))
    before = Moment(valid_at=Instant(to_instant(SINCE) - 1))
    assert before.error_us == 0
    found = explain(
        Snapshot.of(sources),
        before,
        profile=UNKNOWN_PERSON,
        organisation="us-firm",
        workload="work",
        model=episode.FABLE,
        endpoint="direct",
    )
    assert found.decision.permitted


def test_two_licences_for_the_same_do_not_conflict() -> None:
    def licence(name: str) -> Directive:
        version = Version(received=SINCE, effective_from=SINCE, relieves=("r",))
        return Directive(id=name, kind=Kind.AUTHORISATION, versions=(version,))

    decision = decide(restricting("r"), licence("one"), licence("two"))
    assert decision.verdict is Verdict.PERMITTED
    assert set(decision.relieving) == {"one", "two"}


def attested(value: Any, **fields: Any) -> Attested[Any]:
    return Attested(value=value, issuer="hr", **fields)


def among(attribute: str, *values: bool | int | str) -> Condition:
    return Condition(attribute=attribute, any_of=values)


FOREIGN, US_PERSON = among("subject.us_person", False), among("subject.us_person", True)


def test_a_status_counts_from_its_beginning_and_not_at_its_end() -> None:
    begins, ends = Instant(AT - 1_000_000), Instant(AT + 1_000_000)
    status = Status(
        country="US",
        standing=Standing.PERMANENT_RESIDENT,
        since=to_datetime(begins),
        until=to_datetime(ends),
    )
    resident = Profile(nationality=attested((status,), complete=True))
    sources = world(restricting("r", FOREIGN))
    moments = (Instant(begins - 1), begins, Instant(ends - 1), ends)
    found = [judged(sources, resident, at) for at in moments]
    assert found == [R, P, P, R]


@pytest.mark.parametrize("standing", Standing)
def test_who_is_a_us_person_by_status(standing: Standing) -> None:
    status = Status(country="US", standing=standing)
    person = Profile(nationality=attested((status,), complete=True))
    expected = R if standing is Standing.FORMER else P
    assert judged(world(restricting("r", FOREIGN)), person) is expected
    abroad = replace(person, nationality=attested((replace(status, country="FR"),), complete=True))
    assert judged(world(restricting("r", FOREIGN)), abroad) is R


def test_a_claim_against_the_statuses_leaves_each_of_them_unknown() -> None:
    french = Status(country="FR", standing=Standing.CITIZEN)
    torn = Profile(us_person=attested(True), nationality=attested((french,), complete=True))
    for condition in (FOREIGN, US_PERSON):
        assert judged(world(restricting("r", condition)), torn) is U
    for country in ("FR", "DE"):
        sources = world(restricting("r", among("subject.nationality", country)))
        assert judged(sources, torn) is U


def test_contradicting_attestations_of_one_attribute_leave_it_unknown() -> None:
    torn = Profile(place=attested("FR"), tier=attested(("red",)), conflicts=("place", "tier"))
    for condition in (among("subject.place", "FR"), among("subject.tier", "red")):
        assert judged(world(restricting("r", condition)), torn) is U


def listing(**fields: Any) -> Sources:
    version = ListVersion(effective_from=SINCE, members=("maker",), complete=True)
    named = List(id="few", kind=ListKind.ORGANISATIONS, versions=(replace(version, **fields),))
    sources = world(restricting("r", among("organisation.list", "few")))
    return replace(sources, lists=(*sources.lists, named))


def test_of_whom_it_does_not_name_a_list_says_no_only_while_it_is_whole_and_fresh() -> None:
    assert judged(listing(), UNKNOWN_PERSON) is P
    assert judged(listing(complete=False), UNKNOWN_PERSON) is U
    assert judged(listing(max_age_s=60), UNKNOWN_PERSON) is U
    day = to_datetime(AT)
    for as_of, verdict in (
        (day - timedelta(seconds=60), U),
        (day - timedelta(seconds=60) + timedelta(microseconds=1), P),
    ):
        assert judged(listing(as_of=as_of, max_age_s=60), UNKNOWN_PERSON) is verdict
    # Of its members it says yes, however old it is.
    assert judged(listing(members=("us-firm",), max_age_s=60), UNKNOWN_PERSON) is R


def test_the_version_of_a_list_that_is_in_effect_counts() -> None:
    day = to_datetime(AT)
    later = day + timedelta(days=1)
    ended = ListVersion(
        effective_from=SINCE, effective_until=day, members=("us-firm",), complete=True
    )
    now = ListVersion(effective_from=day, effective_until=later, members=("maker",), complete=True)
    coming = ListVersion(effective_from=later, members=("us-firm",), complete=True)
    named = List(id="few", kind=ListKind.ORGANISATIONS, versions=(ended, now, coming))
    sources = world(restricting("r", among("organisation.list", "few")))
    sources = replace(sources, lists=(*sources.lists, named))
    moments = (Instant(AT - 1), AT, to_instant(later))
    assert [judged(sources, UNKNOWN_PERSON, at) for at in moments] == [R, P, R]


def test_one_of_several_lists_is_enough_and_their_names_are_nobody() -> None:
    sources = world(restricting("r", among("organisation.list", "few", "many")))
    for members, verdict in ((("us-firm",), R), (("maker",), P)):
        versions = (ListVersion(effective_from=SINCE, members=members, complete=True),)
        none = (ListVersion(effective_from=SINCE, members=("maker",), complete=True),)
        lists = (
            List(id="few", kind=ListKind.ORGANISATIONS, versions=none),
            List(id="many", kind=ListKind.ORGANISATIONS, versions=versions),
        )
        assert judged(replace(sources, lists=lists), UNKNOWN_PERSON) is verdict
        assert judged(replace(sources, lists=lists[::-1]), UNKNOWN_PERSON) is verdict


def test_what_has_not_been_adopted_counts_as_recorded_before_everything() -> None:
    adopted = Version(received=SINCE, effective_from=SINCE, recorded_at=SINCE, nothing=True)
    written = replace(adopted, recorded_at=None, nothing=False)
    for versions in ((adopted, written), (written, adopted)):
        rule = Directive(id="r", kind=Kind.RESTRICTION, versions=versions)
        assert judged(world(rule), UNKNOWN_PERSON) is P


def test_a_refusal_names_those_that_refuse_whatever_is_true() -> None:
    either = Version(
        received=SINCE,
        effective_from=SINCE,
        applies=(Alternative(conditions=(FOREIGN,)), Alternative(conditions=(US_PERSON,))),
    )
    always = Directive(id="always", kind=Kind.RESTRICTION, versions=(either,))
    foreign, domestic = restricting("foreign", FOREIGN), restricting("domestic", US_PERSON)
    found = decided(world(always, foreign), UNKNOWN_PERSON)
    assert (found.verdict, found.deciding) == (R, ("always",))
    # If none refuses in every completion, those that refuse in some.
    found = decided(world(domestic, foreign), UNKNOWN_PERSON)
    assert (found.verdict, set(found.deciding)) == (R, {"domestic", "foreign"})
    found = decided(world(foreign), UNKNOWN_PERSON)
    assert (found.verdict, found.deciding) == (U, ("foreign",))


def test_whoever_relieves_in_some_completion_is_named_and_nobody_else() -> None:
    def licence(name: str, *conditions: Condition, relieves: str = "r") -> Directive:
        version = Version(
            received=SINCE,
            effective_from=SINCE,
            relieves=(relieves,),
            applies=(Alternative(conditions=conditions),) if conditions else (),
        )
        return Directive(id=name, kind=Kind.AUTHORISATION, versions=(version,))

    idle = licence("idle", relieves="other")
    rules = (restricting("r", FOREIGN), restricting("other", among("action", "weights")))
    found = decided(world(*rules, licence("needed"), idle), UNKNOWN_PERSON)
    assert (found.verdict, found.relieving) == (P, ("needed",))
    us, foreign = licence("us", US_PERSON), licence("foreign", FOREIGN)
    found = decided(world(restricting("r"), us, foreign, idle), UNKNOWN_PERSON)
    assert (found.verdict, set(found.relieving)) == (P, {"us", "foreign"})


def test_what_is_missing_is_named_by_whose_it_is() -> None:
    listed_place = List(
        id="union",
        kind=ListKind.PLACES,
        versions=(ListVersion(effective_from=SINCE, members=("FR",)),),
    )
    person = Profile(place=attested("DE"))
    for condition, missing in (
        (among("subject.tier", "red"), "tier"),
        (among("organisation.sector", "arms"), "organisation.sector"),
        (among("model.capability", "cyber"), "model.capability"),
        (among("subject.place", "union"), "list.union"),
    ):
        sources = replace(world(restricting("r", condition)), lists=(listed_place,))
        assert decided(sources, person).missing == ((missing,),)


def test_the_missing_sets_do_not_look_behind_a_presumption() -> None:
    rule = restricting("r", FOREIGN, among("subject.place", "FR"))
    presumption = Presumption(attribute="subject.us_person", value=False)
    presuming = replace(rule, versions=(replace(rule.versions[0], presume=(presumption,)),))
    assert decided(world(presuming), UNKNOWN_PERSON).missing == (("place",),)
    assert decided(world(rule), UNKNOWN_PERSON).missing[0] == ("us_person", "place")


def test_a_presumption_is_of_one_attribute_and_of_its_version_alone() -> None:
    place = restricting("r", among("subject.place", "FR"))
    presumption = Presumption(attribute="subject.us_person", value=False)
    presuming = replace(place, versions=(replace(place.versions[0], presume=(presumption,)),))
    assert judged(world(presuming), UNKNOWN_PERSON) is U
    assert judged(world(presuming, restricting("other", FOREIGN)), UNKNOWN_PERSON) is U


def test_nothing_is_presumed_of_what_is_attested_too_weakly() -> None:
    strict = Condition(
        attribute="subject.us_person", any_of=(False,), assurance=Assurance.GOVERNMENT
    )
    rule = restricting("r", strict)
    presumption = Presumption(attribute="subject.us_person", value=True)
    presuming = replace(rule, versions=(replace(rule.versions[0], presume=(presumption,)),))
    assert judged(world(presuming), UNKNOWN_PERSON) is P
    assert judged(world(presuming), Profile(us_person=attested(False))) is U
    french = Status(country="FR", standing=Standing.CITIZEN)
    person = Profile(nationality=attested((french,), complete=True))
    assert judged(world(presuming), person) is U


def test_a_record_that_begins_or_ends_within_the_error_makes_its_set_unknown() -> None:
    at = to_datetime(AT)
    tie = Engagement(relation=Relation.EMPLOYEE, organisation="maker")

    def rule(relation: str) -> Sources:
        test = Condition(attribute="subject.engagement", record=(among("relation", relation),))
        return world(restricting("r", test))

    second = timedelta(seconds=1)
    for dates in ({"since": at}, {"until": at}):
        person = Profile(engagement=attested((replace(tie, **dates),), complete=True))
        for relation in ("employee", "contractor"):
            assert judged(rule(relation), person, error=second) is U
            assert judged(rule(relation), person) is not U


def test_without_tables_a_version_matches_everything_but_its_exceptions() -> None:
    rule = restricting("r")
    assert judged(world(rule), UNKNOWN_PERSON) is R
    for organisation, verdict in (("us-firm", P), ("maker", R)):
        unless = (Alternative(conditions=(among("organisation.id", organisation),)),)
        excepting = replace(rule, versions=(replace(rule.versions[0], unless=unless),))
        assert judged(world(excepting), UNKNOWN_PERSON) is verdict


def test_one_place_of_a_set_outside_is_enough() -> None:
    sources = world(
        restricting("r", Condition(attribute="workload.data_origin", outside=("FR", "DE")))
    )
    for origins, verdict in ((("FR", "US"), R), (("US",), R), (("FR", "DE"), P)):
        workloads = tuple(replace(one, data_origin=origins) for one in sources.workloads)
        assert judged(replace(sources, workloads=workloads), UNKNOWN_PERSON) is verdict
