"""The recorder's process: a Unix socket for workers, a pipe from the supervisor."""

from __future__ import annotations

import contextlib
import gc
import itertools
import json
import os
import select
import socket
import time
from collections.abc import Callable
from pathlib import Path

from licet.storage.disk import Disk, RealDisk
from licet.storage.log import Log
from licet.storage.recorder import Recorder
from licet.storage.side import SideStore
from licet.terms import EvidenceFault

READ_BYTES_MAX = 256 << 10
UNREAD_BYTES_MAX = 64 << 20
TICK_SECONDS = 0.25


def run_recorder(
    *,
    folder: Path,
    origin: str,
    listener: socket.socket,
    control: socket.socket,
    now: Callable[[], str],
    version: str,
    disk: Disk | None = None,
    entropy: Callable[[int], bytes] = os.urandom,
) -> None:
    """Serves the log in `folder` until the other end of `control` closes.

    `listener` is a listening Unix stream socket, `now` the decision clock as text (a constant
    where the clock is scripted: the log's own last instant is then used). On `control` go JSON
    lines: `{"recorder": "ready", "log", "size", "last_at", "mended", "vkey"}` first, then
    `"failing"` with `code` and `message`, and `"working"`. Raises `EvidenceFault` when the log
    cannot be opened, or not be closed in good order.
    """
    chosen = disk or RealDisk()
    log = Log(folder, chosen, origin, entropy)
    try:
        side = SideStore(folder, chosen, entropy)
        recorder = Recorder(
            log,
            side,
            now,
            lambda fault: _tell(control, _fault_line(fault)),
            # Where they share a core, who waited goes first, and the books come after.
            answered=os.sched_yield,
        )
        recorder.begin(version)
    except EvidenceFault:
        log.abandon()
        raise
    ready = {
        "recorder": "ready",
        "log": origin,
        "size": log.size,
        "last_at": log.last_at,
        "mended": log.mended,
        "vkey": str(log.key.verifier()),
    }
    _tell(control, ready)
    # What lives as long as the process is not looked at by every collection, and records leave
    # no cycles behind.
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    _Service(recorder, listener, control).run()


class _Connection:
    """A worker's socket, and what it has not read yet; `waits`: until it reads again."""

    __slots__ = ("number", "out", "sock", "waits")

    def __init__(self, number: int, sock: socket.socket) -> None:
        self.number = number
        self.sock = sock
        self.out = bytearray()
        self.waits = False

    def send(self, data: bytes) -> None:
        """At once as far as the socket takes it; the rest, and an end, are `_flush`'s."""
        if not self.out:
            with contextlib.suppress(OSError):
                data = data[self.sock.send(data) :]
        self.out += data


class _Service:
    def __init__(self, recorder: Recorder, listener: socket.socket, control: socket.socket) -> None:
        self._recorder = recorder
        self._listener = listener
        self._control = control
        self._numbers = itertools.count(1)
        # By file descriptor, which is what the kernel names.
        self._connections: dict[int, _Connection] = {}
        # Reading into the same room again and again spares the kernel giving and taking it.
        self._room = memoryview(bytearray(READ_BYTES_MAX))
        # Not a selector: every answer waits for this loop, and on a quiet gateway each line of
        # it is read from memory anew.
        self._epoll = select.epoll()
        for sock in (listener, control):
            sock.setblocking(False)
            self._epoll.register(sock, select.EPOLLIN)

    def run(self) -> None:
        """Until the control socket ends; what has arrived by then is still committed."""
        serving = True
        control, listener = self._control.fileno(), self._listener.fileno()
        while serving:
            for fd, _ in self._epoll.poll(0 if self._recorder.busy else TICK_SECONDS):
                connection = self._connections.get(fd)
                if connection is not None:
                    self._read(connection)
                elif fd == control:
                    serving = self._controlled()
                elif fd == listener:
                    self._accept()
            self._recorder.turn()
            # Whoever waits for an answer does not wait for a checkpoint besides.
            self._flush()
            self._recorder.tick(time.monotonic())
            self._flush()
        for connection in list(self._connections.values()):
            self._read(connection)
        try:
            self._recorder.close()
        finally:
            # The log is closed: a worker that is gone by now is no business of the recorder's
            # any more, so its end is not reported.
            for connection in self._connections.values():
                with contextlib.suppress(OSError):
                    connection.sock.send(connection.out)
                connection.sock.close()
            self._epoll.close()

    def _controlled(self) -> bool:
        try:
            return self._control.recv(4096) != b""
        except BlockingIOError:
            return True
        except ConnectionError:
            return False

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            sock, _ = self._listener.accept()
            sock.setblocking(False)
            connection = _Connection(next(self._numbers), sock)
            self._connections[sock.fileno()] = connection
            self._epoll.register(sock, select.EPOLLIN)
            self._recorder.connected(connection.number, connection.send)

    def _read(self, connection: _Connection) -> None:
        """Reads at most `READ_BYTES_MAX`, so that no worker keeps the others waiting."""
        try:
            size = connection.sock.recv_into(self._room)
            if size:
                self._recorder.received(connection.number, self._room[:size])
                return
        except BlockingIOError:
            return
        except (ConnectionError, EvidenceFault):
            # A worker that died, or that does not speak the protocol: both are gone.
            self._drop(connection)
            return
        self._drop(connection)

    def _flush(self) -> None:
        for connection in list(self._connections.values()):
            if not connection.out:
                continue
            try:
                sent = connection.sock.send(connection.out)
                del connection.out[:sent]
            except BlockingIOError:
                # It reads slowly: what it was not sent waits, up to the bound below.
                pass
            except ConnectionError:
                self._drop(connection)
                continue
            if len(connection.out) > UNREAD_BYTES_MAX:
                self._drop(connection)
                continue
            if bool(connection.out) != connection.waits:
                connection.waits = not connection.waits
                writable = select.EPOLLOUT if connection.waits else 0
                self._epoll.modify(connection.sock, select.EPOLLIN | writable)

    def _drop(self, connection: _Connection) -> None:
        del self._connections[connection.sock.fileno()]
        self._epoll.unregister(connection.sock)
        connection.sock.close()
        self._recorder.disconnected(connection.number)


def _fault_line(fault: EvidenceFault | None) -> dict[str, str]:
    if fault is None:
        return {"recorder": "working"}
    return {"recorder": "failing", "code": fault.code, "message": fault.message}


def _tell(control: socket.socket, line: dict[str, object] | dict[str, str]) -> None:
    # A supervisor that is gone, or reads nothing, must not hold up the log: the end of the
    # socket is noticed by the loop.
    with contextlib.suppress(OSError):
        control.send(json.dumps(line).encode() + b"\n")
