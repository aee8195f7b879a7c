"""The row `evidence`: the recorder beside other ways to append durably, and verification.

All append the same leaves and have each commit on disk before the next. Ours is a process of its
own, asked over its socket by one worker that keeps 2,048 leaves in flight; SQLite and pymerkle
are called in process, without a socket, and commit as many leaves at a time as ours did on the
average. All run on one and the same core; the load of ours is on another.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from bench.processes import Cores, on_core
from bench.recorder import pair, recorded, sqlite, tree_root
from licet.evidence import DecisionLeaf, encode
from licet.storage import verifier_key, verify
from licet.watch import cover

FLOOR_APPENDED, GOAL_APPENDED = 60_000, 150_000
FLOOR_VERIFIED, GOAL_VERIFIED = 200_000, 400_000
FLOOR_COVERED = 200_000
PEER = Path(__file__).with_name("merkle_peer.py")
PEERS_PYTHON = Path(".cache/peers/bin/python")
BATCH_MARK = b"\xff\x00BATCH\xff"

Row = dict[str, object]


def evidence(count: int, cores: Cores) -> list[Row]:
    """Leaves per second appended and synced, verified, looked through for coverage;
    `RuntimeError` without pymerkle."""
    if not PEERS_PYTHON.exists():
        raise RuntimeError("pymerkle is not installed: `make bench` brings it")
    leaves = [encode(leaf) for number in range(count // 2) for leaf in pair(number)]
    # Beside the checkout, because where temporary files lie there may be no disk.
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        folder = Path(name)
        rows = []
        for title, subfolder, openings in (
            ("recorder", "plain", False),
            ("recorder, an opening per decision", "opened", True),
        ):
            with pinned(cores.load):
                figure, cpu_us = recorded(
                    folder / subfolder, leaves, openings=openings, core=cores.measured
                )
            per_commit = leaves_per_commit(folder / subfolder, len(leaves))
            rows.append(_row(title, figure, cpu_us, per_commit))
        rows[0] |= {"floor": FLOOR_APPENDED, "goal": GOAL_APPENDED}
        per_commit = leaves_per_commit(folder / "plain", len(leaves))
        with pinned(cores.measured):
            rows.append(_sqlite(folder, leaves, per_commit))
            peer = _pymerkle(folder, leaves, per_commit, cores.measured)
        assert peer["tree_root"] == tree_root(leaves).hex()
        rows.append(_row("pymerkle on SQLite", peer["append"], peer["cpu_us"], per_commit))
        rows += _verified(folder / "plain", cores)
        rows.append(_covered(count))
        rows.append(
            {"target": "pymerkle, root anew, in memory", "leaves_per_s": round(peer["root"])}
        )
    return rows


def _verified(folder: Path, cores: Cores) -> Iterator[Row]:
    key = verifier_key(folder)
    for processes in (1, len(os.sched_getaffinity(0))):
        started = time.perf_counter()
        report = verify(folder, key, processes=processes, openings=False)
        figure = report.leaves / (time.perf_counter() - started)
        assert report.ok, report.findings[:3]
        title = "verify, one process" if processes == 1 else f"verify, {processes} processes"
        yield {
            "target": title,
            "leaves_per_s": round(figure),
            "floor": FLOOR_VERIFIED,
            "goal": GOAL_VERIFIED,
        }


def _covered(count: int) -> Row:
    """How fast it is found what is missing of whom, where that is so for every second request."""
    leaves = []
    for number in range(count // 2):
        decided, ended = pair(number)
        if number % 2:
            decided = _undetermined(decided)
        leaves += [encode(decided), encode(ended)]
    cpu = time.process_time()
    found = cover(leaves)
    cpu = time.process_time() - cpu
    assert (found.requests, found.undetermined) == (count // 2, count // 4)
    figure = round(len(leaves) / cpu)
    return {"target": "coverage", "leaves_per_s": figure, "floor": FLOOR_COVERED}


def _undetermined(decided: DecisionLeaf) -> DecisionLeaf:
    first, *others = decided.candidates
    first = msgspec.structs.replace(first, verdict="undetermined")
    missing = (("us_person",), ("nationality",))
    return msgspec.structs.replace(decided, missing=missing, candidates=(first, *others))


def _sqlite(folder: Path, leaves: list[bytes], per_commit: int) -> Row:
    started, cpu = time.perf_counter(), time.process_time()
    sqlite(folder / "sqlite.db", leaves, per_commit)
    took, cpu = time.perf_counter() - started, time.process_time() - cpu
    return _row(
        "SQLite, WAL, synchronous=FULL", len(leaves) / took, cpu * 1e6 / len(leaves), per_commit
    )


def _pymerkle(folder: Path, leaves: list[bytes], per_commit: int, core: int) -> dict[str, Any]:
    path = folder / "leaves"
    path.write_bytes(b"".join(struct.pack(">I", len(leaf)) + leaf for leaf in leaves))
    command = [
        str(PEERS_PYTHON),
        str(PEER),
        str(path),
        str(per_commit),
        str(folder / "pymerkle.db"),
    ]
    said = subprocess.run(on_core(core, command), check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def leaves_per_commit(folder: Path, leaves: int) -> int:
    """The mean of those that the load brought; a batch is one group commit
    (docs/internals/evidence.md), and a log that was begun and closed has one more for each."""
    batches = sum(path.read_bytes().count(BATCH_MARK) for path in (folder / "wal").iterdir())
    return round(leaves / (batches - 2))


def _row(target: str, per_s: float, cpu_us: float, per_commit: int) -> Row:
    return {
        "target": target,
        "leaves_per_s": round(per_s),
        "cpu_us_per_leaf": round(cpu_us, 1),
        "leaves_per_commit": per_commit,
    }


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """This process, and what it starts, on one core until the end of the block."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
