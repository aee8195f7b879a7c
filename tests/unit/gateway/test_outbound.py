"""A vendor's connection answers what it was asked, once, and is trusted no further."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from licet.gateway.outbound import Outbound, Pool, Route
from licet.relay import Failure, FailureKind

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
STOLEN = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nstolen"


class Line(asyncio.Transport):
    """The vendor's end: the test says what comes."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.aborted = False
        self.reading = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += bytes(data)

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class Caller:
    """Hears what comes of one request."""

    def __init__(self) -> None:
        self.heard: list[object] = []
        self.headers: list[tuple[bytes, bytes]] = []

    def upstream_answer(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.upstream_head(status, headers)
        self.upstream_body(body)
        self.upstream_complete()

    def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.heard.append(status)
        self.headers = headers

    def upstream_body(self, data: bytes) -> None:
        self.heard.append(data)

    def upstream_complete(self) -> None:
        self.heard.append("complete")

    def upstream_failed(self, failure: Failure) -> None:
        self.heard.append(failure.kind)


class Vendor:
    """A pool whose connections are made by the test."""

    def __init__(self, connections_max: int = 4) -> None:
        self.now = 100.0
        self.dialled: list[Callable[[], asyncio.Protocol]] = []
        self.failures: list[Callable[[str], None]] = []
        route = Route(endpoint="e", host="h", port=1, tls=False, ca_file=None, prefix="")
        self.pool = Pool(
            route,
            self,
            now=lambda: self.now,
            connections_max=connections_max,
            idle_s=60.0,
            head_bytes_max=1000,
        )

    def dial(
        self,
        route: Route,
        factory: Callable[[], asyncio.Protocol],
        on_ready: Callable[[asyncio.Protocol], None],
        on_failure: Callable[[str], None],
    ) -> None:
        self.dialled.append(factory)
        self.ready = on_ready
        self.failures.append(on_failure)

    def connect(self) -> tuple[Outbound, Line]:
        """The oldest call that is not connected yet is."""
        connection = self.dialled.pop(0)()
        assert isinstance(connection, Outbound)
        line = Line()
        connection.connection_made(line)
        self.ready(connection)
        return connection, line

    def ask(self, caller: Caller, *, fresh: bool = False) -> None:
        self.pool.acquire(
            lambda connection: connection.send(b"request", caller),
            caller.heard.append,
            fresh=fresh,
        )


def asked() -> tuple[Vendor, Outbound, Line, Caller]:
    vendor, caller = Vendor(), Caller()
    vendor.ask(caller)
    connection, line = vendor.connect()
    return vendor, connection, line, caller


def test_an_answer_is_heard_in_order_and_the_connection_kept() -> None:
    vendor, connection, line, caller = asked()
    assert line.sent == b"request"
    for piece in (ANSWER[:20], ANSWER[20:39], ANSWER[39:]):
        connection.data_received(piece)
    assert caller.heard == [200, b"h", b"i", "complete"] or caller.heard == [200, b"hi", "complete"]
    assert vendor.pool.take_idle() is connection
    assert connection.reused


def test_a_second_answer_is_nobodys_and_ends_the_connection() -> None:
    vendor, connection, line, caller = asked()
    connection.data_received(ANSWER + STOLEN)
    assert caller.heard == [200, b"hi", "complete"]
    assert line.aborted
    assert vendor.pool.take_idle() is None


def test_a_second_answer_does_not_reach_whoever_was_waiting() -> None:
    vendor, caller, next_one = Vendor(connections_max=1), Caller(), Caller()
    vendor.ask(caller)
    connection, line = vendor.connect()
    vendor.ask(next_one)
    connection.data_received(ANSWER + STOLEN)
    assert next_one.heard == []
    assert line.aborted
    fresh, _ = vendor.connect()
    fresh.data_received(ANSWER)
    assert next_one.heard == [200, b"hi", "complete"]


def test_half_of_a_second_answer_is_enough_to_distrust() -> None:
    vendor, connection, line, caller = asked()
    connection.data_received(ANSWER + STOLEN[:12])
    assert caller.heard == [200, b"hi", "complete"]
    assert line.aborted
    assert vendor.pool.take_idle() is None


def test_bytes_that_nobody_asked_for_end_an_idle_connection() -> None:
    vendor, connection, line, _ = asked()
    connection.data_received(ANSWER)
    connection.data_received(STOLEN)
    assert line.aborted
    assert vendor.pool.take_idle() is None


def test_what_is_no_http_after_an_answer_spoils_the_connection_and_not_the_answer() -> None:
    _, connection, line, caller = asked()
    connection.data_received(ANSWER + b"\x00\x00\x00")
    assert caller.heard == [200, b"hi", "complete"]
    assert line.aborted


@pytest.mark.parametrize("status", [100, 102, 103])
def test_heads_before_the_answer_are_passed_over(status: int) -> None:
    _, connection, _, caller = asked()
    connection.data_received(b"HTTP/1.1 %d Wait\r\nx-early: 1\r\n\r\n" % status + ANSWER)
    assert caller.heard == [200, b"hi", "complete"]
    assert caller.headers == [(b"content-length", b"2")]


def test_a_vendor_that_changes_the_protocol_gives_no_answer() -> None:
    _, connection, line, caller = asked()
    connection.data_received(
        b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"
    )
    assert caller.heard == [FailureKind.MALFORMED]
    assert line.aborted


def test_trailers_are_no_headers() -> None:
    _, connection, _, caller = asked()
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    connection.data_received(head + b"2\r\nhi\r\n0\r\nretry-after: 999\r\n\r\n")
    assert caller.heard == [200, b"hi", "complete"]
    assert caller.headers == [(b"transfer-encoding", b"chunked")]


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n" + b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" * 100,
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 5_000,
    ],
)
def test_a_head_has_a_bound_even_while_it_arrives(head: bytes) -> None:
    _, connection, line, caller = asked()
    for at in range(0, len(head), 100):
        connection.data_received(head[at : at + 100])
        if caller.heard:
            break
    assert caller.heard == [FailureKind.TOO_LARGE]
    assert line.aborted


