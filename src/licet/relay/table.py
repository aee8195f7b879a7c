"""The life of one request: everything that changes its state lives in this file.

Theory of operation. A request begins with a plan (`plan.py`) whose first step has just been
decided. Each step is checked against the rules again before it is tried; under `before_send`
its record is on disk before anything is sent, under `before_answer` before anything is
shown. An attempt that fails before the caller has seen content is followed by the next step,
or, where there is none, by the same one after a pause. A stream's head is held back until
content, so that this remains possible. A vendor's refusal is an answer; where an operator's rule
routes it (DECLINED), another model is asked, once, as long as the caller has seen nothing, and if
that brings nothing the refusal stands. Whatever the end is, its outcome is recorded before the
last frame leaves (CONCLUDING).

The shell (`licet.gateway`) feeds events and carries out the commands in order; it holds the
bytes, this holds the decisions. Content after the first does not pass through here: in
STREAMING the shell passes frames on until the stream completes, fails or is barred.

What the caller has begun to read may be handed over in its midst: where the shell says that it
can be continued (BROKEN, HANDED_OVER instead of FAILED, BARRED), another attempt goes on from
the text so far. The states of such an attempt end in `_NEXT`. They differ from those of a first
one in three things: its record is always on disk before it is sent, it is never WHOLE, and where
nobody is left to continue, the answer ends as it would have ended without (CUT, FAILED).

The table at the end is the documentation's diagram (`docs/internals/relay.md`), and a test
holds each transition to the targets that it declares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from licet.policy import Decision, InFlight
from licet.relay.course import Course, Moves
from licet.relay.failures import FINAL, Failure, FailureKind, Refused
from licet.relay.states import Command, Conclusion, Event, State


class Relay(Course):
    """One request's state. `feed` is the only way in, its commands the only way out."""

    __slots__ = ()

    def feed(self, event: Event, detail: object = None) -> tuple[Command, ...]:
        """Takes one event; events that mean nothing in the present state are ignored."""
        transition = TABLE[self.state].get(event)
        if transition is None:
            return ()
        self.state, commands = transition.always or transition.by(self, detail)
        return commands


def _allowed(relay: Relay, detail: object) -> Moves:
    assert isinstance(detail, str)
    relay.attempts += 1
    if not relay.needs_record(detail):
        return State.AWAITING, (Command.SEND,)
    relay.durable = False
    if relay.waits_for_disk:
        return State.COMMITTING, (Command.COMMIT,)
    return State.AWAITING, (Command.COMMIT, Command.SEND)


def _allowed_again(relay: Relay, detail: object) -> Moves:
    """The snapshot changed before the sending: the record must name the one it goes under."""
    assert isinstance(detail, str)
    return State.COMMITTING, (Command.COMMIT,) if relay.needs_record(detail) else ()


def _barred(relay: Relay, detail: object) -> Moves:
    """Before anything was sent: the next step, else the refusal (or the failure before it)."""
    assert isinstance(detail, Decision)
    relay.decision = detail
    onward = relay.next_step()
    if onward is not None:
        return onward
    return relay.end(Conclusion.FAILED if relay.failure else Conclusion.REFUSED)


def _barred_in_flight(relay: Relay, detail: object) -> Moves:
    """After it was sent, before the caller saw anything."""
    assert isinstance(detail, Decision)
    if detail.in_flight is InFlight.FINISH:
        return relay.state, ()
    state, commands = _barred(relay, detail)
    return state, (Command.ABORT, *commands)


def _barred_streaming(relay: Relay, detail: object) -> Moves:
    """While the caller reads. A hand-over of what cannot be continued is a cut."""
    assert isinstance(detail, Decision)
    if detail.in_flight is InFlight.FINISH:
        return relay.state, ()
    relay.decision = detail
    state, commands = relay.conclude(Conclusion.CUT)
    return state, (Command.ABORT, *commands)


def _sent(relay: Relay, detail: object) -> Moves:
    relay.durable = True
    return State.AWAITING, (Command.SEND,)


def _noted(relay: Relay, detail: object) -> Moves:
    relay.durable = True
    return relay.state, ()


