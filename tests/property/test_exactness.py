"""Unknown is exact: verdict and missing sets equal brute force over whole persons.

The brute force enumerates persons of whom everything is attested, asks about each, and never
looks at how the engine counts completions: of a whole person the engine is two-valued.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace as with_fields
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import chain, combinations, product
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from licet.catalog import (
    Candidate,
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
    Alternative,
    Condition,
    Decision,
    Directive,
    Kind,
    Snapshot,
    Sources,
    Verdict,
    Version,
)
from licet.terms import (
    Attested,
    Engagement,
    Profile,
    Relation,
    Standing,
    Status,
    to_datetime,
    to_instant,
)
from tests.property.test_agreement import compiled
from tests.property.worlds import World, worlds

replace = msgspec.structs.replace
START = datetime(2026, 6, 1, tzinfo=UTC)
NOW = to_instant(START + timedelta(days=1))
NAMES = ("us_person", "engagement", "place", "tier", "nationality")


def subsets(values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    sizes = range(len(values) + 1)
    return list(chain.from_iterable(combinations(values, size) for size in sizes))


NATIONALITIES = subsets(
    (
        Status(country="US", standing=Standing.CITIZEN),
        Status(country="US", standing=Standing.PERMANENT_RESIDENT),
        Status(country="FR", standing=Standing.CITIZEN),
        Status(country="DE", standing=Standing.CITIZEN),
    )
)
PLACES = ("US", "FR", "DE")
ENGAGEMENTS = subsets(
    (
        Engagement(relation=Relation.EMPLOYEE, organisation="acme"),
        Engagement(relation=Relation.EMPLOYEE, organisation="bolt"),
        Engagement(relation=Relation.CONTRACTOR, organisation="acme"),
    )
)
TIERS = subsets(("gold",))


def said(value: Any, *, complete: bool = True) -> Attested[Any]:
    return Attested(value=value, issuer="hr", complete=complete)


@cache
def whole_persons() -> list[tuple[dict[str, Any], Profile]]:
    """Everybody there can be, as far as the conditions below can tell, with what is true."""
    persons = []
    for nationality, place, engagement, tier in product(NATIONALITIES, PLACES, ENGAGEMENTS, TIERS):
        truth = {
            "us_person": any(status.country == "US" for status in nationality),
            "nationality": nationality,
            "place": place,
            "engagement": engagement,
            "tier": tier,
        }
        profile = Profile(
            nationality=said(nationality),
            place=said(place),
            engagement=said(engagement),
            tier=said(tier),
        )
        persons.append((truth, profile))
    return persons


def fits(truth: dict[str, Any], profile: Profile) -> bool:
    """Whether what is attested is true of this person; an incomplete set is a lower bound."""
    for name in NAMES:
        attested = getattr(profile, name)
        if attested is None:
            continue
        if name in ("us_person", "place") or attested.complete:
            if truth[name] != attested.value:
                return False
        elif not set(attested.value) <= set(truth[name]):
            return False
    return True


EMPLOYEE = Condition(attribute="relation", any_of=("employee",))
ON_LIST = Condition(attribute="organisation.list", any_of=("annex",))
CONDITIONS = (
    Condition(attribute="subject.us_person", any_of=(False,)),
    Condition(attribute="subject.us_person", any_of=(True,)),
    Condition(attribute="subject.nationality", any_of=("FR",)),
    Condition(attribute="subject.nationality", any_of=("US", "DE")),
    Condition(attribute="subject.place", any_of=("FR",)),
    Condition(attribute="subject.place", outside=("US",)),
    Condition(attribute="subject.engagement", record=(EMPLOYEE, ON_LIST)),
    Condition(attribute="subject.engagement", record=(EMPLOYEE,)),
    Condition(attribute="subject.tier", any_of=("gold",)),
)


def versions_on(conditions: Sequence[Condition]) -> st.SearchStrategy[Version]:
    """Versions with up to two alternatives of up to two of these conditions, to apply and not."""
    tables = st.lists(
        st.lists(st.sampled_from(conditions), min_size=1, max_size=2, unique=True).map(
            lambda chosen: Alternative(conditions=tuple(chosen))
        ),
        min_size=1,
        max_size=2,
    ).map(tuple)
    return st.builds(
        Version,
        received=st.just(START),
        effective_from=st.just(START),
        applies=tables,
        unless=st.just(()) | tables,
    )


VERSIONS = versions_on(CONDITIONS)


@st.composite
def rules(draw: st.DrawFn) -> Sources:
    restrictions = [
        Directive(id=name, kind=Kind.RESTRICTION, versions=(draw(VERSIONS),))
        for name in ("r1", "r2")[: draw(st.integers(1, 2))]
    ]
    relieves = st.sampled_from([("r1",), ("r2",), ("r1", "r2")])
    authorisations = [
        Directive(
            id="a1",
            kind=Kind.AUTHORISATION,
            versions=(replace(draw(VERSIONS), relieves=draw(relieves)),),
        )
        for _ in range(draw(st.integers(0, 1)))
    ]
    return parties(*restrictions, *authorisations)


def parties(*directives: Directive) -> Sources:
    """The directives with one model, one endpoint and one list."""
    version = ListVersion(effective_from=START, members=("acme",), complete=True)
    return Sources(
        directives=directives,
        lists=(List(id="annex", kind=ListKind.ORGANISATIONS, versions=(version,)),),
        models=(Model(id="m"),),
        endpoints=(
            Endpoint(
                id="e",
                operator=Operator(id="bolt"),
                base_url="http://e.test",
                dialect="chat",
                models={"m": "m"},
            ),
        ),
        organisations=(Organisation(id="acme"), Organisation(id="bolt")),
        workloads=(Workload(id="w", candidates=(Candidate(model="m", endpoint="e"),)),),
    )


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Somebody there can be, of whom a part is attested."""
    truth, _ = draw(st.sampled_from(whole_persons()))
    known: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4)):
        value, complete = truth[name], True
        if isinstance(value, tuple) and draw(st.booleans()):
            value, complete = value[:1], False
        known[name] = said(value, complete=complete)
    return Profile(**known)


