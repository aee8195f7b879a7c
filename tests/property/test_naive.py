"""What must hold of the rules themselves, shown on the interpreter that reads them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from licet.policy import Directive, Kind, Sources, Verdict
from licet.terms import Assurance, Attested, Engagement, Profile, Status, to_datetime
from tests.property.worlds import (
    COUNTRIES,
    ENGAGEMENTS,
    RESTRICTIONS,
    START,
    STATUSES,
    World,
    several,
    some,
    versions,
    worlds,
)

replace = msgspec.structs.replace

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "us_person": st.booleans(),
    "nationality": several(STATUSES),
    "place": st.sampled_from(COUNTRIES),
    "engagement": several(ENGAGEMENTS),
    "tier": some(("gold", "red"), 0),
    "level": st.integers(0, 4),
}


def with_directives(sources: Sources, *directives: Directive) -> Sources:
    return replace(sources, directives=directives)


def without_presumptions(world: World) -> World:
    """Presuming is a rule about what is not attested: attesting may overturn it, by design."""
    plain = [
        replace(each, versions=tuple(replace(one, presume=()) for one in each.versions))
        for each in world.sources.directives
    ]
    return World(with_directives(world.sources, *plain), world.question, world.enforcers)


@st.composite
def attestations(draw: st.DrawFn, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: draw(VALUES[name]) for name in names}


def attest(world: World, values: dict[str, Any]) -> Profile:
    """A profile in which these are attested as well as can be, without any date in doubt."""
    now = to_datetime(world.question.moment.valid_at)
    made = {name: _certain(value, now) for name, value in values.items()}
    profile = world.question.profile
    conflicts = tuple(each for each in profile.conflicts if each not in made)
    level = {"level": made.pop("level")} if "level" in made else {}
    return replace(profile, conflicts=conflicts, declared=profile.declared | level, **made)


def _certain(value: Any, now: Any) -> Attested[Any]:
    if isinstance(value, tuple):
        value = tuple(
            replace(each, since=None, until=None) if isinstance(each, Status | Engagement) else each
            for each in value
        )
    return Attested(
        value=value,
        issuer="registry",
        assurance=Assurance.GOVERNMENT,
        evidence_date=now + timedelta(days=1),
        complete=True,
    )


def is_consistent(profile: Profile) -> bool:
    """What is attested of `us_person` agrees with the statuses, by the axioms."""
    if profile.us_person is None or profile.nationality is None:
        return True
    us_statuses = [
        each
        for each in profile.nationality.value
        if each.country == "US" and each.standing != "former"
    ]
    return bool(us_statuses) == profile.us_person.value


def unattested(profile: Profile) -> list[str]:
    return [
        name
        for name in VALUES
        if name not in profile.conflicts
        and getattr(profile, name, None) is None
        and name not in profile.declared
    ]


@given(worlds(), versions(Kind.RESTRICTION))
def test_another_restriction_never_permits(world: World, content: Any) -> None:
    more = Directive(id="another", kind=Kind.RESTRICTION, versions=(content,))
    sources = with_directives(world.sources, *world.sources.directives, more)
    if world.judged(sources=sources).permitted:
        assert world.judged().permitted


@given(worlds())
def test_a_broken_restriction_aside_a_refusal_needs_somebody_who_refuses(world: World) -> None:
    decision = world.judged()
    assert decision.permitted or decision.deciding


@given(worlds())
def test_a_licence_relieves_only_what_it_names(world: World) -> None:
    directives = world.sources.directives
    first = next(each for each in directives if each.id == RESTRICTIONS[0])
    elsewhere = [
        replace(each, versions=tuple(replace(one, relieves=("r9",)) for one in each.versions))
        for each in directives
        if each.kind is Kind.AUTHORISATION
    ]
    alone = world.judged(sources=with_directives(world.sources, first))
    assert world.judged(sources=with_directives(world.sources, first, *elsewhere)) == alone


@given(worlds(), st.data())
def test_what_is_recorded_later_changes_no_earlier_verdict(world: World, data: Any) -> None:
    known_at = world.question.moment.known_at
    assume(known_at is not None)
    assert known_at is not None
    later = to_datetime(known_at) + timedelta(microseconds=1)
    amended = [
        replace(
            each,
            versions=(
                *each.versions,
                replace(data.draw(versions(each.kind)), recorded_at=later, effective_from=START),
            ),
        )
        for each in world.sources.directives
    ]
    emptied = [
        replace(each, versions=(*each.versions, replace(each.versions[0], recorded_at=later)))
        for each in world.sources.lists
    ]
    sources = replace(world.sources, directives=tuple(amended), lists=tuple(emptied))
    assert world.judged(sources=sources) == world.judged()


@given(worlds(), st.data())
def test_attesting_what_is_unknown_overturns_no_verdict(world: World, data: Any) -> None:
    world = without_presumptions(world)
    names = unattested(world.question.profile)
    assume(names and world.question.workload == "work")
    chosen = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    profile = attest(world, data.draw(attestations(tuple(chosen))))
    assume(is_consistent(profile))
    before = world.judged().verdict
    if before is not Verdict.UNDETERMINED:
        assert world.judged(profile=profile).verdict is before


@given(worlds(), st.data())
def test_every_missing_set_settles_whatever_its_values(world: World, data: Any) -> None:
    world = without_presumptions(world)
    sets = [names for names in world.judged().missing if set(names) <= set(VALUES)]
    for chosen in sets if world.question.workload == "work" else []:
        profile = attest(world, data.draw(attestations(chosen)))
        if is_consistent(profile):
            assert world.judged(profile=profile).verdict is not Verdict.UNDETERMINED


@given(worlds())
def test_no_missing_set_contains_another(world: World) -> None:
    sets = [set(each) for each in world.judged().missing]
    assert not [(one, two) for one in sets for two in sets if one < two]
