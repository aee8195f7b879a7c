"""Connections to vendors on a real loop: each call is told once how it ended."""

from __future__ import annotations

import asyncio
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import uvloop

from licet.gateway.dialer import LoopDialer
from licet.gateway.outbound import Outbound, Pool, Route
from licet.relay import Failure

CONNECT_S = 2.0
"""More than a busy machine takes to connect."""
BUSY_S = CONNECT_S + 0.1
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Vendor:
    """Answers whoever connects, on a thread of its own, but not before it `may`."""

    def __init__(self, listener: socket.socket) -> None:
        self.port: int = listener.getsockname()[1]
        self.may = threading.Event()
        self._listener = listener
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.recv(4096)
            self.may.wait()
            # Who has hung up meanwhile hears nothing.
            with suppress(OSError):
                connection.sendall(ANSWER)

    def end(self) -> None:
        self.may.set()
        self._thread.join()


class Caller:
    """Asks once it has a connection; `heard` is what came of it, in order."""

    def __init__(self, over: asyncio.Event, vendor: Vendor | None, *, busy_s: float) -> None:
        self.heard: list[str] = []
        self._over = over
        self._vendor = vendor
        self._busy_s = busy_s

    def connected(self, connection: Outbound) -> None:
        connection.send(b"GET / HTTP/1.1\r\nhost: vendor\r\n\r\n", self)
        assert self._vendor is not None
        asyncio.get_running_loop().call_later(CONNECT_S, self._vendor.may.set)
        # As a loop is that has a thousand other things to do at this very moment.
        select.select([], [], [], self._busy_s)

    def unconnected(self, why: str) -> None:
        self._end(why)

    def upstream_answer(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self._end(f"{status} {body.decode()}")

    def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None: ...
    def upstream_body(self, data: bytes) -> None: ...
    def upstream_complete(self) -> None: ...
    def upstream_failed(self, failure: Failure) -> None:
        self._end(failure.kind.value)

    def _end(self, what: str) -> None:
        self.heard.append(what)
        self._over.set()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        vendor = Vendor(listener)
        yield vendor
        vendor.end()


async def asked(
    port: int, folder: Path, *, vendor: Vendor | None = None, busy_s: float = 0.0
) -> list[str]:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    caller = Caller(over, vendor, busy_s=busy_s)
    pool = Pool(
        Route(endpoint="e", host="127.0.0.1", port=port, tls=False, ca_file=None, prefix=""),
        LoopDialer(loop, connect_s=CONNECT_S, folder=folder),
        now=loop.time,
        connections_max=1,
        idle_s=60.0,
        head_bytes_max=1000,
    )
    pool.acquire(caller.connected, caller.unconnected, fresh=False)
    async with asyncio.timeout(20):
        await over.wait()
    pool.close()
    return caller.heard


@pytest.mark.parametrize("busy_s", [0.0, BUSY_S])
def test_a_connection_that_is_in_use_is_not_given_up_because_the_loop_was_busy(
    vendor: Vendor, tmp_path: Path, busy_s: float
) -> None:
    heard = uvloop.run(asked(vendor.port, tmp_path, vendor=vendor, busy_s=busy_s))
    assert heard == ["200 ok"]


def test_a_vendor_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        (why,) = uvloop.run(asked(deaf.getsockname()[1], tmp_path))
    assert why.startswith("no connection: ")
