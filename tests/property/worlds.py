"""Small worlds: everything that decisions read, from a handful of names and ten days.

Few names, so that rules, lists and attestations meet; every form of condition, so that what
the rules can tell apart is told apart. Days are whole, so that boundaries coincide.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st

from licet.catalog import (
    Candidate,
    Developer,
    Endpoint,
    Fact,
    List,
    ListKind,
    ListVersion,
    Model,
    Operator,
    Organisation,
    SubjectRule,
    Workload,
)
from licet.policy import (
    Action,
    Alternative,
    Condition,
    Decision,
    DeclaredAttribute,
    Directive,
    Duty,
    FactCondition,
    InFlight,
    Kind,
    Mode,
    Moment,
    Presumption,
    Rules,
    Sources,
    Version,
    View,
    naive,
)
from licet.terms import (
    UNKNOWN_PERSON,
    Assurance,
    Attested,
    Engagement,
    Owner,
    Profile,
    Relation,
    Standing,
    Status,
    to_instant,
)

DAY_S = 86_400
START = datetime(2026, 6, 1, tzinfo=UTC)
ORGANISATIONS = ("acme", "bolt", "core")
COUNTRIES = ("US", "FR", "DE")
GROUPS = ("group", "circle")
UNION = "union"
RESTRICTIONS = ("r1", "r2", "r3")
AUTHORISATIONS = ("a1", "a2")
CONFIRMED = tuple(f"{name}@{number}" for name in RESTRICTIONS for number in (1, 2))
OBLIGATIONS = ("o1",)


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks for what, and as of when."""

    profile: Profile
    organisation: str
    workload: str
    model: str
    action: Action
    moment: Moment


@dataclass(frozen=True, slots=True)
class World:
    sources: Sources
    question: Question
    enforcers: frozenset[str]

    def judged(self, **changes: Any) -> Decision:
        """The naive verdict, on other sources or with another part of the question if told."""
        sources = changes.pop("sources", self.sources)
        asked = {
            name: changes.get(name, getattr(self.question, name))
            for name in ("profile", "organisation", "workload", "model", "action", "moment")
        }
        return naive.judge(sources, endpoint="e1", enforcers=self.enforcers, **asked)


def days(low: int = 0, high: int = 9) -> st.SearchStrategy[datetime]:
    return st.integers(low, high).map(lambda day: START + timedelta(days=day))


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def some(
    values: tuple[Any, ...], low: int = 1, high: int = 2
) -> st.SearchStrategy[tuple[Any, ...]]:
    chosen = st.lists(st.sampled_from(values), min_size=low, max_size=high, unique=True)
    return chosen.map(tuple)


def attested(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Attested[Any]]:
    return st.builds(
        Attested,
        value=values,
        issuer=st.just("hr"),
        assurance=st.sampled_from([Assurance.SELF, Assurance.DOCUMENT]),
        evidence_date=maybe(days()),
        expires=maybe(days(4)),
        complete=st.booleans(),
    )


STATUSES = st.builds(
    Status,
    country=st.sampled_from(COUNTRIES),
    standing=st.sampled_from(Standing),
    since=maybe(days()),
    until=maybe(days(5)),
)
ENGAGEMENTS = st.builds(
    Engagement,
    relation=st.sampled_from([Relation.EMPLOYEE, Relation.CONTRACTOR]),
    organisation=st.sampled_from(ORGANISATIONS),
    since=maybe(days(0, 3)),
    until=maybe(days(6)),
)
OWNERS = st.builds(
    Owner, organisation=st.sampled_from(ORGANISATIONS), percent=st.sampled_from([20, 30, 50])
)


def several(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=2).map(tuple)


PROFILES = st.just(UNKNOWN_PERSON) | st.builds(
    Profile,
    us_person=maybe(attested(st.booleans())),
    nationality=maybe(attested(several(STATUSES))),
    place=maybe(attested(st.sampled_from(COUNTRIES))),
    engagement=maybe(attested(several(ENGAGEMENTS))),
    tier=maybe(attested(some(("gold", "red"), 0))),
    declared=st.dictionaries(st.just("level"), attested(st.integers(1, 3)), max_size=1),
    conflicts=st.sampled_from([(), (), (), ("us_person",), ("place",), ("nationality",)]),
)


def condition(
    attribute: str, values: tuple[Any, ...], **fields: st.SearchStrategy[Any]
) -> st.SearchStrategy[Condition]:
    return st.builds(Condition, attribute=st.just(attribute), any_of=some(values, 1, 2), **fields)


def table(
    attribute: str, *tests: st.SearchStrategy[Condition], **fields: st.SearchStrategy[Any]
) -> st.SearchStrategy[Condition]:
    """One to all of the tests, as one table on the records of an attribute."""
    kept = st.lists(st.sampled_from(range(len(tests))), min_size=1, unique=True)
    record = kept.flatmap(lambda chosen: st.tuples(*(tests[index] for index in sorted(chosen))))
    return st.builds(Condition, attribute=st.just(attribute), record=record, **fields)


