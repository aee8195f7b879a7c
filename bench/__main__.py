"""`python -m bench`: this gateway beside nginx, in one run on one machine.

Ratios hold from machine to machine, absolute figures do not. What is measured has one core for
all its processes, the upstream another, the load a third where there is one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import licet
from bench import nginx, upstream
from bench.certificates import Certificates, issue
from bench.comparison import Rounds, compare
from bench.evidence import evidence
from bench.footprint import footprint
from bench.gateway import MODES, Gateway
from bench.processes import Cores, assign_cores, awake
from bench.streaming import streaming
from bench.syncing import sync_us
from bench.targets import Direct, Target

FLOOR_RATIO, GOAL_RATIO = 0.30, 0.45
FLOOR_TLS_RATIO, GOAL_TLS_RATIO = 0.20, 0.35
FLOOR_ADDED_US = {"licet before_answer": 500, "licet before_send": 1_500}
GOAL_ADDED_US = {"licet before_answer": 300, "licet before_send": 800}
THINK_MS = 5
PACKAGE = Path(licet.__file__).parent
COMPILED = bool(list(PACKAGE.glob("gateway/exchange.*.so")))

Row = dict[str, object]


def throughput(options: argparse.Namespace, folder: Path, cores: Cores) -> list[Row]:
    """Requests per second on one core, of nginx proxying plainly.

    `cost_of_nginx` is the same ratio by processor time, for machines that are not idle besides.
    """
    return _throughput(options, folder, cores, None, FLOOR_RATIO, GOAL_RATIO)


def tls(options: argparse.Namespace, folder: Path, cores: Cores) -> list[Row]:
    """The same with TLS to the upstream, of nginx doing so."""
    return _throughput(options, folder, cores, issue(folder), FLOOR_TLS_RATIO, GOAL_TLS_RATIO)


def _throughput(
    options: argparse.Namespace,
    folder: Path,
    cores: Cores,
    certificates: Certificates | None,
    floor: float,
    goal: float,
) -> list[Row]:
    identity = certificates.identity if certificates else None
    authority = certificates.authority if certificates else None
    answer = upstream.answer()
    answering = nginx.fixed(folder, answer=answer, core=cores.upstream, identity=identity)
    url = answering.start().url
    core = cores.measured
    try:
        targets: list[Target] = [nginx.proxy(folder, upstream=url, core=core, authority=authority)]
        if not options.baseline:
            targets.append(
                Gateway(folder, upstream=url, core=core, mode="before_answer", authority=authority)
            )
        measured = compare(
            targets,
            folder=folder,
            cores=cores,
            connections=options.connections,
            rounds=options.rounds,
            seconds=options.seconds,
        )
    finally:
        answering.stop()
    plain = measured["nginx"]
    return [plain.summary()] + [
        {
            **one.summary(),
            "of_nginx": round(one.median("requests_per_s") / plain.median("requests_per_s"), 3),
            "cost_of_nginx": round(plain.cost() / one.cost(), 3),
            "floor": floor,
            "goal": goal,
        }
        for one in measured.values()
        if one is not plain
    ]


def latency(options: argparse.Namespace, folder: Path, cores: Cores) -> list[Row]:
    """Median latency that a gateway adds, one connection, upstream thinking 5 ms.

    `one sync`: what the disk itself takes of it, which an answer has to wait for.
    """
    synced = _synced(options, folder, cores)
    thinking = upstream.Thinking(folder, core=cores.upstream, think_ms=THINK_MS)
    url = thinking.start().url
    try:
        targets: list[Target] = [
            Direct(url),
            nginx.proxy(folder, upstream=url, core=cores.measured),
        ]
        if not options.baseline:
            targets += [
                Gateway(folder, upstream=url, core=cores.measured, mode=mode) for mode in MODES
            ]
        measured = compare(
            targets,
            folder=folder,
            cores=cores,
            connections=1,
            rounds=options.rounds,
            seconds=options.seconds,
        )
    finally:
        thinking.stop()
    synced += _synced(options, folder, cores)
    median, last = statistics.median(synced), statistics.quantiles(synced, n=100)[98]
    disk: Row = {"target": "one sync", "p50_us": round(median), "p99_us": round(last)}
    direct = measured["direct"].median("p50_us")
    return [disk, *(_added(one, direct) for one in measured.values())]


def _synced(options: argparse.Namespace, folder: Path, cores: Cores) -> list[float]:
    """A round of syncs: one before the comparison and one after it, for disks change too."""
    return sync_us(folder, core=cores.measured, seconds=options.seconds, every_ms=THINK_MS)


def streams(options: argparse.Namespace, folder: Path, cores: Cores) -> list[Row]:
    """A thousand paced streams: processor time for each piece of text, of nginx's."""
    return streaming(
        folder,
        cores,
        rounds=options.rounds,
        seconds=options.seconds,
        baseline=options.baseline,
    )


