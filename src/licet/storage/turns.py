"""Where kept turns lie, and finding them by id: an index in memory, made from the files.

A frame of a turn (`R`), or of its deletion (`D`), begins with a tag: 16 bytes of the HMAC-SHA-256
of scope and id under the key of its holder. So a turn is found only by whoever it is of: somebody
else's tag is another one, an id that does not exist and one of another person are the same, and
after an erasure the tag says nothing. The index is a dictionary of tags per file, read in steps
from the heads of frames; nothing is decrypted for it. A file that `licet evidence expire` has
written anew is read again when a frame is not where it was.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import msgspec

from licet.evidence import Turn
from licet.storage.disk import Disk
from licet.storage.frames import (
    DELETED,
    TAG_BYTES,
    TURN,
    Head,
    Sealed,
    frame_at,
    heads,
    kept_names,
    opened,
)

SCANNED_AT_ONCE = 256
"""Heads of frames that one step looks at: some hundred microseconds."""

_DECODER = msgspec.msgpack.Decoder(Turn)


def tag_of(key: bytes, scope: str, id: str) -> bytes:
    """What a turn is found by, under the key of its holder."""
    return hmac.digest(key, f"{scope}\0{id}".encode(), sha256)[:TAG_BYTES]


class TurnIndex:
    """Finds turns. To be filled by `step` first, until that says that it is."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        """`folder` is that of the side store."""
        self._folder = folder
        self._disk = disk
        self._places: dict[str, dict[bytes, int]] = {}
        self._deleted: set[bytes] = set()
        self._scan: Iterator[None] | None = None
        self._is_filled = False

    def step(self) -> bool:
        """A part of the reading that is still to be done; whether all of it is. `OSError`."""
        if not self._is_filled:
            if self._scan is None:
                self._scan = self._read_all()
            try:
                self._is_filled = next(self._scan, self) is self
            except OSError:
                # To be begun again: what has been seen so far is not all.
                self._scan = None
                raise
        return self._is_filled

    def add(self, name: str, tag: bytes, offset: int) -> None:
        """A turn was appended to a file. What is read from the files later has it anyway."""
        self._places.setdefault(name, {})[tag] = offset

    def delete(self, tag: bytes) -> None:
        self._deleted.add(tag)

    def find(self, tag: bytes, key: bytes) -> Turn | None:
        """The turn of a tag; `OSError`."""
        if tag in self._deleted:
            return None
        for name in reversed(self._places):
            offset = self._places[name].get(tag)
            if offset is None:
                continue
            frame = self._frame(name, offset, tag)
            content = None if frame is None else opened(frame, key)
            if content is not None:
                return _DECODER.decode(content)
        return None

    def _frame(self, name: str, offset: int, tag: bytes) -> Sealed | None:
        path = self._folder / name
        try:
            frame = frame_at(self._disk, path, offset)
            if frame is not None and frame.kind == TURN and frame.tag == tag:
                return frame
            # It was written anew, or is damaged.
            self._places[name] = {}
            for head in heads(self._disk, path):
                self._note(name, head)
            moved = self._places[name].get(tag)
            return None if moved is None else frame_at(self._disk, path, moved)
        except FileNotFoundError:
            self._places[name] = {}
            return None

    def _read_all(self) -> Iterator[None]:
        seen = 0
        for name in kept_names(self._disk, self._folder):
            found = self._places.setdefault(name, {})
            try:
                for head in heads(self._disk, self._folder / name):
                    self._note(name, head)
                    seen += 1
                    if seen % SCANNED_AT_ONCE == 0:
                        yield
            except FileNotFoundError:
                # Its time was over while the others were read.
                found.clear()
        self._places = dict(sorted(self._places.items()))

    def _note(self, name: str, head: Head) -> None:
        if head.kind == TURN:
            self._places[name].setdefault(head.tag, head.offset)
        elif head.kind == DELETED:
            self._deleted.add(head.tag)