def _unrecorded(relay: Relay, detail: object) -> Moves:
    relay.conclusion = Conclusion.FAILED
    return State.DONE, (Command.ABORT, Command.FINISH_UNRECORDED)


def _failed(relay: Relay, detail: object) -> Moves:
    """Before the caller has seen anything: another attempt, or the error."""
    assert isinstance(detail, Failure)
    if detail.kind is FailureKind.STALE and not relay.stale_retried:
        # The vendor closed an idle connection as we reused it: nothing was processed, so that
        # this is no further attempt; but the rules are asked again, as before any sending.
        relay.stale_retried = True
        relay.attempts -= 1
        return State.CHECKING, (Command.ABORT, Command.CHECK)
    relay.failure = detail
    moves = None
    if detail.kind not in FINAL:
        moves = relay.next_step() or relay.again_here(detail)
    state, commands = moves or relay.end(Conclusion.FAILED)
    return state, (Command.ABORT, *commands)


def _impossible(relay: Relay, detail: object) -> Moves:
    """The step cannot be tried at present: the next one, or the reason why."""
    assert isinstance(detail, Failure)
    relay.failure = detail
    return relay.next_step() or relay.end(Conclusion.FAILED)


def _failed_streaming(relay: Relay, detail: object) -> Moves:
    assert isinstance(detail, Failure)
    relay.failure = detail
    state, commands = relay.conclude(Conclusion.FAILED)
    return state, (Command.ABORT, *commands)


def _continued(moves: Moves) -> Moves:
    """The same move in the life of an attempt that continues an answer."""
    state, commands = moves
    return _NEXT.get(state, state), commands


def _broken(relay: Relay, detail: object) -> Moves:
    """What the caller reads failed: another attempt goes on from the text so far."""
    assert isinstance(detail, Failure)
    relay.failure, relay.decision = detail, None
    moves = None
    if detail.kind not in FINAL and relay.may_hand_over:
        moves = relay.next_step() or relay.again_here(detail)
    if moves is None:
        return _failed_streaming(relay, detail)
    relay.hand_over()
    state, commands = _continued(moves)
    return state, (Command.YIELD, Command.ABORT, *commands)


def _handed_over(relay: Relay, detail: object) -> Moves:
    """A directive takes away who answers: who is still permitted goes on from there."""
    assert isinstance(detail, Decision)
    moves = relay.next_step() if relay.may_hand_over else None
    if moves is None:
        return _barred_streaming(relay, detail)
    relay.failure, relay.decision = None, detail
    relay.hand_over()
    state, commands = _continued(moves)
    return state, (Command.YIELD, Command.ABORT, *commands)


def _allowed_next(relay: Relay, detail: object) -> Moves:
    """Whatever the workload says of evidence: the caller reads along, so the record is first."""
    assert isinstance(detail, str)
    relay.attempts += 1
    if not relay.needs_record(detail):
        return State.AWAITING_NEXT, (Command.SEND,)
    relay.durable = False
    return State.COMMITTING_NEXT, (Command.COMMIT,)


def _barred_next(relay: Relay, detail: object) -> Moves:
    """Before a continuation was sent: the next step, else what the caller reads ends here."""
    assert isinstance(detail, Decision)
    relay.decision = detail
    onward = relay.next_step()
    if onward is not None:
        return _continued(onward)
    return relay.conclude(Conclusion.FAILED if relay.failure else Conclusion.CUT)


def _barred_next_in_flight(relay: Relay, detail: object) -> Moves:
    """After it was sent, before the caller saw anything of it."""
    assert isinstance(detail, Decision)
    if detail.in_flight is InFlight.FINISH:
        return relay.state, ()
    relay.failure = None
    state, commands = _barred_next(relay, detail)
    return state, (Command.ABORT, *commands)


def _next(by: Callable[[Relay, object], Moves]) -> Callable[[Relay, object], Moves]:
    """`by`, in the life of an attempt that continues an answer."""
    return lambda relay, detail: _continued(by(relay, detail))


def _content(relay: Relay, detail: object) -> Moves:
    if relay.durable:
        return State.STREAMING, (Command.RELEASE,)
    return State.WITHHOLDING, ()


def _released(relay: Relay, detail: object) -> Moves:
    relay.durable = True
    return State.STREAMING, (Command.RELEASE,)


