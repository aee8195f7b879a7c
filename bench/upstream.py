"""What stands behind the gateway: nginx with a fixed answer, or a simulated vendor that thinks.

As a program (`python -m bench.upstream PORT THINK_MS`) it is the vendor, on asyncio's own event
loop: libuv counts in whole milliseconds from the start of its round, which moves a 5 ms answer by
up to one, more than what is measured. A selector that waits for 5 ms wakes 5 ms later.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from bench.processes import Spawned, free_port
from bench.targets import Running
from licet.sim import Vendors, VendorSpec, fast_answer

MODEL = "bench-model"
ANSWER_BYTES = 300


def vendor(port: int = 0, think_ms: int = 0) -> VendorSpec:
    """A vendor of the chat dialect that gives everybody the same answer."""
    return VendorSpec(
        id="bench",
        dialect="chat",
        models=(MODEL,),
        port=port,
        think_ms=think_ms,
        answer_bytes=ANSWER_BYTES,
        fast=True,
    )


def answer() -> bytes:
    """The body of that answer."""
    return fast_answer(vendor()).partition(b"\r\n\r\n")[2]


class Thinking:
    """A simulated vendor in a process of its own, which answers after `think_ms`."""

    def __init__(self, folder: Path, *, core: int, think_ms: int) -> None:
        self.name = f"upstream thinking {think_ms} ms"
        self._log = folder / "upstream.log"
        self._core = core
        self._think_ms = think_ms
        self._spawned: Spawned | None = None

    def start(self) -> Running:
        """Starts it."""
        port = free_port()
        argv = [sys.executable, "-m", "bench.upstream", str(port), str(self._think_ms)]
        self._spawned = Spawned(argv, core=self._core, log=self._log)
        self._spawned.await_port(port)
        return Running(url=f"http://127.0.0.1:{port}", pids=(self._spawned.pid,))

    def stop(self) -> None:
        """Ends it."""
        if self._spawned:
            self._spawned.stop()


async def _serve(port: int, think_ms: int) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    vendors = await Vendors.start(loop, (vendor(port, think_ms),))
    await stopped.wait()
    vendors.close()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
