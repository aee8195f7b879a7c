"""A group commit as it is written; how it is read, and why it looks so, is in `segments`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

from licet.evidence.segments import BATCH, BATCH_MARK, LEAF, LEAF_HEADER_BYTES


def encode_batch(first: int, leaves: Sequence[bytes], hashes: Iterable[bytes]) -> bytes:
    """The bytes of a batch; `hashes` are the leaf hashes, in order."""
    parts = [b""]
    body = 0
    for leaf, hashed in zip(leaves, hashes, strict=True):
        size = len(leaf)
        body += LEAF_HEADER_BYTES + size
        # Of each hash the format `8s` takes the first 8 bytes.
        parts.append(LEAF.pack(size, hashed))
        parts.append(leaf)
    fields = BATCH.pack(BATCH_MARK, first, len(leaves), body)
    parts[0] = fields + sha256(fields).digest()[:8]
    return b"".join(parts)
