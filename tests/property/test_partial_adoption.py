"""However a folder is broken, what is adopted of it permits nothing that was not permitted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from licet.catalog import OperatorSettings, Settings
from licet.policy import (
    PENDING,
    Configuration,
    Directive,
    Kind,
    Moment,
    Recording,
    Restricted,
    Rules,
    Snapshot,
    Sources,
    Verdict,
    Version,
    VersionKey,
    content_digest,
    restrict,
)
from licet.terms import ConfigurationFault, Place, to_instant
from tests.property.worlds import START, World, all_sources, worlds

LONG_AGO = START - timedelta(days=365)
NOW = to_instant(START + timedelta(days=365))
SETTINGS = Settings(operator=OperatorSettings(name="a", url="https://a.example", contact="a"))
BROKEN = ConfigurationFault("not_toml", "not TOML", place=Place("directives/broken.toml", 1, 1))


def recorded(sources: Sources) -> dict[VersionKey, Recording]:
    return {
        (kind, one.id, number): Recording(content_digest(one, number), NOW)
        for kind, several in (("directive", sources.directives), ("list", sources.lists))
        for one in several
        for number in range(1, len(one.versions) + 1)
    }


def configured(sources: Sources) -> Configuration:
    return Configuration(settings=SETTINGS, sources=sources, faults=(BROKEN,))


@st.composite
def readings(draw: st.DrawFn) -> Sources:
    """What reads of another folder: any of its directives may be missing, renamed, longer."""
    sources = draw(all_sources())
    kept = [
        msgspec.structs.replace(one, id=draw(st.sampled_from((one.id, f"new-{one.id}"))))
        for one in sources.directives
        if draw(st.booleans())
    ]
    return msgspec.structs.replace(sources, directives=tuple(kept))


def loads(sources: Sources) -> bool:
    try:
        Snapshot.of(sources)
    except ConfigurationFault:
        return False
    return True


def adopted(world: World, written: Sources) -> Restricted:
    assume(loads(world.sources))
    return restrict(configured(written), recorded(world.sources), NOW, world.sources)


@settings(max_examples=60)
@given(worlds(), readings())
def test_nothing_is_permitted_that_was_not(world: World, written: Sources) -> None:
    after = adopted(world, written)
    if world.judged(sources=after.sources).verdict is Verdict.PERMITTED:
        assert world.judged().verdict is Verdict.PERMITTED


def relaxed(sources: Sources) -> Sources:
    """The folder of somebody who wants everything permitted: a licence for all restrictions,
    each of them lifted, and every list and workload emptied of what could matter."""
    amnesty = Directive(
        id="amnesty",
        kind=Kind.AUTHORISATION,
        versions=(
            Version(
                received=LONG_AGO,
                effective_from=LONG_AGO,
                relieves=tuple(one.id for one in sources.directives),
            ),
        ),
    )
    lift = Version(received=LONG_AGO, effective_from=LONG_AGO, nothing=True)
    lifted = (
        msgspec.structs.replace(one, versions=(*one.versions, lift)) for one in sources.directives
    )
    return msgspec.structs.replace(
        sources, directives=(*lifted, amnesty), lists=(), models=(), availability=(), rules=Rules()
    )


@settings(max_examples=40)
@given(worlds())
def test_a_folder_that_would_permit_everything_permits_nothing_more(world: World) -> None:
    """Whatever was in force when it is asked about it later, nothing of this counts."""
    asked = Moment(valid_at=world.question.moment.valid_at, known_at=None)
    before = world.judged(moment=asked)
    assume(before.verdict is not Verdict.PERMITTED)
    after = adopted(world, relaxed(world.sources)).sources
    assert world.judged(sources=after, moment=asked).verdict is before.verdict


@settings(max_examples=25)
@given(worlds(), readings(), readings())
def test_a_second_broken_folder_relaxes_nothing_of_the_first(
    world: World, written: Sources, again: Sources
) -> None:
    first = adopted(world, written).sources
    second = restrict(configured(again), recorded(world.sources), NOW, first).sources
    assert {one.id for one in first.directives} <= {one.id for one in second.directives}
    if world.judged(sources=second).verdict is Verdict.PERMITTED:
        assert world.judged(sources=first).verdict is Verdict.PERMITTED


def restrictive(sources: Sources) -> Iterator[str]:
    return (one.id for one in sources.directives if one.kind is not Kind.AUTHORISATION)


@settings(max_examples=25)
@given(worlds(), readings())
def test_what_restricts_and_is_sound_is_in_force(world: World, written: Sources) -> None:
    """New ones under their own ids; further versions of known ones beside them, by digest."""
    after = adopted(world, written)
    known = {one.id for one in world.sources.directives}
    there = {one.id for one in after.sources.directives}
    left_out = len(after.faults)
    missing = {name for name in restrictive(written) if name not in known} - there
    assert len(missing) <= left_out
    before = recorded(world.sources)
    for directive in written.directives:
        if directive.kind is Kind.AUTHORISATION:
            assert directive.id in known or directive.id not in there
            continue
        for number, version in enumerate(directive.versions, 1):
            if directive.id not in known or ("directive", directive.id, number) in before:
                continue
            name = f"{PENDING}.{directive.id}.{content_digest(directive, number)[:12]}"
            assert (name in there) is (not version.nothing) or left_out


@settings(max_examples=25)
@given(worlds(), readings())
def test_what_was_in_force_is_there_as_it_was(world: World, written: Sources) -> None:
    after = adopted(world, written).sources
    for name in ("models", "endpoints", "organisations", "facts", "workloads"):
        assert getattr(after, name) == getattr(world.sources, name)
    assert after.directives[: len(world.sources.directives)] == world.sources.directives
    assert after.lists[: len(world.sources.lists)] == world.sources.lists
