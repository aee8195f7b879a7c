"""The few file operations of storage, behind a protocol: tests put a failing disk in its place.

Everything that `sync`, `replace`, `make_folder` or `sync_folder` has returned from survives
the loss of power; everything else may be lost, in any order. Failures are `OSError`s.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Protocol

from licet.terms import EvidenceFault


class File(Protocol):
    """An open file; positions are the caller's, so that a failed write leaves no doubt."""

    def write_at(self, offset: int, data: bytes) -> None:
        """Writes all of `data`, or raises."""

    def read_at(self, offset: int, length: int) -> bytes: ...

    def size(self) -> int: ...

    def truncate(self, size: int) -> None: ...

    def reserve(self, offset: int, length: int) -> None:
        """Has the file reach to there, with zeros that take up room already.

        Writing into reserved room leaves the file as long and its blocks where they are, so
        that a sync has less to write. No more durable than a write.
        """

    def sync(self) -> None:
        """Makes content and size durable."""

    def close(self) -> None: ...


class Lock(Protocol):
    def release(self) -> None: ...


class Disk(Protocol):
    def open(self, path: Path, *, create: bool = False) -> File: ...

    def read(self, path: Path) -> bytes:
        """The whole file; `FileNotFoundError` when there is none."""

    def replace(self, path: Path, data: bytes, *, mode: int = 0o644) -> None:
        """The file anew, durably: whoever reads it finds the old content or the new."""

    def names(self, folder: Path) -> list[str]:
        """The names in a folder, sorted; none when there is no such folder."""

    def make_folder(self, path: Path) -> None: ...

    def sync_folder(self, path: Path) -> None: ...

    def remove(self, path: Path) -> None: ...

    def lock(self, path: Path) -> Lock:
        """Taken until released or until the process ends; `EvidenceFault` when taken."""


class RealFile:
    __slots__ = ("_fd",)

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def write_at(self, offset: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._fd, view, offset)
            view = view[written:]
            offset += written

    def read_at(self, offset: int, length: int) -> bytes:
        pieces = []
        while length > 0:
            piece = os.pread(self._fd, length, offset)
            if not piece:
                break
            pieces.append(piece)
            offset += len(piece)
            length -= len(piece)
        return b"".join(pieces)

    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def truncate(self, size: int) -> None:
        os.ftruncate(self._fd, size)

    def reserve(self, offset: int, length: int) -> None:
        os.posix_fallocate(self._fd, offset, length)

    def sync(self) -> None:
        os.fdatasync(self._fd)

    def close(self) -> None:
        # A number that was closed may soon be another file's: nothing may reach it any more.
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class RealLock:
    __slots__ = ("_fd",)

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def release(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class RealDisk:
    """The operating system's files."""

    def open(self, path: Path, *, create: bool = False) -> RealFile:
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0)
        return RealFile(os.open(path, flags, 0o600))

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def replace(self, path: Path, data: bytes, *, mode: int = 0o644) -> None:
        fresh = path.with_name(path.name + ".new")
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            RealFile(fd).write_at(0, data)
            os.fsync(fd)
        finally:
            os.close(fd)
        fresh.rename(path)
        self.sync_folder(path.parent)

    def names(self, folder: Path) -> list[str]:
        try:
            return sorted(os.listdir(folder))
        except FileNotFoundError:
            return []

    def make_folder(self, path: Path) -> None:
        if path.is_dir():
            return
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.sync_folder(path.parent)

    def sync_folder(self, path: Path) -> None:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def remove(self, path: Path) -> None:
        path.unlink()
        self.sync_folder(path.parent)

    def lock(self, path: Path) -> RealLock:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            raise EvidenceFault(
                "log_locked",
                f"the evidence log in `{path.parent}` is in use by process {holder}",
                remedy="one recorder writes one log; stop the other gateway, or give this one"
                " another evidence folder",
            ) from error
        # Whose it is is said for people; on a full disk it is held without saying so.
        with contextlib.suppress(OSError):
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        return RealLock(fd)