def _complete(relay: Relay, detail: object) -> Moves:
    return relay.conclude(Conclusion.ANSWERED)


def _passed(relay: Relay, detail: object) -> Moves:
    return relay.conclude(Conclusion.PASSED)


def _declined(relay: Relay, detail: object) -> Moves:
    """What a vendor refused, and nobody has seen, goes on to whom the operator names."""
    assert isinstance(detail, Refused)
    return relay.reroute(detail) if relay.may_reroute else (relay.state, ())


def _gone(relay: Relay, detail: object) -> Moves:
    return relay.conclude(Conclusion.CANCELLED)


def _gone_in_flight(relay: Relay, detail: object) -> Moves:
    state, commands = relay.conclude(Conclusion.CANCELLED)
    return state, (Command.ABORT, *commands)


@dataclass(frozen=True)
class Transition:
    """`by` computes the move; `to` names every state that it may lead to. `always`: the move
    where there is but one, whatever the relay has been through."""

    by: Callable[[Relay, object], Moves]
    to: tuple[State, ...]
    always: Moves | None = None


def _to(state: State, *commands: Command) -> Transition:
    return Transition(lambda relay, detail: (state, commands), (state,), (state, commands))


_S, _E = State, Event
_ONWARD = (_S.CHECKING, _S.CONCLUDING)
_RETRY = (_S.CHECKING, _S.BACKING_OFF, _S.CONCLUDING)


def _in_flight(own: State) -> dict[Event, Transition]:
    """What can befall an attempt whose answer the caller has not seen anything of."""
    return {
        _E.DURABLE: Transition(_noted, (own,)),
        _E.UNRECORDED: Transition(_unrecorded, (_S.DONE,)),
        _E.FAILED: Transition(_failed, _RETRY),
        _E.DECLINED: Transition(_declined, (_S.CHECKING, own)),
        _E.GONE: Transition(_gone_in_flight, (_S.CONCLUDING,)),
        _E.BARRED: Transition(_barred_in_flight, (*_ONWARD, own)),
    }


_NEXT = {
    _S.CHECKING: _S.CHECKING_NEXT,
    _S.COMMITTING: _S.COMMITTING_NEXT,
    _S.AWAITING: _S.AWAITING_NEXT,
    _S.HOLDING: _S.HOLDING_NEXT,
    _S.BACKING_OFF: _S.BACKING_OFF_NEXT,
}
_ONWARD_NEXT = (_S.CHECKING_NEXT, _S.CONCLUDING)
_RETRY_NEXT = (_S.CHECKING_NEXT, _S.BACKING_OFF_NEXT, _S.CONCLUDING)


def _continuing(own: State) -> dict[Event, Transition]:
    """What can befall a continuation of which the caller has not seen anything."""
    return {
        _E.UNRECORDED: Transition(_unrecorded, (_S.DONE,)),
        _E.FAILED: Transition(_next(_failed), _RETRY_NEXT),
        _E.GONE: Transition(_gone_in_flight, (_S.CONCLUDING,)),
        _E.BARRED: Transition(_barred_next_in_flight, (*_ONWARD_NEXT, own)),
    }


