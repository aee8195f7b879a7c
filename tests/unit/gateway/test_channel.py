"""A channel carries messages both ways, whatever the kernel takes at once, and reports its end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator

import pytest

from licet.gateway.channel import Channel
from licet.gateway.messages import (
    Drained,
    Failed,
    Frames,
    FromWorker,
    Ready,
    decode_from_worker,
    frame,
)

BOUND_S = 10.0


class End:
    """One end of a socketpair with all that it heard."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
        self.heard: list[FromWorker] = []
        self.closed: list[str] = []
        self.stop_when: Callable[[], bool] = lambda: False
        self._loop = loop
        self.channel = Channel(
            loop=loop,
            sock=sock,
            feed=Frames(decode_from_worker).feed,
            on_message=self._hear,
            on_close=self._close,
        )

    def _hear(self, message: FromWorker) -> None:
        self.heard.append(message)
        self._check()

    def _close(self, reason: str) -> None:
        self.closed.append(reason)
        self._check()

    def _check(self) -> None:
        if self.stop_when():
            self._loop.stop()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def run_until(loop: asyncio.AbstractEventLoop, end: End, condition: Callable[[], bool]) -> None:
    end.stop_when = condition
    guard = loop.call_later(BOUND_S, loop.stop)
    if not condition():
        loop.run_forever()
    guard.cancel()
    assert condition()


def test_messages_arrive_in_order_however_large(loop: asyncio.AbstractEventLoop) -> None:
    left, right = socket.socketpair()
    sender, receiver = End(loop, left), End(loop, right)
    sent = [Failed(code=str(number), message="x" * 400_000) for number in range(8)]
    for message in sent:
        sender.channel.send(message)
    assert sender.channel.waiting_bytes > 0
    run_until(loop, receiver, lambda: len(receiver.heard) == len(sent))
    assert receiver.heard == sent
    assert sender.channel.waiting_bytes == 0
    sender.channel.close()
    receiver.channel.close()


def test_the_other_end_closing_is_told_once_and_without_a_reason(
    loop: asyncio.AbstractEventLoop,
) -> None:
    left, right = socket.socketpair()
    end = End(loop, left)
    right.sendall(frame(Ready(pid=1)))
    right.close()
    run_until(loop, end, lambda: bool(end.closed))
    assert end.heard == [Ready(pid=1)]
    assert end.closed == [""]
    assert not end.channel.is_open


def test_nonsense_closes_the_channel_with_a_reason(loop: asyncio.AbstractEventLoop) -> None:
    left, right = socket.socketpair()
    end = End(loop, left)
    right.sendall(b"\xff\xff\xff\xff")
    run_until(loop, end, lambda: bool(end.closed))
    assert "longer than" in end.closed[0]
    right.close()


def test_sending_to_an_end_that_is_gone_is_reported_and_not_raised(
    loop: asyncio.AbstractEventLoop,
) -> None:
    left, right = socket.socketpair()
    end = End(loop, left)
    right.close()
    end.channel.send(Drained(cut=0))
    run_until(loop, end, lambda: bool(end.closed))
    assert not end.channel.is_open
    end.channel.send(Drained(cut=0))
    assert len(end.closed) == 1


def test_what_was_sent_before_the_end_can_still_be_read(loop: asyncio.AbstractEventLoop) -> None:
    left, right = socket.socketpair()
    end = End(loop, left)
    right.sendall(frame(Drained(cut=3)))
    right.close()
    end.channel.read_rest()
    assert end.heard == [Drained(cut=3)]
    assert end.closed == [""]
