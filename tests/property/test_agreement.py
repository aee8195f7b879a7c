"""The compiled engine and the naive interpreter, on the same small worlds, say the same."""

from __future__ import annotations

from hypothesis import given

from licet.policy import Decision, Snapshot
from tests.property.worlds import World, worlds


def compiled(world: World) -> Decision:
    asked = world.question
    moment = asked.moment
    ruleset = Snapshot.of(world.sources, enforcers=world.enforcers).select(
        moment.valid_at, moment.known_at, moment.error_us
    )
    known = ruleset.know(asked.profile, asked.organisation, asked.workload, moment.valid_at)
    return ruleset.decide(known, asked.model, "e1", asked.action)


def as_sets(missing: tuple[tuple[str, ...], ...]) -> set[frozenset[str]]:
    return {frozenset(names) for names in missing}


@given(worlds())
def test_the_verdict_is_the_same(world: World) -> None:
    assert compiled(world).verdict is world.judged().verdict


@given(worlds())
def test_the_explanation_is_the_same(world: World) -> None:
    ours, theirs = world.judged(), compiled(world)
    assert sorted(theirs.deciding) == sorted(ours.deciding)
    # Where one licence relieves for certain, the engine leaves out others that merely might.
    assert set(theirs.relieving) <= set(ours.relieving)
    assert bool(theirs.relieving) == bool(ours.relieving)
    # The interpreter counts every combination of classes, and stops sooner than the engine.
    if ours.missing:
        assert as_sets(theirs.missing) == as_sets(ours.missing)


@given(worlds())
def test_what_else_follows_is_the_same(world: World) -> None:
    ours, theirs = world.judged(), compiled(world)
    assert (theirs.observed, theirs.observed_verdict) == (ours.observed, ours.observed_verdict)
    assert theirs.in_flight is ours.in_flight


@given(worlds())
def test_no_duty_is_forgotten(world: World) -> None:
    """The engine may attach the duty of an obligation that might match; never one too few."""
    ours, theirs = world.judged(), compiled(world)
    assert [duty for duty in ours.duties if duty not in theirs.duties] == []
