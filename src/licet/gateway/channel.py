"""Messages over a connected socket, by callbacks of an event loop.

The same few lines serve both ends of a socketpair. Nothing blocks: what the kernel does not
take at once waits here, and what is broken is reported once, by `on_close`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Generic, TypeVar

from licet.gateway.messages import FromWorker, ToWorker, frame

Received = TypeVar("Received")

_READ_BYTES = 256 * 1024


class Channel(Generic[Received]):
    """One end. `feed` turns bytes as they arrive into messages (`ValueError`: nonsense).

    `on_close` is called once, with the reason: empty when the other end closed.
    """

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        feed: Callable[[bytes], list[Received]],
        on_message: Callable[[Received], None],
        on_close: Callable[[str], None],
    ) -> None:
        sock.setblocking(False)
        self._loop = loop
        self._socket = sock
        self._feed = feed
        self._on_message = on_message
        self._on_close = on_close
        self._waiting = bytearray()
        self._open = True
        loop.add_reader(sock.fileno(), self._read)

    @property
    def is_open(self) -> bool:
        return self._open

    @property
    def waiting_bytes(self) -> int:
        """What the other end has not taken yet."""
        return len(self._waiting)

    def send(self, message: ToWorker | FromWorker) -> None:
        """Sends in order; on a closed channel nothing happens, as `on_close` has said so."""
        if not self._open:
            return
        was_waiting = bool(self._waiting)
        self._waiting += frame(message)
        if not was_waiting:
            self._write()

    def close(self) -> None:
        """Closes this end at once, without calling `on_close`."""
        if not self._open:
            return
        self._open = False
        self._loop.remove_reader(self._socket.fileno())
        self._loop.remove_writer(self._socket.fileno())
        self._socket.close()

    def read_rest(self) -> None:
        """Receives whatever the other end had sent before it ended."""
        while self._open and self._read():
            pass

    def _read(self) -> bool:
        """Whether there may be more to read."""
        try:
            data = self._socket.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            return self._break(str(error))
        if not data:
            return self._break("")
        try:
            messages = self._feed(data)
        except ValueError as error:
            return self._break(str(error))
        for message in messages:
            if self._open:
                self._on_message(message)
        return True

    def _write(self) -> None:
        try:
            sent = self._socket.send(self._waiting)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            # Called back later: whoever sends must not be re-entered from its own call.
            self._loop.call_soon(self._break, str(error))
            return
        del self._waiting[:sent]
        if self._waiting:
            self._loop.add_writer(self._socket.fileno(), self._write)
        else:
            self._loop.remove_writer(self._socket.fileno())

    def _break(self, reason: str) -> bool:
        if self._open:
            self.close()
            self._on_close(reason)
        return False
