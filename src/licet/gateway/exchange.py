"""One request from its first byte to its last: the relay's hands.

The relay decides what follows; this carries it out with the caller (`Delivery`), vendors
(`Pool`, `Intake`), the recorder (`Filing`) and the rules. Every entry from outside is
guarded: whatever goes wrong in one exchange ends that exchange, with an error that the
caller can read, and nothing else.
"""

from __future__ import annotations

from typing import assert_never

from msgspec import structs

from licet.gateway.declining import refused_of
from licet.gateway.filing import Filing
from licet.gateway.guarding import guarded
from licet.gateway.hand_over import expect_answer, request_of
from licet.gateway.hands import Hands
from licet.gateway.intake import Signal
from licet.gateway.outbound import Outbound
from licet.gateway.patience import FAILURES, IN_FLIGHT, Expiry
from licet.gateway.records import About
from licet.gateway.reply import Reply
from licet.gateway.substitution import barred_answerer
from licet.gateway.world import World
from licet.policy import InFlight
from licet.relay import Command, Conclusion, Event, Failure, FailureKind, Refused, State
from licet.wire import Frame

_READING = frozenset({State.HOLDING, State.WITHHOLDING, State.STREAMING, State.HOLDING_NEXT})
_HOLDING = frozenset({State.HOLDING, State.HOLDING_NEXT})
_UNSHOWN = frozenset({State.HOLDING, State.WITHHOLDING})
_COMMITTING = frozenset({State.COMMITTING, State.COMMITTING_NEXT})
_WHOLE = frozenset({State.AWAITING, State.READING, State.AWAITING_NEXT})
_SHOWN = frozenset({"content", "refusal"})
_ENDS = frozenset({Event.COMPLETE, Event.PASSED})
_TELLING = _ENDS | {Event.FAILED, Event.CONTENT, Event.DECLINED}
_UNSEEN = _UNSHOWN | {State.AWAITING, State.READING}


