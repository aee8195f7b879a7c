"""What is saved beside the log, so that a start need not read all of it.

Derived from the log, and checked by its hash: lost or damaged, it is made again.
"""

from __future__ import annotations

import hashlib

import msgspec

from licet.evidence import Frontier
from licet.storage.books import Attempt


class State(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where a start may begin to read. Derived from the log: lost, it is made again."""

    size: int
    roots: list[bytes]
    segment: str
    offset: int
    last_at: str
    open_attempts: list[Attempt]
    registered: int
    """How many of the leaves are register leaves."""

    def frontier(self) -> Frontier:
        return Frontier(self.size, self.roots)


class Registered(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The register leaves with their indices, so that adoption need not read the log."""

    leaves: list[tuple[int, bytes]]


def seal(value: State | Registered) -> bytes:
    """A derived file: SHA-256 of the rest, then MessagePack."""
    body = msgspec.msgpack.encode(value)
    return hashlib.sha256(body).digest() + body


def unseal_state(data: bytes) -> State | None:
    """The state, or None when the file is not whole: it is then derived anew."""
    body = _unsealed(data)
    return None if body is None else msgspec.msgpack.decode(body, type=State)


def unseal_registered(data: bytes) -> Registered | None:
    body = _unsealed(data)
    return None if body is None else msgspec.msgpack.decode(body, type=Registered)


def _unsealed(data: bytes) -> bytes | None:
    digest, body = data[:32], data[32:]
    return body if hashlib.sha256(body).digest() == digest else None
