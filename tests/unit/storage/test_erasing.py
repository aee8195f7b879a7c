"""Erasing somebody, and recording that somebody read: with a recorder running, and without."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from licet.evidence import (
    ErasedLeaf,
    HeldLeaf,
    Opening,
    ReadLeaf,
    ReleasedLeaf,
    StoppedLeaf,
    commit,
)
from licet.storage import (
    RealDisk,
    SideReader,
    SideStore,
    erase_alone,
    erase_by_recorder,
    record_alone,
    record_leaf,
    run_recorder,
    show,
    verifier_key,
    verify,
)
from licet.terms import EvidenceFault, OperationFault
from tests.unit.evidence.examples import AT, LOG, decision
from tests.unit.storage.test_verifying import INPUTS, SALT, make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two persons, with a decision each."""
    make(
        tmp_path,
        [
            decision("01K1", sent=False, commitment=commit(SALT, INPUTS)),
            decision("01K2", sent=False, commitment=commit(SALT, b"{}")),
        ],
    )
    side = SideStore(tmp_path, RealDisk(), os.urandom)
    side.append([Opening(request="01K2", holder="person-2", salt=SALT, inputs=b"{}")])
    side.close()
    return tmp_path


@pytest.fixture
def running(folder: Path) -> Iterator[Path]:
    """The socket of a recorder of the folder."""
    path = folder / "recorder.sock"
    ours, theirs = socket.socketpair()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(4)
    thread = threading.Thread(
        target=run_recorder,
        kwargs={
            "folder": folder,
            "origin": LOG,
            "listener": listener,
            "control": theirs,
            "now": lambda: AT,
            "version": "test",
        },
    )
    thread.start()
    assert b"ready" in ours.recv(4096)
    yield path
    ours.close()
    thread.join()
    theirs.close()
    listener.close()


def held(folder: Path, holder: str) -> list[str]:
    reader = SideReader(folder, RealDisk())
    slot = reader.find(holder)
    return [found.request for found in reader.openings(slot)] if slot >= 0 else []


def check_erased(folder: Path) -> None:
    """One is gone and the other is not; the log says which slot, not who, and verifies."""
    assert (held(folder, "person-1"), held(folder, "person-2")) == ([], ["01K2"])
    (erased,) = [leaf for _, leaf in show(folder) if isinstance(leaf, ErasedLeaf)]
    assert (erased.by, erased.slot) == ("ada", 0)
    assert not any(b"person-" in path.read_bytes() for path in (folder / "wal").iterdir())
    report = verify(folder, verifier_key(folder))
    assert (report.ok, report.openings, report.erased) == (True, 1, 1)


def test_what_is_held_on_one_person_is_found_by_his_slot(folder: Path) -> None:
    assert held(folder, "person-1") == ["01K1"]
    assert held(folder, "person-2") == ["01K2"]
    assert held(folder, "nobody") == []


def test_a_running_recorder_erases(folder: Path, running: Path) -> None:
    assert erase_by_recorder(running, "nobody", "ada") == -1
    assert erase_by_recorder(running, "person-1", "ada") == 0
    assert erase_by_recorder(running, "person-1", "ada") == -1
    check_erased(folder)
    with pytest.raises(EvidenceFault, match="in use by process"):
        erase_alone(folder, LOG, "person-2", "ada", AT, "test")


def test_without_a_recorder_the_log_is_opened_for_it(folder: Path) -> None:
    assert erase_by_recorder(folder / "recorder.sock", "person-1", "ada") is None
    assert erase_alone(folder, LOG, "nobody", "ada", AT, "test") == -1
    assert erase_alone(folder, LOG, "person-1", "ada", AT, "test") == 0
    check_erased(folder)


def test_a_recorder_that_says_nothing_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "recorder.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen(1)
        with pytest.raises(Exception, match="has not said whether it erased"):
            erase_by_recorder(path, "person-1", "ada", bound_s=0.05)


def test_that_somebody_read_is_recorded_where_nothing_runs(folder: Path) -> None:
    index = record_alone(folder, LOG, "all that is held in slot 0", "ada", AT, "test")
    found = dict(show(folder))
    leaf = found[index]
    assert isinstance(leaf, ReadLeaf)
    assert (leaf.what, leaf.by) == ("all that is held in slot 0", "ada")
    assert isinstance(found[max(found)], StoppedLeaf)
    assert verify(folder, verifier_key(folder)).ok


def test_a_running_recorder_records_a_hold_and_does_not_erase_what_is_under_it(
    folder: Path, running: Path
) -> None:
    held = HeldLeaf(id="h1", why="case 7", slot=0, at="", log=LOG, by="ada")
    index = record_leaf(folder, running, held, "test")
    leaf = dict(show(folder))[index]
    assert isinstance(leaf, HeldLeaf)
    assert (leaf.id, leaf.slot, leaf.by, leaf.at) == ("h1", 0, "ada", AT)
    with pytest.raises(EvidenceFault, match="legal hold") as caught:
        erase_by_recorder(running, "person-1", "ada")
    assert caught.value.code == "held"
    assert erase_by_recorder(running, "person-2", "ada") == 1
    record_leaf(folder, running, ReleasedLeaf(id="h1", why="over", at="", log=LOG), "test")
    assert erase_by_recorder(running, "person-1", "ada") == 0


def test_a_recorder_of_another_log_records_nothing(folder: Path, running: Path) -> None:
    leaf = ReleasedLeaf(id="h1", why="over", at="", log="operator.example/other")
    with pytest.raises(OperationFault, match="writes") as caught:
        record_leaf(folder, running, leaf, "test")
    assert caught.value.code == "another_log"


def test_a_recorder_that_says_nothing_of_a_record_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("licet.storage.recording.BOUND_S", 0.05)
    path = tmp_path / "recorder.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen(1)
        leaf = ReleasedLeaf(id="h1", why="over", at="", log=LOG)
        with pytest.raises(OperationFault, match="has not said whether it is recorded"):
            record_leaf(tmp_path, path, leaf, "test")
