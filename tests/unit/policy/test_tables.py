"""What stands in a table of a version: tests of records, views of nationality, thresholds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from licet.catalog import Model
from licet.policy import (
    Action,
    Alternative,
    Condition,
    Directive,
    Kind,
    Moment,
    Snapshot,
    Version,
    View,
    naive,
)
from licet.terms import (
    UNKNOWN_PERSON,
    Assurance,
    ConfigurationFault,
    Engagement,
    Owner,
    Profile,
    Relation,
    Standing,
    Status,
    to_datetime,
)
from tests.unit.policy.test_attributes import (
    AT,
    WORLD,
    P,
    R,
    U,
    among,
    attested,
    judged,
    record,
)

NOW = to_datetime(AT)
DAY = timedelta(days=1)


def holding(*statuses: Status) -> Profile:
    return replace(UNKNOWN_PERSON, nationality=attested(statuses))


@pytest.mark.parametrize("standing", Standing)
def test_a_status_meets_country_and_standing_of_the_same_table(standing: Standing) -> None:
    person = holding(
        Status(country="CN", standing=standing), Status(country="FR", standing=Standing.CITIZEN)
    )
    tests = {
        other: record("subject.nationality", among("country", "CN"), among("standing", other))
        for other in Standing
    }
    found = {other: judged(test, person=person) for other, test in tests.items()}
    assert found == {other: R if other is standing else P for other in Standing}


def test_without_a_standing_only_citizenships_are_current() -> None:
    test = among("subject.nationality", "CN")
    verdicts = [
        judged(test, person=holding(Status(country="CN", standing=each))) for each in Standing
    ]
    assert verdicts == [R if each is Standing.CITIZEN else P for each in Standing]


@pytest.mark.parametrize("view", View)
def test_a_status_that_has_not_begun_is_in_no_view_and_one_that_has_ended_in_one(
    view: View,
) -> None:
    test = Condition(attribute="subject.nationality", any_of=("CN",), view=view)
    coming = Status(country="CN", standing=Standing.CITIZEN, since=NOW + DAY)
    ended = Status(country="CN", standing=Standing.CITIZEN, since=NOW - 2 * DAY, until=NOW - DAY)
    assert judged(test, person=holding(coming)) is P
    assert judged(test, person=holding(ended)) is (R if view is View.ALL_EVER else P)


def test_an_engagement_meets_relation_and_organisation_of_the_same_table() -> None:
    ties = (
        Engagement(relation=Relation.EMPLOYEE, organisation="holder"),
        Engagement(relation=Relation.CONTRACTOR, organisation="maker"),
    )
    person = replace(UNKNOWN_PERSON, engagement=attested(ties))
    for relation, organisation, verdict in (
        ("employee", "holder", R),
        ("employee", "maker", P),
        ("contractor", "maker", R),
    ):
        tests = (among("relation", relation), among("organisation.id", organisation))
        assert judged(record("subject.engagement", *tests), person=person) is verdict


def test_an_owner_meets_organisation_and_share_of_the_same_table() -> None:
    owners = (Owner(organisation="maker", percent=30), Owner(organisation="other", percent=60))
    for organisation, least, verdict in (("maker", 30, R), ("maker", 31, P), ("other", 60, R)):
        share = Condition(attribute="percent", at_least=least)
        test = record("organisation.owners", among("organisation.id", organisation), share)
        assert judged(test, organisations={"owners": attested(owners)}) is verdict


def test_an_attestation_of_less_assurance_is_unknown_to_the_test() -> None:
    test = Condition(attribute="subject.place", any_of=("FR",), assurance=Assurance.DOCUMENT)
    plain = among("subject.place", "FR")
    for assurance in Assurance:
        place = replace(attested("FR"), assurance=assurance)
        person = replace(UNKNOWN_PERSON, place=place)
        enough = assurance.rank >= Assurance.DOCUMENT.rank
        assert judged(test, person=person) is (R if enough else U)
        assert judged(plain, person=person) is R


def test_an_attestation_on_older_evidence_is_unknown_to_the_test() -> None:
    test = Condition(attribute="subject.place", any_of=("FR",), max_age_s=86_400)
    for date, verdict in ((NOW - DAY, R), (NOW - DAY - timedelta(microseconds=1), U), (None, U)):
        place = replace(attested("FR"), evidence_date=date)
        assert judged(test, person=replace(UNKNOWN_PERSON, place=place)) is verdict


def test_one_of_the_values_is_enough_and_one_of_the_set_and_one_of_a_list_of_places() -> None:
    person = replace(UNKNOWN_PERSON, place=attested("FR"), tier=attested(("red", "blue")))
    for test, verdict in (
        (among("subject.place", "DE", "FR"), R),
        (among("subject.place", "DE", "GB"), P),
        (among("subject.tier", "green", "blue"), R),
        (among("subject.tier", "green", "white"), P),
        (among("subject.place", "US", "union"), R),
        (among("subject.place", "US", "far-away"), P),
    ):
        assert judged(test, person=person) is verdict


def test_what_is_configured_meets_no_demand_however_little() -> None:
    """The interpreter finds it unknown to the test; the engine takes no such test at all."""
    test = Condition(attribute="model.cleared", any_of=(True,), assurance=Assurance.SELF)
    version = Version(received=NOW, effective_from=NOW, applies=(Alternative(conditions=(test,)),))
    sources = replace(
        WORLD,
        models=(Model(id="m", cleared=True),),
        directives=(Directive(id="r", kind=Kind.RESTRICTION, versions=(version,)),),
    )
    judged_so = naive.judge(
        sources,
        profile=UNKNOWN_PERSON,
        organisation="holder",
        workload="w",
        model="m",
        endpoint="e",
        action=Action.INFERENCE,
        moment=Moment(valid_at=AT),
    )
    assert judged_so.verdict is U
    with pytest.raises(ConfigurationFault, match="configured, not attested"):
        Snapshot.of(sources).select(AT)
