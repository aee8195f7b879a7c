"""Rounds of load in turn (A B A B), so that what the machine does besides hits all alike."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.processes import Cores, cpu_us
from bench.targets import Running, Target
from bench.upstream import MODEL
from bench.wrk import Load, press

WARM_UP_S = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """What one target did: a load per round, and processor time per request."""

    name: str
    loads: list[Load] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, object]:
        """Medians over the rounds."""
        return {
            "target": self.name,
            "requests_per_s": round(self.median("requests_per_s")),
            "p50_us": round(self.median("p50_us")),
            "p99_us": round(self.median("p99_us")),
            "cpu_us_per_request": round(self.cost(), 1),
            "rounds": [round(load.requests_per_s) for load in self.loads],
        }

    def cost(self) -> float:
        """Processor time per request in microseconds, the median over the rounds."""
        return statistics.median(self.cpu_us)

    def median(self, figure: str) -> float:
        """The median over the rounds of one figure of `Load`."""
        return float(statistics.median(getattr(load, figure) for load in self.loads))


def compare(
    targets: Sequence[Target],
    *,
    folder: Path,
    cores: Cores,
    connections: int,
    rounds: int,
    seconds: int,
) -> dict[str, Rounds]:
    """Starts all targets, loads one after the other in each round, stops them; by name."""
    measured = {target.name: Rounds(name=target.name) for target in targets}
    started: list[tuple[Target, Running]] = []
    load_on = partial(press, folder=folder, model=MODEL, connections=connections, core=cores.load)
    try:
        for target in targets:
            started.append((target, target.start()))
        for _, running in started:
            load_on(running, seconds=WARM_UP_S)
        for _ in range(rounds):
            for target, running in started:
                before = cpu_us(running.pids)
                load = load_on(running, seconds=seconds)
                spent = cpu_us(running.pids) - before
                measured[target.name].loads.append(load)
                measured[target.name].cpu_us.append(spent / load.requests)
    finally:
        for target in targets:
            target.stop()
    return measured
