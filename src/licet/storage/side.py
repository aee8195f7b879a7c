"""The side store: openings of commitments, encrypted under a key per holder, erasable.

Files of `side/` are appended to within the group commit, before the leaves that they belong
to. A frame is a length, the first 8 bytes of the SHA-256 of its body, and the body: a kind, a
slot of `Holders`, a nonce, and AES-256-GCM ciphertext with kind and slot as associated data.
The request is inside the ciphertext, so after an erasure nothing ties a frame to its leaf.
What one holder asked within one group commit, on the same inputs, is one frame.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from licet.evidence import Opening
from licet.storage.appending import AppendFile, disk_fault
from licet.storage.disk import Disk
from licet.storage.holders import Holders, find_slot, read_keys

SIDE = "side"
HOLDERS = "holders"
SIDE_BYTES_MAX = 64 << 20
RESERVED_BYTES = 1 << 20
_SUFFIX = ".side"
_HEADER = b"LICETSID\x00\x00\x00\x01\x00\x00\x00\x00"
_FRAME = struct.Struct(">I8s")
_BODY = struct.Struct(">cI12s")
_PLACE = struct.Struct(">cI")
_PART, _OPENING, _OPENINGS = b"P", b"O", b"S"
_NONCE_BYTES = 12
_PAGE_BYTES = 4096
_NONCES_DRAWN = 64
_CIPHERS_MAX = 16_384
_PLACED_MAX = 4_096


class _Kept(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """An opening without its holder, its parts by SHA-256: how earlier versions kept each."""

    request: str
    salt: bytes
    inputs: bytes
    parts: list[bytes]


class _Shared(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Openings of one holder that share inputs and parts, the latter by SHA-256."""

    inputs: bytes
    parts: list[bytes]
    openings: list[tuple[str, bytes]]
    """Request and salt of each."""


Fate = Literal["stays", "held", "gone"]
"""What becomes of an opening: its time is not over; it is, and a hold keeps it; it goes."""

_ENCODER = msgspec.msgpack.Encoder()

_Common = tuple[str, bytes, tuple[bytes, ...]]
"""What openings in one frame have in common: holder, inputs, parts."""


class Sealed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A frame as it lies in a file; `end` is where the next one begins."""

    path: Path
    offset: int
    end: int
    kind: bytes
    slot: int
    nonce: bytes
    ciphertext: bytes


class Found(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An opening that was read back; a part that is missing is not in `parts`."""

    request: str
    salt: bytes
    inputs: bytes
    parts: tuple[bytes, ...]
    slot: int


