"""The side store: openings of commitments, encrypted under a key per holder, erasable.

Files of `side/` are appended to within the group commit, before the leaves that they belong to:
openings in `N.side`, in frames as `frames` makes them, and what is kept of content in `N.kept`.
What one holder asked within one group commit, on the same inputs, is one frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from licet.evidence import Content, Opening, Turn
from licet.storage.appending import disk_fault
from licet.storage.disk import Disk
from licet.storage.frames import (
    HOLDERS,
    SIDE,
    SIDE_BYTES_MAX,
    Broken,
    Sealed,
    SealedFiles,
    Sealing,
    file_names,
    no_frame,
    not_opened,
    opened,
    sealed_frames,
)
from licet.storage.holders import Holders, find_slot, read_keys
from licet.storage.kept import KeptStore

SUFFIX = ".side"
PART, _OPENING, OPENINGS = b"P", b"O", b"S"
_OPENING_BYTES_MIN = 37
"""What an opening takes among others at least, in MessagePack: a salt of 32 bytes, and heads."""
_PLACED_MAX = 4_096


class _Kept(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """An opening without its holder, its parts by SHA-256: how earlier versions kept each."""

    request: str
    salt: bytes
    inputs: bytes
    parts: list[bytes]


class Shared(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Openings of one holder that share inputs and parts, the latter by SHA-256."""

    inputs: bytes
    parts: list[bytes]
    openings: list[tuple[str, bytes]]
    """Request and salt of each."""


_ENCODER = msgspec.msgpack.Encoder()

_Common = tuple[str, bytes, tuple[bytes, ...]]
"""What openings in one frame have in common: holder, inputs, parts."""


