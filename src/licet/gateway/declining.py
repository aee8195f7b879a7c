"""A vendor's refusal that nobody has seen: whom the operator's rule routes it to, and what stands
where that brings nothing.

The first rule of the workload that covers the refusal says who is asked: those of its candidates
that the caller may use now, that can be had and can be told of the request. Where there is none,
the refusal is passed on, as every refusal is without a rule.
"""

from __future__ import annotations

from typing import Final

from licet.catalog import Candidate
from licet.gateway.admission import Ground
from licet.gateway.answering import Expected
from licet.gateway.intake import Intake
from licet.gateway.passage import Losses
from licet.gateway.records import About
from licet.gateway.world import World
from licet.relay import Conclusion, Event, Refused

_FILTER = "content_filter"
_ONE_ANSWER = (b"1", b"null")


class Kept:
    """A refusal as it would have been passed on: what came, who said it, and on which attempt."""

    __slots__ = (
        "answerer", "attempt", "expected", "held", "intake", "kind", "last", "lost", "step", "told",
    )  # fmt: skip

    def __init__(
        self,
        *,
        kind: str,
        step: Candidate,
        attempt: int,
        intake: Intake,
        held: list[bytes],
        last: list[bytes],
        lost: Losses,
        expected: Expected | None,
        answerer: Candidate | None,
        told: str,
    ) -> None:
        self.kind: Final = kind
        self.step: Final = step
        self.attempt: Final = attempt
        self.intake: Final = intake
        self.held: Final = held
        self.last: Final = last
        self.lost: Final = lost
        self.expected: Final = expected
        self.answerer: Final = answerer
        self.told: Final = told


def class_of(intake: Intake, event: Event) -> tuple[str, str]:
    """The class of what an intake brought, and the vendor's category; empty: it is no refusal."""
    category = intake.said[2]
    if not category:
        return "", ""
    if category == _FILTER:
        return _FILTER, category
    return ("policy_error" if event is Event.PASSED else "refusal"), category


def refused_of(
    world: World, about: About, ground: Ground, step: Candidate, intake: Intake, event: Event
) -> Refused | None:
    """Whom the refusal of `step` is routed to; None where it is none, or is passed on."""
    plan = about.case.plan
    kind, category = class_of(intake, event)
    if not kind or not _is_one(about):
        return None
    workload = plan.target.workload
    rule = next((r for r in workload.on_refusal if r.covers(kind, category)), None)
    if rule is None:
        return None
    able = {one.candidate for one in plan.routes if one.able}
    steps = [
        one
        for one in rule.candidates
        if one in able
        and one.model != step.model
        and world.is_available(one)
        and world.decide(ground.caller, workload, one).permitted
        and about.passage.fault(world.dialect(one)) is None
    ]
    steps = [one for one in steps if world.is_healthy(one)] or steps
    if not steps:
        return None
    stands = Conclusion.PASSED if event is Event.PASSED else Conclusion.ANSWERED
    return Refused(steps=tuple(steps), cause=kind, stands=stands)


def _is_one(about: About) -> bool:
    """Whether one answer was asked for: of several, some may have been given."""
    asked = about.passage.request.fields.get("n")
    return asked is None or bytes(asked) in _ONE_ANSWER
