"""A disk that loses, tears and reorders whatever was not synced, fills up and fails, by a seed.

It keeps what a process sees (the page cache) apart from what is on the medium. A sync that
fails forgets what it should have written, as Linux does: a later one does not bring it back. It
may also have spoilt the sector in which an append began, synced bytes included; that is spared
where the power goes before the next sync, since nobody could do anything about it.
"""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from pathlib import Path

from licet.storage import Disk, File, Lock
from licet.terms import EvidenceFault

SECTOR_BYTES = 512

Fails = Callable[[str, Path], int]
"""Asked before each operation: an errno to fail with, or 0."""


class _Inode:
    def __init__(self) -> None:
        self.seen = bytearray()
        self.medium = bytearray()
        self.dirty: list[tuple[int, bytes]] = []
        """Writes that were not synced; one without bytes is a cut to that size."""
        self.spoilt: list[tuple[int, bytes]] = []
        """What lay on the medium where a failed sync wrote, until the next sync."""

    def write(self, offset: int, data: bytes) -> None:
        if data:
            _put(self.seen, offset, data)
            self.dirty.append((offset, data))

    def truncate(self, size: int) -> None:
        del self.seen[size:]
        self.dirty.append((size, b""))

    def flush(self) -> None:
        for offset, data in self.dirty:
            _apply(self.medium, offset, data)
        self.dirty.clear()
        self.spoilt.clear()

    def fail(self, draw: random.Random) -> None:
        for offset, data in self.dirty:
            if offset + len(data) > len(self.medium) and draw.random() < 0.5:
                start = offset - offset % SECTOR_BYTES
                self.spoilt.append((start, bytes(self.medium[start:offset])))
                self.medium[start:offset] = bytes(len(self.medium[start:offset]))
        self.dirty.clear()

    def crash(self, draw: random.Random) -> None:
        """Any part of what was not synced may have reached the medium, in any order."""
        for offset, data in reversed(self.spoilt):
            self.medium[offset : offset + len(data)] = data
        self.spoilt.clear()
        pieces = [piece for offset, data in self.dirty for piece in _sectors(offset, data)]
        kept = [piece for piece in pieces if draw.random() < 0.5]
        if draw.random() < 0.5:
            draw.shuffle(kept)
        for offset, data in kept:
            _apply(self.medium, offset, data)
        self.dirty.clear()
        self.seen = bytearray(self.medium)


def _sectors(offset: int, data: bytes) -> list[tuple[int, bytes]]:
    if not data:
        return [(offset, b"")]
    pieces = []
    while data:
        room = SECTOR_BYTES - offset % SECTOR_BYTES
        pieces.append((offset, data[:room]))
        offset, data = offset + room, data[room:]
    return pieces


def _apply(content: bytearray, offset: int, data: bytes) -> None:
    if data:
        _put(content, offset, data)
    else:
        del content[offset:]


