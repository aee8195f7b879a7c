"""The life of one request: everything that changes its state lives in this file.

Theory of operation. A request begins with a plan (`plan.py`) whose first step has just been
decided. Each step is checked against the rules again before it is tried; under `before_send`
its record is on disk before anything is sent, under `before_answer` before anything is
shown. An attempt that fails before the caller has seen content is followed by the next step,
or, where there is none, by the same one after a pause. A stream's head is held back until
content, so that this remains possible. A vendor's refusal is an answer. Whatever the end is,
its outcome is recorded before the last frame leaves (CONCLUDING).

The shell (`licet.gateway`) feeds events and carries out the commands in order; it holds the
bytes, this holds the decisions. Content after the first does not pass through here: in
STREAMING the shell passes frames on until the stream completes, fails or is barred.

The table at the end is the documentation's diagram (`docs/internals/relay.md`), and a test
holds each transition to the targets that it declares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from licet.catalog import Candidate
from licet.policy import Decision, InFlight
from licet.relay.failures import AGAIN_HERE, Failure, FailureKind


class State(Enum):
    # Members are compared by identity; the inherited hash is a Python call per look-up.
    __hash__ = object.__hash__

    CHECKING = "checking"
    COMMITTING = "committing"
    AWAITING = "awaiting"
    READING = "reading"
    HOLDING = "holding"
    WITHHOLDING = "withholding"
    STREAMING = "streaming"
    BACKING_OFF = "backing_off"
    CONCLUDING = "concluding"
    DONE = "done"


class Event(Enum):
    # Members are compared by identity; the inherited hash is a Python call per look-up.
    __hash__ = object.__hash__

    ALLOWED = "allowed"  # the rules permit the step (detail: snapshot digest)
    BARRED = "barred"  # the rules no longer permit it (detail: Decision)
    DURABLE = "durable"  # the record of this step, or of the outcome, is on disk
    UNRECORDED = "unrecorded"  # the recorder is gone: nothing can be recorded
    WHOLE = "whole"  # a 2xx head of a whole answer
    STREAM = "stream"  # a 2xx head of a stream
    CONTENT = "content"  # first content of a stream, or the silence bound has passed
    COMPLETE = "complete"  # the last byte, well-formed
    PASSED = "passed"  # the vendor's error about the request itself
    FAILED = "failed"  # detail: Failure
    DUE = "due"  # the pause is over
    GONE = "gone"  # the caller has disconnected


class Command(Enum):
    __hash__ = object.__hash__

    CHECK = "check"  # decide `relay.step` again; answer with ALLOWED or BARRED
    COMMIT = "commit"  # record the decision (first) or the attempt; answer DURABLE
    SEND = "send"  # send to `relay.step`
    ABORT = "abort"  # close the connection to the vendor
    PAUSE = "pause"  # DUE after `relay.pause_ms`
    RELEASE = "release"  # let head and held frames go to the caller
    CONCLUDE = "conclude"  # record the outcome `relay.conclusion`; answer DURABLE
    FINISH = "finish"  # send the last frame, the whole answer, or the error
    FINISH_UNRECORDED = "finish_unrecorded"  # say that nothing can be recorded


class Conclusion(Enum):
    __hash__ = object.__hash__

    ANSWERED = "answered"
    PASSED = "vendor_error"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    CUT = "cut"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class RelaySettings:
    """`attempts_max` over all steps; `again_max` pauses on the last one. A vendor's
    `retry-after` longer than `pause_ms_max` is not waited for, but told to the caller."""

    attempts_max: int = 6
    again_max: int = 2
    pause_ms: int = 200
    pause_ms_max: int = 5_000


Moves = tuple[State, tuple[Command, ...]]


class Relay:
    """One request's state. `feed` is the only way in, its commands the only way out."""

    __slots__ = (
        "_position", "_recorded", "_settings", "_steps", "again", "attempts", "conclusion",
        "decision", "durable", "failure", "pause_ms", "stale_retried", "state", "step",
        "waits_for_disk",
    )  # fmt: skip

    def __init__(
        self, steps: tuple[Candidate, ...], *, before_send: bool, settings: RelaySettings
    ) -> None:
        self._steps = steps
        self._settings = settings
        self.waits_for_disk = before_send
        self._position = 0
        if steps:
            # The candidate that is being tried.
            self.step = steps[0]
        self._recorded: tuple[tuple[str, str, str], ...] = ()
        self.attempts = 0
        self.again = 0
        self.stale_retried = False
        self.durable = False
        self.pause_ms = 0
        self.failure: Failure | None = None
        self.decision: Decision | None = None
        self.conclusion: Conclusion | None = None
        self.state = State.CHECKING

    @property
    def tried(self) -> tuple[Candidate, ...]:
        """The candidates up to the present one."""
        return self._steps[: self._position + 1]

    def feed(self, event: Event, detail: object = None) -> tuple[Command, ...]:
        """Takes one event; events that mean nothing in the present state are ignored."""
        transition = TABLE[self.state].get(event)
        if transition is None:
            return ()
        self.state, commands = transition.always or transition.by(self, detail)
        return commands

    def conclude(self, conclusion: Conclusion) -> Moves:
        self.conclusion = conclusion
        return State.CONCLUDING, (Command.CONCLUDE,)

    # What the transitions are made of.

    def needs_record(self, digest: str) -> bool:
        """Whether this step is not on disk yet under this snapshot; then it is noted."""
        entry = (self.step.model, self.step.endpoint, digest)
        if entry in self._recorded:
            return False
        self._recorded += (entry,)
        return True

    def next_step(self) -> Moves | None:
        """Moves to the next step of the plan, if there is one and attempts are left."""
        more = self._position + 1 < len(self._steps)
        if not more or self.attempts >= self._settings.attempts_max:
            return None
        self._position += 1
        self.step = self._steps[self._position]
        self.stale_retried = False
        return State.CHECKING, (Command.CHECK,)

    def again_here(self, failure: Failure) -> Moves | None:
        """A pause and the same step again, where that may help and the bounds allow it."""
        limits = self._settings
        if failure.kind not in AGAIN_HERE or self.again >= limits.again_max:
            return None
        if self.attempts >= limits.attempts_max:
            return None
        pause = failure.retry_after_ms
        if pause is None:
            pause = limits.pause_ms << self.again
        if pause > limits.pause_ms_max:
            return None
        self.again += 1
        self.pause_ms = pause
        return State.BACKING_OFF, (Command.PAUSE,)


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
    return relay.conclude(Conclusion.FAILED if relay.failure else Conclusion.REFUSED)


