"""The hand-over of a streamed answer: what its caller has read, and who goes on from there.

A directive may take away who answers, and a vendor may break off, while the caller reads. Where
the workload allows it (`on_break`), the text so far is kept from the first frame that leaves, and
the relay is told that what ends here can be continued.
"""

from __future__ import annotations

import msgspec

from licet.catalog import Candidate, OnBreak, Workload
from licet.gateway.answering import Expected
from licet.gateway.intake import Intake
from licet.gateway.passage import Rest
from licet.gateway.records import About
from licet.gateway.world import World
from licet.policy import Decision, InFlight, notices
from licet.relay import Event, Failure, FailureKind
from licet.wire import (
    ContinuedBy,
    Request,
    Transcript,
    Usage,
    continuable,
    continued,
    manner_of,
    sum_of,
    write_request,
)


class HandOver:
    """One answer that may be handed over, and may have been. `manner` is how the present attempt
    was asked to continue it."""

    __slots__ = (
        "_directives", "_from", "_is_continued", "_reason", "_used", "manner", "transcript",
    )  # fmt: skip

    def __init__(self, request: Request, workload: Workload, size_max: int) -> None:
        self.transcript = Transcript(request.dialect, size_max)
        self.manner: ContinuedBy = "instruction"
        self._is_continued = workload.on_break is OnBreak.CONTINUE
        self._from: Candidate | None = None
        self._reason = ""
        self._directives: tuple[str, ...] = ()
        self._used: Usage | None = None

    def heard(self, event: Event, detail: object) -> Event:
        """The event as the relay hears it: whether what ends here can be continued."""
        if self.transcript.barrier:
            return event
        if event is Event.FAILED and self._is_continued:
            # A vendor's refusal is an answer, and nobody goes on from it.
            declined = isinstance(detail, Failure) and detail.kind is FailureKind.DECLINED
            return event if declined else Event.BROKEN
        if (
            event is Event.BARRED
            and isinstance(detail, Decision)
            and detail.in_flight is InFlight.HAND_OVER
        ):
            return Event.HANDED_OVER
        return event

    def yielded(
        self,
        step: Candidate,
        usage: Usage | None,
        failure: Failure | None,
        directives: tuple[str, ...],
    ) -> None:
        """`step` has said its part, and `usage` is what that took. It broke off with a `failure`,
        or was taken away: by `directives`, as far as they may be disclosed."""
        self._from = step
        self._reason = "directive" if failure is None else "break"
        self._directives = directives
        if usage is not None:
            self._used = sum_of(self._used, usage)

    def told(self, step: Candidate, dropped: tuple[str, ...], notice: tuple[str, ...]) -> Rest:
        """What the intake of the rest, from `step`, needs to know; and what the caller is told
        inside the stream, before the first word of another model."""
        before = self._from
        assert before is not None, "nobody goes on from what nobody began"
        told = {
            "model": step.model,
            "endpoint": step.endpoint,
            "from_model": before.model,
            "from_endpoint": before.endpoint,
            "reason": self._reason,
        }
        more = {"directives": self._directives, "dropped": dropped, "notice": notice}
        told_more = {name: values for name, values in more.items() if values}
        shown = msgspec.json.encode({"handed_over": {**told, **told_more}})
        return self.transcript, shown, self._used

    def body(self, request: Request, model: str) -> bytes:
        """The body for a vendor that calls the model `model`; `request` is in its dialect."""
        rest = continued(request, self.transcript.text, self.manner)
        return write_request(rest, model=model)


def hand_over_of(world: World, about: About) -> HandOver | None:
    """None where an answer to this request cannot be handed over at all."""
    request = about.passage.request
    if not continuable(request):
        return None
    return HandOver(request, about.case.plan.target.workload, world.settings.limits.kept_text_max)


def manner_of_next(world: World, about: About, hand_over: HandOver | None, step: Candidate) -> str:
    """How `step` is asked to continue, for the record and the sending; empty: anew."""
    if hand_over is None:
        return ""
    request = about.passage.said_to(world.dialect(step), step.endpoint)
    hand_over.manner = manner_of(request, world.manner(step))
    return hand_over.manner


def request_of(world: World, about: About, hand_over: HandOver | None, step: Candidate) -> bytes:
    """What is sent to `step`: the request, or what continues its answer."""
    if hand_over is None:
        return world.request(step, about)
    way = world.ways.to(step)
    request = about.passage.said_to(way.dialect, step.endpoint)
    return world.request(step, about, hand_over.body(request, way.vendor_model))


def expect_answer(
    world: World, about: About, hand_over: HandOver | None, step: Candidate
) -> Intake:
    """From here on `step` is expected to answer: what reads its answer, or the rest of one."""
    passage, way = about.passage, world.ways.to(step)
    dialect, rest = way.dialect, None
    others = passage.others(dialect, step.endpoint)
    named = tuple((one, world.ways.to(one).names) for one in others)
    passage.expected = Expected(step, way.names, named)
    if hand_over is not None:
        dropped = passage.losses(dialect, step.endpoint)[0]
        rest = hand_over.told(step, dropped, notices(about.case.plan.duties_of(step)))
    return passage.intake(dialect, step.endpoint, world.intake_limits, world.clock, rest=rest)
