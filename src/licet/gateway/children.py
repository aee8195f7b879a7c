"""A child process that is started again whenever it dies.

The child gets one end of a socketpair and ends when our end closes, so that a supervisor that
is killed leaves nobody behind. Its death is seen by the kernel's word for it, a pidfd, and not
by asking again and again.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from licet.gateway.channel import Channel
from licet.gateway.messages import ToWorker

Received = TypeVar("Received")

START_BOUND_S = 30.0
"""What a child has from its start until it serves; a machine that is busy takes seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How long to wait before the next start, in seconds.

    A child that had lived for `good_after_s` is started again at once.
    """

    first_s: float = 0.05
    factor: float = 2.0
    most_s: float = 5.0
    good_after_s: float = 5.0

    def delay_s(self, deaths: int) -> float:
        """After this many deaths in a row, 1 being the first."""
        if deaths <= 1:
            return 0.0
        return min(self.first_s * self.factor ** (deaths - 2), self.most_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How one start is made: the command, given the number of the control descriptor, and the
    descriptors that the child keeps besides it."""

    command: Callable[[int], list[str]]
    pass_fds: tuple[int, ...] = ()


class Child(Generic[Received]):
    """One seat in the house, and whoever sits on it just now.

    `feeder` makes what reads the messages of one process.
    """

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        name: str,
        launch: Launch,
        feeder: Callable[[], Callable[[bytes], list[Received]]],
        on_start: Callable[[], None],
        on_message: Callable[[Received], None],
        on_death: Callable[[int], None],
        backoff: Backoff,
    ) -> None:
        self.name = name
        self.restarts = 0
        self._loop = loop
        self._launch = launch
        self._feeder = feeder
        self._on_start = on_start
        self._on_message = on_message
        self._on_death = on_death
        self._backoff = backoff
        self._process: subprocess.Popen[bytes] | None = None
        self._pidfd = -1
        self._channel: Channel[Received] | None = None
        self._deaths_in_a_row = 0
        self._started_s = 0.0
        self._stopping = False
        self._again: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """Of the process that runs now; None between a death and the next start."""
        return self._process.pid if self._process is not None else None

    @property
    def is_ending(self) -> bool:
        """Whether its end is wished for."""
        return self._stopping

    def start(self) -> None:
        """Starts the process; `OSError` when the system cannot."""
        ours, theirs = socket.socketpair()
        try:
            # A session of its own: Ctrl-C in the terminal reaches the supervisor alone.
            process = subprocess.Popen(
                self._launch.command(theirs.fileno()),
                pass_fds=(theirs.fileno(), *self._launch.pass_fds),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        self._process = process
        self._started_s = self._loop.time()
        self._pidfd = os.pidfd_open(process.pid)
        self._loop.add_reader(self._pidfd, self._died)
        self._channel = Channel(
            loop=self._loop,
            sock=ours,
            feed=self._feeder(),
            on_message=self._on_message,
            on_close=self._closed,
        )
        self._on_start()

    def send(self, message: ToWorker) -> None:
        """To the process that runs now; whoever comes next is told by `on_start`."""
        if self._channel is not None:
            self._channel.send(message)

    def kill(self) -> None:
        """Ends the process by force; it is started again unless `stop` was called."""
        if self._process is not None:
            self._process.kill()

    def expect_end(self) -> None:
        """From here on a death is wished for: nothing is started again."""
        self._stopping = True
        if self._again is not None:
            self._again.cancel()
            self._again = None

    def stop(self) -> None:
        """Closes our end of the channel, upon which the process ends by itself."""
        self.expect_end()
        if self._channel is not None:
            self._channel.close()

    def _closed(self, reason: str) -> None:
        # A process without a channel cannot be told anything any more: it is of no use.
        if reason or not self._stopping:
            self.kill()

    def _died(self) -> None:
        process = self._process
        if process is None:
            return
        code = process.wait()
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._process = None
        if self._channel is not None:
            self._channel.read_rest()
            self._channel.close()
            self._channel = None
        if not self._stopping:
            self._schedule()
        self._on_death(code)

    def _schedule(self) -> None:
        lived_s = self._loop.time() - self._started_s
        self._deaths_in_a_row = 1 + (
            0 if lived_s >= self._backoff.good_after_s else self._deaths_in_a_row
        )
        self._again = self._loop.call_later(
            self._backoff.delay_s(self._deaths_in_a_row), self._start_again
        )

    def _start_again(self) -> None:
        self._again = None
        self.restarts += 1
        try:
            self.start()
        except OSError:
            # The system has no process or descriptor to give just now; the next try waits longer.
            self._schedule()


def how_it_ended(code: int) -> str:
    """A process's end in words: the exit status, or the signal that ended it."""
    return f"signal {-code}" if code < 0 else f"exit status {code}"
