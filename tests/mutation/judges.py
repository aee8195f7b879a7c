"""Who says whether an engine is wrong: Cedar, the interpreter, and what is known of June 2026.

What each of them says is found out once, with the sound engine; then any number of faulty ones
is held against it. An engine that raises an exception is found out too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from hypothesis import HealthCheck, Phase, given, settings

from licet.policy import Decision, Verdict
from tests.golden import test_verdicts as golden
from tests.property import generated
from tests.property.directed import Directions
from tests.property.oracle import Exam, disagreements, interpreted
from tests.property.test_agreement import compiled
from tests.property.test_cedar import joint, single
from tests.property.worlds import World, worlds

WORLDS = 1_500


def cedar() -> Iterator[str]:
    yield from disagreements(single())
    yield from disagreements(joint())


@cache
def _judged() -> tuple[tuple[World, Decision], ...]:
    """Small worlds, the same in every run, with the interpreter's decisions."""
    drawn: list[World] = []

    @settings(
        max_examples=WORLDS,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(worlds())
    def collect(world: World) -> None:
        drawn.append(world)

    collect()
    judged = [(world, world.judged()) for world in drawn]
    # Undetermined, and nothing would settle it: the interpreter stopped counting completions,
    # which it does sooner than the engine, and has no say.
    return tuple(
        (world, one)
        for world, one in judged
        if one.verdict is not Verdict.UNDETERMINED or one.missing
    )


@cache
def _lacking() -> tuple[Exam, ...]:
    """Single generated directives, asked of those of whom one thing is unknown."""
    return tuple(
        exam
        for seed in range(40)
        for sources in [generated.sources(seed)]
        for directive in sources.directives
        for exam in interpreted(sources, directive, Directions(sources).unknowns(directive))
    )


def interpreter() -> Iterator[str]:
    for number, (world, judged) in enumerate(_judged()):
        decision = compiled(world)
        if decision.verdict is not judged.verdict:
            yield f"world {number}: {decision.verdict}, the interpreter: {judged.verdict}"
    yield from disagreements(_lacking())


def facts() -> Iterator[str]:
    for reading in ("a", "b"):
        found, expected = golden.verdicts(reading), golden.EXPECTED[reading]
        for ours, theirs in zip(found, expected, strict=True):
            if ours != theirs:
                yield f"reading {reading}: {ours}, the facts: {theirs}"


JUDGES: dict[str, Callable[[], Iterator[str]]] = {
    "facts": facts,
    "interpreter": interpreter,
    "cedar": cedar,
}


@cache
def standing() -> dict[str, frozenset[str]]:
    """What each judge has against the engine without any fault: a finding of its own, and no
    objection to a fault. Has to be asked for before the first fault is put in place."""
    return {name: frozenset(judge()) for name, judge in JUDGES.items()}


def objects(name: str) -> bool:
    """Whether a judge has anything new to say against the engine as it is now."""
    try:
        return any(text not in standing()[name] for text in JUDGES[name]())
    except Exception:  # noqa: BLE001
        # Whatever a faulty engine raises shows that it is faulty.
        return True
