"""What one caller is sent: heads, chunks, errors, in the caller's dialect.

`Licet-*` headers tell which model at which endpoint answered and under which decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from licet.gateway.inbound import Inbound
from licet.wire import REQUEST_ID, Dialect, ErrorBody, write_error, write_stream_error

Header = tuple[bytes, bytes]

_REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}
_STATUS_LINES = {
    status: b"HTTP/1.1 %d %s\r\n" % (status, phrase) for status, phrase in _REASONS.items()
}
_EVENT_STREAM = b"content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
_OWN = frozenset({b"content-type", b"content-length", b"connection", b"transfer-encoding"})


def status_line(status: int) -> bytes:
    return _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status


def header_lines(headers: Iterable[Header]) -> bytes:
    return b"".join(b"%s: %s\r\n" % header for header in headers)


class Reply:
    """Writes one answer to one connection, whole or as a stream."""

    __slots__ = ("_connection", "_dialect", "sequence", "started")

    def __init__(self, connection: Inbound, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect
        # The number of the last event that the caller has had, in a dialect that counts them.
        self.sequence = -1
        self.started = False

    @property
    def gone(self) -> bool:
        return self._connection.gone

    @property
    def paused(self) -> bool:
        """Whether the caller reads more slowly than the vendor writes."""
        return self._connection.paused

    @property
    def will_keep_alive(self) -> bool:
        """Whether the caller may ask for more on this connection, as an answer's head says."""
        return self._connection.will_keep_alive

    @property
    def dialect(self) -> Dialect:
        return self._dialect

    def whole(
        self, status: int, headers: bytes, body: bytes, *, kind: bytes = b"application/json"
    ) -> None:
        """A complete answer; `headers` are lines that end with CRLF."""
        self.send(self.composed(status, headers, body, kind=kind))

    def composed(
        self, status: int, headers: bytes, body: bytes, *, kind: bytes = b"application/json"
    ) -> bytes:
        """A complete answer to the present request, to be sent as long as `will_keep_alive` stays
        as it is."""
        connection = self._connection
        return b"%scontent-type: %s\r\ncontent-length: %d\r\n%s%s\r\n%s" % (
            status_line(status),
            kind,
            len(body),
            headers,
            b"" if connection.will_keep_alive else b"connection: close\r\n",
            b"" if connection.head_only else body,
        )

    def send(self, composed: bytes) -> None:
        self.started = True
        self._connection.finish(composed)

    def error(self, error: ErrorBody, headers: bytes = b"") -> None:
        """An error answer, or an error inside the stream where that has begun."""
        if self.started:
            self.end_stream(write_stream_error(self._dialect, error, sequence=self.sequence))
            return
        if error.reason == "refused":
            headers += b"x-should-retry: false\r\n"
        headers += b"%s: %s\r\n" % (REQUEST_ID[self._dialect], error.request_id.encode())
        self.whole(error.status, headers, write_error(self._dialect, error))

    def start_stream(self, headers: bytes) -> None:
        self.started = True
        connection = self._connection
        if connection.chunked:
            framing = b"transfer-encoding: chunked\r\n"
            if not connection.will_keep_alive:
                framing += b"connection: close\r\n"
        else:
            framing = b"connection: close\r\n"
        connection.write(b"".join((status_line(200), _EVENT_STREAM, framing, headers, b"\r\n")))

    def chunk(self, data: bytes) -> None:
        """A piece of the stream; an empty one would end it, so it is not sent."""
        if not data:
            return
        if self._connection.chunked:
            self._connection.write(b"%x\r\n%s\r\n" % (len(data), data))
        else:
            self._connection.write(data)

    def end_stream(self, data: bytes = b"") -> None:
        if not self._connection.chunked:
            self._connection.finish(data, close=True)
            return
        last = b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data) if data else b"0\r\n\r\n"
        self._connection.finish(last)

    def abort(self) -> None:
        """Closes the connection: nothing more can be said in good order."""
        self._connection.abort()


def kept(headers: Iterable[Header]) -> bytes:
    """Header lines of those vendor headers that the reply does not set by itself."""
    return header_lines((name, value) for name, value in headers if name not in _OWN)