TABLE: dict[State, dict[Event, Transition]] = {
    _S.CHECKING: {
        _E.ALLOWED: Transition(_allowed, (_S.COMMITTING, _S.AWAITING)),
        _E.BARRED: Transition(_barred, _ONWARD),
        _E.FAILED: Transition(_impossible, _ONWARD),
        _E.UNRECORDED: Transition(_unrecorded, (_S.DONE,)),
        _E.GONE: Transition(_gone, (_S.CONCLUDING,)),
    },
    _S.COMMITTING: {
        _E.ALLOWED: Transition(_allowed_again, (_S.COMMITTING,)),
        _E.DURABLE: Transition(_sent, (_S.AWAITING,)),
        _E.UNRECORDED: Transition(_unrecorded, (_S.DONE,)),
        _E.BARRED: Transition(_barred, _ONWARD),
        _E.GONE: Transition(_gone, (_S.CONCLUDING,)),
    },
    _S.AWAITING: {
        **_in_flight(_S.AWAITING),
        _E.WHOLE: _to(_S.READING),
        _E.STREAM: _to(_S.HOLDING),
        _E.PASSED: Transition(_passed, (_S.CONCLUDING,)),
    },
    _S.READING: {
        **_in_flight(_S.READING),
        _E.COMPLETE: Transition(_complete, (_S.CONCLUDING,)),
        _E.PASSED: Transition(_passed, (_S.CONCLUDING,)),
    },
    _S.HOLDING: {
        **_in_flight(_S.HOLDING),
        _E.CONTENT: Transition(_content, (_S.STREAMING, _S.WITHHOLDING)),
        _E.COMPLETE: Transition(_complete, (_S.CONCLUDING,)),
        _E.PASSED: Transition(_passed, (_S.CONCLUDING,)),
    },
    _S.WITHHOLDING: {
        **_in_flight(_S.WITHHOLDING),
        _E.DURABLE: Transition(_released, (_S.STREAMING,)),
        _E.COMPLETE: Transition(_complete, (_S.CONCLUDING,)),
        _E.PASSED: Transition(_passed, (_S.CONCLUDING,)),
    },
    _S.STREAMING: {
        _E.COMPLETE: Transition(_complete, (_S.CONCLUDING,)),
        _E.FAILED: Transition(_failed_streaming, (_S.CONCLUDING,)),
        _E.BARRED: Transition(_barred_streaming, (_S.CONCLUDING, _S.STREAMING)),
        _E.BROKEN: Transition(_broken, _RETRY_NEXT),
        _E.HANDED_OVER: Transition(_handed_over, _ONWARD_NEXT),
        _E.UNRECORDED: Transition(_unrecorded, (_S.DONE,)),
        _E.GONE: Transition(_gone_in_flight, (_S.CONCLUDING,)),
    },
    _S.BACKING_OFF: {
        _E.DUE: _to(_S.CHECKING, Command.CHECK),
        _E.DURABLE: Transition(_noted, (_S.BACKING_OFF,)),
        _E.UNRECORDED: Transition(_unrecorded, (_S.DONE,)),
        _E.GONE: Transition(_gone, (_S.CONCLUDING,)),
    },
    _S.CHECKING_NEXT: {
        _E.ALLOWED: Transition(_allowed_next, (_S.COMMITTING_NEXT, _S.AWAITING_NEXT)),
        _E.BARRED: Transition(_barred_next, _ONWARD_NEXT),
        _E.FAILED: Transition(_next(_impossible), _ONWARD_NEXT),
        _E.UNRECORDED: Transition(_unrecorded, (_S.DONE,)),
        _E.GONE: Transition(_gone, (_S.CONCLUDING,)),
    },
    _S.COMMITTING_NEXT: {
        _E.ALLOWED: Transition(_next(_allowed_again), (_S.COMMITTING_NEXT,)),
        _E.DURABLE: Transition(_next(_sent), (_S.AWAITING_NEXT,)),
        _E.UNRECORDED: Transition(_unrecorded, (_S.DONE,)),
        _E.BARRED: Transition(_barred_next, _ONWARD_NEXT),
        _E.GONE: Transition(_gone, (_S.CONCLUDING,)),
    },
    _S.AWAITING_NEXT: {
        **_continuing(_S.AWAITING_NEXT),
        _E.STREAM: _to(_S.HOLDING_NEXT),
    },
    _S.HOLDING_NEXT: {
        **_continuing(_S.HOLDING_NEXT),
        _E.CONTENT: _to(_S.STREAMING, Command.RESUME),
        _E.COMPLETE: Transition(_complete, (_S.CONCLUDING,)),
    },
    _S.BACKING_OFF_NEXT: {
        _E.DUE: _to(_S.CHECKING_NEXT, Command.CHECK),
        _E.UNRECORDED: Transition(_unrecorded, (_S.DONE,)),
        _E.GONE: Transition(_gone, (_S.CONCLUDING,)),
    },
    _S.CONCLUDING: {
        _E.DURABLE: _to(_S.DONE, Command.FINISH),
        _E.UNRECORDED: Transition(_unrecorded, (_S.DONE,)),
    },
    _S.DONE: {},
}
