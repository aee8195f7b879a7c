"""The summer of 2026 as values: sources, persons and the verdicts that are expected of them."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

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
    SubjectRule,
    Workload,
)
from licet.policy import Alternative, Condition, Directive, Kind, Moment, Sources, Version
from licet.terms import (
    UNKNOWN_PERSON,
    Assurance,
    Attested,
    Engagement,
    Profile,
    Relation,
    Standing,
    Status,
    to_instant,
)

FABLE, MYTHOS = "claude-fable-5", "claude-mythos-5"
COMMERCE, CARVE_OUT, PROGRAMME = "commerce-06-12", "commerce-06-26", "developer-programme"
ANNEX, PARTNERS, DEVELOPER = "annex-a", "programme-partners", "developer"


def at(day: int, month: int = 6, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def noon(day: int, month: int = 6) -> Moment:
    return Moment(valid_at=to_instant(at(day, month)))


def version(start: datetime, *applies: Alternative, **fields: object) -> Version:
    made = Version(received=start, effective_from=start, applies=applies)
    return msgspec.structs.replace(made, **fields)


def all_of(*conditions: Condition) -> Alternative:
    return Alternative(conditions=conditions)


def among(attribute: str, *values: bool | int | str) -> Condition:
    return Condition(attribute=attribute, any_of=values)


def employee_of(*lists: str) -> Condition:
    record = (among("relation", "employee"), among("organisation.list", *lists))
    return Condition(attribute="subject.engagement", record=record)


def listed(name: str, *members: str) -> List:
    content = ListVersion(effective_from=at(1, 1), members=members, complete=True, as_of=at(1, 1))
    return List(id=name, kind=ListKind.ORGANISATIONS, versions=(content,))


def sources(*, recipient: bool) -> Sources:
    """`recipient`: reading B, in which the letter binds the recipient organisation too."""
    item = (
        among("model.lineage", "mythos-5-base"),
        among("action", "inference", "weights", "fine_tune", "credential", "view_output"),
    )
    readings = [all_of(*item, among("subject.us_person", False))]
    if recipient:
        readings.append(all_of(*item, among("organisation.us_person", False)))
    lifted = at(30, hour=23, minute=52)
    mythos = all_of(among("model.id", MYTHOS))
    letter = Directive(
        id=COMMERCE,
        kind=Kind.RESTRICTION,
        versions=(
            version(at(12, hour=21, minute=21), *readings),
            version(lifted, nothing=True),
        ),
    )
    carve_out = Directive(
        id=CARVE_OUT,
        kind=Kind.AUTHORISATION,
        versions=(
            version(
                at(27, hour=4),
                all_of(among("model.id", MYTHOS), employee_of(ANNEX, DEVELOPER)),
                relieves=(COMMERCE,),
            ),
        ),
    )
    partners = all_of(among("organisation.list", PARTNERS), employee_of(PARTNERS))
    annex = all_of(among("organisation.list", ANNEX, DEVELOPER), employee_of(ANNEX, DEVELOPER))
    programme = Directive(
        id=PROGRAMME,
        kind=Kind.RESTRICTION,
        versions=(
            version(at(9, hour=4), mythos, unless=(partners,)),
            version(at(26, hour=4), mythos, unless=(annex,)),
        ),
    )
    candidates = tuple(Candidate(model=model, endpoint="direct") for model in (FABLE, MYTHOS))
    audience = Profile(us_person=_attested(True))
    return Sources(
        directives=(letter, carve_out, programme),
        lists=(
            listed(ANNEX, "annex-entity"),
            listed(PARTNERS, "partner", "annex-entity", "maker"),
            listed(DEVELOPER, "maker"),
        ),
        models=tuple(
            Model(
                id=model,
                lineage=("mythos-5-base",),
                developer=Developer(id="maker", place="US"),
                origin="US",
            )
            for model in (FABLE, MYTHOS)
        ),
        endpoints=(
            Endpoint(
                id="direct",
                operator=Operator(id="maker"),
                base_url="http://direct.test",
                dialect="messages",
                models={FABLE: FABLE, MYTHOS: MYTHOS},
            ),
        ),
        organisations=tuple(
            Organisation(id=name, us_person=_attested(name != "eu-firm"))
            for name in ("us-firm", "partner", "annex-entity", "maker", "eu-firm")
        ),
        workloads=(
            Workload(id="work", candidates=candidates),
            Workload(
                id="attested-job",
                candidates=candidates,
                subject=SubjectRule.NONE,
                audience=audience,
            ),
            Workload(id="job", candidates=candidates, subject=SubjectRule.NONE),
        ),
    )


def _attested(value: bool) -> Attested[bool]:
    return Attested(value=value, issuer="hr", assurance=Assurance.EMPLOYER, complete=True)


def person(
    organisation: str,
    *statuses: tuple[str, Standing],
    place: str = "US",
    relation: Relation = Relation.EMPLOYEE,
) -> Profile:
    """Without statuses neither nationality nor `us_person` is attested."""
    nationality = tuple(Status(country=country, standing=each) for country, each in statuses)
    engagement = Engagement(relation=relation, organisation=organisation)
    return Profile(
        subject="someone",
        nationality=Attested(value=nationality, issuer="hr", complete=True) if statuses else None,
        engagement=Attested(value=(engagement,), issuer="hr", complete=True),
        place=Attested(value=place, issuer="hr", complete=True),
    )


CITIZEN, RESIDENT = Standing.CITIZEN, Standing.PERMANENT_RESIDENT

PERSONS: dict[str, tuple[Profile, str, str]] = {
    "US citizen, US firm": (person("us-firm", ("US", CITIZEN)), "us-firm", "work"),
    "US citizen in Paris, partner": (
        person("partner", ("US", CITIZEN), place="FR"), "partner", "work",
    ),
    "French citizen, partner": (person("partner", ("FR", CITIZEN)), "partner", "work"),
    "Indian citizen, US resident": (
        person("us-firm", ("IN", CITIZEN), ("US", RESIDENT)), "us-firm", "work",
    ),
    "German citizen, EU firm": (person("eu-firm", ("DE", CITIZEN), place="DE"), "eu-firm", "work"),
    "US citizen, EU firm": (person("eu-firm", ("US", CITIZEN), place="DE"), "eu-firm", "work"),
    "Canadian, annex entity": (person("annex-entity", ("CA", CITIZEN)), "annex-entity", "work"),
    "French contractor, annex entity": (
        person("annex-entity", ("FR", CITIZEN), relation=Relation.CONTRACTOR),
        "annex-entity",
        "work",
    ),
    "British citizen, developer": (person("maker", ("GB", CITIZEN)), "maker", "work"),
    "unproven, US firm": (person("us-firm"), "us-firm", "work"),
    "unproven, annex entity": (person("annex-entity"), "annex-entity", "work"),
    "job, audience attested": (UNKNOWN_PERSON, "us-firm", "attested-job"),
    "job, no audience": (UNKNOWN_PERSON, "us-firm", "job"),
}  # fmt: skip

COLUMNS = (
    (FABLE, noon(10)), (FABLE, noon(13)), (MYTHOS, noon(13)), (FABLE, noon(27)),
    (MYTHOS, noon(27)), (FABLE, noon(2, 7)), (MYTHOS, noon(2, 7)),
)  # fmt: skip

FOLLOWS_THE_PERSON = {
    "US citizen, US firm": "PP-P-P-",
    "US citizen in Paris, partner": "PPPP-P-",
    "French citizen, partner": "P----P-",
    "Indian citizen, US resident": "PP-P-P-",
    "German citizen, EU firm": "P----P-",
    "US citizen, EU firm": "PP-P-P-",
    "Canadian, annex entity": "P---PPP",
    "French contractor, annex entity": "P----P-",
    "British citizen, developer": "P---PPP",
    "unproven, US firm": "P?-?-P-",
    "unproven, annex entity": "P???PPP",
    "job, audience attested": "PP-P-P-",
    "job, no audience": "P?-?-P-",
}
"""Permitted, refused (`-`) or undetermined (`?`), by column."""

RECIPIENT_TOO = FOLLOWS_THE_PERSON | {"US citizen, EU firm": "P----P-"}
