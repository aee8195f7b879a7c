"""What workers and the recorder say to each other over their Unix socket.

Each message is its length in four bytes, big endian, and a MessagePack array that begins
with its name. A worker numbers its entries from 1 without gaps; the recorder answers ranges.
"""

from __future__ import annotations

import struct

import msgspec

from licet.evidence.commitments import Opening
from licet.evidence.contents import Content
from licet.terms import EvidenceFault

MESSAGE_BYTES_MAX = 32 << 20
_LENGTH = struct.Struct(">I")


class _Message(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    pass


class Entry(_Message, frozen=True, kw_only=True):
    """A leaf's canonical bytes, and what goes into the side store with it: the opening of its
    commitment, and what is kept of content."""

    leaf: bytes
    opening: Opening | None = None
    content: Content | None = None


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


Message = Hello | Submit | Erase | Welcome | Ack | Nack | Erased

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Message)


def encode_message(message: Message) -> bytes:
    body = _ENCODER.encode(message)
    return _LENGTH.pack(len(body)) + body


class Messages:
    """Puts messages together from whatever pieces a socket delivers."""

    __slots__ = ("_needed", "_partial")

    def __init__(self) -> None:
        self._partial = bytearray()
        self._needed = 0
        """Fewer bytes than these of `_partial` are no message."""

    def feed(self, data: bytes | bytearray | memoryview) -> list[Message]:
        """The messages that are now whole; `EvidenceFault` (`protocol`) ends the connection.

        `data` may be overwritten afterwards: nothing of it is kept.
        """
        if self._partial:
            self._partial += data
            if len(self._partial) < self._needed:
                return []
            data, self._partial = self._partial, bytearray()
        whole = memoryview(data)
        found: list[Message] = []
        place, size = 0, len(whole)
        self._needed = _LENGTH.size
        while size - place >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(whole, place)
            if length > MESSAGE_BYTES_MAX:
                raise EvidenceFault("protocol", f"a message of {length} bytes is too long")
            end = place + _LENGTH.size + length
            if size < end:
                self._needed = end - place
                break
            try:
                found.append(_DECODER.decode(whole[place + _LENGTH.size : end]))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise EvidenceFault("protocol", f"not a message: {error}") from error
            place = end
        if place < size:
            self._partial += whole[place:]
        return found
