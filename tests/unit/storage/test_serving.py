"""The recorder's process over real sockets, in a thread."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from licet.evidence import CommitQueue, Settled, StoppedLeaf, encode
from licet.storage import SnapshotStore, run_recorder, show, verifier_key, verify
from tests.unit.evidence.examples import AT, LOG, decision, outcome

TIMEOUT_SECONDS = 30


@contextmanager
def recorder(folder: Path) -> Iterator[tuple[Path, socket.socket]]:
    """A recorder in `folder`; its socket's path, and the supervisor's end of the pipe."""
    path = folder.parent / "recorder.sock"
    path.unlink(missing_ok=True)
    ours, theirs = socket.socketpair()
    ours.settimeout(TIMEOUT_SECONDS)
    with socket.socket(socket.AF_UNIX) as listener, theirs:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(
            target=run_recorder,
            kwargs={
                "folder": folder,
                "origin": LOG,
                "listener": listener,
                "control": theirs,
                "now": lambda: AT,
                "version": "0.1.0",
            },
        )
        thread.start()
        try:
            yield path, ours
        finally:
            ours.close()
            thread.join(TIMEOUT_SECONDS)
    assert not thread.is_alive()


def worker(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(TIMEOUT_SECONDS)
    sock.connect(str(path))
    return sock


def test_entries_are_acknowledged_and_verify_after_the_end(tmp_path: Path) -> None:
    SnapshotStore(tmp_path / "log").put(b"{}")
    with recorder(tmp_path / "log") as (path, control):
        ready = json.loads(control.recv(4096).decode())
        queue: CommitQueue[str] = CommitQueue("worker-1")
        settled: list[Settled[str]] = []
        with worker(path) as sock:
            for number in range(100):
                queue.submit(encode(decision(f"01K{number}")), f"decision {number}")
                queue.submit(encode(outcome(f"01K{number}")), f"outcome {number}")
                sock.sendall(queue.to_send())
            while queue.pending:
                settled += queue.receive(sock.recv(65_536))
    assert ready == {
        "recorder": "ready",
        "log": LOG,
        "size": 1,
        "last_at": AT,
        "mended": 0,
        "vkey": str(verifier_key(tmp_path / "log")),
    }
    assert [one.index for one in settled] == list(range(1, 201))
    report = verify(tmp_path / "log", verifier_key(tmp_path / "log"), openings=False)
    assert (report.ok, report.leaves, report.signed) == (True, 202, 202)
    assert isinstance(list(show(tmp_path / "log"))[-1][1], StoppedLeaf)


def test_what_was_sent_before_the_end_is_still_committed(tmp_path: Path) -> None:
    with recorder(tmp_path / "log") as (path, control):
        control.recv(4096)
        queue: CommitQueue[str] = CommitQueue("worker-1")
        sock = worker(path)
        sock.sendall(queue.to_send())
        queue.receive(sock.recv(65_536))
        queue.submit(encode(decision("01K1", sent=False)), "last")
        sock.sendall(queue.to_send())
        control.close()
        settled = queue.receive(sock.recv(65_536))
        sock.close()
    assert [one.token for one in settled] == ["last"]


def test_a_worker_that_talks_nonsense_is_cut_off_and_the_others_are_served(
    tmp_path: Path,
) -> None:
    with recorder(tmp_path / "log") as (path, control):
        control.recv(4096)
        with worker(path) as bad, worker(path) as good:
            bad.sendall(b"GET / HTTP/1.1\r\n\r\n")
            rest = b"".join(iter(lambda: bad.recv(65_536), b""))
            queue: CommitQueue[str] = CommitQueue("worker-1")
            queue.submit(encode(decision("01K1", sent=False)), "a")
            good.sendall(queue.to_send())
            settled: list[Settled[str]] = []
            while not settled:
                settled += queue.receive(good.recv(65_536))
    assert rest
    assert [(one.token, one.index) for one in settled] == [("a", 1)]


def test_a_worker_that_is_gone_at_the_end_does_not_disturb_the_end(tmp_path: Path) -> None:
    with recorder(tmp_path / "log") as (path, control):
        control.recv(4096)
        queue: CommitQueue[str] = CommitQueue("worker-1")
        sock = worker(path)
        queue.submit(encode(decision("01K1")), "last")
        sock.sendall(queue.to_send())
        sock.close()
        control.close()
    SnapshotStore(tmp_path / "log").put(b"{}")
    report = verify(tmp_path / "log", verifier_key(tmp_path / "log"), openings=False)
    assert (report.ok, report.signed) == (True, report.leaves)
    assert isinstance(list(show(tmp_path / "log"))[-1][1], StoppedLeaf)
