"""Sentences of docs/policy.md that nothing else in the tests would miss."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from licet.catalog import List, ListKind, ListVersion
from licet.policy import (
    Action,
    Alternative,
    Condition,
    DeclaredAttribute,
    Directive,
    Duty,
    InFlight,
    Kind,
    Moment,
    Snapshot,
    Sources,
    Verdict,
    Version,
    explain,
    naive,
)
from licet.policy.parse_conditions import RECORDS
from licet.policy.vocabulary import ATTRIBUTES, Element
from licet.terms import UNKNOWN_PERSON, Attested, Instant, Profile, Relation, Standing, to_instant
from tests.unit.policy import episode
from tests.unit.policy.test_duties import AT, decide

PAGE = (Path(__file__).parents[3] / "docs" / "policy.md").read_text(encoding="utf-8")
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
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


def judged(sources: Sources, profile: Profile, at: Instant = AT) -> Verdict:
    """By the engine, once the interpreter has agreed."""
    asked = {"organisation": "us-firm", "workload": "work", "model": episode.FABLE}
    ruleset = Snapshot.of(sources).select(at)
    known = ruleset.know(profile, asked["organisation"], asked["workload"], at)
    found = ruleset.decide(known, asked["model"], "direct").verdict
    moment = Moment(valid_at=at)
    other = naive.judge(
        sources,
        profile=profile,
        organisation=asked["organisation"],
        workload=asked["workload"],
        model=asked["model"],
        endpoint="direct",
        moment=moment,
    )
    assert found is other.verdict
    return found


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
