"""A file that grows by synced appends into room that it reserved."""

import errno
from pathlib import Path

import pytest

from licet.storage import RealDisk
from licet.storage.appending import AppendFile
from tests.simulation.disk import SimulatedDisk

PATH = Path("/log/file")
AHEAD = 1_000


def begun(disk: SimulatedDisk) -> AppendFile:
    return AppendFile.create(disk, PATH, b"head", ahead=AHEAD)


def reopened(disk: SimulatedDisk, end: int) -> AppendFile:
    disk.crash()
    return AppendFile(disk, PATH, end, ahead=AHEAD)


def test_room_is_reserved_now_and_then_and_given_back_at_the_end() -> None:
    disk = SimulatedDisk()
    file = begun(disk)
    for _ in range(25):
        file.append(b"x" * 100)
    assert [operation for operation, _ in disk.operations].count("reserve") == 3
    assert disk.read(PATH) == b"head" + b"x" * 2_500 + bytes(500)
    file.close()
    assert disk.read(PATH) == b"head" + b"x" * 2_500


def test_what_was_appended_survives_a_crash_and_unused_room_is_no_torn_tail() -> None:
    disk = SimulatedDisk()
    file = begun(disk)
    file.append(b"first")
    again = reopened(disk, file.end)
    assert (again.cut, disk.read(PATH)) == (0, b"headfirst")
    again.append(b"second")
    assert disk.read(PATH).rstrip(b"\0") == b"headfirstsecond"


@pytest.mark.parametrize("seed", range(20))
def test_of_a_torn_tail_in_reserved_room_nothing_stays(seed: int) -> None:
    disk = SimulatedDisk(seed)
    file = begun(disk)
    file.append(b"first")
    disk.fails = lambda operation, _path: errno.EIO if operation == "sync" else 0
    with pytest.raises(OSError, match="Input/output error"):
        file.append(b"torn" * 150)
    disk.fails = lambda _operation, _path: 0
    again = reopened(disk, file.end)
    assert 0 <= again.cut <= 600
    assert disk.read(PATH) == b"headfirst"


def test_after_a_failed_append_room_is_reserved_anew() -> None:
    disk = SimulatedDisk()
    file = begun(disk)
    file.append(b"first")
    disk.fails = lambda operation, _path: errno.EIO if operation == "write" else 0
    with pytest.raises(OSError, match="Input/output error"):
        file.append(b"torn")
    disk.fails = lambda _operation, _path: 0
    file.append(b"second")
    assert disk.read(PATH) == b"headfirstsecond" + bytes(AHEAD - 6)


def test_a_disk_that_reserves_nothing_is_appended_to_all_the_same() -> None:
    disk = SimulatedDisk()
    disk.fails = lambda operation, _path: errno.EOPNOTSUPP if operation == "reserve" else 0
    file = begun(disk)
    file.append(b"first")
    disk.fails = lambda _operation, _path: 0
    disk.room = 10
    file.append(b"second")
    assert disk.read(PATH) == b"headfirstsecond"


def test_reserved_room_is_written_to_when_the_disk_is_full() -> None:
    disk = SimulatedDisk()
    file = begun(disk)
    file.append(b"first")
    disk.room = 0
    file.append(b"x" * (AHEAD - 5))
    with pytest.raises(OSError, match="No space left"):
        file.append(b"more")


def test_a_real_file_is_as_long_as_what_was_appended_once_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    file = AppendFile.create(RealDisk(), path, b"head", ahead=1 << 16)
    file.append(b"first")
    assert path.read_bytes() == b"headfirst" + bytes((1 << 16) - 5)
    file.close()
    assert path.read_bytes() == b"headfirst"