def test_without_a_length_the_end_of_the_connection_is_the_end() -> None:
    vendor, connection, _, caller = asked()
    connection.data_received(b"HTTP/1.1 200 OK\r\n\r\nhi")
    connection.eof_received()
    connection.connection_lost(None)
    assert caller.heard == [200, b"hi", "complete"]
    assert vendor.pool.take_idle() is None


def test_within_a_length_it_is_a_cut() -> None:
    _, connection, _, caller = asked()
    connection.data_received(ANSWER[:-1])
    connection.eof_received()
    connection.connection_lost(None)
    assert caller.heard == [200, b"h", FailureKind.CUT]


def test_a_connection_that_had_been_idle_is_told_from_one_that_was_fresh() -> None:
    vendor, connection, _, fresh = asked()
    connection.connection_lost(None)
    assert fresh.heard == [FailureKind.RESET]
    vendor, connection, _, _ = asked()
    connection.data_received(ANSWER)
    stale = Caller()
    idle = vendor.pool.take_idle()
    assert idle is not None
    idle.send(b"request", stale)
    connection.connection_lost(None)
    assert stale.heard == [FailureKind.STALE]


def test_who_wants_a_fresh_connection_is_not_given_a_used_one() -> None:
    vendor, connection, _, _ = asked()
    picky, other = Caller(), Caller()
    vendor.ask(picky, fresh=True)
    vendor.ask(other)
    connection.data_received(ANSWER)
    # The one that was given back serves whoever takes it.
    connection.data_received(ANSWER)
    assert other.heard == [200, b"hi", "complete"]
    assert picky.heard == []
    fresh, line = vendor.connect()
    assert line.sent == b"request"
    fresh.data_received(ANSWER)
    assert picky.heard == [200, b"hi", "complete"]


def test_a_failed_call_is_told_to_one_who_waits() -> None:
    vendor, first, second = Vendor(), Caller(), Caller()
    vendor.ask(first)
    vendor.ask(second)
    vendor.failures[0]("no route")
    assert (first.heard, second.heard) == (["no route"], [])


def test_whoever_has_left_is_passed_over() -> None:
    vendor, gone, waiting = Vendor(), Caller(), Caller()
    place = vendor.pool.acquire(
        lambda connection: connection.send(b"request", gone), gone.heard.append, fresh=False
    )
    vendor.ask(waiting)
    place.cancelled = True
    connection, _ = vendor.connect()
    connection.data_received(ANSWER)
    assert (gone.heard, waiting.heard) == ([], [200, b"hi", "complete"])


def test_no_more_connections_are_opened_than_allowed() -> None:
    vendor = Vendor(connections_max=2)
    callers = [Caller() for _ in range(5)]
    for caller in callers:
        vendor.ask(caller)
    assert len(vendor.dialled) == 2
    connections = [vendor.connect()[0] for _ in range(2)]
    while not all(caller.heard for caller in callers):
        for connection in connections:
            if not connection.is_idle:
                connection.data_received(ANSWER)
    assert vendor.pool.size == 2
    assert vendor.dialled == []


def test_what_has_been_idle_for_too_long_is_closed() -> None:
    vendor, connection, line, _ = asked()
    connection.data_received(ANSWER)
    closed = []
    for seconds in (59, 2):
        vendor.now += seconds
        vendor.pool.sweep()
        closed.append(line.aborted)
    assert closed == [False, True]
    assert vendor.pool.size == 0


def test_an_answer_that_is_complete_for_us_is_read_to_its_end() -> None:
    vendor, connection, line, caller = asked()
    connection.data_received(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n")
    connection.pause_reading()
    connection.linger()
    assert line.reading
    connection.data_received(b"0\r\n\r\n")
    assert caller.heard == [200, b"hi"]
    assert vendor.pool.take_idle() is connection


class Leaving(Caller):
    """Does something with its connection as soon as it hears a piece of the answer."""

    def __init__(self, then: Callable[[Outbound], None]) -> None:
        super().__init__()
        self._then = then
        self.connection: Outbound | None = None

    def upstream_body(self, data: bytes) -> None:
        super().upstream_body(data)
        assert self.connection is not None
        self._then(self.connection)


@pytest.mark.parametrize("then", [Outbound.linger, Outbound.abort, Outbound.pause_reading])
def test_what_is_done_over_the_last_words_does_not_befall_whoever_waits(
    then: Callable[[Outbound], None],
) -> None:
    vendor, caller, next_one = Vendor(connections_max=1), Leaving(then), Caller()
    vendor.ask(caller)
    caller.connection, line = vendor.connect()
    vendor.ask(next_one)
    caller.connection.data_received(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    caller.connection.data_received(b"3\r\nend\r\n0\r\n\r\n")
    assert caller.heard[:2] == [200, b"end"]
    connection = caller.connection
    if line.aborted:
        connection, line = vendor.connect()
    assert line.sent.endswith(b"request")
    assert line.reading
    connection.data_received(ANSWER)
    assert next_one.heard == [200, b"hi", "complete"]


def test_a_closed_pool_keeps_nothing() -> None:
    vendor, connection, line, caller = asked()
    vendor.pool.close()
    connection.data_received(ANSWER)
    assert caller.heard == [200, b"hi", "complete"]
    assert line.aborted
    assert vendor.pool.size == 0
