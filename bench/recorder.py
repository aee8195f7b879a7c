"""The recorder's figures: leaves encoded, hashed and on disk per second, and verified.

`python -m bench.recorder` prints one line per figure, and SQLite's appends of the same leaves
with the same durability beside them. Leaves are encoded by workers, so that is a figure of its
own, and the load sends leaves that are ready. On a machine that does other things besides, the
recorder's processor time per leaf is the figure to believe.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.processes import on_core
from licet.evidence import (
    Candidate,
    CommitQueue,
    DecisionLeaf,
    Frontier,
    Opening,
    OutcomeLeaf,
    Sending,
    Usage,
    commit,
    digest_of,
    encode,
    leaf_hashes,
)
from licet.storage import SnapshotStore, last_instant, run_recorder, verifier_key, verify

LOG = "bench.example/licet"
AT = "2026-06-12T21:21:00.000000Z"
SNAPSHOT = b"{}"
SERVE = "from bench.recorder import serve; serve()"
WINDOW = 2_048
TURN = 64
INPUTS = b'{"claims":"%s","key":"key-1","profile":"%s"}' % (b"a" * 64, b"b" * 64)
PROFILE = b'{"us_person":{"assurance":"employer","value":true}}' * 20


def main() -> None:
    """Measures, prints, and with `--json` prints one object instead."""
    parser = argparse.ArgumentParser(prog="python -m bench.recorder")
    parser.add_argument("--leaves", type=int, default=200_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = measure(options.leaves)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:40} {value:>12,.0f} /s")


def measure(count: int) -> dict[str, float]:
    """Each figure in leaves per second."""
    leaves = [encode(leaf) for number in range(count // 2) for leaf in pair(number)]
    values = [leaf for number in range(count // 2) for leaf in pair(number)]
    figures = {
        "leaves encoded, in a worker": rate(lambda: all(map(encode, values)), count),
        "tree alone (hash, append)": rate(lambda: tree_root(leaves), count),
    }
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        folder = Path(name)
        for title, subfolder, openings in (
            ("recorder, without openings", "plain", False),
            ("recorder, an opening per decision", "opened", True),
        ):
            figure, cpu_us = recorded(folder / subfolder, leaves, openings=openings)
            figures[title] = figure
            figures[f"{title}, of its CPU"] = 1e6 / cpu_us
        key = verifier_key(folder / "opened")
        for title, openings in (("verify, log", False), ("verify, log and openings", True)):
            started = time.perf_counter()
            report = verify(folder / "opened", key, openings=openings)
            figures[title] = report.leaves / (time.perf_counter() - started)
            assert report.ok, report.findings[:3]
        started = time.perf_counter()
        last_instant(folder / "opened")
        figures["starts"] = 1 / (time.perf_counter() - started)
        figures["SQLite, 64 a commit, synchronous=FULL"] = rate(
            lambda: sqlite(folder / "sqlite.db", leaves), count
        )
    return figures


def pair(number: int) -> tuple[DecisionLeaf, OutcomeLeaf]:
    """The two leaves of an ordinary request."""
    request = f"01K{number:023}"
    snapshot = digest_of(SNAPSHOT)
    decided = DecisionLeaf(
        at=AT,
        log=LOG,
        request=request,
        key="key-1",
        organisation="acme",
        workload="code-review",
        asked="claude-fable-5",
        snapshot=snapshot,
        valid_at=AT,
        known_at=AT,
        verdict="permitted",
        commitment=commit(number.to_bytes(32, "big"), INPUTS),
        candidates=(
            Candidate(
                endpoint="anthropic-eu",
                model="claude-fable-5",
                verdict="refused",
                deciding=("us-commerce-2026-06-12",),
            ),
            Candidate(endpoint="bedrock-eu", model="claude-opus-4.8"),
        ),
        sending=Sending(endpoint="bedrock-eu", model="claude-opus-4.8", snapshot=snapshot),
    )
    ended = OutcomeLeaf(
        at=AT,
        log=LOG,
        request=request,
        outcome="answered",
        status=200,
        answered_by="claude-opus-4.8",
        usage=Usage(input=812, output=301),
        duration_us=1_250_000,
    )
    return decided, ended


def rate(act: Callable[[], object], count: int) -> float:
    started = time.perf_counter()
    act()
    return count / (time.perf_counter() - started)


def tree_root(leaves: list[bytes]) -> bytes:
    """The root of the RFC 6962 tree over these leaves."""
    frontier = Frontier()
    frontier.extend(leaf_hashes(leaves))
    return frontier.root()


def sqlite(path: Path, leaves: list[bytes], per_commit: int = TURN) -> None:
    """Appends leaves to a table, so many in each commit."""
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE leaf (number INTEGER PRIMARY KEY, leaf BLOB)")
        for start in range(0, len(leaves), per_commit):
            rows = [(leaf,) for leaf in leaves[start : start + per_commit]]
            database.executemany("INSERT INTO leaf (leaf) VALUES (?)", rows)
            database.commit()


def recorded(
    folder: Path, leaves: list[bytes], *, openings: bool, core: int | None = None
) -> tuple[float, float]:
    """A recorder process, on a core of its own where one is named, under the load of one worker
    with `WINDOW` entries in flight.

    Leaves per second, and microseconds of the recorder's processor time per leaf.
    """
    SnapshotStore(folder).put(SNAPSHOT)
    path = folder / "socket"
    ours, theirs = socket.socketpair()
    with socket.socket(socket.AF_UNIX) as listener, theirs:
        listener.bind(str(path))
        listener.listen()
        fds = listener.fileno(), theirs.fileno()
        command = [sys.executable, "-c", SERVE, str(folder), *map(str, fds)]
        argv = command if core is None else on_core(core, command)
        process = subprocess.Popen(argv, pass_fds=fds)
    ours.recv(4_096)
    held = [opening(number) if openings else None for number in range(len(leaves) // 2)]
    before = _cpu_seconds(process.pid)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        figure = rate(lambda: load(sock, leaves, held), len(leaves))
        cpu_us = (_cpu_seconds(process.pid) - before) * 1e6 / len(leaves)
    ours.close()
    process.wait()
    return figure, cpu_us


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, from `/proc`."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(sock: socket.socket, leaves: list[bytes], openings: list[Opening | None]) -> None:
    queue: CommitQueue[int] = CommitQueue("bench")
    number = settled = 0
    while settled < len(leaves):
        while number < len(leaves) and queue.pending < WINDOW:
            for place in range(number, min(number + TURN, len(leaves))):
                held = None if place % 2 else openings[place // 2]
                queue.submit(leaves[place], place, held)
            number += TURN
            sock.sendall(queue.to_send())
        answers = queue.receive(sock.recv(1 << 20))
        assert all(one.durable for one in answers)
        settled += len(answers)


def opening(number: int) -> Opening:
    return Opening(
        request=f"01K{number:023}",
        holder=f"person-{number % 500}",
        salt=number.to_bytes(32, "big"),
        inputs=INPUTS,
        parts=(PROFILE,),
    )


def serve() -> None:
    """The recorder's process: folder, listener and control as arguments."""
    run_recorder(
        folder=Path(sys.argv[1]),
        origin=LOG,
        listener=socket.socket(fileno=int(sys.argv[2])),
        control=socket.socket(fileno=int(sys.argv[3])),
        now=lambda: AT,
        version="bench",
        entropy=os.urandom,
    )


if __name__ == "__main__":
    main()
