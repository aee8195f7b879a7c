"""kill -9 and failing disks at random moments under load: `python -m tests.system.campaign`.

Each round kills the recorder, a worker or the supervisor, or has the recorder's disk full or
failing for a while (by what its system calls return, sometimes until it is killed besides), while
callers of both dialects ask whole and streamed answers in both modes of evidence, some of their
vendors failing and some of them hanging up. After each, the vendors' ledger, what callers heard
and the log are compared by request, endpoint and snapshot, and the log is verified.

What kill -9 cannot do, because the kernel lives on, is done in simulated worlds
(`tests/simulation`): all that was not synced is lost, torn and reordered, whatever runs.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from tests.simulation import crashes
from tests.simulation.world import World
from tests.system.callers import Heard, Traffic, count
from tests.system.comparison import Log, compare, unlawful
from tests.system.house import BOUND_S, ROOT, Gateway, eventually, house, is_gone, kill
from tests.system.tracing import attached

Ill = Literal["recorder", "worker", "supervisor", "disk full", "disk failing"]
ILLS: tuple[Ill, ...] = ("recorder", "worker", "supervisor", "disk full", "disk failing")
"""Who is killed, or what is wrong with the recorder's disk."""

INJECTIONS = {
    "disk full": (
        "pwrite64:error=ENOSPC",
        "pwrite64:error=ENOSPC:when=2+3",
        "fdatasync:error=ENOSPC:when=1+2",
        "fallocate,pwrite64:error=ENOSPC",
    ),
    "disk failing": (
        "fdatasync:error=EIO",
        "fdatasync:error=EIO:when=2+3",
        "pwrite64,ftruncate:error=EIO:when=1+2",
        "pwrite64,fdatasync,fsync,rename:error=EIO:when=3+4",
    ),
}
"""What strace makes the recorder's system calls return."""

