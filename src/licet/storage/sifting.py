"""Letting go of what lies in a closed file of the side store, and keeping the rest of it.

A file that is torn or damaged goes whole or not at all: what cannot be read in it may be
anybody's. What lies under a key that is gone can be read by nobody, and goes too.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Literal

import msgspec

from licet.storage.disk import Disk
from licet.storage.frames import (
    HEADER,
    HOLDERS,
    NONCE_BYTES,
    SIDE,
    Sealed,
    opened,
    sealed,
    sealed_frames,
)
from licet.storage.holders import read_keys
from licet.storage.kept import Kept, kept_in
from licet.storage.side import OPENINGS, PART, Shared, openings_at_most, shared_in

Fate = Literal["stays", "held", "gone"]
"""What becomes of something: its time is not over; it is, and a hold keeps it; it goes."""

_ENCODER = msgspec.msgpack.Encoder()


class Sifted(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a file: its bytes anew, None where nothing is; how much of it is gone
    (0: it stays as it is), and how much is only kept by a hold."""

    content: bytes | None
    gone: int
    held: int
    unread: int = 0
    """Openings, at most, among what is gone that nobody could count."""


def sift(
    disk: Disk,
    folder: Path,
    name: str,
    fate: Callable[[int, str], Fate],
    entropy: Callable[[int], bytes],
) -> Sifted | None:
    """A closed file of the evidence folder without the openings that are to go, and without the
    parts that only these name; None where all of it stays.

    `fate` says what becomes of an opening, by slot and request.
    """
    keys = read_keys(disk, folder / SIDE / HOLDERS)
    whole = True
    gone = held = unread = 0
    needed: set[tuple[int, bytes]] = set()
    openings: list[tuple[int, bytes, bytes]] = []
    parts: list[tuple[int, bytes, bytes]] = []
    for frame in sealed_frames(disk, folder / SIDE / name):
        key = None if isinstance(frame, int) else keys.get(frame.slot)
        if isinstance(frame, int) or key is None:
            if isinstance(frame, int):
                whole = False
            elif frame.kind != PART:
                gone += 1
                unread += openings_at_most(frame)
            continue
        content = opened(frame, key)
        if content is None:
            whole = False
            continue
        if frame.kind == PART:
            parts.append((frame.slot, sha256(content).digest(), content))
            continue
        shared = shared_in(frame.kind, content)
        fates = [fate(frame.slot, request) for request, _ in shared.openings]
        gone += fates.count("gone")
        held += fates.count("held")
        left = [one for one, word in zip(shared.openings, fates, strict=True) if word != "gone"]
        if left:
            needed |= {(frame.slot, digest) for digest in shared.parts}
            kept = _ENCODER.encode(Shared(shared.inputs, shared.parts, left))
            openings.append((frame.slot, OPENINGS, kept))
    if openings and not (gone and whole):
        return Sifted(content=b"", gone=0, held=held) if held else None
    kept_parts = [(slot, PART, data) for slot, digest, data in parts if (slot, digest) in needed]
    pieces = [
        sealed(keys[slot], kind, slot, entropy(NONCE_BYTES), content)
        for slot, kind, content in (*kept_parts, *openings)
    ]
    content = b"".join([HEADER, *pieces]) if openings else None
    return Sifted(content=content, gone=gone, held=held, unread=unread)


def sift_kept(
    disk: Disk,
    folder: Path,
    name: str,
    fate: Callable[[int, Kept], Fate],
    entropy: Callable[[int], bytes],
) -> Sifted | None:
    """As `sift`, of a closed file of content; `fate` is asked by slot and what was said."""
    keys = read_keys(disk, folder / SIDE / HOLDERS)
    whole = True
    gone = held = 0
    stays: list[tuple[Sealed, bytes]] = []
    for frame in sealed_frames(disk, folder / SIDE / name):
        if isinstance(frame, int):
            whole = False
            continue
        key = keys.get(frame.slot)
        content = None if key is None else opened(frame, key)
        if content is None:
            gone += key is None
            whole = whole and key is None
            continue
        word = fate(frame.slot, kept_in(frame.kind, content))
        gone += word == "gone"
        held += word == "held"
        if word != "gone":
            stays.append((frame, content))
    if stays and not (gone and whole):
        return Sifted(content=b"", gone=0, held=held) if held else None
    pieces = [
        sealed(keys[one.slot], one.kind, one.slot, entropy(NONCE_BYTES), content, one.tag)
        for one, content in stays
    ]
    left = b"".join([HEADER, *pieces]) if stays else None
    return Sifted(content=left, gone=gone, held=held)
