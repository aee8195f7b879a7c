"""A thousand paced streams: what a piece of text costs, of what it costs nginx.

The pace is below what either side can do, so that no piece waits for another and each is read,
decided, translated where need be and written by itself. Pieces per second on one core follow
from the processor time per piece; driven to saturation, pieces would arrive in heaps and cost
less, and the figure would say how large the heaps were.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bench import nginx
from bench.gateway import Gateway
from bench.processes import Cores, Spawned, cpu_us, free_port, on_core
from bench.targets import Running, Target

STREAMS = 1_000
PACE_MS = 100
CHUNKS = 40
PATHS = {"same dialect": "/v1/chat/completions", "cross-dialect": "/v1/messages"}
FLOORS = {"same dialect": 0.4, "cross-dialect": 0.15}
GOALS = {"same dialect": 0.7, "cross-dialect": 0.3}

Row = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A target asked in one dialect: pieces, and microseconds of processor time for each."""

    name: str
    target: Target
    path: str
    pieces_per_s: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)


def streaming(
    folder: Path, cores: Cores, *, rounds: int, seconds: int, baseline: bool
) -> list[Row]:
    """One row for nginx, and one for each dialect that callers of the gateway speak."""
    port = free_port()
    argv = [sys.executable, "-m", "bench.streams", "vendor", str(port), str(PACE_MS), str(CHUNKS)]
    vendor = Spawned(argv, core=cores.upstream, log=folder / "vendor.log")
    vendor.await_port(port)
    url = f"http://127.0.0.1:{port}"
    plain = nginx.proxy(folder, upstream=url, core=cores.measured, buffering=False)
    gateway = Gateway(folder, upstream=url, core=cores.measured, mode="before_answer")
    sides = [Side(name="nginx", target=plain, path=PATHS["same dialect"])]
    if not baseline:
        sides += [Side(name=f"licet {n}", target=gateway, path=p) for n, p in PATHS.items()]
    targets: list[Target] = [plain] if baseline else [plain, gateway]
    try:
        running = {target.name: target.start() for target in targets}
        for _ in range(rounds):
            for side in sides:
                _measure(side, running[side.target.name], cores, seconds)
    finally:
        for target in targets:
            target.stop()
        vendor.stop()
    return _rows(sides)


def _measure(side: Side, running: Running, cores: Cores, seconds: int) -> None:
    place = urlsplit(running.url)
    argv = [
        sys.executable, "-m", "bench.streams", "callers", str(place.hostname), str(place.port),
        side.path, running.key, str(STREAMS), str(seconds),
    ]  # fmt: skip
    with subprocess.Popen(on_core(cores.load, argv), stdout=subprocess.PIPE, text=True) as callers:
        assert callers.stdout is not None
        if callers.stdout.readline() != "begin\n":
            raise RuntimeError(f"the streams of {side.name} did not begin")
        before = cpu_us(running.pids)
        said = callers.stdout.readline().split()
        spent = cpu_us(running.pids) - before
    if len(said) != 3 or int(said[2]) or not int(said[1]):
        raise RuntimeError(f"the streams of {side.name} failed: {' '.join(said) or 'nothing said'}")
    pieces = int(said[1])
    side.pieces_per_s.append(pieces / seconds)
    side.cpu_us.append(spent / pieces)


def _rows(sides: Sequence[Side]) -> list[Row]:
    cost = {side.name: statistics.median(side.cpu_us) for side in sides}
    rows: list[Row] = []
    for side in sides:
        row: Row = {
            "target": side.name,
            "pieces_per_s": round(statistics.median(side.pieces_per_s)),
            "cpu_us_per_piece": round(cost[side.name], 2),
            "pieces_per_s_of_core": round(1_000_000 / cost[side.name]),
        }
        kind = side.name.removeprefix("licet ")
        if kind in FLOORS:
            ratio = round(cost["nginx"] / cost[side.name], 3)
            row |= {"of_nginx": ratio, "floor": FLOORS[kind], "goal": GOALS[kind]}
        rows.append(row)
    return rows