class SideStore:
    """Where the recorder puts openings. One writer, under the lock of the log."""

    def __init__(
        self,
        folder: Path,
        disk: Disk,
        entropy: Callable[[int], bytes],
        *,
        file_bytes_max: int = SIDE_BYTES_MAX,
    ) -> None:
        """`folder` is the evidence folder. `EvidenceFault`: `side_damaged`, `disk_...`."""
        self._disk = disk
        self._folder = folder / SIDE
        self._entropy = entropy
        self._file_bytes_max = file_bytes_max
        self._ahead = min(RESERVED_BYTES, file_bytes_max)
        self._file: AppendFile | None = None
        self._is_over = False
        self._ciphers: dict[int, AESGCM] = {}
        self._parts: set[tuple[int, bytes]] = set()
        # What returns with each request of a holder, and where it lies in this file.
        self._placed: dict[_Common, tuple[int, list[bytes]]] = {}
        self._nonces: list[bytes] = []
        try:
            disk.make_folder(self._folder)
            self._holders = Holders(disk, self._folder / HOLDERS, entropy)
        except OSError as error:
            raise disk_fault(error, self._folder) from error

    def append(self, openings: Sequence[Opening]) -> None:
        """Makes openings durable; `EvidenceFault` (`disk_...`): none of them counts."""
        groups: dict[_Common, list[tuple[str, bytes]]] = {}
        for one in openings:
            same = groups.setdefault((one.holder, one.inputs, one.parts), [])
            same.append((one.request, one.salt))
        try:
            file = self._current()
            self._holders.add(common[0] for common in groups if common not in self._placed)
            placed: dict[_Common, tuple[int, list[bytes]]] = {}
            parts: set[tuple[int, bytes]] = set()
            frames: list[bytes] = []
            for common, same in groups.items():
                found = self._placed.get(common)
                if found is None:
                    found = placed[common] = self._place(common, parts, frames)
                slot, digests = found
                content = _ENCODER.encode(_Shared(common[1], digests, same))
                frames += self._seal(_OPENINGS, slot, content)
            file.append(b"".join(frames))
        except OSError as error:
            raise disk_fault(error, self._folder) from error
        self._parts |= parts
        if len(self._placed) >= _PLACED_MAX:
            self._placed.clear()
        self._placed |= placed

    def turn_over(self) -> None:
        """The next opening begins a new file: then this one is closed, and can be let go of."""
        self._is_over = self._file is not None

    def find(self, holder: str) -> int:
        """The slot of a holder; -1: nothing is held on him."""
        return self._holders.find(holder)

    def destroy(self, slot: int) -> None:
        """Destroys a key, and with it everything under it; repeating it does nothing."""
        try:
            self._holders.destroy(slot)
        except OSError as error:
            raise disk_fault(error, self._folder) from error
        self._ciphers.pop(slot, None)
        self._parts = {(place, digest) for place, digest in self._parts if place != slot}
        self._placed.clear()

    def require_whole(self) -> None:
        """`EvidenceFault` (`side_damaged`) when a key is damaged that no erasure explains.

        To be called once the erasures that the log has were carried out.
        """
        self._holders.require_whole()

    def repair(self) -> None:
        """Makes good what a failed write left in doubt; `EvidenceFault` while that fails."""
        try:
            self._holders.repair()
            if self._file is not None:
                self._file.repair()
        except OSError as error:
            raise disk_fault(error, self._folder) from error

    def close(self) -> None:
        self._holders.close()
        if self._file is not None:
            self._file.close()

    def _current(self) -> AppendFile:
        """The file to append to. A start begins a new one: a torn tail stays where it is."""
        if self._file is None or self._is_over or self._file.end >= self._file_bytes_max:
            numbers = [
                int(name.removesuffix(_SUFFIX)) for name in side_names(self._disk, self._folder)
            ]
            if self._file is None and numbers:
                self._give_back(self._folder / _file_name(max(numbers)))
            path = self._folder / _file_name(max(numbers, default=0) + 1)
            fresh = AppendFile.create(self._disk, path, _HEADER, ahead=self._ahead)
            if self._file is not None:
                self._file.close()
            self._file = fresh
            self._is_over = False
            # Each file holds the parts that its openings name, so that files can be let go of
            # one by one when their time is over.
            self._parts.clear()
            self._placed.clear()
        return self._file

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

    def _place(
        self, common: _Common, fresh: set[tuple[int, bytes]], frames: list[bytes]
    ) -> tuple[int, list[bytes]]:
        """Slot and digests of the parts, whose frames are added where this file has none yet."""
        holder, _, parts = common
        slot = self._holders.find(holder)
        digests = [sha256(part).digest() for part in parts]
        for part, digest in zip(parts, digests, strict=True):
            if (slot, digest) not in self._parts and (slot, digest) not in fresh:
                fresh.add((slot, digest))
                frames += self._seal(_PART, slot, part)
        return slot, digests

    def _seal(self, kind: bytes, slot: int, content: bytes) -> tuple[bytes, bytes]:
        """A frame: its head, and its body."""
        place, nonce = _PLACE.pack(kind, slot), self._nonce()
        body = place + nonce + self._cipher(slot).encrypt(nonce, content, place)
        # Of the hash the format `8s` takes the first 8 bytes.
        return _FRAME.pack(len(body), sha256(body).digest()), body

    def _nonce(self) -> bytes:
        """Random and never given twice; drawn many at a time, each a call to the kernel else."""
        if not self._nonces:
            drawn = self._entropy(_NONCES_DRAWN * _NONCE_BYTES)
            starts = range(0, len(drawn), _NONCE_BYTES)
            self._nonces = [drawn[start : start + _NONCE_BYTES] for start in starts]
        return self._nonces.pop()

    def _cipher(self, slot: int) -> AESGCM:
        cipher = self._ciphers.get(slot)
        if cipher is None:
            key = self._holders.key(slot)
            assert key is not None  # `add` made it in this very append
            if len(self._ciphers) >= _CIPHERS_MAX:
                self._ciphers.clear()
            cipher = self._ciphers[slot] = AESGCM(key)
        return cipher


def _file_name(number: int) -> str:
    return f"{number:010}{_SUFFIX}"


def side_names(disk: Disk, folder: Path) -> list[str]:
    return [name for name in disk.names(folder) if name.endswith(_SUFFIX)]


def sealed_frames(disk: Disk, path: Path) -> Iterator[Sealed | int]:
    """The frames of a file; last, where there is one, the offset of bytes that are no frame."""
    data = disk.read(path)
    place = len(_HEADER)
    if not data.startswith(_HEADER):
        yield 0
        return
    while place < len(data):
        start = place + _FRAME.size
        length, check = _FRAME.unpack_from(data, place) if start <= len(data) else (0, b"")
        body = data[start : start + length]
        if length < _BODY.size or sha256(body).digest()[:8] != check:
            if data[place:].strip(b"\0"):
                yield place
            return
        kind, slot, nonce = _BODY.unpack_from(body)
        end = start + length
        yield Sealed(
            path=path,
            offset=place,
            end=end,
            kind=kind,
            slot=slot,
            nonce=nonce,
            ciphertext=body[_BODY.size :],
        )
        place = end


