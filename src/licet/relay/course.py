"""The course of one request: what the table moves, step by step through the plan."""

from __future__ import annotations

from licet.catalog import Candidate
from licet.policy import Decision
from licet.relay.failures import AGAIN_HERE, Failure, Refused
from licet.relay.states import Command, Conclusion, RelaySettings, State

Moves = tuple[State, tuple[Command, ...]]


class Course:
    """Where one request stands, and the moves that transitions are made of."""

    __slots__ = (
        "_position", "_recorded", "_settings", "_steps", "again", "attempts",
        "conclusion", "decision", "durable", "failure", "hand_overs", "pause_ms", "refused",
        "stale_retried", "stands", "state", "step", "waits_for_disk",
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
        self.hand_overs = 0
        self.stale_retried = False
        self.durable = False
        self.pause_ms = 0
        self.failure: Failure | None = None
        self.decision: Decision | None = None
        self.conclusion: Conclusion | None = None
        self.refused: Refused | None = None
        self.stands = False
        self.state = State.CHECKING

    @property
    def tried(self) -> tuple[Candidate, ...]:
        """The candidates up to the present one."""
        return self._steps[: self._position + 1]

    def conclude(self, conclusion: Conclusion) -> Moves:
        self.conclusion = conclusion
        return State.CONCLUDING, (Command.CONCLUDE,)

    def end(self, conclusion: Conclusion) -> Moves:
        """Concludes before the caller has seen anything: where somebody refused, and nobody whom
        that was routed to answers, the refusal stands."""
        if self.refused is None:
            return self.conclude(conclusion)
        self.stands = True
        return self.conclude(self.refused.stands)

    @property
    def may_reroute(self) -> bool:
        """Whether a refusal may be routed: once in a request, while attempts are left."""
        return self.refused is None and self.attempts < self._settings.attempts_max

    def reroute(self, refused: Refused) -> Moves:
        """What follows is asked of whom a rule names, and of nobody else. Each sending needs a
        record of its own, though the same was sent before."""
        self.refused = refused
        self._steps = self.tried + refused.steps
        self._recorded = ()
        self.failure = self.decision = None
        self._position += 1
        self.step = self._steps[self._position]
        self.stale_retried = False
        return State.CHECKING, (Command.ABORT, Command.CHECK)

    def needs_record(self, digest: str) -> bool:
        """Whether this step is not on disk yet under this snapshot; then it is noted."""
        entry = (self.step.model, self.step.endpoint, digest)
        if entry in self._recorded:
            return False
        self._recorded += (entry,)
        return True

    @property
    def may_hand_over(self) -> bool:
        """Whether the bounds allow what the caller reads to be continued by another attempt."""
        return self.hand_overs < self._settings.hand_overs_max

    def hand_over(self) -> None:
        """What follows continues the answer so far: each sending needs a record of its own."""
        self.hand_overs += 1
        self._recorded = ()
        self.refused = None

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
