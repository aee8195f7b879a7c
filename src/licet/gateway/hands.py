"""What one exchange has in hand, and the commands that are carried out with it alone.

The caller's end (`Delivery`), the vendor's (`Line`, `Intake`), the records (`Filing`) and the
deadlines (`Patience`). Nothing here tells the relay anything: what follows is the exchange's.
"""

from __future__ import annotations

from licet.catalog import Candidate
from licet.evidence import OutcomeLeaf, OutcomeWord
from licet.gateway.calling import Line
from licet.gateway.declining import Kept
from licet.gateway.delivery import Delivery
from licet.gateway.endings import ending_of, file_ending
from licet.gateway.filing import Filing
from licet.gateway.hand_over import HandOver, hand_over_of, manner_of_next
from licet.gateway.intake import Intake
from licet.gateway.patience import Patience
from licet.gateway.records import About
from licet.gateway.refusals import outcome_word, plain
from licet.gateway.reply import Reply
from licet.gateway.world import World
from licet.policy import Decision
from licet.relay import Conclusion, Relay, State


class Hands:
    """Of one request. `_told` is who answers, as its vendor says; `_answerer` whom that means, or
    None where it is nobody who was asked; `_kept` a refusal that was routed on; `_composed` a whole
    answer that was put together before its turn."""

    __slots__ = (
        "_answerer", "_composed", "_delivery", "_filing", "_hand_over", "_intake", "_kept", "_line",
        "_patience", "_relay", "_reply", "_started", "_told", "_world", "case", "ground",
    )  # fmt: skip

    _filing: Filing

    def __init__(self, world: World, reply: Reply, about: About) -> None:
        case = about.case
        self._world = world
        self._reply = reply
        self.case = case
        self.ground = case.ground
        self._relay = Relay(case.plan.steps, before_send=case.before_send, settings=world.retries)
        self._delivery = Delivery(reply, world.digest, about.keeping)
        self._hand_over: HandOver | None = None
        self._intake: Intake | None = None
        self._kept: Kept | None = None
        self._answerer: Candidate | None = None
        self._told = ""
        self._composed = b""
        self._line = Line(world)
        self._started = world.now()
        self._patience = Patience(world, self._started)

    @property
    def deadline(self) -> float:
        """When `expired` is due, on the loop's clock."""
        return self._patience.deadline

    def forgive(self, stood_s: float) -> None:
        """For so long nobody was listened to: no deadline is nearer for it."""
        self._patience.forgive(stood_s)

    def _decide(self) -> Decision:
        """The verdict on the present step, and from here on what it rests on."""
        workload = self.case.plan.target.workload
        self.ground = self._world.ground(self.ground.caller, workload)
        return self._world.decide(self.ground.caller, workload, self._relay.step)

    def _decide_on(self, other: Candidate) -> Decision:
        """The verdict on another than the present step, by the same rules."""
        return self._world.decide(self.ground.caller, self.case.plan.target.workload, other)

    def _file_change(self, step: Candidate, decision: Decision, *, in_flight: bool) -> None:
        now = self._world.clock.now()
        self._filing.change(self.ground.caller, decision, step, at=now, in_flight=in_flight)

    def _commit(self) -> None:
        now = self._world.clock.now()
        if self._filing.attempt == 0:
            if self._relay.waits_for_disk:
                self._filing.admission(at=now)
            else:
                self._filing.admission_after(at=now)
            return
        world, step, failure = self._world, self._relay.step, self._relay.failure
        about, kept = self._filing.about, self._kept
        # What ended the attempt before: its refusal, where that is what was routed on.
        refused = kept.kind if kept is not None and kept.attempt == self._filing.attempt else ""
        self._filing.sending(
            step,
            at=now,
            vendor_model=world.vendor_model(step),
            losses=about.passage.losses(world.dialect(step), step.endpoint),
            cause=refused or (failure.kind.value if failure else ""),
            before=self._ending("failed" if failure or refused else "cut", cause=refused),
            continues=manner_of_next(world, about, self._hand_over, step),
        )

    def _release(self) -> None:
        if self.case.continues:
            self._hand_over = hand_over_of(self._world, self._filing.about)
            if self._hand_over is not None:
                self._delivery.transcript = self._hand_over.transcript
        self._delivery.release(self._headers())
        if self._reply.paused:
            self._pause()

    def _yield(self) -> None:
        """What the caller has read stays; the attempt that said it is over."""
        hand_over, intake, step = self._hand_over, self._intake, self._line.step
        assert hand_over is not None and intake is not None and step is not None  # noqa: PT018
        told = self._world.disclosed(self.ground.rules, self._relay.decision)
        hand_over.yielded(step, intake.usage, self._relay.failure, told)
        self._patience.yielded()

    def _resume(self) -> None:
        self._delivery.resume()
        if self._reply.paused:
            self._pause()

    def _pause(self) -> None:
        """The caller does not read, so the vendor is not read either."""
        if self._relay.state is State.STREAMING and self._line.pause():
            self._patience.unread()

    def _keep(self, kind: str) -> None:
        """What came is a refusal of this class, and may be passed on after all."""
        intake, delivery, passage = self._intake, self._delivery, self._filing.about.passage
        assert intake is not None
        self._kept = Kept(
            kind=kind,
            step=self._relay.step,
            attempt=self._filing.attempt,
            intake=intake,
            held=delivery.held,
            last=delivery.last,
            lost=passage.lost,
            expected=passage.expected,
            answerer=self._answerer,
            told=self._told,
        )
        delivery.restore([], [])

    def _stand(self, kept: Kept) -> None:
        """Nobody whom it was routed to answered: the refusal is passed on as it came. What was
        tried meanwhile is on record, with what the caller gets."""
        relay, passage, filing = self._relay, self._filing.about.passage, self._filing
        self._delivery.restore(kept.held, kept.last)
        if filing.attempt != kept.attempt:
            answered = relay.conclusion is Conclusion.ANSWERED
            digest = self._delivery.seal(kept.intake.body) if answered else ""
            outcome: OutcomeWord = "failed" if relay.failure else "cut"
            filing.outcome(self._ending(outcome, digest=digest, shown=kept.attempt))
        relay.failure = relay.decision = None
        self._intake, self._answerer, self._told = kept.intake, kept.answerer, kept.told
        passage.lost, passage.expected = kept.lost, kept.expected

    def _conclude(self) -> None:
        kept = self._kept
        if self._relay.stands and kept is not None:
            attempt = self._filing.attempt
            self._stand(kept)
            if attempt != kept.attempt:
                self._patience.concluded()
                return
        intake, conclusion = self._intake, self._relay.conclusion
        assert conclusion is not None
        digest = ""
        if conclusion is Conclusion.ANSWERED or self._delivery.started:
            digest = self._delivery.seal(intake.body if intake is not None else b"")
        now, lasted_s = self._world.clock.now(), self._world.now() - self._started
        known = self._relay, intake, self._filing
        file_ending(outcome_word(conclusion), *known, at=now, lasted_s=lasted_s, digest=digest)
        self._patience.concluded()

    def _finish(self) -> None:
        relay, reply, intake = self._relay, self._reply, self._intake
        conclusion = relay.conclusion
        assert conclusion is not None
        self._line.part(abort=False)
        if reply.gone or conclusion is Conclusion.CANCELLED:
            reply.abort()
        elif conclusion is Conclusion.ANSWERED and intake and intake.reader:
            self._delivery.end(self._headers)
        elif conclusion in (Conclusion.ANSWERED, Conclusion.PASSED) and intake:
            if not (self._composed and reply.will_keep_alive):
                self._compose(intake)
            reply.send(self._composed)
        else:
            reply.sequence = -1 if intake is None else intake.sequence
            self._world.conclude(reply, relay, self._filing, self.ground)
        self._end(outcome_word(conclusion))

    def _compose(self, intake: Intake) -> None:
        self._composed = self._reply.composed(intake.shown_status, self._headers(), intake.body)

    def _finish_unrecorded(self) -> None:
        self._line.part(abort=True)
        if not self._reply.gone:
            self._reply.sequence = -1 if self._intake is None else self._intake.sequence
            self._world.refusals.unrecorded(self._reply, self._filing.about.request)
        self._end("failed")

    def _ending(
        self, outcome: OutcomeWord, *, digest: str = "", cause: str = "", shown: int = 0
    ) -> OutcomeLeaf:
        now, lasted_s = self._world.clock.now(), self._world.now() - self._started
        known = self._relay, self._intake, self._filing
        return ending_of(
            outcome, *known, at=now, lasted_s=lasted_s, digest=digest, cause=cause, shown=shown
        )

    def _headers(self) -> bytes:
        assert self._intake is not None
        kept, who, step = self._kept, self._answerer, self._relay.step
        stands = self._relay.stands
        if kept is not None and stands:
            step = kept.step
        vendor = self._intake.kept_headers
        lines = self._world.answer_headers(self._filing, who or step, vendor)
        if who is None:
            lines = b"%slicet-answered-by: %s\r\n" % (lines, plain(self._told).encode())
        if kept is None or stands:
            return lines
        by = kept.answerer or kept.step
        told = f"licet-refused-by: {by.model}\r\nlicet-refusal: {kept.kind}\r\n"
        return lines + told.encode()

    def _end(self, outcome: str) -> None:
        if self._filing.close():
            self._world.ended(self, outcome)
