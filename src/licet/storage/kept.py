"""What is kept of content: requests and answers of workloads that say so, each with its end.

Files `N.kept` of the side store are appended to within the group commit, before the leaf that
tells of the same: a request before it is sent, an answer before its end is. Frames are as
everywhere in the side store, so that an erasure reaches them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from licet.evidence import Content, ContentPart
from licet.storage.disk import Disk
from licet.storage.frames import (
    HOLDERS,
    SIDE,
    SIDE_BYTES_MAX,
    Broken,
    SealedFiles,
    Sealing,
    file_names,
    no_frame,
    not_opened,
    opened,
    sealed_frames,
)
from licet.storage.holders import read_keys

SUFFIX = ".kept"
CONTENT = b"C"


class Said(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A `Content` as it lies in its frame, which says whose it is."""

    request: str
    part: ContentPart
    until: str
    size: int
    data: bytes


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Said)


class KeptStore:
    """Where the recorder puts content, within `SideStore`."""

    def __init__(
        self, folder: Path, disk: Disk, sealing: Sealing, *, file_bytes_max: int = SIDE_BYTES_MAX
    ) -> None:
        """`folder` is that of the side store."""
        self._sealing = sealing
        self._files = SealedFiles(folder, SUFFIX, disk, file_bytes_max=file_bytes_max)

    def append(self, contents: Sequence[Content]) -> None:
        """Makes them durable; `OSError`: none of them counts."""
        holders = self._sealing.holders
        file, _ = self._files.current()
        holders.add(one.holder for one in contents)
        frames: list[bytes] = []
        for one in contents:
            said = Said(one.request, one.part, one.until, one.size, one.data)
            frames += self._sealing.seal(CONTENT, holders.find(one.holder), _ENCODER.encode(said))
        file.append(b"".join(frames))

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
        """All that can be opened with the slot that it lies under; with `slot` what one has."""
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
                elif frame.kind == CONTENT:
                    self.last[frame.path] = frame.offset
                    yield frame.slot, said_in(content)


def said_in(content: bytes) -> Said:
    """What a frame of kind `CONTENT` holds."""
    return _DECODER.decode(content)


def kept_names(disk: Disk, folder: Path) -> list[str]:
    """The files of content, the oldest first; `folder` is that of the side store."""
    return file_names(disk, folder, SUFFIX)
