"""Sealed frames, the unit of the side store, and the files that they are appended to.

A frame is a length, the first 8 bytes of the SHA-256 of its body, and the body: a kind, a slot of
`Holders`, a nonce, and AES-256-GCM ciphertext with kind and slot as associated data. Who is meant
is said by the slot alone, and whatever ties a frame to a leaf is inside the ciphertext, so that
nothing does once the key is gone.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from licet.storage.appending import AppendFile
from licet.storage.disk import Disk
from licet.storage.holders import Holders

SIDE = "side"
HOLDERS = "holders"
SIDE_BYTES_MAX = 64 << 20
RESERVED_BYTES = 1 << 20
HEADER = b"LICETSID\x00\x00\x00\x01\x00\x00\x00\x00"
NONCE_BYTES = 12
TAG_BYTES = 16
KEPT = ".kept"
CONTENT, TURN, DELETED = b"C", b"R", b"D"
TAGGED = frozenset({TURN, DELETED})
"""Kinds of frames of which the ciphertext has a tag before it, which they are found by."""
_FRAME = struct.Struct(">I8s")
_BODY = struct.Struct(">cI12s")
_PLACE = struct.Struct(">cI")
_KINDS = frozenset(bytes([letter]) for letter in range(ord("A"), ord("Z") + 1))
"""What a frame may call itself: a letter."""
_PAGE_BYTES = 4096
_NONCES_DRAWN = 64
_CIPHERS_MAX = 16_384


class Sealed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A frame as it lies in a file; `end` is where the next one begins."""

    path: Path
    offset: int
    end: int
    kind: bytes
    slot: int
    nonce: bytes
    ciphertext: bytes
    tag: bytes = b""