def recorder(options: argparse.Namespace, folder: Path, cores: Cores) -> list[Row]:
    """Leaves per second appended and synced, beside SQLite and pymerkle, and verified."""
    return evidence(options.leaves, cores)


def start(options: argparse.Namespace, folder: Path, cores: Cores) -> list[Row]:
    """Time from a start to a first answer, and resident memory when idle; nothing is asserted."""
    return [] if options.baseline else footprint(folder, cores, options.rounds)


def _added(one: Rounds, direct: float) -> Row:
    return {
        **one.summary(),
        "added_us": round(one.median("p50_us") - direct),
        "floor": FLOOR_ADDED_US.get(one.name),
        "goal": GOAL_ADDED_US.get(one.name),
    }


ROWS: dict[str, Callable[[argparse.Namespace, Path, Cores], list[Row]]] = {
    "throughput": throughput,
    "tls": tls,
    "latency": latency,
    "streams": streams,
    "start": start,
    "evidence": recorder,
}
COLUMNS = (
    "target",
    "requests_per_s",
    "pieces_per_s",
    "cpu_us_per_piece",
    "pieces_per_s_of_core",
    "of_nginx",
    "cost_of_nginx",
    "p50_us",
    "p99_us",
    "added_us",
    "cpu_us_per_request",
    "leaves_per_s",
    "cpu_us_per_leaf",
    "leaves_per_commit",
    "first_answer_ms",
    "first_answer_ms_max",
    "resident_mb",
    "resident_mb_max",
    "floor",
    "goal",
)


def table(rows: list[Row]) -> str:
    """Rows as aligned text, with those columns that any row has."""
    columns = [name for name in COLUMNS if any(name in row for row in rows)]
    cells = [columns] + [[_cell(row.get(name)) for name in columns] for row in rows]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def main() -> None:
    """Measures, prints, and writes the figures where told."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="of each round")
    parser.add_argument("--leaves", type=int, default=300_000, help="of the row `evidence`")
    parser.add_argument("--core", type=int, metavar="N", help="where what is measured runs")
    parser.add_argument("--baseline", action="store_true", help="nginx alone")
    parser.add_argument("--awake", action="store_true", help="no processor sleeps; needs root")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    cores = assign_cores(options.core)
    sleep = ", processors kept awake" if options.awake else ""
    print(
        f"{options.rounds} rounds of {options.seconds} s, {options.connections} connections{sleep}"
    )
    print(f"licet is {'compiled' if COMPILED else 'interpreted'}, from {PACKAGE}")
    try:
        with awake() if options.awake else nullcontext():
            results = {name: _measured(name, options, cores) for name in options.rows}
    except RuntimeError as error:
        parser.exit(1, f"error: {error}\n")
    if options.json:
        machine = {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "compiled": COMPILED,
            "awake": options.awake,
        }
        document = {"machine": machine, "results": results}
        options.json.write_text(json.dumps(document, indent=2) + "\n")


def _measured(name: str, options: argparse.Namespace, cores: Cores) -> list[Row]:
    """Measures and prints the rows of one name; `RuntimeError` where that cannot be done."""
    with tempfile.TemporaryDirectory(prefix="licet-bench-") as folder:
        try:
            rows = ROWS[name](options, Path(folder), cores)
        except RuntimeError as error:
            raise RuntimeError(f"{name}: {error}") from error
    print(f"\n{name}: {(ROWS[name].__doc__ or name).splitlines()[0]}\n\n{table(rows)}", flush=True)
    return rows


def _cell(value: object) -> str:
    return "" if value is None else str(value)


if __name__ == "__main__":
    main()
