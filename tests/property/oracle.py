"""Cedar as judge: what it says of requests, and where the engine says something else.

Cedar is asked with policies, schema and entities; where it errs, which is where it would have to
know what is unknown, it has no say. What it has said once is kept as an `Exam`, which any engine
may sit, a deliberately broken one included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import cedarpy
import msgspec

from licet.policy import (
    Directive,
    Duty,
    Kind,
    Mode,
    Moment,
    Snapshot,
    Sources,
    Verdict,
    Version,
    cedar,
)
from licet.terms import ConfigurationFault, Profile
from tests.property.directed import Case, Directions

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
EVERYTHING = "everything"
UNENFORCED = (Duty(kind="monitor"),)


@dataclass(frozen=True, slots=True)
class Question:
    """One request by ids, and what Cedar answered: whether it is allowed."""

    profile: Profile
    organisation: str
    workload: str
    model: str
    endpoint: str
    action: str
    allowed: bool


@dataclass(frozen=True, slots=True)
class Exam:
    """Questions on one set of sources at one moment."""

    name: str
    sources: Sources
    moment: Moment
    enforcers: frozenset[str]
    questions: tuple[Question, ...]


def disagreements(exams: Iterable[Exam]) -> Iterator[str]:
    """Where the engine that is imported now says something else than Cedar did."""
    for exam in exams:
        moment = exam.moment
        snapshot = Snapshot.of(exam.sources, enforcers=exam.enforcers)
        ruleset = snapshot.select(moment.valid_at, moment.known_at, moment.error_us)
        for one in exam.questions:
            known = ruleset.know(one.profile, one.organisation, one.workload, moment.valid_at)
            decision = ruleset.decide(known, one.model, one.endpoint, one.action)  # type: ignore[arg-type]
            wanted = Verdict.PERMITTED if one.allowed else Verdict.REFUSED
            if decision.verdict is not wanted:
                yield f"{exam.name}: {decision.verdict}, Cedar: {wanted}: {one}, {moment}"


def count(exams: Iterable[Exam]) -> int:
    return sum(len(exam.questions) for exam in exams)


def alone(sources: Sources, directive: Directive, cases: Iterable[Case]) -> list[Exam]:
    """One directive by itself, enforced whatever its mode.

    An authorisation does nothing by itself, so the engine gets a restriction of everything for
    it to relieve, and permits exactly where Cedar does.
    """
    directive = _enforced(directive)
    directives: tuple[Directive, ...] = (directive,)
    enforcers = frozenset(duty.kind for one in directive.versions for duty in one.duties)
    if directive.kind is Kind.AUTHORISATION:
        everything = Version(received=LONG_AGO, effective_from=LONG_AGO)
        directives += (Directive(id=EVERYTHING, kind=Kind.RESTRICTION, versions=(everything,)),)
    elif directive.kind is Kind.OBLIGATION:
        # It restricts by a duty that nothing enforces, in every version.
        enforcers = frozenset()
    rules = msgspec.structs.replace(sources.rules, refuse_uncleared=())
    only = msgspec.structs.replace(sources, directives=directives, rules=rules)
    export = cedar.export_directive(only, directive.id)
    return _exams(directive.id, export, only, enforcers, cases)


def _enforced(directive: Directive) -> Directive:
    return msgspec.structs.replace(
        directive,
        versions=tuple(
            msgspec.structs.replace(
                version,
                mode=Mode.ENFORCE,
                duties=UNENFORCED if directive.kind is Kind.OBLIGATION else version.duties,
                relieves=(EVERYTHING,) if directive.kind is Kind.AUTHORISATION else (),
            )
            for version in directive.versions
        ),
    )


def together(
    name: str, sources: Sources, enforcers: frozenset[str], cases: Iterable[Case]
) -> list[Exam]:
    """Every directive at once, with the links between them."""
    export = cedar.export_all(sources, enforcers=enforcers)
    return _exams(name, export, sources, enforcers, cases)


def _exams(
    name: str,
    export: cedar.Export,
    sources: Sources,
    enforcers: frozenset[str],
    cases: Iterable[Case],
) -> list[Exam]:
    validation = cedarpy.validate_policies(export.policies, export.schema)
    if not validation:
        raise AssertionError(f"{name}: Cedar rejects the export: {validation.errors[0]}")
    policies = cedarpy.PolicySet.from_str(export.policies)
    schema = cedarpy.Schema.from_str(export.schema)
    exams = []
    for moment, layer in _layers(cases):
        with_parties = msgspec.structs.replace(
            sources,
            organisations=_distinct(one.organisation for one in layer),
            workloads=_distinct(one.workload for one in layer),
            models=_distinct(one.model for one in layer),
            endpoints=_distinct(one.endpoint for one in layer),
        )
        exams.append(
            _exam(name, export, with_parties, enforcers, moment, layer, (policies, schema))
        )
    return [one for one in exams if one.questions]


def _exam(
    name: str,
    export: cedar.Export,
    sources: Sources,
    enforcers: frozenset[str],
    moment: Moment,
    layer: Sequence[Case],
    parsed: tuple[Any, Any],
) -> Exam:
    """Asks Cedar everything of one moment in one batch."""
    persons = {str(number): one.person for number, one in enumerate(layer)}
    try:
        found = cedar.entities(export, sources, persons, moment)
    except ConfigurationFault as fault:
        # A list that does not answer for everybody is beyond Cedar; nothing else may be.
        if fault.code != "open_list":
            raise
        return Exam(name, sources, moment, enforcers, ())
    requests = [
        cedar.request(
            export,
            sources,
            person=str(number),
            organisation=one.organisation.id,
            workload=one.workload.id,
            model=one.model.id,
            endpoint=one.endpoint.id,
            action=one.action,
            moment=moment,
        )
        for number, one in enumerate(layer)
    ]
    policies, schema = parsed
    document = msgspec.json.encode(found.document).decode()
    entities = cedarpy.Entities.from_json_str(document, schema)
    answers = cedarpy.is_authorized_batch(requests, policies, entities, schema)
    return Exam(
        name,
        sources,
        moment,
        enforcers,
        tuple(
            Question(
                one.person,
                one.organisation.id,
                one.workload.id,
                one.model.id,
                one.endpoint.id,
                one.action,
                answer.allowed,
            )
            for one, answer in zip(layer, answers, strict=True)
            if not answer.diagnostics.errors
        ),
    )


def _layers(cases: Iterable[Case]) -> Iterator[tuple[Moment, list[Case]]]:
    """Cases of one moment in which an id means one and the same party."""
    layers: dict[Moment, list[tuple[dict[tuple[type, str], Any], list[Case]]]] = {}
    distinct = {msgspec.json.encode(case): case for case in _numbered(cases)}
    for case in distinct.values():
        parties = (case.organisation, case.workload, case.model, case.endpoint)
        keyed: dict[tuple[type, str], Any] = {(type(one), one.id): one for one in parties}
        of_moment = layers.setdefault(case.moment, [])
        for known, cases_of_layer in of_moment:
            if all(known.get(key, one) == one for key, one in keyed.items()):
                known.update(keyed)
                cases_of_layer.append(case)
                break
        else:
            of_moment.append((keyed, [case]))
    for moment, several in layers.items():
        for _, cases_of_layer in several:
            yield moment, cases_of_layer


def _numbered(cases: Iterable[Case]) -> Iterator[Case]:
    """Parties whose id no condition needs get one of their own for each content."""
    numbers: dict[bytes, int] = {}

    def numbered(party: Any, plain: str) -> Any:
        if party.id != plain:
            return party
        number = numbers.setdefault(msgspec.json.encode(party), len(numbers))
        return msgspec.structs.replace(party, id=f"{plain}-{number}")

    for case in cases:
        yield Case(
            case.person,
            numbered(case.organisation, "organisation"),
            numbered(case.workload, "workload"),
            numbered(case.model, "model"),
            numbered(case.endpoint, "endpoint"),
            case.action,
            case.moment,
        )


def _distinct(parties: Iterable[Any]) -> tuple[Any, ...]:
    return tuple({one.id: one for one in parties}.values())


def single_exams(sources: Sources) -> list[Exam]:
    """Every directive of the sources alone, at all its boundaries."""
    directions = Directions(sources)
    return [
        exam
        for directive in sources.directives
        for exam in alone(sources, directive, directions.cases(directive))
    ]
