"""Connections to vendors: a pool per endpoint, and what is read from them.

Everything is a callback. A connection serves one exchange at a time; the receiver hears of
a head, of bytes, of the end, or of one failure, and of nothing after that. What one segment
brought is told when the parser has read it to its end, so that an answer which came at once,
as most do, is told at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol, cast

import httptools

from licet.relay import Failure, FailureKind

_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


class Receiver(Protocol):
    """Whoever waits for a vendor's answer."""

    def upstream_answer(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Head, body and end of an answer that came at once."""

    def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None: ...
    def upstream_body(self, data: bytes) -> None: ...
    def upstream_complete(self) -> None: ...
    def upstream_failed(self, failure: Failure) -> None: ...


class Dialer(Protocol):
    """Opens connections; the one place that may wait for names and handshakes. One of the two is
    called, once, in a later turn: a connection that is made may still be given up before."""

    def dial(
        self,
        route: Route,
        factory: Callable[[], asyncio.Protocol],
        on_ready: Callable[[asyncio.Protocol], None],
        on_failure: Callable[[str], None],
    ) -> None: ...


class Route:
    """How an endpoint is reached: address, TLS, and the request head's fixed part."""

    __slots__ = ("address", "authority", "ca_file", "endpoint", "host", "port", "prefix", "tls")

    def __init__(
        self, *, endpoint: str, host: str, port: int, tls: bool, ca_file: str | None, prefix: str
    ) -> None:
        self.endpoint = endpoint
        self.host = host
        self.port = port
        self.tls = tls
        self.ca_file = ca_file
        self.prefix = prefix
        name = f"[{host}]" if ":" in host else host
        # The value of `Host` (RFC 9110, section 7.2).
        self.authority = name if port == (443 if tls else 80) else f"{name}:{port}"
        # What makes two routes share connections.
        self.address = host, port, tls, ca_file


class Outbound:
    """One connection to a vendor."""

    __slots__ = (
        "_body", "_ended", "_head_bytes", "_head_told", "_headers", "_limit", "_more", "_parser",
        "_pool", "_receiver", "_reusable", "_status", "_transport", "heard", "idle_since", "reused",
    )  # fmt: skip

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._limit = pool.head_bytes_max
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._receiver: Receiver | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        # Of all that came before the head was whole.
        self._head_bytes = 0
        self._head_told = False
        self._body: list[bytes] = []
        self._ended = False
        self._more = False
        self._reusable = False
        self._status = 0
        self.heard = False
        self.reused = False
        self.idle_since = 0.0

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        receiver = self._receiver
        if receiver is None:
            # Bytes that nobody asked for: the connection cannot be trusted any more.
            self._pool.discard(self)
            self.close()
            return
        self.heard = True
        if not self._status:
            self._head_bytes += len(data)
        wrong: Exception | None = None
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._more = True
            wrong = error
        if self._head_bytes > self._limit and self._head_is_too_long():
            self._fail(FailureKind.TOO_LARGE, f"the head is longer than {self._limit} bytes")
        elif self._ended:
            # INVARIANT (one answer): a connection on which more came than was asked for
            # never serves again, or the surplus would be taken for the next one's answer.
            self._complete(reusable=self._reusable and not self._more)
        else:
            self._tell(receiver)
            if wrong is not None and self._receiver is receiver:
                self._fail(FailureKind.MALFORMED, f"the answer is not HTTP: {wrong}")

    def _head_is_too_long(self) -> bool:
        """Asked where so much came that it may be: was that the head, or the body after it?"""
        if not self._status:
            # The parser keeps a header to itself until it is whole, however long it grows.
            return True
        return sum(len(name) + len(value) for name, value in self._headers) > self._limit

    def _tell(self, receiver: Receiver) -> None:
        """What has come and was not told yet."""
        if self._status and not self._head_told:
            self._head_told = True
            receiver.upstream_head(self._status, self._headers)
        if self._body:
            body = self._taken()
            if self._receiver is receiver:
                receiver.upstream_body(body)

    def _taken(self) -> bytes:
        pieces, self._body = self._body, []
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def eof_received(self) -> bool:
        # A body without a length ends with the connection (RFC 9112, section 6.3).
        if self._receiver is not None and self._status and not self._is_bounded:
            self._complete(reusable=False)
        return False

    @property
    def _is_bounded(self) -> bool:
        """Whether the head says where the body ends."""
        return any(name in _FRAMING for name, _ in self._headers)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._pool.discard(self)
        if self._receiver is None:
            return
        if self._status:
            self._fail(FailureKind.CUT, "the connection was closed inside the answer")
        elif self.reused and not self.heard:
            self._fail(FailureKind.STALE, "the vendor closed an idle connection")
        else:
            self._fail(FailureKind.RESET, "the connection was closed before an answer")

    def pause_writing(self) -> None:
        """The request is bounded and already in memory: there is nothing to hold back."""

    def resume_writing(self) -> None:
        """See `pause_writing`."""

    # httptools callbacks

    def on_message_begin(self) -> None:
        self._more = self._ended

    def on_header(self, name: bytes, value: bytes) -> None:
        # With a status, it is a trailer, or of another answer than was asked for.
        if not self._status:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if self._ended or self._status:
            return
        status = self._parser.get_status_code()
        if status < 200:
            self._headers = []
        else:
            self._status = status

    def on_body(self, data: bytes) -> None:
        if not self._ended:
            self._body.append(data)

    def on_message_complete(self) -> None:
        self._ended = self._status >= 200
        # The parser forgets this as soon as the message is over.
        self._reusable = self._parser.should_keep_alive()

    # for the exchange

    def send(self, data: bytes, receiver: Receiver) -> None:
        """Sends one whole request; `receiver` hears what comes of it."""
        self._receiver = receiver
        self._headers = []
        self._body = []
        self._head_bytes = self._status = 0
        self._ended = self._more = self._head_told = False
        self.heard = False
        if self._transport is None:
            kind = FailureKind.STALE if self.reused else FailureKind.RESET
            self._fail(kind, "the connection is closed")
            return
        self._transport.write(data)

    def abort(self) -> None:
        """Forgets the receiver and closes: the vendor sees that nobody waits any more."""
        self._receiver = None
        self._pool.discard(self)
        self.close()

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits for anything from here."""
        return self._receiver is None or self._receiver is _NOBODY

    def linger(self) -> None:
        """The answer is complete for us, but its last bytes may still be on their way: they
        are read, so that the connection can serve again. It is closed with the idle ones."""
        self.idle_since = self._pool.now()
        self._receiver = _NOBODY
        self.resume_reading()

    def pause_reading(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _complete(self, *, reusable: bool) -> None:
        """Parts from the receiver, who is told last: it may send again on this connection.

        INVARIANT (one exchange): what a stream said at its very end is told before the connection
        serves anybody else. The receiver may let go of it over those words, or abort it, which
        would befall whoever came next.
        """
        receiver = self._receiver
        if self._head_told and self._body and receiver is not None:
            receiver.upstream_body(self._taken())
        receiver, self._receiver = self._receiver, None
        if receiver is None:
            # It has aborted, which closes.
            return
        head_told, status, headers, body = (
            self._head_told,
            self._status,
            self._headers,
            self._taken(),
        )
        if reusable:
            if head_told:
                # A receiver that has paused over its last words has nothing here to resume.
                self.resume_reading()
            self._pool.give_back(self)
        else:
            self._pool.discard(self)
            self.close()
        if head_told:
            receiver.upstream_complete()
        else:
            receiver.upstream_answer(status, headers, body)

    def _fail(self, kind: FailureKind, message: str) -> None:
        receiver, self._receiver = self._receiver, None
        self._pool.discard(self)
        self.close()
        if receiver is not None:
            receiver.upstream_failed(Failure(kind=kind, message=message))


class _Nobody:
    """Receives what nobody waits for any more."""

    def upstream_answer(
        self, status: int, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> None: ...
    def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None: ...
    def upstream_body(self, data: bytes) -> None: ...
    def upstream_complete(self) -> None: ...
    def upstream_failed(self, failure: Failure) -> None: ...


_NOBODY = _Nobody()


class Waiting:
    """A place in the queue for a connection; cancel it when nobody wants it any more.

    `fresh`: one that has never been used, whatever is given back meanwhile.
    """

    __slots__ = ("cancelled", "fresh", "on_failure", "on_ready")

    def __init__(
        self,
        on_ready: Callable[[Outbound], None],
        on_failure: Callable[[str], None],
        *,
        fresh: bool,
    ) -> None:
        self.on_ready = on_ready
        self.on_failure = on_failure
        self.fresh = fresh
        self.cancelled = False


class Pool:
    """The connections of one address: idle ones are used last in, first out."""

    def __init__(
        self,
        route: Route,
        dialer: Dialer,
        *,
        now: Callable[[], float],
        connections_max: int,
        idle_s: float,
        head_bytes_max: int,
    ) -> None:
        self.route = route
        self.head_bytes_max = head_bytes_max
        self._dialer = dialer
        self.now = now
        self._connections_max = connections_max
        self._idle_s = idle_s
        self._idle: list[Outbound] = []
        self._all: set[Outbound] = set()
        self._dialing = 0
        self._waiting: deque[Waiting] = deque()
        self._closed = False

    def take_idle(self) -> Outbound | None:
        """An idle connection, if there is one: the usual case, without a queue."""
        while self._idle:
            connection = self._idle.pop()
            if connection in self._all:
                return connection
        return None

    def acquire(
        self,
        on_ready: Callable[[Outbound], None],
        on_failure: Callable[[str], None],
        *,
        fresh: bool,
    ) -> Waiting:
        """Calls back with a connection, or with why there is none."""
        waiting = Waiting(on_ready, on_failure, fresh=fresh)
        self._waiting.append(waiting)
        self._dial_more()
        return waiting

    def connected(self, made: asyncio.Protocol) -> None:
        connection = cast("Outbound", made)
        self._dialing -= 1
        if self._closed:
            connection.close()
            return
        self._all.add(connection)
        self._hand_out(connection)

    def give_back(self, connection: Outbound) -> None:
        """The answer was read to its end, and the vendor keeps the connection open."""
        if self._closed:
            self.discard(connection)
            connection.close()
            return
        connection.reused = True
        self._hand_out(connection)

    def discard(self, connection: Outbound) -> None:
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if self._waiting:
            self._dial_more()

    def sweep(self) -> None:
        """Closes what has been idle, or has lingered, for too long."""
        bound = self.now() - self._idle_s
        for connection in [c for c in self._all if c.is_idle and c.idle_since < bound]:
            self.discard(connection)
            connection.close()

    def close(self) -> None:
        """No new connections; idle ones end now, busy ones when their answer does."""
        self._closed = True
        for connection in list(self._idle):
            self.discard(connection)
            connection.close()

    @property
    def size(self) -> int:
        return len(self._all)

    def _hand_out(self, connection: Outbound) -> None:
        for waiting in tuple(self._waiting) if self._waiting else ():
            if waiting.fresh and connection.reused and not waiting.cancelled:
                continue
            self._waiting.remove(waiting)
            if not waiting.cancelled:
                waiting.on_ready(connection)
                return
        connection.idle_since = self.now()
        self._idle.append(connection)

    def _dial_more(self) -> None:
        wanted = sum(1 for w in self._waiting if not w.cancelled)
        room = self._connections_max - len(self._all) - self._dialing
        for _ in range(min(wanted - self._dialing, room)):
            self._dialing += 1
            self._dialer.dial(self.route, self._made, self.connected, self._dial_failed)

    def _made(self) -> asyncio.Protocol:
        # As `accept` of callers' connections: the callbacks and not the base class.
        return cast("asyncio.Protocol", Outbound(self))

    def _dial_failed(self, why: str) -> None:
        self._dialing -= 1
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.cancelled:
                waiting.on_failure(why)
                return
