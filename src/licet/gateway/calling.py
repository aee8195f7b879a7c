"""The line of one exchange to its vendor: asked for, held, let go; and what it says of health."""

from __future__ import annotations

from collections.abc import Callable

from licet.catalog import Candidate
from licet.gateway.outbound import Outbound, Receiver, Waiting
from licet.gateway.world import World
from licet.relay import Failure


class Line:
    """At most one connection to one vendor at a time. `step` is whom the last call went to."""

    __slots__ = ("_outbound", "_probing", "_waiting", "_world", "step")

    def __init__(self, world: World) -> None:
        self._world = world
        self._outbound: Outbound | None = None
        self._waiting: Waiting | None = None
        self._probing = False
        self.step: Candidate | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether a connection is still being made, so that nothing has been sent."""
        return self._waiting is not None

    def call(
        self,
        step: Candidate,
        connected: Callable[[Outbound], None],
        unconnected: Callable[[str], None],
        *,
        fresh: bool,
    ) -> Outbound | None:
        """An idle connection, or None where a new one is being made. `fresh`: only a new one will
        do, since an idle one had gone stale."""
        world = self._world
        self.step = step
        world.trying(step)
        self._probing = True
        pool = world.pool(world.ways.to(step).route)
        idle = None if fresh else pool.take_idle()
        if idle is None:
            self._waiting = pool.acquire(connected, unconnected, fresh=fresh)
        return idle

    def send(self, outbound: Outbound, data: bytes, receiver: Receiver) -> None:
        """The connection stands: the whole request goes out on it."""
        self._waiting = None
        self._outbound = outbound
        outbound.send(data, receiver)

    def unanswered(self) -> None:
        """No connection came of it."""
        self._waiting = None

    def ended(self) -> None:
        """The vendor has ended it: there is nothing to let go."""
        self._outbound = None

    def pause(self) -> bool:
        """Stops reading; False where there is nothing to read."""
        if self._outbound is not None:
            self._outbound.pause_reading()
        return self._outbound is not None

    def resume(self) -> bool:
        if self._outbound is not None:
            self._outbound.resume_reading()
        return self._outbound is not None

    def judge(self, failure: Failure | None) -> None:
        """Tells the breaker, once a call, what the vendor's health seems to be."""
        if self._probing and self.step is not None:
            self._probing = False
            self._world.judge(self.step, failure)

    def part(self, *, abort: bool) -> None:
        """Lets the connection go; one that is still answering is closed with `abort`."""
        if self._waiting is not None:
            self._waiting.cancelled = True
            self._waiting = None
        outbound, self._outbound = self._outbound, None
        if outbound is not None and abort:
            outbound.abort()
        elif outbound is not None:
            outbound.linger()
        if self._probing and self.step is not None:
            self._probing = False
            self._world.breakers.released(self.step.endpoint, self.step.model)