class Exchange(Hands):
    """A request that was let in, with its plan."""

    __slots__ = ()

    def __init__(self, world: World, reply: Reply, about: About) -> None:
        super().__init__(world, reply, about)
        self._filing = Filing(world.ledger, about, world.committer, self)

    def begin(self) -> None:
        """Takes the first step of the plan, or concludes that there is none."""
        try:
            relay, plan = self._relay, self.case.plan
            if plan.steps:
                self._feed(Event.ALLOWED, self._filing.ledger.snapshot)
                return
            relay.decision = plan.considered[0].decision
            self._filing.admission(at=self._world.clock.now())
            permitted = any(c.decision.permitted for c in plan.considered)
            relay.state, commands = relay.conclude(
                Conclusion.UNAVAILABLE if permitted else Conclusion.REFUSED
            )
            self._run(commands)
        except Exception as error:  # noqa: BLE001 - as `guarded`
            self.crashed(error)

    # What the caller's connection tells

    @guarded
    def client_gone(self) -> None:
        self._feed(Event.GONE)

    @guarded
    def client_paused(self) -> None:
        self._pause()

    @guarded
    def client_resumed(self) -> None:
        if self._line.resume():
            self._heard()

    # What the recorder tells

    def recorded(self, index: int) -> None:
        try:
            if self._filing.settled(index):
                self._feed(Event.DURABLE)
        except Exception as error:  # noqa: BLE001 - as `guarded`
            self.crashed(error)

    @guarded
    def unrecorded(self, code: str) -> None:
        self._filing.failed = True
        self._feed(Event.UNRECORDED)

    def turn_ended(self) -> None:
        try:
            self._filing.file_owed()
            if self._filing.failed:
                self._feed(Event.UNRECORDED)
        except Exception as error:  # noqa: BLE001 - as `guarded`
            self.crashed(error)

    def compose(self) -> None:
        """While the disk works on its record, a whole answer is put together."""
        intake, known = self._intake, self._filing.decision_index >= 0
        if self._relay.state is not State.CONCLUDING or intake is None or not known:
            return
        try:
            if self._reply.will_keep_alive:
                self._compose(intake)
        except Exception as error:  # noqa: BLE001 - it is put together again when it is due
            self._world.report(error)

    # What the vendor's connection tells

    def upstream_answer(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        try:
            self._line.ended()
            intake = self._intake
            assert intake is not None
            if intake.reader is None and self._relay.state is State.AWAITING:
                self._answered(intake.whole(status, headers, body, self._world.clock))
                return
            self.upstream_head(status, headers)
            # What the head said may have begun another attempt, which the rest says nothing of.
            if self._intake is intake:
                self.upstream_body(body)
            if self._intake is intake:
                self.upstream_complete()
        except Exception as error:  # noqa: BLE001 - as `guarded`
            self.crashed(error)

    @guarded
    def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        assert self._intake is not None
        self._heard()
        signal = self._intake.head(status, headers)
        if signal is not None:
            self._feed(*signal)

    @guarded
    def upstream_body(self, data: bytes) -> None:
        intake = self._intake
        assert intake is not None
        self._heard()
        if self._relay.state in _READING:
            self._frames(intake.frames(data))
        elif self._relay.state in _WHOLE:
            signal = intake.whole_body(data)
            if signal is not None:
                self._feed(*signal)

    @guarded
    def upstream_complete(self) -> None:
        self._line.ended()
        intake = self._intake
        assert intake is not None
        if self._relay.state in _READING:
            rest, signal = intake.stream_complete()
            self._frames(rest)
            # What the rest said may have begun another attempt, which this says nothing of.
            if self._intake is intake and self._relay.state in _READING:
                self._feed(*signal)
        elif self._relay.state in _WHOLE:
            self._answered((intake.complete(self._world.clock),))

    def _answered(self, signals: tuple[Signal, ...]) -> None:
        """A whole answer, or an error, has been read to its end."""
        for event, detail in signals:
            if event is Event.PASSED and self._relay.state is State.AWAITING_NEXT:
                assert self._intake is not None
                self._feed(Event.FAILED, self._intake.not_taken_over())
            # A whole answer is decided again when it arrives.
            elif event is not Event.COMPLETE or (self._still_permitted() and self._may_answer()):
                self._feed(event, detail)

    @guarded
    def upstream_failed(self, failure: Failure) -> None:
        self._line.ended()
        self._feed(Event.FAILED, failure)

    # What time and the rules tell

    @guarded
    def expired(self) -> None:
        """The deadline has passed: of a silence, or of the whole request."""
        expiry = self._patience.expired(self._relay.state, paused=self._reply.paused)
        if expiry in FAILURES:
            self._feed(Event.FAILED, FAILURES[expiry])
        elif expiry is Expiry.READER:
            self._reply.abort()
            self._feed(Event.GONE)
        elif expiry is Expiry.HEAD_HELD:
            # Load balancers cut a silence: the head must go, content or not.
            self._feed(Event.CONTENT)
            self._heard()
        elif expiry is Expiry.UNHEARD:
            self._delivery.keep_alive()
            self._patience.unheard()

    @guarded
    def due(self) -> None:
        self._feed(Event.DUE)

    @guarded
    def decide_again(self) -> None:
        """The snapshot or the moment has changed: is what is in flight still permitted?"""
        state = self._relay.state
        if state not in IN_FLIGHT or not self._still_permitted():
            return
        if state in _COMMITTING:
            # Not sent yet: what is on disk must name the snapshot that it is sent under.
            self._filing.ledger = self._world.ledger
            self._feed(Event.ALLOWED, self._world.ledger.snapshot)

    def crashed(self, error: Exception) -> None:
        """Ends this exchange for an error of ours; what was sent stays on record. One that is over
        has nothing to end: its connection may serve another request already."""
        if not self._filing.is_open:
            self._world.report(error)
            return
        self._relay.state = State.DONE
        try:
            self._world.report(error)
            self._line.part(abort=True)
            if self._reply.started:
                self._reply.abort()
            elif not self._reply.gone:
                self._world.refusals.internal(self._reply, self._filing.about.request)
            self._filing.crashed(at=self._world.clock.now())
        finally:
            self._end("failed")

    # What the relay commands

    def _feed(self, event: Event, detail: object = None) -> None:
        self._filing.file_owed()
        if self._hand_over is not None and self._relay.state is State.STREAMING:
            event = self._hand_over.heard(event, detail)
        if event in _ENDS and (refused := self._refused(event)) is not None:
            self._keep(refused.cause)
            event, detail = Event.DECLINED, refused
        if event in _TELLING:
            self._line.judge(detail if isinstance(detail, Failure) else None)
        commands = self._relay.feed(event, detail)
        if commands:
            self._run(commands)

    def _refused(self, event: Event) -> Refused | None:
        """Whom a refusal, which the `event` ends and nobody has seen, is routed to by a rule."""
        relay, intake = self._relay, self._intake
        if not self.case.plan.routes or intake is None:
            return None
        if relay.state not in _UNSEEN or not relay.may_reroute:
            return None
        known = self._world, self._filing.about, self.ground
        return refused_of(*known, relay.step, intake, event)

    def _run(self, commands: tuple[Command, ...]) -> None:
        for command in commands:
            match command:
                case Command.COMMIT:
                    self._commit()
                case Command.SEND:
                    self._send()
                case Command.RELEASE:
                    self._release()
                case Command.CONCLUDE:
                    self._conclude()
                    if self._answers_whole:
                        self._world.committer.meanwhile(self.compose)
                case Command.FINISH:
                    self._finish()
                case Command.CHECK:
                    self._check()
                case Command.ABORT:
                    self._line.part(abort=True)
                case Command.PAUSE:
                    self._world.timers.call_later(self._relay.pause_ms / 1000, self.due)
                case Command.FINISH_UNRECORDED:
                    self._finish_unrecorded()
                case Command.YIELD:
                    self._yield()
                case Command.RESUME:
                    self._resume()
                case _:
                    assert_never(command)
        if self._filing.failed and self._relay.state is not State.DONE:
            self._feed(Event.UNRECORDED)

    @property
    def _answers_whole(self) -> bool:
        intake, answered = self._intake, self._relay.conclusion is Conclusion.ANSWERED
        return answered and intake is not None and intake.answer is not None

    def _check(self) -> None:
        """The next step, decided as of now and under the rules of now."""
        decision = self._decide()
        ledger = self._filing.ledger = self._world.ledger
        if not decision.permitted:
            self._file_change(self._relay.step, decision, in_flight=False)
            self._feed(Event.BARRED, decision)
            return
        why = self._world.impossible(self._filing.about, self._relay)
        self._feed(*((Event.FAILED, why) if why else (Event.ALLOWED, ledger.snapshot)))

    def _still_permitted(self) -> bool:
        """Decides what is in flight again; where it is barred, the relay is told."""
        world = self._world
        if self.ground.stands(world.epoch, world.clock):
            return True
        decision, step = self._decide(), self._relay.step
        other, self._told = self._answerer, ""
        if decision.permitted and other is not None and other != step:
            step, decision = other, self._decide_on(other)
        # What waits for the disk, or for a connection, has reached nobody: it may not finish.
        sent = self._relay.state not in _COMMITTING and not self._line.is_waiting
        if decision.permitted or (sent and decision.in_flight is InFlight.FINISH):
            return True
        self._filing.ledger = world.ledger
        self._file_change(step, decision, in_flight=sent)
        barred = decision if sent else structs.replace(decision, in_flight=InFlight.CUT)
        self._feed(Event.BARRED, barred)
        return False

    def _may_answer(self) -> bool:
        """Holds who answers, as the vendor says, against who may; where that is barred, the relay
        is told."""
        intake, step = self._intake, self._relay.step
        assert intake is not None
        if intake.model == self._told:
            return True
        self._told = intake.model
        expected = self._filing.about.passage.expected
        who = self._answerer = step if expected is None else expected.who(self._told)
        if who is step:
            return True
        if who is None:
            found = barred_answerer(self._world, self.ground, self.case, step.endpoint, self._told)
            if found is None:
                return True
            # It was never permitted, so there is nothing of it that might finish.
            who, decision = found[0], structs.replace(found[1], in_flight=InFlight.CUT)
        else:
            decision = self._decide_on(who)
            if decision.permitted or decision.in_flight is InFlight.FINISH:
                return True
        self._file_change(who, decision, in_flight=True)
        self._feed(Event.BARRED, decision)
        return False

    def _send(self) -> None:
        step = self._relay.step
        self._filing.tries += 1
        self._delivery.forget()
        self._answerer, self._told = step, ""
        self._intake = expect_answer(self._world, self._filing.about, self._hand_over, step)
        self._patience.sent(self._relay.state)
        # After a connection that had gone stale only a fresh one tells anything new.
        fresh = self._relay.stale_retried
        idle = self._line.call(step, self._connected, self._unconnected, fresh=fresh)
        if idle is not None:
            self._send_on(idle)

    @guarded
    def _connected(self, outbound: Outbound) -> None:
        self._send_on(outbound)

    def _send_on(self, outbound: Outbound) -> None:
        step, about = self._relay.step, self._filing.about
        self._line.send(outbound, request_of(self._world, about, self._hand_over, step), self)

    @guarded
    def _unconnected(self, why: str) -> None:
        self._line.unanswered()
        self._fail(FailureKind.CONNECT, why)

    def _frames(self, frames: list[Frame]) -> None:
        """Passes on, or holds back, the events of a stream."""
        intake, relay, delivery = self._intake, self._relay, self._delivery
        assert intake is not None
        if intake.model != self._told and not self._may_answer():
            return
        ready: list[bytes] = []
        last: Frame | None = None
        for frame in frames:
            if frame.kind == "end" or frame.error is not None:
                last = frame
                break
            ready.append(frame.raw)
            if frame.kind in _SHOWN and relay.state in _HOLDING:
                if frame.kind == "refusal" and self._refused(Event.COMPLETE) is not None:
                    # To its end, so that it can be passed on if nobody else answers.
                    continue
                delivery.held += ready
                ready = []
                self._feed(Event.CONTENT)
                self._heard()
        if relay.state is State.STREAMING:
            delivery.pass_on(b"".join(ready))
        else:
            delivery.held += ready
        if last is None:
            return
        if last.error is not None:
            failure = intake.frame_failure(last)
            declined = failure.kind is FailureKind.DECLINED and relay.state in _UNSHOWN
            self._feed(*(intake.refused() if declined else (Event.FAILED, failure)))
        else:
            delivery.last.append(last.raw)
            self._feed(Event.COMPLETE)

    def _fail(self, kind: FailureKind, message: str) -> None:
        self._feed(Event.FAILED, Failure(kind=kind, message=message))

    def _heard(self) -> None:
        """The vendor said something; while the caller reads nothing, that counts for nothing."""
        if not self._reply.paused or self._relay.state is not State.STREAMING:
            self._patience.heard(self._relay.state)
