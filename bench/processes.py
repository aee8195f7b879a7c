"""Processes on cores of their own, and what they cost: /proc as proc(5) describes it."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")
START_S = 20.0
STOP_S = 10.0
LATENCY = Path("/dev/cpu_dma_latency")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """One core for what is measured; the upstream and the load share one only where they must."""

    measured: int
    upstream: int
    load: int


def assign_cores(measured: int | None = None) -> Cores:
    """Takes the cores that this process may use, for what is measured the first or `measured`;
    `RuntimeError` if there is only one."""
    usable = sorted(os.sched_getaffinity(0), key=lambda core: (core != measured, core))
    if len(usable) < 2:
        raise RuntimeError("measuring takes two cores at least, four to be steady")
    return Cores(measured=usable[0], upstream=usable[1], load=usable[2 % len(usable) or 1])


@contextmanager
def awake(control: Path = LATENCY) -> Iterator[None]:
    """Keeps the processors of this machine from sleeping until the end of the block, as profiles
    for low latency do: the kernel's PM QoS interface, which takes microseconds for as long as the
    file is open. `RuntimeError` where this process may not."""
    try:
        file = os.open(control, os.O_WRONLY)
    except OSError as error:
        raise RuntimeError(
            f"the processors cannot be kept awake: `{control}`: {error.strerror}: it takes root,"
            " and a kernel that offers it; measure without `--awake`"
        ) from error
    try:
        os.write(file, struct.pack("i", 0))
        yield
    finally:
        os.close(file)


def on_core(core: int, argv: Sequence[str]) -> list[str]:
    """A command that runs on one core, as do the processes that it starts."""
    return ["taskset", "-c", str(core), *argv]


class Spawned:
    """A process, its children with it, pinned to one core from the start."""

    def __init__(
        self, argv: Sequence[str], *, core: int, log: Path, env: dict[str, str] | None = None
    ) -> None:
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                on_core(core, argv),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def await_port(self, port: int) -> None:
        """Returns once somebody listens; `RuntimeError` with the log if the process ends first."""
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"nobody listens on port {port}: {self.tail()}")

    def tail(self) -> str:
        """The end of what the process said."""
        return self._log.read_text(errors="replace")[-2_000:].strip() or "it said nothing"

    def stop(self) -> None:
        """Ends the process as an operator would, and by force if it stays."""
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def tree(root: int) -> tuple[int, ...]:
    """A process and all its descendants."""
    found = [root]
    for pid in found:
        for task in Path(f"/proc/{pid}/task").glob("*"):
            children = task / "children"
            if children.exists():
                found += [int(child) for child in children.read_text().split()]
    return tuple(found)


def cpu_us(pids: Sequence[int]) -> int:
    """Processor time, user and system, of these processes and their descendants, so far."""
    return sum(_cpu_us(pid) for root in pids for pid in tree(root))


def _cpu_us(pid: int) -> int:
    # The name in parentheses may hold anything; fields 14 and 15 are counted from its end.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_US
