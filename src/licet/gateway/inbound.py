"""Connections from callers: HTTP/1.1 read by llhttp, one exchange at a time.

This is the attack surface, so it is narrow: a request is a method, a path, a few headers and
a bounded body; whatever is doubtful (two `Host` headers, two keys, a length and a transfer
coding) is refused as soon as it is seen, and nothing after it is believed. While an exchange
runs, what the caller sends further is kept up to a bound and then no longer read; a caller
that closes cancels it, and one that reads nothing is cut.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from dataclasses import dataclass
from typing import Final, Protocol, cast

import httptools

ONCE = frozenset(
    {
        b"host", b"authorization", b"x-api-key", b"licet-subject", b"content-length",
        b"content-type", b"transfer-encoding",
    }
)  # fmt: skip
"""Headers that mean two different things to two readers when they come twice."""

LINGER_S = 2.0
"""How long the rest of a refused request is read and forgotten, so that its sender sees the
answer and not a reset (RFC 9112, section 9.6)."""

_OFFER = frozenset({b"connection", b"upgrade", b"http2-settings", b"expect"})
_LENGTH_DIGITS_MAX: Final = 15
"""No body is longer; and no number of as many digits as a caller likes is ever made."""
_VERSIONS = frozenset({"1.0", "1.1"})
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


@dataclass(frozen=True, kw_only=True)
class Limits:
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
    def report(self, error: Exception) -> None: ...


class HttpRequest:
    """One request as it arrived; header names in lower case, repeated ones joined by commas.

    `chunked`: the caller's HTTP version knows chunks. `doubt`: code and message of why it is
    to be refused unread.
    """

    # Written out, because one is made for every request: the constructor that a dataclass makes
    # is not compiled.
    __slots__ = ("body", "chunked", "doubt", "headers", "keep_alive", "method", "path")

    def __init__(
        self,
        method: bytes,
        path: bytes,
        headers: dict[bytes, bytes],
        body: bytes,
        keep_alive: bool,
        chunked: bool,
        doubt: tuple[str, str] | None,
    ) -> None:
        self.method: Final = method
        self.path: Final = path
        self.headers: Final = headers
        self.body: Final = body
        self.keep_alive: Final = keep_alive
        self.chunked: Final = chunked
        self.doubt: Final = doubt


class Inbound:
    """One caller's connection."""

    __slots__ = (
        "_arriving", "_body", "_body_bytes", "_closing", "_deaf", "_expecting", "_front",
        "_head_bytes", "_head_bytes_max", "_head_fed", "_headers", "_host", "_in_head",
        "_keep_alive", "_parser", "_queue", "_taking", "_target", "_transport", "_unsent",
        "busy", "chunked", "deadline", "exchange", "head_only", "paused",
    )  # fmt: skip

    def __init__(self, front: Front) -> None:
        self._front = front
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._headers: dict[bytes, bytes] = {}
        self._head_bytes = 0
        self._head_bytes_max = front.limits.head_bytes_max
        self._head_fed = -1
        self._in_head = False
        # What no host is, so that the first one is looked at.
        self._host = b"/"
        self._target = b""
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._keep_alive = True
        self._arriving = False
        self._expecting = False
        # Once a request was doubtful, what follows on the connection means nothing.
        self._deaf = False
        self._closing = False
        # Requests that were sent before the one in progress was answered (pipelining).
        self._queue: deque[HttpRequest] = deque()
        self._taking = False
        self._unsent = float("inf")
        self.busy = False
        self.chunked = True
        self.head_only = False
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
        elif self._transport is not None:
            # Who does not read its answers may not ask for more of them.
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self.paused = False
        if self.exchange is not None:
            self.exchange.client_resumed()
        else:
            self._take()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
        except httptools.HttpParserCallbackError as error:
            self._front.report(error)
            self.abort()
        except httptools.HttpParserError as error:
            self._arrived(("invalid_http", f"the request is not HTTP/1.1: {_lower(error)}"))
        if self._in_head:
            # The parser keeps a header to itself until it is whole, however long it grows.
            self._head_fed = 0 if self._head_fed < 0 else self._head_fed + len(data)
            if self._head_fed > self._head_bytes_max:
                self._arrived(self._head_too_large())

    def _decline(self, rest: bytes) -> None:
        """Serves a request that offers another protocol in this one (RFC 9110, 7.8), as a
        request without the offer; `rest` begins with its body."""
        method = self._parser.get_method()
        if method == b"CONNECT":
            self._arrived(("invalid_http", "this server opens no tunnels"))
            return
        headers = (h for h in self._headers.items() if h[0] not in _OFFER)
        head = (b"%s %s HTTP/1.1" % (method, self._target), *(b"%s: %s" % h for h in headers))
        self._parser = httptools.HttpRequestParser(self)
        self.data_received(b"\r\n".join((*head, b"", rest)))

    # httptools callbacks

    def on_message_begin(self) -> None:
        self._headers = {}
        self._head_bytes = 0
        self._head_fed = -1
        self._in_head = True
        self._target = b""
        self._body = []
        self._body_bytes = 0
        self._arriving = True
        if not self.busy:
            self.deadline = self._front.now() + self._front.limits.head_s

    def on_url(self, url: bytes) -> None:
        self._head_bytes += len(url)
        if self._head_bytes > self._head_bytes_max:
            self._arrived(self._head_too_large())
            return
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            # A trailer: what it says came after everything was decided (RFC 9110, 6.5.1).
            return
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > self._head_bytes_max:
            self._arrived(self._head_too_large())
            return
        name = name.lower()
        headers = self._headers
        if name in headers:
            if name in ONCE:
                said = f"the header `{name.decode('latin-1')}` came twice"
                self._arrived(("invalid_header", said))
            value = b"%s, %s" % (headers[name], value)
        headers[name] = value

    def on_headers_complete(self) -> None:
        self._in_head = False
        headers = self._headers
        limits = self._front.limits
        length = headers.get(b"content-length")
        host = headers.get(b"host")
        if length is not None and b"transfer-encoding" in headers:
            self._arrived(("invalid_header", "the request has a length and a transfer coding"))
        elif length is not None and (
            len(length) > _LENGTH_DIGITS_MAX or int(length) > limits.body_bytes_max
        ):
            self._arrived(self._body_too_large())
        elif host != self._host or host is None:
            self._new_host(host)
        if b"expect" in headers:
            self._expecting = headers[b"expect"].lower() == b"100-continue"
            self._continue()
        if not self.busy:
            self.deadline = self._front.now() + limits.body_s

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._body_bytes > self._front.limits.body_bytes_max:
            self._arrived(self._body_too_large())
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        # The parser takes an offer to change the protocol for accepted, and ends there.
        if not self._deaf and not self._parser.should_upgrade():
            self._arriving = self._expecting = False
            self._arrived(None)

    def _new_host(self, host: bytes | None) -> None:
        """A connection nearly always names one host, which is looked at once."""
        if host is None:
            if self._parser.get_http_version() != "1.0":
                self._arrived(("invalid_header", "the request has no `Host` header"))
        elif _HOST.fullmatch(host) is None:
            self._arrived(("invalid_header", "the `Host` header names no host"))
        else:
            self._host = host

    def _continue(self) -> None:
        """Asks for the body, unless another answer is on its way or none is wanted."""
        if not self._expecting or self.busy or self._deaf:
            return
        self._expecting = False
        if self._parser.get_http_version() != "1.0":
            self.write(_CONTINUE)

    def _arrived(self, doubt: tuple[str, str] | None) -> None:
        """A request is complete, or doubtful, which ends what is read of this connection."""
        if self.gone or self._deaf:
            return
        version = self._parser.get_http_version()
        if doubt is None and version not in _VERSIONS:
            doubt = "invalid_http", f"the request is HTTP/{version}: use HTTP/1.1"
        self._deaf = doubt is not None
        self._in_head = False
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body = []
        request = HttpRequest(
            self._parser.get_method(),
            self._target.partition(b"?")[0],
            self._headers,
            body if doubt is None else b"",
            doubt is None and self._parser.should_keep_alive(),
            version != "1.0",
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
        self.head_only = request.method == b"HEAD"
        if request.doubt is not None:
            self._front.reject(self, request.path, *request.doubt)
        else:
            self._front.accept(self, request)

    def _take(self) -> None:
        """Begins what waits, one after the other; answers given at once make no recursion."""
        if self._taking:
            return
        self._taking = True
        while self._queue and not self.busy and not self.paused:
            self._begin(self._queue.popleft())
        self._taking = False
        if not self._queue and not self.paused and self._transport is not None:
            self._transport.resume_reading()

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
        self._unsent = float("inf")
        self.deadline = self._front.now() + self._front.limits.idle_s
        if data:
            transport.write(data)
        if close or not self.will_keep_alive:
            self._close()
            return
        self.busy = False
        if self._expecting:
            self._continue()
        if self._queue or self.paused:
            self._take()

    @property
    def will_keep_alive(self) -> bool:
        return self._keep_alive and not self._front.draining

    def expire(self) -> None:
        """A bound has passed: on reading a request, on being idle, or on taking an answer."""
        transport = self._transport
        if transport is None:
            return
        left = transport.get_write_buffer_size()
        if 0 < left < self._unsent:
            # Slow is not dead: the bound is on taking nothing at all.
            self._unsent = float(left)
            self.deadline = self._front.now() + self._front.limits.idle_s
        elif self._closing or left:
            transport.abort()
        elif self._arriving:
            self._arrived(("request_timeout", "the request did not arrive in time"))
        else:
            self._close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _close(self) -> None:
        """Closes in good order; `expire` sees to it that this does not take for ever."""
        transport = self._transport
        assert transport is not None
        self._closing = self._deaf = True
        self._queue.clear()
        if self._arriving and transport.can_write_eof():
            self.deadline = self._front.now() + LINGER_S
            transport.write_eof()
            transport.resume_reading()
        else:
            transport.close()

    def _head_too_large(self) -> tuple[str, str]:
        most = self._front.limits.head_bytes_max
        return "head_too_large", f"the request's head is longer than {most} bytes"

    def _body_too_large(self) -> tuple[str, str]:
        most = self._front.limits.body_bytes_max
        return "body_too_large", f"the request's body is longer than {most} bytes"


def accept(front: Front) -> asyncio.Protocol:
    """A caller's connection, as the event loop asks for one."""
    # It has the callbacks and not the base class, which a compiled class cannot have.
    return cast("asyncio.Protocol", Inbound(front))


def _lower(error: Exception) -> str:
    text = str(error)
    # Names of headers keep their capitals.
    return text[:1].lower() + text[1:] if text[1:2].islower() and "-" not in text else text
