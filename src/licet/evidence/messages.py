"""What workers and the recorder say to each other over their Unix socket.

A worker numbers its entries from 1 without gaps; the recorder answers ranges. `framing` says
how messages are told apart.
"""

from __future__ import annotations

import msgspec

from licet.evidence.commitments import Opening
from licet.evidence.contents import Content
from licet.evidence.turns import Turn


class _Message(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    pass


class Entry(_Message, frozen=True, kw_only=True):
    """A leaf's canonical bytes, and what goes into the side store with it: the opening of its
    commitment, and what is kept of content: one of its parts, a turn of a conversation."""

    leaf: bytes
    opening: Opening | None = None
    content: Content | None = None
    turn: Turn | None = None


class Hello(_Message, frozen=True, kw_only=True, tag="hello"):
    """From a worker, first: who it is, for status and faults."""

    worker: str


class Submit(_Message, frozen=True, kw_only=True, tag="submit"):
    """From a worker: entries numbered from `first`."""

    first: int
    entries: list[Entry]


class Erase(_Message, frozen=True, kw_only=True, tag="erase"):
    """From the supervisor: destroy the key of a holder; answered with `Erased`, or with a
    `Nack` of no entries."""

    holder: str


class Recall(_Message, frozen=True, kw_only=True, tag="recall"):
    """From a worker: a kept turn, and with `bytes_max` above 0 all before it, which together may
    have so many bytes. Answered with `Recalled` of the same number."""

    number: int
    holder: str
    scope: str
    id: str
    now: str
    """An instant as leaves write it: what has its end before it is not there."""
    bytes_max: int = 0
    delete: bool = False
    """It is to be found no more."""


class Recalled(_Message, frozen=True, kw_only=True, tag="recalled"):
    """The turns, the oldest first. `code`, where they are not to be had: `not_found`, `too_long`,
    or why they cannot be read, or be deleted."""

    number: int
    turns: list[Turn]
    code: str = ""


class Welcome(_Message, frozen=True, kw_only=True, tag="welcome"):
    """From the recorder, first: the log, its size, and where its decision clock stands.

    Sent again whenever `fault` changes: the code for which it refuses entries now; empty: none.
    """

    log: str
    size: int
    last_at: str
    fault: str = ""


class Ack(_Message, frozen=True, kw_only=True, tag="ack"):
    """Entries `[first, first + count)` are durable, as leaves from `index` on."""

    first: int
    count: int
    index: int


class Nack(_Message, frozen=True, kw_only=True, tag="nack"):
    """Entries `[first, first + count)` are not in the log, for the reason of a fault code."""

    first: int
    count: int
    code: str
    message: str


class Erased(_Message, frozen=True, kw_only=True, tag="erased"):
    """The slot whose key is gone; -1: nothing was held on this holder."""

    slot: int


Message = Hello | Submit | Erase | Recall | Recalled | Welcome | Ack | Nack | Erased
