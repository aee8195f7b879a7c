"""`python -m bench.decision`: how long one decision takes, by the number of directives.

Synthetic directives with random scopes (places, nationalities, engagements, models, workloads),
a third of them authorisations. "Seen": the same person, workload and candidate again, a look-up.
"Known": a person who was seen, a candidate that was not asked for. "Never seen": a new person,
whose attributes have values that others had before. "Cedar": the same directives and questions,
asked of `cedarpy`; that both give the same answers is checked first.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import cedarpy
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
    Version,
    cedar,
)
from licet.terms import (
    Attested,
    Engagement,
    Instant,
    Profile,
    Relation,
    Standing,
    Status,
    places,
    to_instant,
)

T = TypeVar("T")
START = datetime(2026, 6, 1, tzinfo=UTC)
NOW = to_instant(datetime(2026, 6, 15, 12, tzinfo=UTC))
MODELS, WORKLOADS, ORGANISATIONS, LISTS = 60, 40, 200, 20
COUNTRIES = sorted(places())
SIZES = (200, 1_000, 5_000)
CEDAR_ASKED = 100
"""Requests that Cedar is asked: it needs milliseconds for each where there are many directives."""

Asked = tuple[Profile, tuple[str, str], tuple[str, str]]
"""(person, (organisation, workload), (model, endpoint))."""
FLOOR_US = {"seen": 1.0, "never seen": 10.0}
GOAL_US = {"seen": 0.5, "never seen": 3.0}


def main(argv: list[str] | None = None) -> None:
    """Prints one line per size; with `--json` one object."""
    arguments = argparse.ArgumentParser(prog="python -m bench.decision", description=__doc__)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    chosen = arguments.parse_args(argv)
    rows = [measure(size) for size in chosen.sizes]
    if chosen.json:
        print(json.dumps({"decision_us": rows, "floor": FLOOR_US, "goal": GOAL_US}))
        return
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row.items()))


def measure(size: int, seed: int = 7) -> dict[str, float]:
    """Microseconds, the best of five rounds each: what else the machine does only adds."""
    draw = random.Random(seed)
    sources = synthetic(size, draw)
    compiled = time.perf_counter()
    snapshot = Snapshot.of(sources)
    ruleset = snapshot.select(Instant(NOW))
    compile_ms = (time.perf_counter() - compiled) * 1e3
    persons = [synthetic_person(draw) for _ in range(400)]
    questions = [
        (f"organisation-{draw.randrange(ORGANISATIONS)}", f"workload-{draw.randrange(WORKLOADS)}")
        for _ in persons
    ]
    candidates = [
        (f"model-{draw.randrange(MODELS)}", f"endpoint-{n % 5}") for n in range(len(persons))
    ]
    asked: list[Asked] = list(zip(persons, questions, candidates, strict=True))
    for profile, (organisation, workload), (model, endpoint) in asked:
        ruleset.decide(ruleset.know(profile, organisation, workload, NOW), model, endpoint)
    warm = [ruleset.know(p, o, w, NOW) for p, (o, w), _ in asked]

    def seen() -> None:
        for one, (_, _, (model, endpoint)) in zip(warm, asked, strict=True):
            ruleset.decide(one, model, endpoint)

    seen()

    def known() -> None:
        for one, (_, _, (model, endpoint)) in zip(warm, asked, strict=True):
            one.decisions.clear()
            ruleset.decide(one, model, endpoint)

    def never_seen() -> None:
        for profile, (organisation, workload), (model, endpoint) in asked:
            ruleset.decide(ruleset.know(profile, organisation, workload, NOW), model, endpoint)

    return {
        "directives": size,
        "compile ms": round(compile_ms, 1),
        "seen": _best_us(seen, len(asked)),
        "known": _best_us(known, len(asked)),
        "never seen": _best_us(never_seen, len(asked)),
        "cedar": _cedar_us(sources, asked),
    }


def _cedar_us(sources: Sources, asked: Sequence[Asked]) -> float:
    """The same questions asked of Cedar: policies, schema and entities parsed beforehand, one
    call for all, one slot since nobody has two records."""
    moment = Moment(valid_at=Instant(NOW))
    export = cedar.export_all(sources, slots=1)
    persons = {str(number): profile for number, (profile, _, _) in enumerate(asked)}
    found = cedar.entities(export, sources, persons, moment)
    policies = cedarpy.PolicySet.from_str(export.policies)
    schema = cedarpy.Schema.from_str(export.schema)
    document = msgspec.json.encode(found.document).decode()
    entities = cedarpy.Entities.from_json_str(document, schema)
    requests = [
        cedar.request(
            export,
            sources,
            person=str(number),
            organisation=organisation,
            workload=workload,
            model=model,
            endpoint=endpoint,
            action=Action.INFERENCE,
            moment=moment,
        )
        for number, (_, (organisation, workload), (model, endpoint)) in enumerate(asked)
    ][:CEDAR_ASKED]
    answers = cedarpy.is_authorized_batch(requests, policies, entities, schema)
    ruleset = Snapshot.of(sources).select(Instant(NOW))
    for (profile, (organisation, workload), (model, endpoint)), answer in zip(
        asked, answers, strict=False
    ):
        known = ruleset.know(profile, organisation, workload, Instant(NOW))
        ours = ruleset.decide(known, model, endpoint)
        assert not answer.diagnostics.errors
        assert answer.allowed is ours.permitted, "a comparison of what is not the same"
    return _best_us(
        lambda: cedarpy.is_authorized_batch(requests, policies, entities, schema), len(requests)
    )


def _best_us(work: Callable[[], object], count: int) -> float:
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begun)
    return round(best / count * 1e6, 2)


def synthetic(size: int, draw: random.Random) -> Sources:
    """As many directives as told, over 60 models, 40 workloads, 200 organisations."""
    restrictions = [f"restriction-{n}" for n in range(size - size // 3)]
    directives = [_directive(name, Kind.RESTRICTION, (), draw) for name in restrictions]
    directives += [
        _directive(f"authorisation-{n}", Kind.AUTHORISATION, (draw.choice(restrictions),), draw)
        for n in range(size // 3)
    ]
    return Sources(
        directives=tuple(directives),
        lists=tuple(_list(number, draw) for number in range(LISTS)),
        models=tuple(_model(number, draw) for number in range(MODELS)),
        endpoints=tuple(
            Endpoint(
                id=f"endpoint-{number}",
                operator=Operator(id=f"organisation-{number}", controlled_from="US"),
                base_url="http://endpoint.test",
                dialect="chat",
                models={},
                place=draw.choice(COUNTRIES),
                self_hosted=False,
            )
            for number in range(5)
        ),
        organisations=tuple(
            Organisation(
                id=f"organisation-{number}",
                us_person=_attested(draw.random() < 0.5),
                place=_attested(draw.choice(COUNTRIES)),
            )
            for number in range(ORGANISATIONS)
        ),
        workloads=tuple(
            Workload(
                id=f"workload-{number}",
                candidates=(Candidate(model="model-0", endpoint="endpoint-0"),),
                purpose=f"purpose-{number % 8}",
                data=(f"class-{number % 6}",),
                data_origin=(draw.choice(COUNTRIES),),
            )
            for number in range(WORKLOADS)
        ),
    )


def _attested(value: T) -> Attested[T]:
    return Attested(value=value, issuer="bench", complete=True)


def _list(number: int, draw: random.Random) -> List:
    members = draw.sample(range(ORGANISATIONS), 30)
    version = ListVersion(
        effective_from=START,
        members=tuple(f"organisation-{member}" for member in members),
        complete=True,
    )
    return List(id=f"list-{number}", kind=ListKind.ORGANISATIONS, versions=(version,))


def _model(number: int, draw: random.Random) -> Model:
    return Model(
        id=f"model-{number}",
        lineage=(f"base-{number % 12}",),
        developer=Developer(id=f"organisation-{number}", place=draw.choice(COUNTRIES)),
        origin=draw.choice(COUNTRIES),
        capability=(),
        weights=draw.choice(["open", "closed"]),
        cleared=True,
    )


def _directive(name: str, kind: Kind, relieves: tuple[str, ...], draw: random.Random) -> Directive:
    some = draw.sample(COUNTRIES, draw.choice([1, 3, 27]))
    who = draw.choice(
        [
            Condition(attribute="subject.us_person", any_of=(False,)),
            Condition(attribute="subject.nationality", any_of=tuple(some)),
            Condition(attribute="subject.place", any_of=tuple(some)),
            Condition(attribute="subject.place", outside=tuple(some)),
            Condition(
                attribute="subject.engagement",
                record=(
                    Condition(attribute="relation", any_of=("employee",)),
                    Condition(
                        attribute="organisation.list", any_of=(f"list-{draw.randrange(LISTS)}",)
                    ),
                ),
            ),
        ]
    )
    what = draw.choice(
        [
            Condition(attribute="model.id", any_of=(f"model-{draw.randrange(MODELS)}",)),
            Condition(attribute="model.lineage", any_of=(f"base-{draw.randrange(12)}",)),
        ]
    )
    use = draw.choice(
        [
            Condition(attribute="workload.purpose", any_of=(f"purpose-{draw.randrange(8)}",)),
            Condition(attribute="workload.data", any_of=(f"class-{draw.randrange(6)}",)),
            Condition(attribute="organisation.place", any_of=tuple(some)),
        ]
    )
    version = Version(
        received=START,
        effective_from=START,
        relieves=relieves,
        applies=(Alternative(conditions=(who, what, use)),),
    )
    return Directive(id=name, kind=kind, versions=(version,))


def synthetic_person(draw: random.Random) -> Profile:
    """Somebody of whom everything is attested."""
    engagement = Engagement(
        relation=Relation.EMPLOYEE, organisation=f"organisation-{draw.randrange(ORGANISATIONS)}"
    )
    status = Status(country=draw.choice(COUNTRIES), standing=Standing.CITIZEN)
    return Profile(
        nationality=Attested(value=(status,), issuer="bench", complete=True),
        place=Attested(value=draw.choice(COUNTRIES), issuer="bench"),
        engagement=Attested(value=(engagement,), issuer="bench", complete=True),
    )


if __name__ == "__main__":
    main()
