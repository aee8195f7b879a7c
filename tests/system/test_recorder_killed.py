"""kill -9 of a real recorder at random moments under load: nothing acknowledged is lost."""

from __future__ import annotations

import itertools
import os
import random
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from licet.evidence import CommitQueue, Opening, commit, encode
from licet.storage import RealDisk, SideReader, SnapshotStore, leaves, verifier_key, verify
from tests.unit.evidence.examples import decision, outcome

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "tests" / "system" / "programs" / "lone_recorder.py"
KILLS = 12
TIMEOUT_SECONDS = 60


class Run:
    """A recorder process and two connections to it."""

    def __init__(self, folder: Path, socket_path: Path) -> None:
        socket_path.unlink(missing_ok=True)
        self.control, theirs = socket.socketpair()
        self.control.settimeout(TIMEOUT_SECONDS)
        with socket.socket(socket.AF_UNIX) as listener, theirs:
            listener.bind(str(socket_path))
            listener.listen()
            fds = listener.fileno(), theirs.fileno()
            self.process = subprocess.Popen(
                [sys.executable, str(PROGRAM), str(folder), *map(str, fds)],
                pass_fds=fds,
                env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
            )
        assert self.control.recv(4096)
        self.workers = [self._connect(socket_path) for _ in range(2)]
        self.queues: list[CommitQueue[tuple[str, bytes]]] = [
            CommitQueue(f"worker-{number}") for number in range(2)
        ]

    def _connect(self, path: Path) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(TIMEOUT_SECONDS)
        sock.connect(str(path))
        return sock

    def end(self) -> None:
        self.control.close()
        for sock in self.workers:
            sock.close()
        self.process.wait(TIMEOUT_SECONDS)


def test_no_acknowledged_record_is_lost_to_kill_9(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    SnapshotStore(folder).put(b"{}")
    draw = random.Random(9)
    told: dict[int, bytes] = {}
    requests = itertools.count()
    for _ in range(KILLS):
        run = Run(folder, tmp_path / "sock")
        load(run, told, requests, draw, until=len(told) + draw.randint(1, 3_000))
        run.process.send_signal(signal.SIGKILL)
        drain(run, told)
        run.end()
        kept = dict(leaves(folder))
        assert {index for index, leaf in told.items() if kept.get(index) != leaf} == set()
    run = Run(folder, tmp_path / "sock")
    run.end()
    assert run.process.returncode == 0
    report = verify(folder, verifier_key(folder))
    assert (report.ok, report.open) == (True, 0), report.findings
    assert report.signed == report.leaves > len(told) > KILLS
    decisions = {one.split(b'"request":"')[1][:12].decode() for one in told.values()}
    found = {one.request for one in SideReader(folder, RealDisk()).openings() if one.parts}
    assert decisions <= found


def load(
    run: Run,
    told: dict[int, bytes],
    requests: itertools.count[int],
    draw: random.Random,
    *,
    until: int,
) -> None:
    """Decisions with openings, and outcomes, over both connections."""
    while len(told) < until:
        for queue, sock in zip(run.queues, run.workers, strict=True):
            for _ in range(draw.randint(1, 40)):
                submit(queue, f"01K{next(requests):09}")
            sock.sendall(queue.to_send())
        for queue, sock in zip(run.queues, run.workers, strict=True):
            receive(queue, sock, told)


def submit(queue: CommitQueue[tuple[str, bytes]], request: str) -> None:
    salt, inputs = os.urandom(32), b'{"us_person":true}'
    opening = Opening(
        request=request, holder=request[-2:], salt=salt, inputs=inputs, parts=(b"profile" * 50,)
    )
    decided = encode(decision(request, commitment=commit(salt, inputs)))
    queue.submit(decided, (request, decided), opening)
    ended = encode(outcome(request))
    queue.submit(ended, (request, ended))


def receive(
    queue: CommitQueue[tuple[str, bytes]], sock: socket.socket, told: dict[int, bytes]
) -> bool:
    data = sock.recv(1 << 20)
    for settled in queue.receive(data):
        assert settled.durable
        told[settled.index] = settled.token[1]
    return data != b""


def drain(run: Run, told: dict[int, bytes]) -> None:
    """What the recorder had still acknowledged when it was killed counts as told."""
    for queue, sock in zip(run.queues, run.workers, strict=True):
        try:
            while receive(queue, sock, told):
                pass
        except ConnectionResetError:
            # Killed with bytes of ours unread: nothing more comes from this one.
            continue
