"""One worker's request path: connections in, exchanges, and the world they live in.

The node is told what to do (`adopt`, `step_clock`, `renew_lease`, `drain`) and never asks.
It is synchronous throughout: on return from `adopt` the new snapshot governs every admission,
and every stream in flight has been decided again.
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import sys
import time
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path

from licet.catalog import Settings
from licet.gateway.certificates import listening_context
from licet.gateway.clock import DecisionClock
from licet.gateway.committer import Committer
from licet.gateway.company import SWEEP_S
from licet.gateway.dialer import LoopDialer
from licet.gateway.front import Desk
from licet.gateway.inbound import accept
from licet.gateway.messages import Publication, Secrets, WorkerStatus
from licet.policy import Snapshot
from licet.terms import Instant

UNKNOWN_KEY_PAUSE_S = 1.0
"""How often, at most, the supervisor hears of one issuer's unknown keys."""


class Node:
    """The request path of one worker process."""

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        listen_socket: socket.socket,
        recorder_path: str,
        settings: Settings,
        worker_index: int,
        entropy: Callable[[int], bytes],
        folder: Path,
    ) -> None:
        """`folder`: the configuration's, which the names of certificates are relative to."""
        self._loop = loop
        self._tls = listening_context(settings.listen, folder)
        self._socket = listen_socket
        self._recorder_path = recorder_path
        self._index = worker_index
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        dialer = LoopDialer(loop, connect_s=settings.timeouts.connect_ms / 1000, folder=folder)
        committer = Committer(f"worker-{worker_index}", timers=loop, connect=self._connect_recorder)
        self.desk = Desk(
            timers=loop,
            clock=DecisionClock(wall_ns=time.time_ns),
            dialer=dialer,
            committer=committer,
            entropy=entropy,
            wall_s=time.time,
            settings=settings,
            worker_index=worker_index,
            log=_log,
        )
        committer.start()

    def adopt(self, snapshot: Snapshot, secrets: Secrets, settings: Settings) -> None:
        self.desk.adopt(snapshot, secrets, settings)

    def set_clock_floor(self, instant: Instant) -> None:
        self.desk.clock.set_floor(instant)

    def step_clock(self, instant: Instant) -> None:
        self.desk.step_clock(instant)

    def renew_lease(self, digest: str, seconds: float) -> None:
        self.desk.renew_lease(digest, seconds)

    def tell_publication(self, publication: Publication) -> None:
        self.desk.totals.publication = publication

    def on_unknown_key(self, tell: Callable[[str], None]) -> None:
        told: dict[str, float] = {}

        def tell_seldom(issuer: str) -> None:
            # Anybody with a key can send any number of tokens that name no key.
            now = self._loop.time()
            if now - told.get(issuer, -UNKNOWN_KEY_PAUSE_S) >= UNKNOWN_KEY_PAUSE_S:
                told[issuer] = now
                tell(issuer)

        self.desk.world.unknown_key = tell_seldom

    def start(self) -> None:
        """Accepts connections, and begins to look at deadlines."""
        self._spawn(self._serve())
        self._loop.call_later(SWEEP_S, self._sweep)

    def drain(self, seconds: float, on_drained: Callable[[int], None]) -> None:
        """Accepts nothing new; calls back with how many answers were cut short."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.desk.drain(seconds, on_drained)

    def status(self) -> WorkerStatus:
        return self.desk.status(pid=os.getpid(), memory_bytes=_resident_bytes())

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.desk.close()

    async def _serve(self) -> None:
        self._server = await self._loop.create_server(
            lambda: accept(self.desk), sock=self._socket, ssl=self._tls, backlog=1024
        )

    def _sweep(self) -> None:
        try:
            self.desk.sweep()
        finally:
            self._loop.call_later(SWEEP_S, self._sweep)

    def _connect_recorder(self, protocol: asyncio.Protocol, on_failure: Callable[[], None]) -> None:
        self._spawn(self._dial_recorder(protocol, on_failure))

    async def _dial_recorder(
        self, protocol: asyncio.Protocol, on_failure: Callable[[], None]
    ) -> None:
        try:
            await self._loop.create_unix_connection(lambda: protocol, self._recorder_path)
        except OSError:
            on_failure()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        # The loop holds tasks weakly; this set keeps them until they are done.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _resident_bytes() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _log(error: Exception) -> None:
    """An error of ours, to the operator's terminal or journal; it holds no caller's data
    beyond what the traceback's lines of code say."""
    traceback.print_exception(error, file=sys.stderr)
