"""Streams: events cut out of bytes, classified, and passed on as they stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from licet.terms import VendorFault
from licet.wire.chat_reading import read_chunk
from licet.wire.dialect import CHAT, MESSAGES, RESPONSES, Dialect
from licet.wire.frames import Frame
from licet.wire.framing import CR, data_of, end_of_event, name_of
from licet.wire.messages_reading import read_event
from licet.wire.progress import Kind, Progress
from licet.wire.responses_reading import read_event as read_response_event
from licet.wire.vendor import VendorError, malformed, mended, read_error

EVENT_SIZE_MAX: Final = 4 * 1024 * 1024
"""Bytes of one event; an image or a document may come in a single one."""

_READERS: Final[dict[Dialect, Callable[[Progress, bytes], Kind]]] = {
    CHAT: read_chunk,
    MESSAGES: read_event,
    RESPONSES: read_response_event,
}


def keep_alive(dialect: Dialect) -> bytes:
    """What may stand anywhere in a stream and says nothing: clients pass over it, and what lies
    between sees that the connection is alive."""
    if dialect == MESSAGES:
        return b'event: ping\ndata: {"type":"ping"}\n\n'
    return b": keep-alive\n\n"


class StreamReader(Progress):
    """Reads one stream of one upstream: `feed` it, `finish` when the upstream hangs up.

    `strip_usage` keeps from the caller the usage chunk that only we asked for. After the
    end, and after something malformed, nothing more is read.
    """

    __slots__ = (
        "_event_size_max",
        "_over",
        "_partial",
        "_plain",
        "_read",
        "_searched",
        "_strip_usage",
    )

    def __init__(
        self,
        dialect: Dialect,
        *,
        strip_usage: bool = False,
        event_size_max: int = EVENT_SIZE_MAX,
    ) -> None:
        super().__init__(dialect)
        self._read = _READERS[dialect]
        self._strip_usage = strip_usage
        self._event_size_max = event_size_max
        self._partial = bytearray()
        self._plain = True
        self._searched = 0
        self._over = False

    def feed(self, data: bytes) -> list[Frame]:
        """The events that are whole now, in order."""
        if self._partial:
            data = self._joined(data)
        frames: list[Frame] = []
        plain = CR not in data
        start = 0
        size = len(data)
        while start < size and not self._over:
            end = end_of_event(data, start, plain=plain)
            if (size if end < 0 else end) - start > self._event_size_max:
                frames.append(self._break(self._too_large()))
            elif end < 0:
                self._partial += data[start:]
                self._plain = plain
                self._searched = _resume_at(size - start)
                break
            else:
                frames.append(self._frame(data[start:end]))
                start = end
        return frames

    def finish(self) -> list[Frame]:
        """What was left over when the upstream hung up.

        That is a last event without its empty line, or the malformed remains of one that
        was cut (`truncated_event`). Whether the stream was whole, `ended` says.
        """
        rest = bytes(self._partial).rstrip(b"\r\n")
        self._partial.clear()
        if self._over or not rest:
            return []
        frame = self._frame(rest + b"\n\n")
        if frame.kind != "malformed":
            return [frame]
        return [self._break(malformed("truncated_event", "the stream was cut inside an event"))]

    def _joined(self, data: bytes) -> bytes:
        """What was kept with `data`, once that may be an event; until then nothing."""
        partial = self._partial
        partial += data
        self._plain = self._plain and CR not in data
        waits = end_of_event(partial, self._searched, plain=self._plain) < 0
        if waits and len(partial) <= self._event_size_max:
            self._searched = _resume_at(len(partial))
            return b""
        joined = bytes(partial)
        partial.clear()
        return joined

    def _frame(self, raw: bytes) -> Frame:
        try:
            payload = data_of(raw)
            if payload is None:
                return Frame(raw, "preamble")
            kind = self._read(self, payload)
        except VendorFault as fault:
            return self._break(malformed(fault.code, fault.message))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._unread(raw)
        if kind == "content":
            return Frame(raw, kind)
        return self._uncommon(raw, kind)

    def _uncommon(self, raw: bytes, kind: Kind) -> Frame:
        if kind == "usage" and self._strip_usage:
            return Frame(b"", kind)
        if kind == "end":
            self._over = True
        elif kind == "error":
            return Frame(raw, kind, self.error)
        elif kind == "preamble" and name_of(raw) == b"error":
            return self._named_error(raw)
        return Frame(raw, kind)

    def _unread(self, raw: bytes) -> Frame:
        """An event whose data the fast decoder does not take for an object of the dialect."""
        text = (data_of(raw) or b"").strip()
        if not text:
            # Clients take data without content for broken JSON, so it goes no further.
            return Frame(b"", "preamble")
        if self.dialect == CHAT and text == b"[DONE]":
            self.ended = self._over = True
            return Frame(raw, "end")
        if name_of(raw) == b"error":
            return self._named_error(raw)
        try:
            return self._uncommon(raw, self._read(self, mended(text)))
        except (ValueError, RecursionError):
            return self._break(
                malformed("malformed_event", "the data of an event is no object of its dialect")
            )

    def _named_error(self, raw: bytes) -> Frame:
        """An error by the event's name: clients raise, whatever the data calls itself."""
        self.error = read_error(data_of(raw) or b"")
        return Frame(raw, "error", self.error)

    def _break(self, error: VendorError) -> Frame:
        self._over = True
        self._partial.clear()
        self.error = error
        return Frame(b"", "malformed", error)

    def _too_large(self) -> VendorError:
        limit = self._event_size_max
        return malformed("event_too_large", f"an event of the stream is larger than {limit} bytes")


def _resume_at(size: int) -> int:
    """Where to search again: an empty line of four bytes may have come but for its last."""
    return max(0, size - 3)
