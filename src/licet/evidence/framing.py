"""Messages between workers and the recorder as bytes: each is its length in four bytes, big
endian, and a MessagePack array that begins with its name."""

from __future__ import annotations

import struct

import msgspec

from licet.evidence.messages import Message
from licet.terms import EvidenceFault

MESSAGE_BYTES_MAX = 32 << 20
_LENGTH = struct.Struct(">I")
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
