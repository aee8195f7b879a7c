import errno
from pathlib import Path

import pytest

from licet.storage import RealDisk


def test_a_replaced_file_is_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    disk = RealDisk()
    path = tmp_path / "checkpoint"
    (tmp_path / "checkpoint.new").write_bytes(b"left by a crash")
    for content in (b"one", b"two"):
        disk.replace(path, content, mode=0o600)
        assert disk.read(path) == content
        assert path.stat().st_mode & 0o777 == 0o600
    assert disk.names(tmp_path) == ["checkpoint"]


def test_a_file_is_written_and_read_at_positions(tmp_path: Path) -> None:
    file = RealDisk().open(tmp_path / "file", create=True)
    file.write_at(4, b"data")
    file.write_at(0, b"some")
    assert (file.read_at(0, 100), file.read_at(6, 2), file.size()) == (b"somedata", b"ta", 8)
    file.truncate(4)
    file.sync()
    assert file.read_at(0, 100) == b"some"
    file.close()


def test_a_closed_file_reaches_no_other_that_has_its_number_now(tmp_path: Path) -> None:
    disk = RealDisk()
    closed = disk.open(tmp_path / "closed", create=True)
    closed.close()
    other = disk.open(tmp_path / "other", create=True)
    closed.close()
    with pytest.raises(OSError, match="Bad file descriptor") as caught:
        closed.write_at(0, b"stray")
    assert caught.value.errno == errno.EBADF
    assert other.size() == 0
    other.close()


def test_a_lock_is_taken_once_and_again_after_its_release(tmp_path: Path) -> None:
    disk = RealDisk()
    lock = disk.lock(tmp_path / "lock")
    lock.release()
    lock.release()
    disk.lock(tmp_path / "lock").release()
    assert (tmp_path / "lock").read_text().strip().isdigit()


def test_a_missing_folder_has_no_names_and_is_made_with_its_parents(tmp_path: Path) -> None:
    disk = RealDisk()
    assert disk.names(tmp_path / "a" / "b") == []
    disk.make_folder(tmp_path / "a" / "b")
    disk.make_folder(tmp_path / "a" / "b")
    (tmp_path / "a" / "b" / "file").touch()
    disk.remove(tmp_path / "a" / "b" / "file")
    assert disk.names(tmp_path / "a" / "b") == []