def _barred_in_flight(relay: Relay, detail: object) -> Moves:
    """After it was sent, before the caller saw anything."""
    assert isinstance(detail, Decision)
    if detail.in_flight is InFlight.FINISH:
        return relay.state, ()
    state, commands = _barred(relay, detail)
    return state, (Command.ABORT, *commands)


def _barred_streaming(relay: Relay, detail: object) -> Moves:
    """While the caller reads. A hand-over is a cut until answers can be continued."""
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
    if detail.kind is not FailureKind.TOTAL_TIMEOUT:
        moves = relay.next_step() or relay.again_here(detail)
    state, commands = moves or relay.conclude(Conclusion.FAILED)
    return state, (Command.ABORT, *commands)


def _impossible(relay: Relay, detail: object) -> Moves:
    """The step cannot be tried at present: the next one, or the reason why."""
    assert isinstance(detail, Failure)
    relay.failure = detail
    return relay.next_step() or relay.conclude(Conclusion.FAILED)


def _failed_streaming(relay: Relay, detail: object) -> Moves:
    assert isinstance(detail, Failure)
    relay.failure = detail
    state, commands = relay.conclude(Conclusion.FAILED)
    return state, (Command.ABORT, *commands)


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
        _E.GONE: Transition(_gone_in_flight, (_S.CONCLUDING,)),
        _E.BARRED: Transition(_barred_in_flight, (*_ONWARD, own)),
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
    },
    _S.HOLDING: {
        **_in_flight(_S.HOLDING),
        _E.CONTENT: Transition(_content, (_S.STREAMING, _S.WITHHOLDING)),
        _E.COMPLETE: Transition(_complete, (_S.CONCLUDING,)),
    },
    _S.WITHHOLDING: {
        **_in_flight(_S.WITHHOLDING),
        _E.DURABLE: Transition(_released, (_S.STREAMING,)),
        _E.COMPLETE: Transition(_complete, (_S.CONCLUDING,)),
    },
    _S.STREAMING: {
        _E.COMPLETE: Transition(_complete, (_S.CONCLUDING,)),
        _E.FAILED: Transition(_failed_streaming, (_S.CONCLUDING,)),
        _E.BARRED: Transition(_barred_streaming, (_S.CONCLUDING, _S.STREAMING)),
        _E.UNRECORDED: Transition(_unrecorded, (_S.DONE,)),
        _E.GONE: Transition(_gone_in_flight, (_S.CONCLUDING,)),
    },
    _S.BACKING_OFF: {
        _E.DUE: _to(_S.CHECKING, Command.CHECK),
        _E.DURABLE: Transition(_noted, (_S.BACKING_OFF,)),
        _E.UNRECORDED: Transition(_unrecorded, (_S.DONE,)),
        _E.GONE: Transition(_gone, (_S.CONCLUDING,)),
    },
    _S.CONCLUDING: {
        _E.DURABLE: _to(_S.DONE, Command.FINISH),
        _E.UNRECORDED: Transition(_unrecorded, (_S.DONE,)),
    },
    _S.DONE: {},
}
