"""The recorder as the supervisor sees it: its process, its socket, and our own line to it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from licet.evidence import RegisterLeaf, Welcome
from licet.gateway.children import START_BOUND_S, Backoff, Child, Launch, how_it_ended
from licet.gateway.listening import bind_unix
from licet.gateway.messages import Lines, RecorderWord
from licet.gateway.register import Register
from licet.terms import OperationFault

COMMIT_BOUND_S = 10.0
BACKOFF = Backoff(first_s=0.02, most_s=0.5, good_after_s=2.0)


class RecorderProcess:
    """One recorder after the other on one socket.

    The supervisor owns the socket: whoever connects while the recorder is being started again
    waits a moment, and is not refused.
    """

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        path: Path,
        command: Callable[[int, int], list[str]],
        report: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._path = path
        self._command = command
        self._report = report
        self._register = Register(loop, str(path))
        self._listener: socket.socket | None = None
        self._child: Child[RecorderWord] | None = None
        self._died: asyncio.Future[int] = loop.create_future()
        self._gone: asyncio.Future[None] = loop.create_future()
        self._fault = ""
        self._absence = ""
        self._is_up = False

    async def start(self) -> Welcome:
        """The recorder's greeting. `OperationFault` when it ends before it could greet: that
        is no accident to outlast, as nothing is served yet."""
        self._listener = bind_unix(self._path)
        listen_fd = self._listener.fileno()
        self._child = Child(
            loop=self._loop,
            name="recorder",
            launch=Launch(
                command=lambda control_fd: self._command(control_fd, listen_fd),
                pass_fds=(listen_fd,),
            ),
            feeder=lambda: Lines().feed,
            on_start=lambda: None,
            on_message=self._hear,
            on_death=self._see_death,
            backoff=BACKOFF,
        )
        self._child.start()
        greeting = self._loop.create_task(self._register.connect(START_BOUND_S))
        either: set[asyncio.Future[Any]] = {greeting, self._died}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not greeting.done():
            greeting.cancel()
            raise OperationFault(
                "recorder_not_started",
                f"the recorder ended ({how_it_ended(self._died.result())}) before it was ready",
                remedy="its last words are above",
            )
        self._is_up = True
        return greeting.result()

    async def append(self, leaves: Sequence[RegisterLeaf]) -> tuple[int, ...]:
        """Durable on return; see `Register.append`."""
        return await self._register.append(leaves, COMMIT_BOUND_S)

    def status(self) -> dict[str, Any]:
        child = self._child
        return {
            "pid": child.pid if child is not None else None,
            "restarts": child.restarts if child is not None else 0,
            "connected": self._register.is_connected,
            "fault": self._fault or self._absence,
        }

    async def stop(self, bound_s: float) -> None:
        """Ends it in good order; by force when it does not end within the bound."""
        self._register.close()
        if self._child is not None:
            self._child.stop()
            if self._child.pid is not None:
                await asyncio.wait({self._gone}, timeout=bound_s)
                self._child.kill()
        if self._listener is not None:
            self._listener.close()
            self._path.unlink(missing_ok=True)

    def _hear(self, word: RecorderWord) -> None:
        if word.recorder == "failing":
            self._fault = word.message
            self._report(f"evidence cannot be written, so nothing is served: {word.message}")
        elif word.recorder == "working":
            self._fault = ""
            self._report("evidence is written again")
        else:
            # Ready is not working: a recorder that starts on a full disk fails before it is ready.
            self._absence = ""
            if word.mended:
                self._report(f"evidence: {word.mended} bytes of a torn tail were cut off")

    def _see_death(self, code: int) -> None:
        if not self._died.done():
            self._died.set_result(code)
        self._fault = ""
        self._absence = f"ended ({how_it_ended(code)}), and not back yet"
        if self._child is None or self._child.is_ending:
            if not self._gone.done():
                self._gone.set_result(None)
        elif self._is_up:
            self._report(f"the recorder ended ({how_it_ended(code)}); it is started again")
        else:
            self._child.expect_end()
