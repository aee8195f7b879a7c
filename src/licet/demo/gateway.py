"""A real gateway: `licet up` as a child process, its clock moved through its control socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from licet.gateway import ask
from licet.sim import SIM_KEY
from licet.terms import Instant, OperationFault, format_instant

WORKERS = 2
START_S = 30.0
END_S = 15.0
WORDS_MAX = 40


class Gateway:
    """Running from `start` to `stop`, in a folder that holds nothing else."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process) -> None:
        self.folder = folder
        self.host, self.port = "", 0
        self._process = process

    @classmethod
    async def start(cls, folder: Path, at: Instant) -> Gateway:
        """Starts it with its decision clock at `at`, and returns when it serves.

        `OperationFault` with its own last words when it does not come up.
        """
        with cls._words_of(folder).open("wb") as words:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "licet",
                "up",
                "--config",
                str(folder),
                "--workers",
                str(WORKERS),
                "--clock-at",
                format_instant(at),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=words,
                env=_environment(os.environ),
                # A terminal's Ctrl-C goes to its whole group; this child is ended by `stop`.
                start_new_session=True,
            )
        gateway = cls(folder, process)
        try:
            async with asyncio.timeout(START_S):
                await gateway._until_ready()
                status = await gateway.ask("status")
        except BaseException as error:
            await gateway.stop()
            if isinstance(error, TimeoutError):
                raise gateway._fault(f"did not start within {START_S:g} s") from error
            raise
        gateway.host, _, port = str(status["address"]).rpartition(":")
        gateway.port = int(port)
        return gateway

    async def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """A command of the control socket, asked beside the event loop."""
        control = self.folder / "run" / "control.sock"
        return await asyncio.to_thread(ask, control, command, **arguments)

    async def step_clock(self, instant: Instant) -> None:
        """Returns when nothing is decided before `instant` any more, in any worker."""
        try:
            await self.ask("step_clock", instant=format_instant(instant))
        except OperationFault as fault:
            raise self._fault(f"did not step its clock: {fault.message}") from fault

    async def stop(self) -> None:
        """Ends it in good order, then less so; returns when it and its children are gone."""
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            if self._process.returncode is not None:
                break
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_S):
                    await self._process.wait()
        # Its children have its standard output, and write to the folder until they notice.
        assert self._process.stdout is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await self._process.stdout.read()

    def said(self) -> str:
        """Its last words on standard error."""
        lines = self._words_of(self.folder).read_text("utf-8", "replace").splitlines()
        return "\n".join(lines[-WORDS_MAX:])

    async def _until_ready(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            if line.startswith(b"ready"):
                return
        await self._process.wait()
        raise self._fault(f"ended with status {self._process.returncode} before it was ready")

    def _fault(self, what: str) -> OperationFault:
        words = self.said()
        told = f"; it said:\n{words}" if words else ""
        return OperationFault("demo_gateway", f"the gateway {what}{told}")

    @staticmethod
    def _words_of(folder: Path) -> Path:
        return folder.with_name(f"{folder.name}.stderr")


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Ours, with a credential for every vendor: the simulated ones take any."""
    names = ("ANTHROPIC", "CLOUD_US", "MISTRAL", "OPENAI", "SAKANA", "ZHIPU")
    return {**ours, **{f"{name}_API_KEY": SIM_KEY for name in names}}
