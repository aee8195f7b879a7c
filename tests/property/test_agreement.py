"""The compiled engine and the naive interpreter, on the same small worlds, say the same."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import assume, given

from licet.policy import Decision, Snapshot, Verdict, completions
from tests.property.worlds import World, worlds


def compiled(world: World) -> Decision:
    asked = world.question
    moment = asked.moment
    ruleset = Snapshot.of(world.sources, enforcers=world.enforcers).select(
        moment.valid_at, moment.known_at, moment.error_us
    )
    known = ruleset.know(asked.profile, asked.organisation, asked.workload, moment.valid_at)
    return ruleset.decide(known, asked.model, "e1", asked.action)


def stopped(judged: Decision) -> bool:
    """Whether the interpreter counted no further: it looks at every combination of classes, and
    reaches its bound sooner than the engine. It names no missing set then."""
    unsettled = judged.verdict is Verdict.UNDETERMINED and not judged.missing
    return unsettled or (
        judged.observed_verdict is Verdict.UNDETERMINED and not judged.observed_missing
    )


def exactly(world: World) -> Decision:
    """The engine's decision however many completions there are: what is asked here is what it
    names, not where it stops."""
    with (
        patch.object(completions, "COMPLETIONS_MAX", 1 << 17),
        patch.object(completions, "GROUPINGS_MAX", 1 << 24),
    ):
        return compiled(world)


@given(worlds())
def test_the_verdict_is_the_same(world: World) -> None:
    ours, theirs = world.judged(), compiled(world)
    assume(not stopped(ours))
    assert theirs.verdict is ours.verdict


@given(worlds())
def test_the_explanation_is_the_same(world: World) -> None:
    ours, theirs = world.judged(), exactly(world)
    assume(not stopped(ours))
    assert sorted(theirs.deciding) == sorted(ours.deciding)
    assert sorted(theirs.relieving) == sorted(ours.relieving)
    assert theirs.missing == ours.missing


@given(worlds())
def test_what_else_follows_is_the_same(world: World) -> None:
    ours, theirs = world.judged(), exactly(world)
    assume(not stopped(ours))
    assert sorted(theirs.observed) == sorted(ours.observed)
    assert theirs.observed_verdict is ours.observed_verdict
    assert theirs.observed_missing == ours.observed_missing
    assert theirs.in_flight is ours.in_flight


@given(worlds())
def test_duties_attach_where_they_are_due_and_nowhere_else(world: World) -> None:
    ours, theirs = world.judged(), exactly(world)
    assume(not stopped(ours))
    assert sorted(map(repr, theirs.duties)) == sorted(map(repr, ours.duties))