def limits(attribute: str, values: tuple[int, ...]) -> st.SearchStrategy[Condition]:
    number = st.sampled_from(values)
    return st.builds(Condition, attribute=st.just(attribute), at_least=number) | st.builds(
        Condition, attribute=st.just(attribute), at_most=number
    )


def placed(attribute: str) -> st.SearchStrategy[Condition]:
    places = some((*COUNTRIES, UNION))
    inside = st.builds(Condition, attribute=st.just(attribute), any_of=places)
    return inside | st.builds(Condition, attribute=st.just(attribute), outside=places)


DEMANDS: dict[str, st.SearchStrategy[Any]] = {
    "assurance": st.sampled_from([None, None, Assurance.EMPLOYER]),
    "max_age_s": st.sampled_from([None, None, 2 * DAY_S]),
}
VIEWS = st.sampled_from(View)
US_PERSON = condition("subject.us_person", (True, False)).map(
    lambda made: msgspec.structs.replace(made, any_of=made.any_of[:1])
)
SUBJECT = (
    US_PERSON,
    US_PERSON,
    st.builds(
        msgspec.structs.replace,
        US_PERSON,
        assurance=DEMANDS["assurance"],
        max_age_s=DEMANDS["max_age_s"],
    ),
    condition("subject.nationality", (*COUNTRIES, UNION), view=VIEWS),
    table(
        "subject.nationality",
        condition("country", (*COUNTRIES, UNION)),
        condition("standing", tuple(str(each) for each in Standing)),
        view=VIEWS,
    ),
    placed("subject.place"),
    table(
        "subject.engagement",
        condition("relation", ("employee", "contractor")),
        condition("organisation.id", ORGANISATIONS),
        condition("organisation.list", GROUPS),
    ),
    condition("subject.tier", ("gold", "red")),
    limits("subject.level", (2, 3)),
)
OTHERS = (
    condition("organisation.id", ORGANISATIONS),
    condition("organisation.list", GROUPS),
    condition("organisation.us_person", (False,)),
    placed("organisation.place"),
    placed("organisation.ultimate_parent.place"),
    condition("organisation.sector", ("energy", "bank")),
    table(
        "organisation.owners",
        condition("organisation.list", GROUPS[:1]),
        limits("percent_sum", (50,)),
    ),
    condition("workload.purpose", ("code",)),
    condition("workload.data", ("health", "public")),
    placed("workload.data_origin"),
    condition("model.id", ("m1", "m2")),
    condition("model.lineage", ("base",)),
    condition("model.developer.list", GROUPS[:1]),
    placed("model.origin"),
    condition("model.cleared", (True,)),
    condition("endpoint.operator", ("acme",)),
    placed("endpoint.operator.controlled_from"),
    condition("endpoint.self_hosted", (False,)),
    condition("action", ("inference", "weights")),
)
CONDITIONS = st.one_of(*SUBJECT) | st.one_of(*SUBJECT) | st.one_of(*OTHERS)
ALTERNATIVES = st.builds(
    Alternative, conditions=st.lists(CONDITIONS, min_size=1, max_size=2).map(tuple)
)
FACT_CONDITIONS = st.builds(
    FactCondition, fact=st.just("report"), grace_s=st.sampled_from([0, DAY_S, 3 * DAY_S])
)
PRESUMPTIONS = st.builds(
    Presumption, attribute=st.just("subject.us_person"), value=st.booleans()
) | st.builds(Presumption, attribute=st.just("subject.place"), value=st.sampled_from(COUNTRIES))
DUTIES = st.builds(
    Duty,
    kind=st.just("retain"),
    value=st.sampled_from([DAY_S, 0]),
) | st.sampled_from([Duty(kind="notify_user"), Duty(kind="residency", value=("DE", "US"))])


