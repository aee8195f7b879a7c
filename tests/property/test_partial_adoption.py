"""However a folder is broken, what is adopted of it permits nothing that was not permitted."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from licet.catalog import OperatorSettings, Settings
from licet.policy import (
    PENDING,
    Configuration,
    Kind,
    Recording,
    Restricted,
    Snapshot,
    Sources,
    Verdict,
    VersionKey,
    content_digest,
    restrict,
)
from licet.terms import ConfigurationFault, Place, to_instant
from tests.property.worlds import START, World, all_sources, worlds

NOW = to_instant(START)
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
