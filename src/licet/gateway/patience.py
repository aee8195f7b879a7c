"""How long one exchange waits: for a head, between two pieces, for its caller, and in all."""

from __future__ import annotations

from enum import Enum

from licet.gateway.world import World
from licet.relay import Failure, FailureKind, State

CONTINUING = frozenset(
    {
        State.CHECKING_NEXT,
        State.COMMITTING_NEXT,
        State.AWAITING_NEXT,
        State.HOLDING_NEXT,
        State.BACKING_OFF_NEXT,
    }
)
"""The caller has begun to read, and waits for whoever goes on."""

_AWAITING = frozenset({State.AWAITING, State.AWAITING_NEXT})
_SILENT = frozenset(
    {State.READING, State.HOLDING, State.WITHHOLDING, State.STREAMING, State.HOLDING_NEXT}
)
IN_FLIGHT = _AWAITING | _SILENT | {State.COMMITTING, State.COMMITTING_NEXT}


class Expiry(Enum):
    """What a deadline that has passed was for. `HEAD_HELD`, `UNHEARD`: a caller has heard nothing
    for as long as load balancers allow."""

    TOTAL = "total"
    HEAD = "head"
    READER = "reader"
    HEAD_HELD = "head_held"
    UNHEARD = "unheard"
    SILENCE = "silence"
    NOTHING = "nothing"


FAILURES = {
    Expiry.TOTAL: Failure(
        kind=FailureKind.TOTAL_TIMEOUT, message="the request took longer than it may"
    ),
    Expiry.HEAD: Failure(
        kind=FailureKind.HEAD_TIMEOUT, message="the vendor sent no answer in time"
    ),
    Expiry.SILENCE: Failure(
        kind=FailureKind.STALL, message="the vendor fell silent inside its answer"
    ),
}


class Patience:
    """The deadlines of one exchange, on the loop's clock in seconds. `deadline` is the next."""

    __slots__ = ("_hold_until", "_total_until", "_until", "_world", "deadline")

    def __init__(self, world: World, started: float) -> None:
        self._world = world
        self._total_until = started + world.bounds.total_s
        self._hold_until = 0.0
        self._until = self._total_until
        self.deadline = self._total_until

    def sent(self, state: State) -> None:
        """A request has gone to a vendor: now its head is due."""
        now, bounds = self._world.now(), self._world.bounds
        self._until = now + bounds.head_s
        self.deadline = min(self._until, self._total_until)
        if state in CONTINUING:
            self.unheard()
        else:
            self._hold_until = now + bounds.hold_head_s

    def heard(self, state: State) -> None:
        """The vendor said something: its silence begins anew, within the time that a head may
        be held."""
        self._until = self._world.now() + self._world.bounds.idle_s
        holding = state is State.HOLDING or state in CONTINUING
        until = min(self._until, self._hold_until) if holding else self._until
        self.deadline = min(until, self._total_until)

    def unheard(self) -> None:
        """From here on the caller, who reads, hears nothing of any vendor."""
        self._hold_until = self._world.now() + self._world.bounds.hold_head_s
        self.deadline = min(self._until, self._hold_until, self._total_until)

    def yielded(self) -> None:
        """Another attempt is to continue the answer: nothing is due of a vendor yet."""
        self._until = self._total_until
        self.unheard()

    def unread(self) -> None:
        """The caller does not read: it is the caller's silence that counts."""
        self.deadline = self._world.now() + self._world.bounds.client_idle_s

    def forgive(self, stood_s: float) -> None:
        """For so long nobody was listened to."""
        self._total_until += stood_s
        self._hold_until += stood_s
        self._until += stood_s
        self.deadline += stood_s

    def concluded(self) -> None:
        self.deadline = float("inf")

    def expired(self, state: State, *, paused: bool) -> Expiry:
        """What the deadline that has passed was for. `paused`: the caller does not read."""
        now = self._world.now()
        if now >= self._total_until and state in IN_FLIGHT:
            return Expiry.TOTAL
        if state in CONTINUING and now < self._until:
            return Expiry.UNHEARD
        if state in _AWAITING:
            return Expiry.HEAD
        if state is State.STREAMING and paused:
            return Expiry.READER
        if state is State.HOLDING and now >= self._hold_until:
            return Expiry.HEAD_HELD
        return Expiry.SILENCE if state in _SILENT else Expiry.NOTHING
