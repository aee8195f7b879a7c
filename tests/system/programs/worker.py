"""A worker whose node only says, on each connection, which snapshot it serves and as of when.

How it misbehaves is written in the snapshot: `stubborn-INDEX` is never adopted by that worker
unless it was started with it; `busy` has something in flight until the drain is over, `brief` for
a second of it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from hashlib import sha256
from typing import Any, cast

from licet.catalog import Settings
from licet.gateway.messages import Secrets, WorkerStatus
from licet.gateway.worker import drive


class Snapshot:
    """Whatever bytes there are."""

    def __init__(self, document: bytes) -> None:
        self.text = document.decode()
        self.digest = sha256(document).hexdigest()


class Node:
    def __init__(
        self, index: int, loop: asyncio.AbstractEventLoop, listener: socket.socket
    ) -> None:
        self._index = index
        self._loop = loop
        self._listener = listener
        self._text = ""
        self._digest = ""
        self._clock = 0
        self._lease_until = 0.0
        self._served = 0

    def adopt(self, snapshot: Snapshot, secrets: Secrets, settings: Settings) -> None:
        if self._text and f"stubborn-{self._index}" in snapshot.text:
            signal.pause()
        self._text, self._digest = snapshot.text, snapshot.digest

    def set_clock_floor(self, instant: int) -> None:
        self._clock = max(self._clock, instant)

    def step_clock(self, instant: int) -> None:
        self._clock = instant

    def renew_lease(self, digest: str, seconds: float) -> None:
        self._lease_until = self._loop.time() + seconds

    def drain(self, seconds: float, on_drained: Callable[[int], None]) -> None:
        self._loop.remove_reader(self._listener.fileno())
        self._listener.close()
        in_flight_s = {"busy": seconds, "brief": min(1.0, seconds)}.get(self._text, 0.0)
        self._loop.call_later(in_flight_s, on_drained, 0)

    def on_unknown_key(self, tell: Callable[[str], None]) -> None:
        """Nobody comes to this node with a token."""

    def status(self) -> WorkerStatus:
        return WorkerStatus(
            index=self._index,
            pid=os.getpid(),
            requests=self._served,
            snapshot=self._digest,
            recorder_connected=True,
            lease_s_left=max(0.0, self._lease_until - self._loop.time()),
        )

    def start(self) -> None:
        self._listener.setblocking(False)
        self._loop.add_reader(self._listener.fileno(), self._accept)

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:
            return
        with connection:
            self._served += 1
            connection.sendall(f"{self._index} {self._text} {self._clock}\n".encode())


if __name__ == "__main__":
    control_fd, listen_fd, index = map(int, sys.argv[1:])
    sys.exit(
        drive(
            control_fd=control_fd,
            listen_fd=listen_fd,
            index=index,
            make_node=cast("Any", lambda loop, listener, _: Node(index, loop, listener)),
            load=cast("Any", Snapshot),
        )
    )
