"""A simulated network: bytes arrive late, cut anywhere, in order; connections break by a seed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

from tests.simulation.time import SimulatedTime

LATENCY_S = (0.0001, 0.004)
BUFFER_BYTES = 65_536
LATENCY_MAX_S = 0.05
"""No byte is on its way for longer, whatever the sizes of its pieces."""


class Wire(asyncio.Transport):
    """One end of a connection, as a transport."""

    def __init__(self, time: SimulatedTime, draw: random.Random) -> None:
        super().__init__()
        self._time = time
        self._draw = draw
        self._arrives = 0.0
        self._in_flight = 0
        self._reading = True
        self._waiting: list[bytes] = []
        self._closing = False
        self._paused_peer = False
        self.lost = False
        self.peer: Wire
        self.protocol: asyncio.Protocol

    # asyncio.Transport

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing or self.lost or not data:
            return
        for piece in self._pieces(bytes(data)):
            self._arrives = max(self._arrives, self._time.time() + self._draw.uniform(*LATENCY_S))
            self._in_flight += len(piece)
            self._at(self._arrives, lambda piece=piece: self._arrive(piece))  # type: ignore[misc]
        if self._in_flight > BUFFER_BYTES and not self._paused_peer:
            self._paused_peer = True
            self.protocol.pause_writing()

    def close(self) -> None:
        if not self._closing and not self.lost:
            self._closing = True
            self._at(max(self._arrives, self._time.time()), self._end)

    def abort(self) -> None:
        if not self.lost:
            self._closing = True
            self._time.call_soon(self._end)

    def is_closing(self) -> bool:
        return self._closing

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        self._reading = True
        waiting, self._waiting = self._waiting, []
        for piece in waiting:
            self._time.call_soon(lambda piece=piece: self._receive(piece))  # type: ignore[misc]

    # the other side of it

    def _pieces(self, data: bytes) -> list[bytes]:
        if len(data) < 2 or self._draw.random() < 0.6:
            return [data]
        at = self._draw.randrange(1, len(data))
        return [data[:at], data[at:]]

    def _arrive(self, piece: bytes) -> None:
        self._in_flight -= len(piece)
        if not self.peer.lost:
            self.peer._receive(piece)
        if self._paused_peer and self._in_flight <= BUFFER_BYTES // 4 and not self.lost:
            self._paused_peer = False
            self.protocol.resume_writing()

    def _receive(self, piece: bytes) -> None:
        if self.lost or self._closing:
            return
        if not self._reading or self._waiting:
            self._waiting.append(piece)
            if self._reading:
                self.resume_reading()
            return
        self.protocol.data_received(piece)

    def _end(self) -> None:
        """This end is gone; the peer hears of it after everything that was sent."""
        if self.lost:
            return
        self.lost = True
        self.protocol.connection_lost(None)
        self._at(max(self._arrives, self._time.time()) + LATENCY_S[0], self.peer._hang_up)

    def _hang_up(self) -> None:
        if not self.lost:
            self.protocol.eof_received()
            self.lost = True
            self.protocol.connection_lost(None)

    def _at(self, moment: float, callback: Callable[[], None]) -> None:
        self._time.call_later(moment - self._time.time(), callback)


class Network:
    """Connects protocols. `dials` fail by the seed, as often as `failing` says."""

    def __init__(self, time: SimulatedTime, draw: random.Random) -> None:
        self.time = time
        self.draw = draw
        self.failing = 0.0
        self.wires: list[Wire] = []

    def connect(self, near: asyncio.Protocol, far: asyncio.Protocol) -> Wire:
        """A connection whose two ends are these protocols; returns the near end."""
        one, other = Wire(self.time, self.draw), Wire(self.time, self.draw)
        one.peer, other.peer = other, one
        one.protocol, other.protocol = near, far
        self.wires.append(one)
        far.connection_made(other)
        near.connection_made(one)
        return one

    def dial(
        self,
        listening: Callable[[], asyncio.Protocol] | None,
        factory: Callable[[], asyncio.Protocol],
        on_failure: Callable[[str], None],
        on_ready: Callable[[asyncio.Protocol], None] = lambda _: None,
    ) -> None:
        """As a dialer does: later, and perhaps not at all."""

        def arrive() -> None:
            if listening is None or self.draw.random() < self.failing:
                on_failure("no connection: refused")
            else:
                near = factory()
                self.connect(near, listening())
                on_ready(near)

        self.time.call_later(self.draw.uniform(*LATENCY_S), arrive)
