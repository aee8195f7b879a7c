"""Keys of the side store, one per holder, each in a slot that can be wiped.

The file has a header of 64 bytes (mark, version, a random salt) and slots of 80 bytes. A slot
names its holder only by HMAC-SHA-256 under the salt, and is zeroed when the holder is erased:
then nothing says any more who it was, nor opens what lies under its key. Slots are never used
again, so a record of an erasure stays true.

A crash may tear a slot. At the end of the file that was an addition nobody was told about, or
a wipe: either way it is wiped. Elsewhere it was a wipe if the log has the erasure, which the
recorder then carries out, and damage if not.
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
_LIVE, _ERASED, _UNREADABLE = b"K", b"E", b"?"
_KNOWN_MAX = 16_384
KEY_BYTES = 32


class Holders:
    """Which holder has which slot, and the keys of all that have not been erased."""

    def __init__(self, disk: Disk, path: Path, entropy: Callable[[int], bytes]) -> None:
        """Opens or makes the file. `EvidenceFault` (`side_damaged`): it is no such file."""
        self._entropy = entropy
        self.damaged: set[int] = set()
        """Slots that cannot be read, and are not at the end."""
        self._slots: dict[bytes, int] = {}
        self._keys: list[bytes | None] = []
        # Whoever asked lately asks again: finding his slot by name spares the HMAC.
        self._known: dict[str, int] = {}
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
            raise side_damaged(path, 0)
        torn = self._load(data)
        self._file = AppendFile(disk, path, _HEADER.size + len(self._keys) * _SLOT.size)
        for slot in torn:
            self._wipe(slot)

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, holder: str) -> int:
        """The slot of a holder; -1 when there is none."""
        slot = self._known.get(holder, -1)
        if slot < 0:
            slot = self._slots.get(self._tag(holder), -1)
            if slot >= 0:
                if len(self._known) >= _KNOWN_MAX:
                    self._known.clear()
                self._known[holder] = slot
        return slot

    def key(self, slot: int) -> bytes | None:
        """The key of a slot; None once erased, or when there is no such slot."""
        return self._keys[slot] if 0 <= slot < len(self._keys) else None

    def add(self, holders: Iterable[str]) -> None:
        """Makes durable a key for each holder that has none; `OSError`: for none of them."""
        fresh: dict[bytes, bytes] = {}
        for holder in holders:
            if self.find(holder) < 0:
                fresh.setdefault(self._tag(holder), self._entropy(KEY_BYTES))
        if not fresh:
            return
        self._file.append(b"".join(_slot(_LIVE, tag, key) for tag, key in fresh.items()))
        for tag, key in fresh.items():
            self._slots[tag] = len(self._keys)
            self._keys.append(key)

    def destroy(self, slot: int) -> None:
        """Wipes a slot, durably; nothing happens when it was wiped before."""
        if self.key(slot) is None and slot not in self.damaged:
            return
        self._wipe(slot)
        self._keys[slot] = None
        self.damaged.discard(slot)
        self._slots = {tag: place for tag, place in self._slots.items() if place != slot}
        self._known.clear()

    def require_whole(self) -> None:
        """`EvidenceFault` (`side_damaged`) when a slot is damaged that no erasure explains."""
        if self.damaged:
            raise side_damaged(self._file.path, slot_place(min(self.damaged)))

    def repair(self) -> None:
        """See `AppendFile.repair`."""
        self._file.repair()

    def close(self) -> None:
        self._file.close()

    def _tag(self, holder: str) -> bytes:
        return hmac.digest(self._salt, holder.encode(), "sha256")

    def _load(self, data: bytes) -> list[int]:
        """Reads the slots; those at the end that are torn."""
        for slot, (state, tag, key) in enumerate(_slots(data)):
            if state == _LIVE:
                self._slots[tag] = slot
            if state == _UNREADABLE:
                self.damaged.add(slot)
            self._keys.append(key if state == _LIVE else None)
        torn = []
        for slot in range(len(self._keys) - 1, -1, -1):
            if slot not in self.damaged:
                break
            torn.append(slot)
        self.damaged.difference_update(torn)
        return torn

    def _wipe(self, slot: int) -> None:
        wiped = _slot(_ERASED, bytes(32), bytes(KEY_BYTES))
        self._file.overwrite(slot_place(slot), wiped)


def read_keys(disk: Disk, path: Path) -> dict[int, bytes]:
    """The keys that are still there, by slot; nothing is written."""
    try:
        data = disk.read(path)
    except FileNotFoundError:
        return {}
    return {slot: key for slot, (state, _, key) in enumerate(_slots(data)) if state == _LIVE}


def slot_place(slot: int) -> int:
    """Where a slot begins in the file of keys."""
    return _HEADER.size + slot * _SLOT.size


def unreadable_slots(disk: Disk, path: Path) -> list[int]:
    """The slots that say nothing, but for those at the end, which a crash may have torn before
    anybody was told of them."""
    try:
        states = [state for state, _, _ in _slots(disk.read(path))]
    except FileNotFoundError:
        return []
    while states and states[-1] == _UNREADABLE:
        states.pop()
    return [slot for slot, state in enumerate(states) if state == _UNREADABLE]


def find_slot(disk: Disk, path: Path, holder: str) -> int:
    """The slot of a holder; -1 when there is none. Nothing is written."""
    try:
        data = disk.read(path)
    except FileNotFoundError:
        return -1
    if len(data) < _HEADER.size:
        return -1
    _, _, salt = _HEADER.unpack_from(data)
    tag = hmac.digest(salt, holder.encode(), "sha256")
    for slot, (state, found, _) in enumerate(_slots(data)):
        if state == _LIVE and hmac.compare_digest(found, tag):
            return slot
    return -1


def _slots(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """State, tag and key of each slot of full size."""
    for place in range(_HEADER.size, len(data) - _SLOT.size + 1, _SLOT.size):
        state, tag, key, _ = _SLOT.unpack_from(data, place)
        if data[place : place + _SLOT.size] == _slot(state, tag, key):
            yield state, tag, key
        else:
            yield _UNREADABLE, b"", b""


def _slot(state: bytes, tag: bytes, key: bytes) -> bytes:
    return _SLOT.pack(state, tag, key, sha256(state + tag + key).digest()[:8])


def side_damaged(path: Path, offset: int) -> EvidenceFault:
    return EvidenceFault(
        "side_damaged",
        f"the keys of the side store are damaged: `{path}` at byte {offset}",
        remedy="restore this file from a copy; without it the openings cannot be read",
    )
