"""Each attribute of docs/policy.md is read where the page says, and unknown where nobody says it.

The engine and the interpreter are asked together; a test of an attribute that another one
answers would be noticed by either.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from licet.catalog import (
    Candidate,
    Developer,
    Endpoint,
    List,
    ListKind,
    ListVersion,
    Model,
    Operator,
    Organisation,
    Workload,
)
from licet.policy import (
    Action,
    Alternative,
    Condition,
    Directive,
    Kind,
    Moment,
    Snapshot,
    Sources,
    Verdict,
    Version,
    naive,
)
from licet.policy.vocabulary import ATTRIBUTES
from licet.terms import (
    UNKNOWN_PERSON,
    Attested,
    Engagement,
    Owner,
    Profile,
    Relation,
    Standing,
    Status,
    to_instant,
)

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
AT = to_instant(datetime(2026, 6, 1, tzinfo=UTC))
P, R, U = Verdict.PERMITTED, Verdict.REFUSED, Verdict.UNDETERMINED


def listed(name: str, kind: ListKind, *members: str) -> List:
    version = ListVersion(effective_from=SINCE, members=members, complete=True)
    return List(id=name, kind=kind, versions=(version,))


WORLD = Sources(
    lists=(
        listed("firms", ListKind.ORGANISATIONS, "holder", "maker"),
        listed("operators", ListKind.OPERATORS, "runner"),
        listed("models", ListKind.MODELS, "m"),
        listed("union", ListKind.PLACES, "DE", "FR"),
        listed("far-away", ListKind.PLACES),
        listed("nobody", ListKind.ORGANISATIONS),
        listed("no-operators", ListKind.OPERATORS),
        listed("no-models", ListKind.MODELS),
    ),
    models=(Model(id="m"),),
    endpoints=(
        Endpoint(
            id="e",
            operator=Operator(id="runner"),
            base_url="http://e.test",
            dialect="chat",
            models={"m": "m"},
        ),
    ),
    organisations=(Organisation(id="holder"), Organisation(id="maker")),
    workloads=(Workload(id="w", candidates=(Candidate(model="m", endpoint="e"),)),),
)


def judged(
    condition: Condition,
    *,
    person: Profile = UNKNOWN_PERSON,
    action: Action = Action.INFERENCE,
    **parties: Any,
) -> Verdict:
    """Of a restriction with one condition; `parties`: the fields that are stated of each."""
    version = Version(
        received=SINCE, effective_from=SINCE, applies=(Alternative(conditions=(condition,)),)
    )
    rule = Directive(id="r", kind=Kind.RESTRICTION, versions=(version,))
    changed: dict[str, Any] = {}
    for party, fields in parties.items():
        first, *others = getattr(WORLD, party)
        changed[party] = (replace(first, **fields), *others)
    sources = replace(WORLD, directives=(rule,), **changed)
    asked: Any = {"organisation": "holder", "workload": "w", "model": "m", "endpoint": "e"}
    ruleset = Snapshot.of(sources).select(AT)
    known = ruleset.know(person, "holder", "w", AT)
    found = ruleset.decide(known, "m", "e", action).verdict
    moment = Moment(valid_at=AT)
    other = naive.judge(sources, profile=person, action=action, moment=moment, **asked)
    assert found is other.verdict
    return found


def attested(value: Any, *, complete: bool = True) -> Attested[Any]:
    return Attested(value=value, issuer="hr", complete=complete)


def among(attribute: str, *values: bool | int | str) -> Condition:
    return Condition(attribute=attribute, any_of=values)


def record(attribute: str, *tests: Condition) -> Condition:
    return Condition(attribute=attribute, record=tests)


FRENCH = Status(country="FR", standing=Standing.CITIZEN)
STAFF = Engagement(relation=Relation.EMPLOYEE, organisation="maker")

OF_PERSONS: dict[str, tuple[Any, Condition, Condition]] = {
    "subject.us_person": (
        True, among("subject.us_person", True), among("subject.us_person", False),
    ),
    "subject.nationality": (
        (FRENCH,), among("subject.nationality", "FR"), among("subject.nationality", "DE"),
    ),
    "subject.place": ("FR", among("subject.place", "FR"), among("subject.place", "DE")),
    "subject.engagement": (
        (STAFF,),
        record("subject.engagement", among("relation", "employee")),
        record("subject.engagement", among("relation", "contractor")),
    ),
    "subject.tier": (("red",), among("subject.tier", "red"), among("subject.tier", "blue")),
}  # fmt: skip
"""What is attested, a test that holds of it, and one that does not."""

FIRM = (Owner(organisation="maker", percent=60),)
OF_ORGANISATIONS: dict[str, tuple[str, Any, Condition, Condition]] = {
    "organisation.us_person": (
        "us_person",
        True,
        among("organisation.us_person", True),
        among("organisation.us_person", False),
    ),
    "organisation.place": (
        "place", "FR", among("organisation.place", "FR"), among("organisation.place", "DE"),
    ),
    "organisation.ultimate_parent.place": (
        "ultimate_parent",
        "FR",
        among("organisation.ultimate_parent.place", "FR"),
        among("organisation.ultimate_parent.place", "DE"),
    ),
    "organisation.owners": (
        "owners",
        FIRM,
        record("organisation.owners", Condition(attribute="percent", at_least=60)),
        record("organisation.owners", Condition(attribute="percent", at_least=61)),
    ),
    "organisation.sector": (
        "sector",
        ("energy",),
        among("organisation.sector", "energy"),
        among("organisation.sector", "arms"),
    ),
}  # fmt: skip

CONFIGURED: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "workload.purpose": ("workloads", {"purpose": "hiring"}, "hiring", "play"),
    "workload.end_use": ("workloads", {"end_use": "arms"}, "arms", "play"),
    "workload.data": ("workloads", {"data": ("health",)}, "health", "personal"),
    "workload.data_origin": ("workloads", {"data_origin": ("FR",)}, "FR", "DE"),
    "model.lineage": ("models", {"lineage": ("base",)}, "base", "other"),
    "model.developer": ("models", {"developer": Developer(id="maker")}, "maker", "holder"),
    "model.developer.list": ("models", {"developer": Developer(id="maker")}, "firms", "nobody"),
    "model.developer.place": (
        "models", {"developer": Developer(id="maker", place="FR")}, "FR", "DE",
    ),
    "model.origin": ("models", {"origin": "FR"}, "FR", "DE"),
    "model.capability": ("models", {"capability": ("cyber",)}, "cyber", "prose"),
    "model.weights": ("models", {"weights": "open"}, "open", "closed"),
    "model.safeguards": ("models", {"safeguards": "full"}, "full", "none"),
    "endpoint.operator.controlled_from": (
        "endpoints", {"operator": Operator(id="runner", controlled_from="FR")}, "FR", "DE",
    ),
    "endpoint.place": ("endpoints", {"place": "FR"}, "FR", "DE"),
}  # fmt: skip
"""Of which party, what is stated, a value that it has, and one that it has not."""

NAMED: dict[str, tuple[str, str]] = {
    "organisation.id": ("holder", "maker"),
    "organisation.list": ("firms", "nobody"),
    "workload.id": ("w", "other"),
    "model.id": ("m", "other"),
    "model.list": ("models", "no-models"),
    "endpoint.id": ("e", "other"),
    "endpoint.operator": ("runner", "other"),
    "endpoint.operator.list": ("operators", "no-operators"),
}
"""What every question names: a value that it has, and one that it has not."""

FLAGS: dict[str, tuple[str, str]] = {
    "model.cleared": ("models", "cleared"),
    "endpoint.self_hosted": ("endpoints", "self_hosted"),
}


@pytest.mark.parametrize("name", OF_PERSONS)
def test_attributes_of_persons(name: str) -> None:
    value, holds, fails = OF_PERSONS[name]
    person = replace(UNKNOWN_PERSON, **{name.removeprefix("subject."): attested(value)})
    assert [judged(one, person=person) for one in (holds, fails)] == [R, P]
    assert judged(holds) is U


@pytest.mark.parametrize("name", ["nationality", "engagement", "tier"])
def test_what_is_not_attested_whole_may_be_more(name: str) -> None:
    value, holds, fails = OF_PERSONS[f"subject.{name}"]
    person = replace(UNKNOWN_PERSON, **{name: attested(value, complete=False)})
    assert [judged(one, person=person) for one in (holds, fails)] == [R, U]


@pytest.mark.parametrize("name", OF_ORGANISATIONS)
def test_attributes_of_organisations(name: str) -> None:
    field, value, holds, fails = OF_ORGANISATIONS[name]
    stated: Any = {field: attested(value)}
    assert [judged(one, organisations=stated) for one in (holds, fails)] == [R, P]
    assert judged(holds) is U


@pytest.mark.parametrize("name", CONFIGURED)
def test_what_is_configured_is_all_there_is_and_what_is_left_out_is_unknown(name: str) -> None:
    party, fields, has, lacks = CONFIGURED[name]
    stated: Any = {party: fields}
    assert [judged(among(name, value), **stated) for value in (has, lacks)] == [R, P]
    assert judged(among(name, has)) is U


@pytest.mark.parametrize("name", FLAGS)
def test_flags_are_yes_no_or_unknown(name: str) -> None:
    party, field = FLAGS[name]
    stated: list[Any] = [{party: {field: flag}} for flag in (True, False, None)]
    assert [judged(among(name, True), **one) for one in stated] == [R, P, U]


@pytest.mark.parametrize("name", NAMED)
def test_what_the_question_names(name: str) -> None:
    has, lacks = NAMED[name]
    assert [judged(among(name, one)) for one in (has, lacks)] == [R, P]


@pytest.mark.parametrize("action", Action)
def test_the_action_is_the_one_asked_for(action: Action) -> None:
    others = [one for one in Action if one is not action]
    assert judged(among("action", action), action=action) is R
    assert judged(among("action", *others), action=action) is P


def test_nothing_is_left_out_here() -> None:
    here = {*OF_PERSONS, *OF_ORGANISATIONS, *CONFIGURED, *NAMED, *FLAGS, "action"}
    assert here == set(ATTRIBUTES)
