"""What is kept of content where workloads say so: requests and answers, and turns of conversations
that go on by id, each with its end.

Files `N.kept` of the side store are appended to within the group commit, before the leaf that
tells of the same: a request before it is sent, an answer before its end is. Frames are as
everywhere in the side store, so that an erasure reaches them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from licet.evidence import Content, ContentPart, Turn
from licet.storage.disk import Disk
from licet.storage.frames import (
    CONTENT,
    DELETED,
    HOLDERS,
    KEPT,
    SIDE,
    SIDE_BYTES_MAX,
    TURN,
    Broken,
    SealedFiles,
    Sealing,
    kept_names,
    no_frame,
    not_opened,
    opened,
    sealed_frames,
)
from licet.storage.holders import read_keys
from licet.storage.turns import TurnIndex, tag_of


class Said(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A `Content` as it lies in its frame, which says whose it is."""

    request: str
    part: ContentPart
    until: str
    size: int
    data: bytes


class Deleted(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """That a turn is to be found no more, until its own end; `id` names it."""

    request: str
    until: str
    id: str


Kept = Said | Turn | Deleted

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Said)
_TURN_DECODER = msgspec.msgpack.Decoder(Turn)
_DELETED_DECODER = msgspec.msgpack.Decoder(Deleted)


class KeptStore:
    """Where the recorder puts content, within `SideStore`."""

    def __init__(
        self, folder: Path, disk: Disk, sealing: Sealing, *, file_bytes_max: int = SIDE_BYTES_MAX
    ) -> None:
        """`folder` is that of the side store."""
        self._sealing = sealing
        self._files = SealedFiles(folder, KEPT, disk, file_bytes_max=file_bytes_max)
        self._index = TurnIndex(folder, disk)
        self.folder = folder

    def append(self, contents: Sequence[Content], turns: Sequence[Turn] = ()) -> None:
        """Makes them durable; `OSError`: none of them counts."""
        holders = self._sealing.holders
        file, _ = self._files.current()
        holders.add([one.holder for one in contents] + [one.holder for one in turns])
        frames: list[bytes] = []
        for one in contents:
            said = Said(one.request, one.part, one.until, one.size, one.data)
            frames += self._sealing.seal(CONTENT, holders.find(one.holder), _ENCODER.encode(said))
        end = file.end + sum(map(len, frames))
        placed: list[tuple[bytes, int]] = []
        for turn in turns:
            slot = holders.find(turn.holder)
            tag = self._tag(slot, turn.scope, turn.id)
            frame = self._sealing.seal(TURN, slot, _ENCODER.encode(turn), tag)
            frames += frame
            placed.append((tag, end))
            end += sum(map(len, frame))
        file.append(b"".join(frames))
        for tag, offset in placed:
            self._index.add(file.path.name, tag, offset)

    def ready(self) -> bool:
        """Does a part of what must be done before turns can be found; whether all is. `OSError`."""
        return self._index.step()

    def turn(self, holder: str, scope: str, id: str) -> Turn | None:
        """A turn, where this holder has one of that id, and it was not deleted; `OSError`."""
        slot = self._sealing.holders.find(holder)
        key = self._sealing.holders.key(slot)
        if key is None:
            return None
        found = self._index.find(tag_of(key, scope, id), key)
        return None if found is None or (found.id, found.scope) != (id, scope) else found

    def delete(self, turn: Turn) -> None:
        """From now on the turn is not to be found, durably; `OSError`."""
        slot = self._sealing.holders.find(turn.holder)
        tag = self._tag(slot, turn.scope, turn.id)
        file, _ = self._files.current()
        gone = _ENCODER.encode(Deleted(turn.request, turn.until, turn.id))
        file.append(b"".join(self._sealing.seal(DELETED, slot, gone, tag)))
        self._index.delete(tag)

    def _tag(self, slot: int, scope: str, id: str) -> bytes:
        key = self._sealing.holders.key(slot)
        assert key is not None  # its holder was added before
        return tag_of(key, scope, id)

    def turn_over(self) -> None:
        """See `SealedFiles.turn_over`."""
        self._files.turn_over()

    def repair(self) -> None:
        """See `AppendFile.repair`."""
        self._files.repair()

    def close(self) -> None:
        self._files.close()


class KeptReader:
    """Reads content back, with the keys that are still there. Writes nothing."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        """`folder` is the evidence folder."""
        self._disk = disk
        self._folder = folder / SIDE
        self._keys = read_keys(disk, self._folder / HOLDERS)
        self.gone: set[int] = set()
        """The slots under whose keys nothing can be read any more, so far."""
        self.last: dict[Path, int] = {}
        """Where the last frame lies of each file that what was read so far is from."""
        self.damage: list[Broken] = []
        """What cannot be read, so far."""

    def exists(self) -> bool:
        """Whether content was ever kept here, and some file of it still lies there."""
        return bool(kept_names(self._disk, self._folder))

    def contents(self, slot: int | None = None) -> Iterator[tuple[int, Said]]:
        """What can be opened of requests and answers, with the slot that each lies under; with
        `slot` what one holder has."""
        for place, kept in self.everything(slot):
            if isinstance(kept, Said):
                yield place, kept

    def everything(self, slot: int | None = None) -> Iterator[tuple[int, Kept]]:
        """As `contents`, with turns, and what says that some were deleted."""
        for name in kept_names(self._disk, self._folder):
            for frame in sealed_frames(self._disk, self._folder / name):
                if isinstance(frame, int):
                    self.damage.append(no_frame(self._folder / name, frame))
                    continue
                if slot not in (None, frame.slot):
                    continue
                key = self._keys.get(frame.slot)
                if key is None:
                    self.gone.add(frame.slot)
                    continue
                content = opened(frame, key)
                if content is None:
                    self.damage.append(not_opened(frame))
                else:
                    if frame.kind == CONTENT:
                        self.last[frame.path] = frame.offset
                    yield frame.slot, kept_in(frame.kind, content)


def kept_in(kind: bytes, content: bytes) -> Kept:
    """What a frame of this kind holds."""
    if kind == TURN:
        return _TURN_DECODER.decode(content)
    return (_DELETED_DECODER if kind == DELETED else _DECODER).decode(content)