def _put(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


class SimulatedDisk(Disk):
    """Files in memory. `fails` injects faults; `room` bytes are left before it is full."""

    def __init__(self, seed: int = 0) -> None:
        self._draw = random.Random(seed)
        self._names: dict[Path, _Inode] = {}
        self._durable: dict[Path, _Inode] = {}
        self._locks: set[Path] = set()
        self.fails: Fails = lambda _operation, _path: 0
        self.room = 1 << 40
        self.operations: list[tuple[str, str]] = []
        """What was done to which file, in order."""

    def crash(self) -> None:
        """The power goes: what was not durable is lost in part, and all locks are free."""
        for path in set(self._names) | set(self._durable):
            if self._names.get(path) is not self._durable.get(path) and self._draw.random() < 0.5:
                self._settle(path)
        self._names = dict(self._durable)
        for inode in set(self._names.values()):
            inode.crash(self._draw)
        self._locks.clear()

    def kill(self) -> None:
        """The process dies: what it wrote is seen by the next, and all locks are free."""
        self._locks.clear()

    def corrupt(self, path: Path, offset: int, mask: int = 1) -> None:
        """Changes bits of a file behind everybody's back."""
        inode = self._names[path]
        inode.seen[offset] ^= mask
        inode.medium[offset] ^= mask

    def open(self, path: Path, *, create: bool = False) -> File:
        self.checked("open", path)
        if path not in self._names:
            if not create:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
            self._names[path] = _Inode()
        return SimulatedFile(self, path, self._names[path])

    def read(self, path: Path) -> bytes:
        self.checked("read", path)
        if path not in self._names:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return bytes(self._names[path].seen)

    def replace(self, path: Path, data: bytes, *, mode: int = 0o644) -> None:
        del mode
        self.checked("replace", path)
        self.take(len(data))
        inode = _Inode()
        inode.write(0, data)
        inode.flush()
        self._names[path] = self._durable[path] = inode

    def names(self, folder: Path) -> list[str]:
        return sorted(path.name for path in self._names if path.parent == folder)

    def make_folder(self, path: Path) -> None:
        self.checked("make_folder", path)

    def sync_folder(self, path: Path) -> None:
        self.checked("sync_folder", path)
        for name in set(self._names) | set(self._durable):
            if name.parent == path:
                self._settle(name)

    def remove(self, path: Path) -> None:
        self.checked("remove", path)
        del self._names[path]
        self.sync_folder(path.parent)

    def lock(self, path: Path) -> Lock:
        self.checked("lock", path)
        if path in self._locks:
            raise EvidenceFault("log_locked", f"`{path}` is taken")
        self._locks.add(path)
        return SimulatedLock(self._locks, path)

    def checked(self, operation: str, path: Path) -> None:
        self.operations.append((operation, path.name))
        code = self.fails(operation, path)
        if code:
            raise OSError(code, os.strerror(code), str(path))

    def take(self, size: int) -> None:
        if size > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= size

    def tear(self, data: bytes) -> bytes:
        """What of a failing write gets through."""
        return data[: self._draw.randrange(len(data) + 1)]

    def spoil(self, inode: _Inode) -> None:
        """A sync has failed."""
        inode.fail(self._draw)

    def _settle(self, path: Path) -> None:
        if path in self._names:
            self._durable[path] = self._names[path]
        else:
            self._durable.pop(path, None)


class SimulatedFile:
    def __init__(self, disk: SimulatedDisk, path: Path, inode: _Inode) -> None:
        self._disk = disk
        self._path = path
        self._inode = inode

    def write_at(self, offset: int, data: bytes) -> None:
        try:
            self._disk.checked("write", self._path)
            self._disk.take(max(0, offset + len(data) - len(self._inode.seen)))
        except OSError:
            self._inode.write(offset, self._disk.tear(data))
            raise
        self._inode.write(offset, data)

    def read_at(self, offset: int, length: int) -> bytes:
        self._disk.checked("read", self._path)
        return bytes(self._inode.seen[offset : offset + length])

    def size(self) -> int:
        return len(self._inode.seen)

    def reserve(self, offset: int, length: int) -> None:
        self._disk.checked("reserve", self._path)
        end = len(self._inode.seen)
        fresh = max(0, offset + length - end)
        self._disk.take(fresh)
        self._inode.write(end, bytes(fresh))

    def truncate(self, size: int) -> None:
        self._disk.checked("truncate", self._path)
        self._inode.truncate(size)

    def sync(self) -> None:
        try:
            self._disk.checked("sync", self._path)
        except OSError:
            self._disk.spoil(self._inode)
            raise
        self._inode.flush()

    def close(self) -> None:
        self._disk.checked("close", self._path)


class SimulatedLock:
    def __init__(self, locks: set[Path], path: Path) -> None:
        self._locks = locks
        self._path = path

    def release(self) -> None:
        self._locks.discard(self._path)