def seldom(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.just(()) | st.just(()) | strategy.map(lambda one: (one,))


def versions(kind: Kind) -> st.SearchStrategy[Version]:
    fields: dict[str, st.SearchStrategy[Any]] = {
        "received": days(),
        "effective_from": days(0, 6),
        "effective_until": st.none() | st.none() | days(5),
        "recorded_at": st.none() | st.none() | days(),
        "nothing": st.sampled_from([False, False, False, True]),
        "mode": st.sampled_from([*[Mode.ENFORCE] * 4, Mode.OBSERVE]),
        "in_flight": st.sampled_from(InFlight),
        "applies": st.lists(ALTERNATIVES, max_size=2).map(tuple),
        "unless": seldom(ALTERNATIVES),
    }
    if kind is Kind.RESTRICTION:
        fields["presume"] = seldom(PRESUMPTIONS)
    else:
        fields["duties"] = seldom(DUTIES)
    if kind is Kind.AUTHORISATION:
        fields["relieves"] = some(RESTRICTIONS, 1, 3)
        fields["confirms"] = some(CONFIRMED, 0, 2)
        fields["conditions"] = seldom(FACT_CONDITIONS)
    return st.builds(Version, **fields)


def directives(kind: Kind, names: tuple[str, ...]) -> st.SearchStrategy[list[Directive]]:
    content = st.lists(versions(kind), min_size=1, max_size=2).map(tuple)
    count = st.integers(1 if kind is Kind.RESTRICTION else 0, len(names))
    return count.flatmap(
        lambda size: st.tuples(
            *(
                st.builds(Directive, id=st.just(name), kind=st.just(kind), versions=content)
                for name in names[:size]
            )
        ).map(list)
    )


def listed(name: str, kind: ListKind, members: tuple[str, ...]) -> st.SearchStrategy[List]:
    content = st.builds(
        ListVersion,
        effective_from=days(0, 5),
        effective_until=maybe(days(6)),
        members=some(members, 0, 2),
        complete=st.sampled_from([True, True, True, False]),
        as_of=maybe(days()),
        max_age_s=st.sampled_from([None, None, 4 * DAY_S]),
        recorded_at=maybe(days()),
    )
    whole = ListVersion(effective_from=START - timedelta(days=1), members=(), complete=True)
    several_versions = st.lists(content, max_size=2).map(lambda more: (whole, *more))
    return st.builds(List, id=st.just(name), kind=st.just(kind), versions=several_versions)


def organisation(name: str) -> st.SearchStrategy[Organisation]:
    return st.builds(
        Organisation,
        id=st.just(name),
        us_person=maybe(attested(st.booleans())),
        place=maybe(attested(st.sampled_from(COUNTRIES))),
        ultimate_parent=maybe(attested(st.sampled_from(COUNTRIES))),
        owners=maybe(attested(several(OWNERS))),
        sector=maybe(attested(some(("energy", "bank"), 0))),
    )


def model(name: str) -> st.SearchStrategy[Model]:
    developer = st.builds(Developer, id=st.sampled_from(ORGANISATIONS))
    return st.builds(
        Model,
        id=st.just(name),
        lineage=maybe(some(("base", "other"), 0)),
        developer=maybe(developer),
        origin=maybe(st.sampled_from(COUNTRIES)),
        capability=maybe(some(("cyber", "prose"), 0)),
        cleared=maybe(st.booleans()),
    )


ENDPOINTS = st.builds(
    Endpoint,
    id=st.just("e1"),
    operator=st.builds(
        Operator,
        id=st.sampled_from(ORGANISATIONS),
        controlled_from=maybe(st.sampled_from(COUNTRIES)),
    ),
    base_url=st.just("http://e1.test"),
    dialect=st.just("chat"),
    models=st.just({"m1": "m1", "m2": "m2"}),
    place=maybe(st.sampled_from(COUNTRIES)),
    self_hosted=maybe(st.booleans()),
)
USES: dict[str, st.SearchStrategy[Any]] = {
    "candidates": st.just((Candidate(model="m1", endpoint="e1"),)),
    "purpose": maybe(st.sampled_from(["code", "care"])),
    "data": maybe(some(("health", "public"), 0)),
    "data_origin": maybe(some(COUNTRIES, 0)),
}
FACTS = st.builds(
    Fact, id=st.just("report"), value=st.booleans(), start=maybe(days()), end=maybe(days(3))
)


@st.composite
def all_sources(draw: st.DrawFn) -> Sources:
    rules = Rules(
        refuse_uncleared=draw(st.sampled_from([(), (), (), ("cyber",)])),
        attributes={"level": DeclaredAttribute(party="subject", type="integer")},
    )
    job = st.builds(
        Workload,
        id=st.just("job"),
        subject=st.just(SubjectRule.NONE),
        audience=maybe(PROFILES),
        **USES,
    )
    return Sources(
        directives=(
            *draw(directives(Kind.RESTRICTION, RESTRICTIONS)),
            *draw(directives(Kind.AUTHORISATION, AUTHORISATIONS)),
            *draw(directives(Kind.OBLIGATION, OBLIGATIONS)),
        ),
        lists=(
            *(draw(listed(name, ListKind.ORGANISATIONS, ORGANISATIONS)) for name in GROUPS),
            draw(listed(UNION, ListKind.PLACES, COUNTRIES)),
        ),
        models=(draw(model("m1")),),
        endpoints=(draw(ENDPOINTS),),
        organisations=(draw(organisation("acme")),),
        facts=tuple(draw(st.lists(FACTS, max_size=2))),
        workloads=(draw(st.builds(Workload, id=st.just("work"), **USES)), draw(job)),
        rules=rules,
    )


@st.composite
def moments(draw: st.DrawFn) -> Moment:
    known_at = draw(st.none() | st.none() | days())
    return Moment(
        valid_at=to_instant(draw(days())),
        known_at=None if known_at is None else to_instant(known_at),
        error_us=draw(st.sampled_from([0, 0, 0, 1, DAY_S * 1_000_000])),
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    question = Question(
        profile=draw(PROFILES),
        organisation="acme",
        workload=draw(st.sampled_from(["work", "work", "work", "job"])),
        model="m1",
        action=draw(st.sampled_from([Action.INFERENCE, Action.INFERENCE, Action.WEIGHTS])),
        moment=draw(moments()),
    )
    kinds = frozenset({"retain", "retain_nothing", "notify_user", "residency"})
    enforcers = draw(st.sampled_from([kinds, kinds, kinds, frozenset({"retain"})]))
    return World(draw(all_sources()), question, enforcers)
