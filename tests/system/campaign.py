"""kill -9 at random moments under load, round after round: `python -m tests.system.campaign`.

Each round kills the recorder, a worker or the supervisor while callers of both dialects ask whole
and streamed answers in both modes of evidence, some of their vendors failing and some of them
hanging up. After each, the vendors' ledger, what callers heard and the log are compared.
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

from tests.system.callers import Heard, Traffic, count
from tests.system.comparison import Log, compare, unlawful
from tests.system.house import BOUND_S, ROOT, Gateway, eventually, house, is_gone, kill

Victim = Literal["recorder", "worker", "supervisor"]
VICTIMS: tuple[Victim, ...] = ("recorder", "worker", "supervisor")
ROUNDS_PER_LOG = 20
CHILDREN_END_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round found. `back_s`: from the death to the first request, begun after it, that
    was answered. `faults`: every promise that was not kept, in a sentence each."""

    victim: Victim
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

    def play(self, victim: Victim) -> Round:
        """One round; the gateway runs again when it returns."""
        unknown = Log(self.gateway.leaves()).unknown
        before = len(self.gateway.vendors.arrivals())
        traffic = Traffic(self.gateway, seed=self.draw.getrandbits(32))
        traffic.start()
        try:
            self._until_heard(traffic, self.draw.randint(5, 80))
            dead_s = self._kill(victim)
            eventually(lambda: _back_s(traffic.heard(), dead_s) is not None)
            self._until_heard(traffic, len(traffic.heard()) + self.draw.randint(1, 40))
        finally:
            heard = traffic.stop()
        eventually(lambda: not Log(self.gateway.leaves()).open)
        arrivals = self.gateway.vendors.arrivals()
        log = Log(self.gateway.leaves())
        found = Round(
            victim=victim,
            back_s=_back_s(heard, dead_s) or BOUND_S,
            heard=count(heard),
            arrivals=len(arrivals) - before,
            unknown=log.unknown - unknown,
            faults=(
                *compare(heard, arrivals, log),
                *unlawful(arrivals, self.gateway.sources()),
                *_broken_off(victim, heard, dead_s),
                *self._damage(),
            ),
        )
        self.rounds.append(found)
        return found

    def _kill(self, victim: Victim) -> float:
        """kill -9; the time at which it was dead."""
        gateway = self.gateway
        if victim == "recorder":
            return kill(gateway.recorder_pid())
        if victim == "worker":
            return kill(self.draw.choice(gateway.worker_pids()))
        children = gateway.children()
        process = gateway.process
        assert process is not None
        dead_s = kill(process.pid)
        process.communicate(timeout=BOUND_S)
        eventually(lambda: all(is_gone(pid) for pid in children), CHILDREN_END_S)
        gateway.up()
        return dead_s

    def _until_heard(self, traffic: Traffic, number: int) -> None:
        eventually(lambda: len(traffic.heard()) >= number)

    def _damage(self) -> list[str]:
        return [
            f"{one.code}: {one.message}"
            for one in self.gateway.verify().findings
            if one.severity == "damage"
        ]


def play(rounds: int, seed: int, say: bool = False) -> list[Round]:
    """So many rounds, each victim in turn, a new log now and then."""
    draw = random.Random(seed)
    played: list[Round] = []
    while len(played) < rounds:
        with (
            tempfile.TemporaryDirectory(prefix="licet-campaign-") as folder,
            house(Path(folder)) as gateway,
        ):
            campaign = Campaign(gateway, draw)
            for _ in range(min(ROUNDS_PER_LOG, rounds - len(played))):
                found = campaign.play(VICTIMS[len(played) % len(VICTIMS)])
                played.append(found)
                if say:
                    print(len(played), found, flush=True)
            gateway.end()
    return played


def _back_s(heard: Sequence[Heard], dead_s: float) -> float | None:
    ends = [one.ended for one in heard if one.kind == "answered" and one.began > dead_s]
    return min(ends) - dead_s if ends else None


def _broken_off(victim: Victim, heard: Sequence[Heard], dead_s: float) -> list[str]:
    """Connections that ended without a word although nobody who held them died."""
    if victim == "supervisor":
        return []
    return [
        f"{one.ask.case}: closed, {one.began - dead_s:+.3f} s after the {victim} died"
        for one in heard
        if one.kind == "closed" and (victim == "recorder" or one.began > dead_s)
    ]


def table(rounds: Sequence[Round]) -> list[str]:
    """One line per victim, as Markdown."""
    lines = [
        "| killed | rounds | requests | answered | arrivals | unknown | back (most) | faults |",
        "|---|---|---|---|---|---|---|---|",
    ]
    by_victim: dict[str, list[Round]] = defaultdict(list)
    for one in rounds:
        by_victim[one.victim].append(one)
    for victim, found in by_victim.items():
        back = sorted(one.back_s for one in found)
        lines.append(
            f"| {victim} | {len(found)} | {sum(sum(one.heard.values()) for one in found)}"
            f" | {sum(one.heard.get('answered', 0) for one in found)}"
            f" | {sum(one.arrivals for one in found)} | {sum(one.unknown for one in found)}"
            f" | {back[len(back) // 2]:.2f} s ({back[-1]:.2f} s)"
            f" | {sum(len(one.faults) for one in found)} |"
        )
    return lines


def write_down(folder: Path, rounds: Sequence[Round], seed: int, took_s: float) -> Path:
    """The result as a page of its own, with date, commit and machine."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    now = datetime.now(UTC)
    faults = [fault for one in rounds for fault in one.faults]
    path = folder / f"{now:%Y-%m-%d}-kills-{commit}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        "# kill -9 under load",
        "",
        f"`python -m tests.system.campaign --rounds {len(rounds)} --seed {seed}`",
        f"on {now:%d %B %Y}, commit {commit}, {os.cpu_count()} cores,",
        f"Python {platform.python_version()}, {took_s:.0f} s.",
        "",
        *table(rounds),
        "",
        "Unknown: attempts whose process died with them, recorded so. Back: the median time from",
        "the death to the first request, begun after it, that was answered, and the greatest.",
        *(f"- {fault}" for fault in faults),
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.system.campaign", description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, help="write a page into this folder")
    options = parser.parse_args()
    started = time.monotonic()
    rounds = play(options.rounds, options.seed, say=True)
    took_s = time.monotonic() - started
    print("\n".join(table(rounds)))
    if options.results is not None:
        print(write_down(options.results, rounds, options.seed, took_s))
    parser.exit(1 if any(one.faults for one in rounds) else 0)


if __name__ == "__main__":
    main()