class Sifted(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a file: its bytes anew, None where nothing is; how many openings are gone
    (0: it stays as it is), and how many are only kept by a hold."""

    content: bytes | None
    gone: int
    held: int


def sift(
    disk: Disk,
    folder: Path,
    name: str,
    fate: Callable[[int, str], Fate],
    entropy: Callable[[int], bytes],
) -> Sifted | None:
    """A closed file of the evidence folder without the openings that are to go, and without the
    parts that only these name; None where all of it stays.

    `fate` says what becomes of an opening, by slot and request. What lies under a key that is
    gone can be read by nobody, and goes too. A file that is torn or damaged goes whole or not at
    all: what cannot be read in it may be anybody's.
    """
    keys = read_keys(disk, folder / SIDE / HOLDERS)
    whole = True
    gone = held = 0
    needed: set[tuple[int, bytes]] = set()
    openings: list[tuple[int, bytes, bytes]] = []
    parts: list[tuple[int, bytes, bytes]] = []
    for frame in sealed_frames(disk, folder / SIDE / name):
        key = None if isinstance(frame, int) else keys.get(frame.slot)
        if isinstance(frame, int) or key is None:
            whole = whole and not isinstance(frame, int)
            gone += not isinstance(frame, int) and frame.kind != _PART
            continue
        content = _opened(frame, key)
        if content is None:
            whole = False
            continue
        if frame.kind == _PART:
            parts.append((frame.slot, sha256(content).digest(), content))
            continue
        shared = _shared(frame.kind, content)
        fates = [fate(frame.slot, request) for request, _ in shared.openings]
        gone += fates.count("gone")
        held += fates.count("held")
        left = [one for one, word in zip(shared.openings, fates, strict=True) if word != "gone"]
        if left:
            needed |= {(frame.slot, digest) for digest in shared.parts}
            kept = _ENCODER.encode(_Shared(shared.inputs, shared.parts, left))
            openings.append((frame.slot, _OPENINGS, kept))
    if openings and not (gone and whole):
        return Sifted(content=b"", gone=0, held=held) if held else None
    kept_parts = [(slot, _PART, data) for slot, digest, data in parts if (slot, digest) in needed]
    pieces = [
        _sealed(keys[slot], kind, slot, entropy(_NONCE_BYTES), content)
        for slot, kind, content in (*kept_parts, *openings)
    ]
    content = b"".join([_HEADER, *pieces]) if openings else None
    return Sifted(content=content, gone=gone, held=held)


def _sealed(key: bytes, kind: bytes, slot: int, nonce: bytes, content: bytes) -> bytes:
    """A frame, as `SideStore` writes it."""
    place = _PLACE.pack(kind, slot)
    body = place + nonce + AESGCM(key).encrypt(nonce, content, place)
    return _FRAME.pack(len(body), sha256(body).digest()) + body


def _opened(frame: Sealed, key: bytes) -> bytes | None:
    place = _PLACE.pack(frame.kind, frame.slot)
    try:
        return AESGCM(key).decrypt(frame.nonce, frame.ciphertext, place)
    except InvalidTag:
        return None


class SideReader:
    """Reads openings back, with the keys that are still there. Writes nothing."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._disk = disk
        self._folder = folder / SIDE
        self._keys = read_keys(disk, self._folder / HOLDERS)
        self.erased = 0
        """Frames under keys that are gone, so far."""
        self.damage: list[tuple[Path, int, str]] = []
        """Path, offset and what is wrong, so far."""

    def find(self, holder: str) -> int:
        """The slot of a holder; -1: nothing is held on him, or no longer."""
        return find_slot(self._disk, self._folder / HOLDERS, holder)

    def openings(self, slot: int | None = None) -> Iterator[Found]:
        """Every opening that can be opened, file by file; with `slot` those of one holder."""
        for name in side_names(self._disk, self._folder):
            parts: dict[tuple[int, bytes], bytes] = {}
            for frame in sealed_frames(self._disk, self._folder / name):
                if isinstance(frame, int):
                    self.damage.append((self._folder / name, frame, "torn or damaged frames"))
                    continue
                if slot is not None and frame.slot != slot:
                    continue
                content = self._unseal(frame)
                if content is None:
                    continue
                if frame.kind == _PART:
                    parts[(frame.slot, sha256(content).digest())] = content
                    continue
                shared = _shared(frame.kind, content)
                named = [parts.get((frame.slot, digest)) for digest in shared.parts]
                for request, salt in shared.openings:
                    yield Found(
                        request=request,
                        salt=salt,
                        inputs=shared.inputs,
                        parts=tuple(part for part in named if part is not None),
                        slot=frame.slot,
                    )

    def _unseal(self, frame: Sealed) -> bytes | None:
        key = self._keys.get(frame.slot)
        if key is None:
            self.erased += 1
            return None
        content = _opened(frame, key)
        if content is None:
            self.damage.append((frame.path, frame.offset, "a frame that its key does not open"))
        return content


def _shared(kind: bytes, content: bytes) -> _Shared:
    if kind == _OPENINGS:
        return msgspec.msgpack.decode(content, type=_Shared)
    kept = msgspec.msgpack.decode(content, type=_Kept)
    return _Shared(kept.inputs, kept.parts, [(kept.request, kept.salt)])