class Found(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An opening that was read back, and where its frame lies; a part that is `lacking` is not in
    `parts`."""

    request: str
    salt: bytes
    inputs: bytes
    parts: tuple[bytes, ...]
    slot: int
    path: Path
    offset: int
    lacking: int = 0


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
        self._folder = folder / SIDE
        self._files = SealedFiles(self._folder, SUFFIX, disk, file_bytes_max=file_bytes_max)
        self._parts: set[tuple[int, bytes]] = set()
        # What returns with each request of a holder, and where it lies in this file.
        self._placed: dict[_Common, tuple[int, list[bytes]]] = {}
        try:
            disk.make_folder(self._folder)
            self._sealing = Sealing(Holders(disk, self._folder / HOLDERS, entropy), entropy)
        except OSError as error:
            raise disk_fault(error, self._folder) from error
        self.kept = KeptStore(self._folder, disk, self._sealing, file_bytes_max=file_bytes_max)

    def append(
        self,
        openings: Sequence[Opening],
        contents: Sequence[Content] = (),
        turns: Sequence[Turn] = (),
    ) -> None:
        """Makes all of it durable; `EvidenceFault` (`disk_...`): none of them counts."""
        try:
            if openings:
                self._append(openings)
            if contents or turns:
                self.kept.append(contents, turns)
        except OSError as error:
            raise disk_fault(error, self._folder) from error

    def _append(self, openings: Sequence[Opening]) -> None:
        groups: dict[_Common, list[tuple[str, bytes]]] = {}
        for one in openings:
            same = groups.setdefault((one.holder, one.inputs, one.parts), [])
            same.append((one.request, one.salt))
        file, is_new = self._files.current()
        if is_new:
            # Each file holds the parts that its openings name, so that files can be let go of
            # one by one when their time is over.
            self._parts.clear()
            self._placed.clear()
        self._sealing.holders.add(common[0] for common in groups if common not in self._placed)
        placed: dict[_Common, tuple[int, list[bytes]]] = {}
        parts: set[tuple[int, bytes]] = set()
        frames: list[bytes] = []
        for common, same in groups.items():
            found = self._placed.get(common)
            if found is None:
                found = placed[common] = self._place(common, parts, frames)
            slot, digests = found
            content = _ENCODER.encode(Shared(common[1], digests, same))
            frames += self._sealing.seal(OPENINGS, slot, content)
        file.append(b"".join(frames))
        self._parts |= parts
        if len(self._placed) >= _PLACED_MAX:
            self._placed.clear()
        self._placed |= placed

    def turn_over(self) -> None:
        """What follows begins new files: then these are closed, and can be let go of."""
        self._files.turn_over()
        self.kept.turn_over()

    def find(self, holder: str) -> int:
        """The slot of a holder; -1: nothing is held on him."""
        return self._sealing.holders.find(holder)

    def destroy(self, slot: int) -> None:
        """Destroys a key, and with it everything under it; repeating it does nothing."""
        try:
            self._sealing.destroy(slot)
        except OSError as error:
            raise disk_fault(error, self._folder) from error
        self._parts = {(place, digest) for place, digest in self._parts if place != slot}
        self._placed.clear()

    def require_whole(self) -> None:
        """`EvidenceFault` (`side_damaged`) when a key is damaged that no erasure explains.

        To be called once the erasures that the log has were carried out.
        """
        self._sealing.holders.require_whole()

    def repair(self) -> None:
        """Makes good what a failed write left in doubt; `EvidenceFault` while that fails."""
        try:
            self._sealing.holders.repair()
            self._files.repair()
            self.kept.repair()
        except OSError as error:
            raise disk_fault(error, self._folder) from error

    def close(self) -> None:
        self._sealing.holders.close()
        self._files.close()
        self.kept.close()

    def _place(
        self, common: _Common, fresh: set[tuple[int, bytes]], frames: list[bytes]
    ) -> tuple[int, list[bytes]]:
        """Slot and digests of the parts, whose frames are added where this file has none yet."""
        holder, _, parts = common
        slot = self._sealing.holders.find(holder)
        digests = [sha256(part).digest() for part in parts]
        for part, digest in zip(parts, digests, strict=True):
            if (slot, digest) not in self._parts and (slot, digest) not in fresh:
                fresh.add((slot, digest))
                frames += self._sealing.seal(PART, slot, part)
        return slot, digests


def side_names(disk: Disk, folder: Path) -> list[str]:
    """The files of openings, the oldest first; `folder` is that of the side store."""
    return file_names(disk, folder, SUFFIX)


class SideReader:
    """Reads openings back, with the keys that are still there. Writes nothing."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._disk = disk
        self._folder = folder / SIDE
        self._keys = read_keys(disk, self._folder / HOLDERS)
        self.gone: dict[int, int] = {}
        """The slots under whose keys nothing can be read any more, so far, each with how many
        openings that are at most."""
        self.damage: list[Broken] = []
        """What cannot be read, so far."""

    def find(self, holder: str) -> int:
        """The slot of a holder; -1: nothing is held on him, or no longer."""
        return find_slot(self._disk, self._folder / HOLDERS, holder)

    def openings(self, slot: int | None = None) -> Iterator[Found]:
        """Every opening that can be opened, file by file; with `slot` those of one holder."""
        for name in side_names(self._disk, self._folder):
            parts: dict[tuple[int, bytes], bytes] = {}
            for frame in sealed_frames(self._disk, self._folder / name):
                if isinstance(frame, int):
                    self.damage.append(no_frame(self._folder / name, frame))
                    continue
                if slot is not None and frame.slot != slot:
                    continue
                content = self.unseal(frame)
                if content is None:
                    continue
                if frame.kind == PART:
                    parts[(frame.slot, sha256(content).digest())] = content
                    continue
                shared = shared_in(frame.kind, content)
                named = [parts.get((frame.slot, digest)) for digest in shared.parts]
                present = tuple(part for part in named if part is not None)
                for request, salt in shared.openings:
                    yield Found(
                        request=request,
                        salt=salt,
                        inputs=shared.inputs,
                        parts=present,
                        slot=frame.slot,
                        path=frame.path,
                        offset=frame.offset,
                        lacking=len(named) - len(present),
                    )

    def unseal(self, frame: Sealed) -> bytes | None:
        """What is in a frame; None, and noted, where nobody can tell."""
        key = self._keys.get(frame.slot)
        if key is None:
            self.gone[frame.slot] = self.gone.get(frame.slot, 0) + openings_at_most(frame)
            return None
        content = opened(frame, key)
        if content is None:
            self.damage.append(not_opened(frame))
        return content


def openings_at_most(frame: Sealed) -> int:
    """How many openings a frame may have, which nobody can read: each takes a salt and a name."""
    match frame.kind:
        case b"S":
            return max(1, len(frame.ciphertext) // _OPENING_BYTES_MIN)
        case b"O":
            return 1
        case _:
            return 0


def shared_in(kind: bytes, content: bytes) -> Shared:
    """What a frame of openings holds, of whichever kind it is."""
    if kind == OPENINGS:
        return msgspec.msgpack.decode(content, type=Shared)
    kept = msgspec.msgpack.decode(content, type=_Kept)
    return Shared(kept.inputs, kept.parts, [(kept.request, kept.salt)])
