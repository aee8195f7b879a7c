"""Connections from callers: HTTP/1.1 read by llhttp, one exchange at a time.

This is the attack surface, so it is narrow: a request is a method, a path, a few headers and
a bounded body; whatever is doubtful (two `Host` headers, two keys, a length and a transfer
coding) is refused before anything is decided. While an exchange runs, what the caller sends
further is kept up to a bound and then no longer read; a caller that closes cancels it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol, cast

import httptools
import msgspec

ONCE = frozenset(
    {b"host", b"authorization", b"x-api-key", b"licet-subject", b"content-length", b"content-type"}
)
"""Headers that mean two different things to two readers when they come twice."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one connection: bytes, and seconds."""

    head_bytes_max: int
    body_bytes_max: int
    head_s: float
    body_s: float
    idle_s: float


class Exchange(Protocol):
    """What answers one request."""

    def client_gone(self) -> None: ...
    def client_paused(self) -> None: ...
    def client_resumed(self) -> None: ...


class Front(Protocol):
    """What connections belong to."""

    limits: Limits
    draining: bool

    def now(self) -> float: ...
    def opened(self, connection: Inbound) -> bool: ...
    def closed(self, connection: Inbound) -> None: ...
    def accept(self, connection: Inbound, request: HttpRequest) -> None: ...
    def reject(self, connection: Inbound, path: bytes, code: str, message: str) -> None: ...


class HttpRequest(msgspec.Struct, frozen=True, gc=False):
    """One request as it arrived; header names in lower case, one value each (the last).

    `chunked`: the caller's HTTP version knows chunks. `doubt`: code and message of why it is
    to be refused unread.
    """

    method: bytes
    path: bytes
    headers: dict[bytes, bytes]
    body: bytes
    keep_alive: bool
    chunked: bool
    doubt: tuple[str, str] | None


class Inbound(asyncio.Protocol):
    """One caller's connection."""

    __slots__ = (
        "_arriving", "_body", "_body_bytes", "_doubt", "_front", "_head_bytes",
        "_head_bytes_max", "_headers",
        "_keep_alive", "_parser", "_queue", "_target", "_transport", "busy", "chunked",
        "deadline", "exchange", "paused",
    )  # fmt: skip

    def __init__(self, front: Front) -> None:
        self._front = front
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._headers: dict[bytes, bytes] = {}
        self._head_bytes = 0
        self._head_bytes_max = front.limits.head_bytes_max
        self._target = b""
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._doubt: tuple[str, str] | None = None
        self._keep_alive = True
        self._arriving = False
        # Requests that were sent before the one in progress was answered (pipelining).
        self._queue: deque[HttpRequest] = deque()
        self.busy = False
        self.chunked = True
        self.exchange: Exchange | None = None
        self.paused = False
        self.deadline = 0.0

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        self._transport = transport
        self.deadline = self._front.now() + self._front.limits.head_s
        if not self._front.opened(self):
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._front.closed(self)
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.client_gone()

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self.paused = True
        if self.exchange is not None:
            self.exchange.client_paused()

    def resume_writing(self) -> None:
        self.paused = False
        if self.exchange is not None:
            self.exchange.client_resumed()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._arrived(("invalid_header", "this server changes to no other protocol"))
        except httptools.HttpParserError as error:
            self._arrived(("invalid_http", f"the request is not HTTP/1.1: {error}"))

    # httptools callbacks

    def on_message_begin(self) -> None:
        self._headers = {}
        self._head_bytes = 0
        self._target = b""
        self._body = []
        self._body_bytes = 0
        self._doubt = None
        self._arriving = True
        if not self.busy:
            self.deadline = self._front.now() + self._front.limits.head_s

    def on_url(self, url: bytes) -> None:
        self._target += url
        self._head_bytes += len(url)
        if self._head_bytes > self._front.limits.head_bytes_max:
            self._doubt = self._doubt or self._head_too_large()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > self._head_bytes_max:
            self._doubt = self._doubt or self._head_too_large()
            return
        name = name.lower()
        headers = self._headers
        if name in headers and name in ONCE:
            self._doubt = ("invalid_header", f"the header `{name.decode('latin-1')}` came twice")
        headers[name] = value

    def on_headers_complete(self) -> None:
        headers = self._headers
        limits = self._front.limits
        length = headers.get(b"content-length")
        if self._doubt is not None:
            return
        if length is not None and b"transfer-encoding" in headers:
            self._doubt = ("invalid_header", "the request has a length and a transfer coding")
        elif length is not None and (len(length) > 15 or int(length) > limits.body_bytes_max):
            self._doubt = self._body_too_large()
        elif b"host" not in headers and self._parser.get_http_version() != "1.0":
            self._doubt = ("invalid_header", "the request has no `Host` header")
        elif headers.get(b"expect", b"").lower() == b"100-continue" and self._transport:
            self._transport.write(_CONTINUE)
        if not self.busy:
            self.deadline = self._front.now() + limits.body_s

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._body_bytes > self._front.limits.body_bytes_max:
            self._doubt = self._doubt or self._body_too_large()
        elif self._doubt is None:
            self._body.append(body)

    def on_message_complete(self) -> None:
        self._arrived(self._doubt)

    def _arrived(self, doubt: tuple[str, str] | None) -> None:
        self._arriving = False
        if self.gone:
            return
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body = []
        request = HttpRequest(
            self._parser.get_method(),
            self._target.partition(b"?")[0],
            self._headers,
            body,
            doubt is None and self._parser.should_keep_alive(),
            self._parser.get_http_version() != "1.0",
            doubt,
        )
        if not self.busy:
            self._begin(request)
            return
        self._queue.append(request)
        if self._transport is not None:
            self._transport.pause_reading()

    def _begin(self, request: HttpRequest) -> None:
        self.busy = True
        self.deadline = 0.0
        self._keep_alive = request.keep_alive
        self.chunked = request.chunked
        if request.doubt is not None:
            self._front.reject(self, request.path, *request.doubt)
        else:
            self._front.accept(self, request)

    # for exchanges

    @property
    def gone(self) -> bool:
        """Whether the caller has disconnected."""
        return self._transport is None

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def finish(self, data: bytes = b"", *, close: bool = False) -> None:
        """Sends the last bytes of this answer; the next request may come."""
        transport = self._transport
        self.exchange = None
        if transport is None:
            return
        if data:
            transport.write(data)
        if close or not self.will_keep_alive:
            transport.close()
            return
        self.busy = False
        self.deadline = self._front.now() + self._front.limits.idle_s
        if self._queue:
            request = self._queue.popleft()
            if not self._queue:
                transport.resume_reading()
            self._begin(request)

    @property
    def will_keep_alive(self) -> bool:
        return self._keep_alive and not self._front.draining

    def expire(self) -> None:
        """The bound on reading a request, or on being idle, has passed."""
        if self._arriving:
            self._arrived(("request_timeout", "the request did not arrive in time"))
        elif self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _head_too_large(self) -> tuple[str, str]:
        most = self._front.limits.head_bytes_max
        return "head_too_large", f"the request's head is longer than {most} bytes"

    def _body_too_large(self) -> tuple[str, str]:
        most = self._front.limits.body_bytes_max
        return "body_too_large", f"the request's body is longer than {most} bytes"