class Head(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What can be seen of a frame without its content."""

    offset: int
    kind: bytes
    tag: bytes


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a file where something cannot be read. `certain`: it was written whole once; what
    is no frame may be torn, by a crash before anybody was told of it."""

    path: Path
    offset: int
    why: str
    certain: bool


class Sealing:
    """Makes frames, each under the key of a holder, with nonces that are never used again."""

    def __init__(self, holders: Holders, entropy: Callable[[int], bytes]) -> None:
        self.holders = holders
        self._entropy = entropy
        self._ciphers: dict[int, AESGCM] = {}
        self._nonces: list[bytes] = []

    def seal(self, kind: bytes, slot: int, content: bytes, tag: bytes = b"") -> tuple[bytes, bytes]:
        """A frame: its head, and its body."""
        place, nonce = _PLACE.pack(kind, slot), self._nonce()
        body = place + nonce + tag + self._cipher(slot).encrypt(nonce, content, place)
        # Of the hash the format `8s` takes the first 8 bytes.
        return _FRAME.pack(len(body), sha256(body).digest()), body

    def destroy(self, slot: int) -> None:
        """Destroys a key, and with it everything under it; repeating it does nothing."""
        self.holders.destroy(slot)
        self._ciphers.pop(slot, None)

    def _nonce(self) -> bytes:
        """Random and never given twice; drawn many at a time, each a call to the kernel else."""
        if not self._nonces:
            drawn = self._entropy(_NONCES_DRAWN * NONCE_BYTES)
            starts = range(0, len(drawn), NONCE_BYTES)
            self._nonces = [drawn[start : start + NONCE_BYTES] for start in starts]
        return self._nonces.pop()

    def _cipher(self, slot: int) -> AESGCM:
        cipher = self._ciphers.get(slot)
        if cipher is None:
            key = self.holders.key(slot)
            assert key is not None  # whoever seals has added the holder before
            if len(self._ciphers) >= _CIPHERS_MAX:
                self._ciphers.clear()
            cipher = self._ciphers[slot] = AESGCM(key)
        return cipher


class SealedFiles:
    """Numbered files of one suffix, of which the newest is appended to."""

    def __init__(
        self, folder: Path, suffix: str, disk: Disk, *, file_bytes_max: int = SIDE_BYTES_MAX
    ) -> None:
        """`folder` is that of the side store."""
        self._folder = folder
        self._suffix = suffix
        self._disk = disk
        self._file_bytes_max = file_bytes_max
        self._ahead = min(RESERVED_BYTES, file_bytes_max)
        self._file: AppendFile | None = None
        self._is_over = False

    def current(self) -> tuple[AppendFile, bool]:
        """The file to append to, and whether it was just begun; `OSError`.

        A start begins a new one: a torn tail stays where it is.
        """
        if self._file is not None and not (self._is_over or self._file.end >= self._file_bytes_max):
            return self._file, False
        names = file_names(self._disk, self._folder, self._suffix)
        numbers = [int(name.removesuffix(self._suffix)) for name in names]
        if self._file is None and numbers:
            self._give_back(self._folder / self._name(max(numbers)))
        path = self._folder / self._name(max(numbers, default=0) + 1)
        fresh = AppendFile.create(self._disk, path, HEADER, ahead=self._ahead)
        if self._file is not None:
            self._file.close()
        self._file = fresh
        self._is_over = False
        return fresh, True

    def turn_over(self) -> None:
        """What follows begins a new file: then this one is closed, and can be let go of."""
        self._is_over = self._file is not None

    def repair(self) -> None:
        """See `AppendFile.repair`."""
        if self._file is not None:
            self._file.repair()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _name(self, number: int) -> str:
        return f"{number:010}{self._suffix}"

    def _give_back(self, path: Path) -> None:
        """What a crash left reserved in a file, but for a page: a frame may end in zeros."""
        # It costs room where this fails, and nothing else.
        with contextlib.suppress(OSError):
            file = self._disk.open(path)
            try:
                size = file.size()
                start = max(0, size - self._ahead)
                used = start + len(file.read_at(start, size - start).rstrip(b"\0"))
                if used + _PAGE_BYTES < size:
                    file.truncate(used + _PAGE_BYTES)
            finally:
                file.close()


def file_names(disk: Disk, folder: Path, suffix: str) -> list[str]:
    """The files of a suffix in the folder of the side store, the oldest first."""
    return [name for name in disk.names(folder) if name.endswith(suffix)]


def kept_names(disk: Disk, folder: Path) -> list[str]:
    """The files of content, the oldest first; `folder` is that of the side store."""
    return file_names(disk, folder, KEPT)


def sealed_frames(disk: Disk, path: Path) -> Iterator[Sealed | int]:
    """The frames of a file, and in their place the offset of bytes that are no frame: whatever can
    be read behind these is. Nothing where the file was let go of meanwhile."""
    try:
        data = disk.read(path)
    except FileNotFoundError:
        return
    place = len(HEADER)
    if not data.startswith(HEADER):
        yield 0
        place = _next_frame(data, 0)
    while place < len(data):
        end = _end(data, place)
        if end < 0:
            if data[place:].strip(b"\0"):
                yield place
            place = _next_frame(data, place)
            continue
        yield _frame(path, place, data[place + _FRAME.size : end])
        place = end


def _end(data: bytes, place: int) -> int:
    """Where the frame ends that begins here; -1: none does."""
    start = place + _FRAME.size
    if start > len(data):
        return -1
    length, check = _FRAME.unpack_from(data, place)
    if length < _BODY.size or start + length > len(data):
        return -1
    return start + length if sha256(data[start : start + length]).digest()[:8] == check else -1


def _next_frame(data: bytes, place: int) -> int:
    """Where the next frame begins behind bytes that are none; the end of the data: nowhere.

    Slots are numbered from 0, so a frame has a zero in the first byte of its slot: what has none
    there need not be hashed.
    """
    used = len(data.rstrip(b"\0"))
    slot_at = _FRAME.size + 1
    zero = data.find(b"\0", place + 1 + slot_at)
    while zero >= 0 and zero - slot_at < used:
        if data[zero - 1 : zero] in _KINDS and _end(data, zero - slot_at) > 0:
            return zero - slot_at
        zero = data.find(b"\0", zero + 1)
    return len(data)


def frame_at(disk: Disk, path: Path, offset: int) -> Sealed | None:
    """The frame that begins there; None where there is none. `OSError`."""
    file = disk.open(path)
    try:
        head = file.read_at(offset, _FRAME.size)
        if len(head) < _FRAME.size:
            return None
        length, check = _FRAME.unpack(head)
        if offset + _FRAME.size + length > file.size():
            return None
        body = file.read_at(offset + _FRAME.size, length)
        is_whole = length >= _BODY.size and sha256(body).digest()[:8] == check
        return _frame(path, offset, body) if is_whole else None
    finally:
        file.close()


def heads(disk: Disk, path: Path) -> Iterator[Head]:
    """The frames of a file by what can be seen of each, as far as their lengths lead; `OSError`.

    Only heads are read, so that it is quick, and nothing is checked: whoever opens a frame does.
    """
    file = disk.open(path)
    try:
        size, offset = file.size(), len(HEADER)
        while offset + _FRAME.size + _BODY.size <= size:
            data = file.read_at(offset, _FRAME.size + _BODY.size + TAG_BYTES)
            length, _ = _FRAME.unpack_from(data)
            end = offset + _FRAME.size + length
            if length < _BODY.size or end > size:
                return
            kind, _, _ = _BODY.unpack_from(data, _FRAME.size)
            tag = data[_FRAME.size + _BODY.size :] if kind in TAGGED else b""
            yield Head(offset=offset, kind=kind, tag=tag)
            offset = end
    finally:
        file.close()


def _frame(path: Path, offset: int, body: bytes) -> Sealed:
    kind, slot, nonce = _BODY.unpack_from(body)
    begins = _BODY.size + (TAG_BYTES if kind in TAGGED else 0)
    return Sealed(
        path=path,
        offset=offset,
        end=offset + _FRAME.size + len(body),
        kind=kind,
        slot=slot,
        nonce=nonce,
        ciphertext=body[begins:],
        tag=body[_BODY.size : begins],
    )


def sealed(
    key: bytes, kind: bytes, slot: int, nonce: bytes, content: bytes, tag: bytes = b""
) -> bytes:
    """A frame, as `Sealing` makes it."""
    place = _PLACE.pack(kind, slot)
    body = place + nonce + tag + AESGCM(key).encrypt(nonce, content, place)
    return _FRAME.pack(len(body), sha256(body).digest()) + body


def opened(frame: Sealed, key: bytes) -> bytes | None:
    """What is in a frame; None where this is not its key."""
    place = _PLACE.pack(frame.kind, frame.slot)
    try:
        return AESGCM(key).decrypt(frame.nonce, frame.ciphertext, place)
    except InvalidTag:
        return None


def no_frame(path: Path, offset: int) -> Broken:
    """Bytes that are no frame."""
    return Broken(path=path, offset=offset, why="bytes that are no frame", certain=False)


def not_opened(frame: Sealed) -> Broken:
    """A whole frame that was made under another key, or changed with its checks made to fit."""
    why = "a frame that its key does not open"
    return Broken(path=frame.path, offset=frame.offset, why=why, certain=True)
