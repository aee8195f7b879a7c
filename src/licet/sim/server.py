"""The sockets of the simulated vendors: callbacks around conversations, with time injected."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Protocol, assert_never, cast

import httptools
import msgspec

from licet.sim.conversation import Conversation
from licet.sim.performance import Action, Close, Finish, Hold, Send
from licet.sim.vendor import Vendor
from licet.terms import SECOND_US, Instant

_LINGER_NONE = struct.pack("ii", 1, 0)


class Timer(Protocol):
    """What a scheduled call can do."""

    def cancel(self) -> None:
        """Takes the call back."""


CallLater = Callable[[float, Callable[[], None]], Timer]
"""Seconds and a callback, as `loop.call_later`."""


class VendorProtocol(asyncio.Protocol):
    """Plays the actions of one conversation, each when it is due, as fast as the peer reads."""

    def __init__(
        self, vendor: Vendor, *, now: Callable[[], Instant], call_later: CallLater
    ) -> None:
        self._conversation = Conversation(vendor)
        self._simulation = vendor.simulation
        self._now = now
        self._call_later = call_later
        self._transport: asyncio.Transport | None = None
        self._actions: deque[Action] = deque()
        self._timer: Timer | None = None
        self._due = False
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remembers the way out, and can be told to go on."""
        self._transport = cast("asyncio.Transport", transport)
        self._simulation.join(self.resume)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops playing; the ledger learns what was cancelled."""
        self._stop()
        self._transport = None
        self._simulation.leave(self.resume)
        self._conversation.lost(self._now())

    def data_received(self, data: bytes) -> None:
        """Queues what follows from `data` behind what is still to be done."""
        self._actions.extend(self._conversation.receive(data, self._now()))
        if self._timer is None:
            self._play()

    def pause_writing(self) -> None:
        """The peer reads slower than the vendor writes."""
        self._paused = True

    def resume_writing(self) -> None:
        """The peer has caught up."""
        self._paused = False
        if self._timer is None:
            self._play()

    def reset(self) -> None:
        """Ends the connection from this side, whatever was being said."""
        if self._transport is not None:
            self._stop()
            _reset(self._transport)

    def resume(self) -> bool:
        """Says at once what a stall or a slow pace keeps back; whether there was any."""
        kept_back = bool(self._actions)
        kept = [action for action in self._actions if not isinstance(action, Hold)]
        self._stop()
        self._due = False
        self._actions.extend(_undelayed(action) for action in kept)
        self._play()
        return kept_back

    def _play(self) -> None:
        """Carries out actions until one has to wait."""
        while self._actions and self._transport is not None and not self._paused:
            action = self._actions[0]
            delay_us = action.delay_us if isinstance(action, Send | Close) else 0
            if delay_us and not self._due:
                self._timer = self._call_later(delay_us / SECOND_US, self._on_due)
                return
            self._due = False
            if isinstance(action, Hold):
                return
            self._actions.popleft()
            self._perform(action, self._transport)

    def _on_due(self) -> None:
        self._timer = None
        self._due = True
        self._play()

    def _perform(self, action: Send | Close | Finish, transport: asyncio.Transport) -> None:
        match action:
            case Send():
                transport.write(action.data)
            case Close():
                self._stop()
                if action.reset:
                    _reset(transport)
                else:
                    transport.close()
            case Finish():
                pass
            case _:
                assert_never(action)
        self._conversation.performed(action, self._now())

    def _stop(self) -> None:
        self._actions.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _undelayed(action: Action) -> Action:
    if isinstance(action, Send | Close):
        return msgspec.structs.replace(action, delay_us=0)
    return action


def _reset(transport: asyncio.Transport) -> None:
    """Ends the connection with a TCP reset where there is a socket, abruptly in any case."""
    peer: socket.socket | None = transport.get_extra_info("socket")
    if peer is not None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
    transport.abort()


class FastProtocol(asyncio.Protocol):
    """Answers every request with the same bytes; unrecorded, unscripted, for measuring only."""

    def __init__(self, answer: bytes, *, delay_us: int, call_later: CallLater) -> None:
        self._answer = answer
        self._delay_s = delay_us / SECOND_US
        self._call_later = call_later
        self._complete = 0
        self._transport: asyncio.Transport | None = None
        self._feed = httptools.HttpRequestParser(self).feed_data

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remembers the way out."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Answers that are due later find no way out and vanish."""
        self._transport = None

    def on_message_complete(self) -> None:
        """httptools: a request is whole."""
        self._complete += 1

    def data_received(self, data: bytes) -> None:
        """Answers each request that `data` completes."""
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._close()
            return
        if self._complete:
            complete, self._complete = self._complete, 0
            if self._delay_s:
                self._call_later(self._delay_s, lambda: self._send(complete))
            else:
                self._send(complete)

    def _send(self, count: int) -> None:
        if self._transport is not None:
            self._transport.write(self._answer * count)

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()
