"""Reading a log's folder without writing to it: for recovery, for `show`, for adoption."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from licet.evidence import (
    SEGMENT_HEADER_BYTES,
    Batch,
    Damaged,
    Ended,
    Glance,
    Leaf,
    Torn,
    decode,
    decode_segment_header,
    glance,
    read_batch,
)
from licet.storage.books import damaged
from licet.storage.disk import Disk, RealDisk
from licet.terms import EvidenceFault

WAL = "wal"
SUFFIX = ".wal"


def segment_name(first: int) -> str:
    return f"{first:020}{SUFFIX}"


def first_of(name: str) -> int:
    """The index of the first leaf of a segment, which is its name."""
    number = name.removesuffix(SUFFIX)
    if not (number.isascii() and number.isdigit()):
        raise EvidenceFault("log_damaged", f"`{name}` is not the name of a segment")
    return int(number)


def segment_names(disk: Disk, folder: Path) -> list[str]:
    return [name for name in disk.names(folder / WAL) if name.endswith(SUFFIX)]


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A batch and where it lies, or the end of the log: `torn` where bytes follow it."""

    segment: str
    offset: int
    batch: Batch | None
    torn: bool = False


def stretches(
    disk: Disk, folder: Path, *, segment: str = "", offset: int = 0, index: int = 0
) -> Iterator[Stretch]:
    """All batches from a place on, in order; `EvidenceFault` (`log_damaged`) where one is not.

    A torn tail comes last, without batch, and so does a last segment that is still empty: at its
    header's end, or at 0 when not even the header is whole.
    """
    names = [name for name in segment_names(disk, folder) if name >= segment]
    for number, name in enumerate(names):
        place = offset if name == segment and offset else SEGMENT_HEADER_BYTES
        last = number == len(names) - 1
        for stretch in segment_stretches(disk, folder, name, place, index, last=last):
            yield stretch
            if stretch.batch is not None:
                index += len(stretch.batch.leaves)


def segment_stretches(
    disk: Disk, folder: Path, name: str, place: int, index: int, *, last: bool
) -> Iterator[Stretch]:
    """The batches of one segment from `place` on, where leaf `index` begins; see `stretches`."""
    path = folder / WAL / name
    data = disk.read(path)
    header = decode_segment_header(data)
    if header is None:
        if last and len(data) <= SEGMENT_HEADER_BYTES:
            yield Stretch(segment=name, offset=0, batch=None, torn=len(data) > 0)
            return
        raise damaged(path, 0, index, "not the header of a segment")
    if place > len(data):
        raise damaged(path, len(data), index, f"{place - len(data)} bytes are missing")
    if place > SEGMENT_HEADER_BYTES and not data.endswith(b"}", 0, place):
        # Zeros after the last leaf are unused room; in its place they are its loss.
        raise damaged(path, place - 1, index - 1, "the end of a leaf is missing")
    if place == SEGMENT_HEADER_BYTES and header.first != index:
        raise damaged(path, 0, index, f"the segment begins with leaf {header.first}")
    while True:
        match read_batch(data, place, index):
            case Batch() as batch:
                yield Stretch(segment=name, offset=place, batch=batch)
                place = batch.end
                index += len(batch.leaves)
            case Ended():
                if last and place == SEGMENT_HEADER_BYTES:
                    yield Stretch(segment=name, offset=place, batch=None)
                return
            case Torn(offset=where):
                if not last:
                    raise damaged(path, where, index, "a closed segment ends inside a batch")
                yield Stretch(segment=name, offset=where, batch=None, torn=True)
                return
            case Damaged() as found:
                raise damaged(path, found.offset, found.index, found.why)


def leaves(
    folder: Path, disk: Disk | None = None, *, first: int = 0
) -> Iterator[tuple[int, bytes]]:
    """Every leaf from `first` on with its index, as far as a recorder that may be writing has
    got. Segments that end before it are not read."""
    chosen = disk or RealDisk()
    begins = max(
        (name for name in segment_names(chosen, folder) if first_of(name) <= first), default=""
    )
    index = first_of(begins) if begins else 0
    for stretch in stretches(chosen, folder, segment=begins, index=index):
        if stretch.batch is None:
            continue
        for place, leaf in enumerate(stretch.batch.leaves, stretch.batch.first):
            if place >= first:
                yield place, leaf


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which leaves to show; what is empty does not restrict."""

    kinds: frozenset[str] = frozenset()
    request: str = ""
    from_at: str = ""
    until_at: str = ""


def show(
    folder: Path, filters: Filters | None = None, *, disk: Disk | None = None
) -> Iterator[tuple[int, Leaf]]:
    """The leaves that all filters let pass, in order; `until_at` is excluded."""
    wanted = filters or Filters()
    for index, data in leaves(folder, disk):
        seen = glance(data)
        if _passes(seen, wanted):
            yield index, decode(data)


def _passes(seen: Glance, wanted: Filters) -> bool:
    return (
        (not wanted.kinds or seen.kind in wanted.kinds)
        and (not wanted.request or seen.request == wanted.request)
        and wanted.from_at <= seen.at
        and (not wanted.until_at or seen.at < wanted.until_at)
    )