def brute_force(snapshot: Snapshot, profile: Profile) -> tuple[Verdict, set[frozenset[str]]]:
    ruleset = snapshot.select(NOW)
    answers = []
    for truth, whole in whole_persons():
        if fits(truth, profile):
            decision = ruleset.decide(ruleset.know(whole, "bolt", "w", NOW), "m", "e")
            assert decision.verdict is not Verdict.UNDETERMINED
            answers.append((truth, decision.permitted))
    verdicts = {permitted for _, permitted in answers}
    if len(verdicts) == 1:
        return (Verdict.PERMITTED if True in verdicts else Verdict.REFUSED), set()
    return Verdict.UNDETERMINED, set(minimal_sets(answers))


def minimal_sets(answers: list[tuple[dict[str, Any], bool]]) -> Iterator[frozenset[str]]:
    found: list[frozenset[str]] = []
    for names in subsets(NAMES):
        chosen = frozenset(names)
        if any(smaller <= chosen for smaller in found):
            continue
        groups: dict[tuple[Any, ...], set[bool]] = {}
        for truth, permitted in answers:
            # Who attests nationality completely has attested `us_person`: it follows.
            groups.setdefault(tuple(truth[name] for name in names), set()).add(permitted)
        if all(len(group) == 1 for group in groups.values()):
            found.append(chosen)
            yield chosen


@given(rules(), profiles())
def test_verdict_and_missing_sets_equal_brute_force(sources: Sources, profile: Profile) -> None:
    snapshot = Snapshot.of(sources)
    ruleset = snapshot.select(NOW)
    decision = ruleset.decide(ruleset.know(profile, "bolt", "w", NOW), "m", "e")
    verdict, missing = brute_force(snapshot, profile)
    assert decision.verdict is verdict
    assert {frozenset(names) for names in decision.missing} == missing


def asked_of(world: World, *directives: Directive) -> Decision:
    return compiled(with_fields(world, sources=replace(world.sources, directives=directives)))


@given(worlds())
def test_adding_a_restriction_never_permits(world: World) -> None:
    directives = world.sources.directives
    for added in (one for one in directives if one.kind is Kind.RESTRICTION):
        without = asked_of(world, *(one for one in directives if one is not added))
        if compiled(world).permitted:
            assert without.permitted


@given(worlds())
def test_an_authorisation_relieves_only_what_it_names(world: World) -> None:
    """Without the one restriction that they name, authorisations might as well not be there."""
    rest = [one for one in world.sources.directives if one.id != "r1"]
    naming = [
        replace(
            one,
            versions=tuple(
                replace(version, relieves=("r1",), confirms=()) for version in one.versions
            ),
        )
        if one.kind is Kind.AUTHORISATION
        else one
        for one in rest
    ]
    without = [one for one in rest if one.kind is not Kind.AUTHORISATION]
    assert asked_of(world, *naming) == asked_of(world, *without)


@given(worlds(), st.data())
def test_recording_later_versions_changes_no_earlier_verdict(
    world: World, data: st.DataObject
) -> None:
    moment = world.question.moment
    known_at = to_instant(START + timedelta(days=5)) if moment.known_at is None else moment.known_at
    question = with_fields(world.question, moment=replace(moment, known_at=known_at))
    then = with_fields(world, question=question)
    amended = data.draw(st.sampled_from(world.sources.directives))
    later = to_datetime(known_at) + timedelta(seconds=1)
    last = replace(amended.versions[-1], effective_from=START, recorded_at=later, nothing=True)
    changed = tuple(
        replace(one, versions=(*one.versions, last)) if one is amended else one
        for one in world.sources.directives
    )
    assert asked_of(then, *changed) == compiled(then)
