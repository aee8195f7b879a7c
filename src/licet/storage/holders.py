"""Keys of the side store, one per holder, each in a slot that can be wiped.

The file has a header of 64 bytes (mark, version, a random salt) and slots of 80 bytes. A slot
names its holder only by HMAC-SHA-256 under the salt, and is zeroed when the holder is erased:
then nothing says any more who it was, nor opens what lies under its key. Slots are never used
again, so a record of an erasure stays true.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from licet.storage.appending import AppendFile
from licet.storage.disk import Disk
from licet.terms import EvidenceFault

_MARK = b"LICETKEY"
_HEADER = struct.Struct(">8sI32s20x")
_SLOT = struct.Struct(">c7x32s32s8s")
_VERSION = 1
_LIVE, _ERASED = b"K", b"E"
KEY_BYTES = 32


class Holders:
    """Which holder has which slot, and the keys of all that have not been erased."""

    def __init__(self, disk: Disk, path: Path, entropy: Callable[[int], bytes]) -> None:
        """Opens or makes the file. `EvidenceFault` (`side_damaged`) when a slot is damaged."""
        self._entropy = entropy
        self._slots: dict[bytes, int] = {}
        self._keys: list[bytes | None] = []
        try:
            data = disk.read(path)
        except FileNotFoundError:
            data = b""
        if len(data) < _HEADER.size:
            self._salt = entropy(32)
            head = _HEADER.pack(_MARK, _VERSION, self._salt)
            self._file = AppendFile.create(disk, path, head)
            return
        mark, version, self._salt = _HEADER.unpack_from(data)
        if mark != _MARK or version != _VERSION:
            raise _damaged(path, 0)
        self._file = AppendFile(disk, path, self._load(data, path))

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, holder: str) -> int:
        """The slot of a holder; -1 when there is none."""
        return self._slots.get(self._tag(holder), -1)

    def key(self, slot: int) -> bytes | None:
        """The key of a slot; None once erased, or when there is no such slot."""
        return self._keys[slot] if 0 <= slot < len(self._keys) else None

    def add(self, holders: Iterable[str]) -> None:
        """Makes durable a key for each holder that has none; `OSError`: for none of them."""
        fresh: dict[bytes, bytes] = {}
        for holder in holders:
            tag = self._tag(holder)
            if tag not in self._slots and tag not in fresh:
                fresh[tag] = self._entropy(KEY_BYTES)
        if not fresh:
            return
        self._file.append(b"".join(_slot(_LIVE, tag, key) for tag, key in fresh.items()))
        for tag, key in fresh.items():
            self._slots[tag] = len(self._keys)
            self._keys.append(key)

    def destroy(self, slot: int) -> None:
        """Wipes a slot, durably; nothing happens when it was wiped before."""
        if self.key(slot) is None:
            return
        self._file.overwrite(
            _HEADER.size + slot * _SLOT.size, _slot(_ERASED, bytes(32), bytes(KEY_BYTES))
        )
        self._keys[slot] = None
        self._slots = {tag: place for tag, place in self._slots.items() if place != slot}

    def close(self) -> None:
        self._file.close()

    def _tag(self, holder: str) -> bytes:
        return hmac.digest(self._salt, holder.encode(), "sha256")

    def _load(self, data: bytes, path: Path) -> int:
        """Reads the slots; the end of the last whole one."""
        for slot, (state, tag, key) in enumerate(_slots(data, path)):
            if state == _LIVE:
                self._slots[tag] = slot
            self._keys.append(key if state == _LIVE else None)
        return _HEADER.size + len(self._keys) * _SLOT.size


def read_keys(disk: Disk, path: Path) -> dict[int, bytes]:
    """The keys that are still there, by slot; nothing is written."""
    try:
        data = disk.read(path)
    except FileNotFoundError:
        return {}
    found = enumerate(_slots(data, path))
    return {slot: key for slot, (state, _, key) in found if state == _LIVE}


def _slots(data: bytes, path: Path) -> Iterator[tuple[bytes, bytes, bytes]]:
    """State, tag and key of each slot, up to a torn tail."""
    for place in range(_HEADER.size, len(data) - _SLOT.size + 1, _SLOT.size):
        state, tag, key, _ = _SLOT.unpack_from(data, place)
        if data[place : place + _SLOT.size] != _slot(state, tag, key):
            rest = data[place + _SLOT.size :]
            later = range(0, len(rest) - _SLOT.size + 1, _SLOT.size)
            if any(
                rest[at : at + _SLOT.size] == _slot(*_SLOT.unpack_from(rest, at)[:3])
                for at in later
            ):
                raise _damaged(path, place)
            return
        yield state, tag, key


def _slot(state: bytes, tag: bytes, key: bytes) -> bytes:
    return _SLOT.pack(state, tag, key, sha256(state + tag + key).digest()[:8])


def _damaged(path: Path, offset: int) -> EvidenceFault:
    return EvidenceFault(
        "side_damaged",
        f"the keys of the side store are damaged: `{path}` at byte {offset}",
        remedy="restore this file from a copy; without it the openings cannot be read",
    )