ROUNDS_PER_LOG = 20
CHILDREN_END_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round found. `back_s`: from the death, or the end of the trouble, to the first
    request, begun after it, that was answered. `faults`: every promise that was not kept, in a
    sentence each."""

    ill: Ill
    back_s: float
    heard: dict[str, int]
    arrivals: int
    unknown: int
    faults: tuple[str, ...]


@dataclass(slots=True)
class Campaign:
    """Rounds on one gateway and its log."""

    gateway: Gateway
    draw: random.Random
    rounds: list[Round] = field(default_factory=list)

    def play(self, ill: Ill) -> Round:
        """One round; the gateway runs again when it returns."""
        unknown = Log(self.gateway.leaves()).unknown
        before = len(self.gateway.vendors.arrivals())
        traffic = Traffic(self.gateway, seed=self.draw.getrandbits(32))
        traffic.start()
        try:
            self._until_heard(traffic, self.draw.randint(5, 80))
            dead_s = self._befall(ill, traffic)
            eventually(lambda: _back_s(traffic.heard(), dead_s) is not None)
            self._until_heard(traffic, len(traffic.heard()) + self.draw.randint(1, 40))
        finally:
            heard = traffic.stop()
        eventually(lambda: not Log(self.gateway.leaves()).open)
        arrivals = self.gateway.vendors.arrivals()
        log = Log(self.gateway.leaves())
        found = Round(
            ill=ill,
            back_s=_back_s(heard, dead_s) or BOUND_S,
            heard=count(heard),
            arrivals=len(arrivals) - before,
            unknown=log.unknown - unknown,
            faults=(
                *compare(heard, arrivals, log),
                *unlawful(arrivals, self.gateway.sources()),
                *_broken_off(ill, heard, dead_s),
                *self._damage(),
            ),
        )
        self.rounds.append(found)
        return found

    def _befall(self, ill: Ill, traffic: Traffic) -> float:
        """The time at which it was dead, or the disk worked again."""
        gateway = self.gateway
        if ill == "recorder":
            return kill(gateway.recorder_pid())
        if ill == "worker":
            return kill(self.draw.choice(gateway.worker_pids()))
        if ill != "supervisor":
            return self._fail_disk(self.draw.choice(INJECTIONS[ill]), traffic)
        children = gateway.children()
        process = gateway.process
        assert process is not None
        dead_s = kill(process.pid)
        process.communicate(timeout=BOUND_S)
        eventually(lambda: all(is_gone(pid) for pid in children), CHILDREN_END_S)
        gateway.up()
        return dead_s

    def _fail_disk(self, injection: str, traffic: Traffic) -> float:
        recorder = self.gateway.recorder_pid()
        with attached([recorder], "-o", os.devnull, "-e", f"inject={injection}"):
            self._until_heard(traffic, len(traffic.heard()) + self.draw.randint(5, 60))
            if self.draw.random() < 0.3:
                kill(recorder)
        return time.monotonic()

    def _until_heard(self, traffic: Traffic, number: int) -> None:
        eventually(lambda: len(traffic.heard()) >= number)

    def _damage(self) -> list[str]:
        return [
            f"{one.code}: {one.message}"
            for one in self.gateway.verify().findings
            if one.severity == "damage"
        ]


@dataclass(slots=True)
class Simulated:
    """What simulated worlds found, whole ones (callers, worker, recorder, vendors) and the log
    alone: each a seed, each losing, tearing and reordering what was not synced."""

    worlds: int = 0
    crashes: int = 0
    failures: int = 0
    requests: int = 0
    answered: int = 0
    arrivals: int = 0
    logs: int = 0
    acknowledged: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)

    def play(self, seed: int) -> None:
        """One world, and two logs."""
        world = World(seed)
        world.run()
        self.worlds += 1
        self.crashes += world.crashes
        self.failures += world.failures
        self.requests += len(world.asks)
        self.answered += sum(ask.kind == "answered" for ask in world.asks)
        self.arrivals += len(world.simulation.ledger.entries())
        self.faults += (f"world {seed}: {fault}" for fault in world.faults())
        for number in (2 * seed, 2 * seed + 1):
            try:
                log = crashes.play(number)
            except AssertionError as error:
                self.faults.append(f"log {number}: {error}")
                continue
            self.logs += 1
            self.crashes += crashes.CRASHES
            self.acknowledged += len(log.told)
            self.refused += log.refused

    def told(self) -> list[str]:
        """In sentences."""
        return [
            f"Worlds: {self.worlds}; logs alone: {self.logs}; losses of power: {self.crashes}.",
            f"In worlds {self.failures} spells of a failing disk, {self.requests} requests,",
            f"{self.answered} answered, {self.arrivals} arrivals; of logs alone",
            f"{self.acknowledged} records acknowledged, {self.refused} refused.",
            f"Faults: {len(self.faults)}.",
        ]


def simulate(worlds: int, seed: int) -> Simulated:
    """So many worlds, from a seed on."""
    found = Simulated()
    for number in range(seed, seed + worlds):
        found.play(number)
    return found


def play(
    rounds: int, seed: int, *, minutes: float = float("inf"), say: bool = False
) -> list[Round]:
    """So many rounds or minutes, each ill in turn, a new log now and then."""
    draw = random.Random(seed)
    until = time.monotonic() + minutes * 60
    played: list[Round] = []
    while len(played) < rounds and time.monotonic() < until:
        with (
            tempfile.TemporaryDirectory(prefix="licet-campaign-") as folder,
            house(Path(folder)) as gateway,
        ):
            campaign = Campaign(gateway, draw)
            for _ in range(min(ROUNDS_PER_LOG, rounds - len(played))):
                found = campaign.play(ILLS[len(played) % len(ILLS)])
                played.append(found)
                if say:
                    print(len(played), found, flush=True)
            gateway.end()
    return played


def _back_s(heard: Sequence[Heard], dead_s: float) -> float | None:
    ends = [one.ended for one in heard if one.kind == "answered" and one.began > dead_s]
    return min(ends) - dead_s if ends else None


def _broken_off(ill: Ill, heard: Sequence[Heard], dead_s: float) -> list[str]:
    """Connections that ended without a word although nobody who held them died."""
    if ill == "supervisor":
        return []
    return [
        f"{one.ask.case}: closed, {one.began - dead_s:+.3f} s after it: {ill}"
        for one in heard
        if one.kind == "closed" and (ill != "worker" or one.began > dead_s)
    ]


def table(rounds: Sequence[Round]) -> list[str]:
    """One line per ill, as Markdown."""
    lines = [
        "| killed, or | rounds | requests | answered | arrivals | unknown | back (most) | faults |",
        "|---|---|---|---|---|---|---|---|",
    ]
    by_ill: dict[str, list[Round]] = defaultdict(list)
    for one in rounds:
        by_ill[one.ill].append(one)
    for ill, found in by_ill.items():
        back = sorted(one.back_s for one in found)
        lines.append(
            f"| {ill} | {len(found)} | {sum(sum(one.heard.values()) for one in found)}"
            f" | {sum(one.heard.get('answered', 0) for one in found)}"
            f" | {sum(one.arrivals for one in found)} | {sum(one.unknown for one in found)}"
            f" | {back[len(back) // 2]:.2f} s ({back[-1]:.2f} s)"
            f" | {sum(len(one.faults) for one in found)} |"
        )
    return lines


def write_down(
    folder: Path, rounds: Sequence[Round], simulated: Simulated, seed: int, took_s: float
) -> Path:
    """The result as a page of its own, with date, commit and machine."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    now = datetime.now(UTC)
    faults = [*(fault for one in rounds for fault in one.faults), *simulated.faults]
    path = folder / f"{now:%Y-%m-%d}-crashes-{commit}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    command = f"--rounds {len(rounds)} --worlds {simulated.worlds} --seed {seed}"
    lines = [
        "# Crashes and failing disks under load",
        "",
        f"`python -m tests.system.campaign {command}`",
        f"on {now:%d %B %Y}, commit {commit}, {os.cpu_count()} cores,",
        f"Python {platform.python_version()}, {took_s:.0f} s.",
        "",
        *table(rounds),
        "",
        "Killed with -9, or the disk of the recorder full or failing for a while, now and then",
        "until it is killed besides. Unknown: attempts whose process died with them, or whose",
        "outcome could not be recorded, recorded so. Back: the median time from the death, or the",
        "end of the trouble, to the first request, begun after it, that was answered, and the",
        "greatest. Faults: whatever clients heard or vendors got and the log does not say, by",
        "request, endpoint and snapshot; whatever reached a vendor unlawfully; callers left",
        "without a word; damage that `verify` finds.",
        "",
        "## Power lost, in simulation",
        "",
        "All that was not synced is lost, torn and reordered; the judges are the same.",
        "",
        *simulated.told(),
        "",
        *(f"- {fault}" for fault in faults),
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.system.campaign", description=__doc__)
    parser.add_argument("--rounds", type=int, default=60, help="of real processes")
    parser.add_argument("--worlds", type=int, default=60, help="simulated ones")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, help="write a page into this folder")
    options = parser.parse_args()
    started = time.monotonic()
    rounds = play(options.rounds, options.seed, say=True)
    print("\n".join(table(rounds)), flush=True)
    simulated = simulate(options.worlds, options.seed)
    print("\n".join([*simulated.told(), *simulated.faults]))
    took_s = time.monotonic() - started
    if options.results is not None:
        print(write_down(options.results, rounds, simulated, options.seed, took_s))
    parser.exit(1 if simulated.faults or any(one.faults for one in rounds) else 0)


if __name__ == "__main__":
    main()
