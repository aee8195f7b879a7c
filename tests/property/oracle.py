"""Cedar as judge: what it says of requests, and where the engine says something else.

Cedar is asked with policies, schema and entities; where it errs, which is where it would have to
know what is unknown, it has no say. What it has said once is kept as an `Exam`, which any engine
may sit, a deliberately broken one included.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import cedarpy
import msgspec

from licet.catalog import List
from licet.policy import (
    Action,
    Directive,
    Duty,
    Kind,
    Mode,
    Moment,
    Snapshot,
    Sources,
    Verdict,
    Version,
    belongs,
    cedar,
    naive,
    parse,
)
from licet.terms import (
    Assurance,
    Attested,
    ConfigurationFault,
    Engagement,
    Profile,
    Relation,
    Standing,
    Status,
    to_datetime,
)
from tests.property.directed import COUNTRIES, OTHER, TICK, Case, Directions

EXAMPLES = Path(__file__).parents[2] / "examples"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
EVERYTHING = "everything"
_VERDICTS = {
    True: Verdict.PERMITTED,
    False: Verdict.REFUSED,
    None: Verdict.UNDETERMINED,
}
UNENFORCED = (Duty(kind="monitor"),)


@dataclass(frozen=True, slots=True)
class Question:
    """One request by ids, and what Cedar answered: whether it is allowed; None where it gives
    both answers, depending on something that is unknown."""

    profile: Profile
    organisation: str
    workload: str
    model: str
    endpoint: str
    action: str
    allowed: bool | None


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
            decision = ruleset.decide(known, one.model, one.endpoint, Action(one.action))
            wanted = _VERDICTS[one.allowed]
            if decision.verdict is not wanted:
                yield f"{exam.name}: {decision.verdict}, Cedar: {wanted}: {one}, {moment}"


def count(exams: Iterable[Exam]) -> int:
    return sum(len(exam.questions) for exam in exams)


def alone(sources: Sources, directive: Directive, cases: Iterable[Case]) -> list[Exam]:
    """One directive by itself, enforced whatever its mode.

    An authorisation does nothing by itself, so the engine gets a restriction of everything for
    it to relieve, and permits exactly where Cedar does.
    """
    only, enforcers = _only(sources, directive)
    export = cedar.export_directive(only, directive.id)
    return _exams(directive.id, export, only, enforcers, cases)


def interpreted(sources: Sources, directive: Directive, cases: Iterable[Case]) -> list[Exam]:
    """One directive by itself, with the naive interpreter in the place of Cedar."""
    only, enforcers = _only(sources, directive)
    exams = []
    for moment, layer in _layers(cases):
        with_parties = _with_parties(only, layer)
        questions = []
        for one in layer:
            judged = naive.judge(
                with_parties,
                profile=one.person,
                organisation=one.organisation.id,
                workload=one.workload.id,
                model=one.model.id,
                endpoint=one.endpoint.id,
                action=one.action,
                moment=moment,
                enforcers=enforcers,
            )
            if judged.verdict is not Verdict.UNDETERMINED or judged.missing:
                allowed = {verdict: said for said, verdict in _VERDICTS.items()}[judged.verdict]
                questions.append(_question(one, allowed))
        exams.append(Exam(directive.id, with_parties, moment, enforcers, tuple(questions)))
    return exams


def _only(sources: Sources, directive: Directive) -> tuple[Sources, frozenset[str]]:
    """Sources with nothing but the directive, and what is enforced there."""
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
    return msgspec.structs.replace(sources, directives=directives, rules=rules), enforcers


def _with_parties(sources: Sources, layer: Sequence[Case]) -> Sources:
    return msgspec.structs.replace(
        sources,
        organisations=_distinct(one.organisation for one in layer),
        workloads=_distinct(one.workload for one in layer),
        models=_distinct(one.model for one in layer),
        endpoints=_distinct(one.endpoint for one in layer),
    )


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
        with_parties = _with_parties(sources, layer)
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
    completed = [_completions(export, sources, one.person, moment) for one in layer]
    persons = {
        f"{number}/{place}": person
        for number, (several, _) in enumerate(completed)
        for place, person in enumerate(several)
    }
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
            person=person,
            organisation=one.organisation.id,
            workload=one.workload.id,
            model=one.model.id,
            endpoint=one.endpoint.id,
            action=one.action,
            moment=moment,
        )
        for person in persons
        for one in [layer[int(person.partition("/")[0])]]
    ]
    policies, schema = parsed
    document = msgspec.json.encode(found.document).decode()
    entities = cedarpy.Entities.from_json_str(document, schema)
    answers: dict[int, set[bool | None]] = {}
    batch = cedarpy.is_authorized_batch(requests, policies, entities, schema)
    for person, answer in zip(persons, batch, strict=True):
        said = None if answer.diagnostics.errors else answer.allowed
        answers.setdefault(int(person.partition("/")[0]), set()).add(said)
    questions = []
    for number, one in enumerate(layer):
        said_of_all = answers[number]
        # All the same of some of what it may be says nothing of the rest.
        if None not in said_of_all and (completed[number][1] or len(said_of_all) > 1):
            (allowed,) = said_of_all if len(said_of_all) == 1 else (None,)
            questions.append(_question(one, allowed))
    return Exam(name, sources, moment, enforcers, tuple(questions))


def _question(case: Case, allowed: bool | None) -> Question:
    return Question(
        case.person,
        case.organisation.id,
        case.workload.id,
        case.model.id,
        case.endpoint.id,
        case.action,
        allowed,
    )


def _completions(
    export: cedar.Export, sources: Sources, person: Profile, moment: Moment
) -> tuple[list[Profile], bool]:
    """What one unknown attribute may turn out to be, each of which Cedar can be asked; and
    whether that is everything it may be.

    Where several are unknown, the person as it is, of whom Cedar has nothing to say.
    """
    of_person = [use for use in export.uses if use.party == "subject"]
    at = to_datetime(moment.valid_at)
    answers = {use: cedar.value_of(use, person, at) for use in of_person}
    lacking = {use.name for use, (value, _) in answers.items() if value is None}
    known = {use.name for use, (value, _) in answers.items() if value is not None}
    optional = any(use.optional for use, (value, said) in answers.items() if not said)
    papers = person.nationality
    if papers is not None and lacking == {"subject.nationality"} and papers.complete:
        return [_with_papers(person, one, at) for one in _datings(papers.value)], True
    if optional or lacking & known:
        return [person], True
    match sorted(lacking):
        case ["subject.us_person"] if papers is None:
            flags = (True, False)
            return [
                msgspec.structs.replace(person, us_person=_attested(one, at)) for one in flags
            ], True
        case ["subject.place"]:
            return [
                msgspec.structs.replace(person, place=_attested(one, at)) for one in COUNTRIES
            ], True
        case ["subject.nationality"] | ["subject.nationality", "subject.us_person"]:
            return [_with_papers(person, one, at) for one in _papers(person, sources)], False
        case ["subject.engagement"]:
            return [
                msgspec.structs.replace(person, engagement=_attested(one, at))
                for one in _engagements(sources)
            ], False
        case ["subject.tier"]:
            return [
                msgspec.structs.replace(person, tier=_attested(one, at))
                for one in ((), *((word,) for word in sorted(_words(sources, "subject.tier"))))
            ], False
    return [person], True


def _with_papers(person: Profile, statuses: tuple[Status, ...], at: datetime) -> Profile:
    return msgspec.structs.replace(person, nationality=_attested(statuses, at))


def _papers(person: Profile, sources: Sources) -> Iterator[tuple[Status, ...]]:
    """A single status, of some of the countries that matter, that contradicts nothing attested."""
    claim = None if person.us_person is None else person.us_person.value
    named = _words(sources, "subject.nationality") | _words(sources, "country")
    listed = {member for one in sources.lists if one.id in named for member in _members(one)}
    for country in ("US", *sorted((named | listed) & set(COUNTRIES))[:4], *COUNTRIES[::50]):
        for standing in (Standing.CITIZEN, Standing.PERMANENT_RESIDENT):
            if claim is None or claim is (country == "US"):
                yield (Status(country=country, standing=standing),)


def _datings(statuses: tuple[Status, ...]) -> list[tuple[Status, ...]]:
    """With every order in time that statuses without a date allow."""
    dated = sorted({one.since for one in statuses if one.since is not None})
    since = [LONG_AGO, *(date + step for date in dated for step in (timedelta(0), TICK))]
    return list(
        product(
            *(
                [one]
                if one.since is not None
                else [msgspec.structs.replace(one, since=date) for date in since]
                for one in statuses
            )
        )
    )


def _engagements(sources: Sources) -> Iterator[tuple[Engagement, ...]]:
    yield ()
    named = {member for one in sources.lists for member in _members(one)}
    named |= _words(sources, "organisation.id")
    for organisation in (*sorted(named), OTHER):
        for relation in Relation:
            yield (Engagement(relation=relation, organisation=organisation),)


def _words(sources: Sources, attribute: str) -> set[str]:
    """The words with which conditions compare an attribute, or a field of a record."""
    return {
        str(value)
        for directive in sources.directives
        for version in directive.versions
        for table in (*version.applies, *version.unless)
        for condition in table.conditions
        for test in (condition, *condition.record)
        if test.attribute == attribute
        for value in (*test.any_of, *test.outside)
    }


def _members(listed: List) -> set[str]:
    return {member for version in listed.versions for member in version.members}


def _attested(value: Any, at: datetime) -> Attested[Any]:
    return Attested(
        value=value, issuer="registry", assurance=Assurance.GOVERNMENT, evidence_date=at
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


def joint_exams(
    name: str, sources: Sources, enforcers: frozenset[str], *, limit: int, seed: int = 1
) -> list[Exam]:
    """All directives at once: where links meet, and at a sample of the boundaries of each."""
    directions = Directions(sources, papers=True)
    draw = random.Random(seed)
    linked = list(directions.links(sources))
    lone = [case for one in sources.directives for case in directions.cases(one)]
    cases = [
        *draw.sample(linked, min(len(linked), limit)),
        *draw.sample(lone, min(len(lone), limit)),
    ]
    return together(name, sources, enforcers, cases)


def examples() -> Iterator[tuple[str, Sources]]:
    """Every folder of examples, and it again with each alternative reading in its place."""
    for folder in sorted(EXAMPLES.iterdir()):
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and belongs(path.name)
        }
        readings = {path: files.pop(path) for path in list(files) if path.startswith("readings/")}
        yield folder.name, _sources(files)
        for path, content in readings.items():
            name, letter, _ = path.removeprefix("readings/").rsplit(".", 2)
            changed = {**files, f"directives/{name}.toml": content}
            yield f"{folder.name}, reading {letter} of {name}", _sources(changed)


def _sources(files: dict[str, bytes]) -> Sources:
    configuration = parse(files)
    if configuration.faults:
        raise AssertionError(configuration.faults)
    return configuration.sources
