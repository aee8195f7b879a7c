"""The bytes of the write-ahead file: segments of batches of leaves.

A segment starts with a header of 64 bytes; then come batches, each a header of 32 bytes and
its leaves, each leaf behind its length and the first 8 bytes of its RFC 6962 leaf hash.
Integers are big endian. Nothing in a leaf can look like a batch header, since a leaf is
UTF-8 and the mark begins with 0xff.

INVARIANT (synced-before): a batch is written only after everything before it has been synced.
So a whole batch header that lies behind damaged bytes proves that those bytes were once
durable: that is damage. Damaged bytes with no later batch header are a torn tail, of a batch
that nobody was told about.
"""

from __future__ import annotations

import struct
from hashlib import sha256

import msgspec

SEGMENT_HEADER_BYTES = 64
BATCH_HEADER_BYTES = 32
LEAF_HEADER_BYTES = 12

_SEGMENT_MARK = b"LICETLOG"
BATCH_MARK = b"\xff\x00BATCH\xff"
_VERSION = 1
_SEGMENT = struct.Struct(">8sIIQ32s")
BATCH = struct.Struct(">8sQII")
LEAF = struct.Struct(">I8s")


class SegmentHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The index of the first leaf, and the root of the tree before it."""

    first: int
    root: bytes


class Batch(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One group commit: leaves with their hashes, and where the next batch begins."""

    first: int
    leaves: list[bytes]
    hashes: list[bytes]
    end: int


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing but unused room follows."""


class Torn(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes from here on belong to a batch that was never acknowledged."""

    offset: int


class Damaged(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that were once durable are no longer what they were."""

    offset: int
    index: int
    why: str


def encode_segment_header(header: SegmentHeader) -> bytes:
    fields = _SEGMENT.pack(_SEGMENT_MARK, _VERSION, 0, header.first, header.root)
    return fields + sha256(fields).digest()[:8]


def decode_segment_header(data: bytes) -> SegmentHeader | None:
    """The header, or None when it is not one."""
    if len(data) < SEGMENT_HEADER_BYTES:
        return None
    fields = data[: _SEGMENT.size]
    mark, version, _, first, root = _SEGMENT.unpack(fields)
    check = data[_SEGMENT.size : SEGMENT_HEADER_BYTES]
    if mark != _SEGMENT_MARK or version != _VERSION or check != sha256(fields).digest()[:8]:
        return None
    return SegmentHeader(first=first, root=root)


def read_batch(data: bytes, offset: int, index: int) -> Batch | Ended | Torn | Damaged:
    """The batch at `offset`, which must begin with leaf `index`.

    `data` is a whole segment. Whether something wrong is torn or damaged is decided by
    INVARIANT (synced-before).
    """
    if _is_unused(data, offset):
        return Ended()
    head = _batch_header(data, offset)
    if head is None or head[0] != index:
        return _torn_or_damaged(data, offset, offset, index, "not the header of the next batch")
    _, count, body = head
    place = offset + BATCH_HEADER_BYTES
    end = place + body
    if end > len(data):
        return _torn_or_damaged(data, offset, place, index, "the file ends inside a batch")
    leaves: list[bytes] = []
    hashes: list[bytes] = []
    unpack = LEAF.unpack_from
    for number in range(count):
        start = place + LEAF_HEADER_BYTES
        if start > end:
            return _torn_or_damaged(data, offset, place, index + number, "a batch too short")
        length, check = unpack(data, place)
        leaf = data[start : start + length]
        hashed = sha256(b"\x00" + leaf).digest()
        if hashed[:8] != check or not length or start + length > end:
            why = "a record that does not fit its hash"
            return _torn_or_damaged(data, offset, place, index + number, why)
        leaves.append(leaf)
        hashes.append(hashed)
        place = start + length
    if place != end:
        return _torn_or_damaged(data, offset, place, index + count, "a batch too long")
    return Batch(first=index, leaves=leaves, hashes=hashes, end=end)


def _batch_header(data: bytes, offset: int) -> tuple[int, int, int] | None:
    fields = data[offset : offset + BATCH.size]
    if len(fields) < BATCH.size or not fields.startswith(BATCH_MARK):
        return None
    check = data[offset + BATCH.size : offset + BATCH_HEADER_BYTES]
    if check != sha256(fields).digest()[:8]:
        return None
    _, first, count, body = BATCH.unpack(fields)
    return first, count, body


def _is_unused(data: bytes, offset: int) -> bool:
    """Whether only zeros follow: the look at a few bytes spares the look at all of them."""
    return not any(data[offset : offset + BATCH_HEADER_BYTES]) and not data[offset:].strip(b"\0")


def _torn_or_damaged(
    data: bytes, batch_start: int, place: int, index: int, why: str
) -> Torn | Damaged:
    later = data.find(BATCH_MARK, batch_start + 1)
    while later != -1:
        head = _batch_header(data, later)
        if head is not None and head[0] >= index:
            return Damaged(offset=place, index=index, why=why)
        later = data.find(BATCH_MARK, later + 1)
    return Torn(offset=batch_start)
