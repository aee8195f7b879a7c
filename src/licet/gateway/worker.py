"""A worker: one node, driven by the supervisor's messages.

The worker decides nothing about itself. It serves what the supervisor told it to serve, and
what it could not do it says.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from collections.abc import Callable
from typing import Protocol

import msgspec
import uvloop

from licet.catalog import Settings
from licet.gateway.channel import Channel
from licet.gateway.messages import (
    Adopted,
    AskStatus,
    ClockPassed,
    Configure,
    Drain,
    Drained,
    Failed,
    Frames,
    FromWorker,
    Lease,
    Publication,
    Ready,
    Secrets,
    StepClock,
    ToWorker,
    Trust,
    UnknownKey,
    WorkerStatus,
    decode_to_worker,
)
from licet.policy import Snapshot
from licet.terms import Fault, Instant

LOOK_AGAIN_S = 0.005


class NodeFace(Protocol):
    """What a worker asks of the node that serves its requests."""

    def adopt(self, snapshot: Snapshot, secrets: Secrets, settings: Settings) -> None:
        """On return the snapshot governs, and streams in flight have been decided again."""

    def set_clock_floor(self, instant: Instant) -> None:
        """Decision time is never before `instant`."""

    def step_clock(self, instant: Instant) -> None:
        """The scripted clock stands at `instant`; streams in flight are decided again."""

    def renew_lease(self, digest: str, seconds: float) -> None:
        """`digest` is the latest snapshot for `seconds` from now."""

    def tell_publication(self, publication: Publication) -> None:
        """What metrics say of publications from here on."""

    def on_unknown_key(self, tell: Callable[[str], None]) -> None:
        """From here on, `tell` hears of issuers whose tokens name keys that are not known."""

    def drain(self, seconds: float, on_drained: Callable[[int], None]) -> None:
        """Accepts nothing new; calls back with the number of answers that were cut."""

    def status(self) -> WorkerStatus: ...

    def start(self) -> None:
        """Accepts connections."""

    def close(self) -> None: ...


class Worker:
    """Messages in, calls on the node, answers out."""

    def __init__(
        self,
        *,
        index: int,
        make_node: Callable[[Settings], NodeFace],
        load: Callable[[bytes], Snapshot],
        send: Callable[[FromWorker], None],
        end: Callable[[], None],
        later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self._index = index
        self._make_node = make_node
        self._load = load
        self._send = send
        self._end = end
        self._later = later
        self._node: NodeFace | None = None
        self._governing: tuple[Snapshot, Secrets, Settings] | None = None

    def receive(self, message: ToWorker) -> None:
        """Carries out one message. What fails is told, and changes nothing here."""
        try:
            self._carry_out(message)
        except Fault as fault:
            self._send(Failed(code=fault.code, message=str(fault)))
        except Exception as error:  # noqa: BLE001
            # Told and not raised: an exception in a callback would reach nobody but the loop,
            # and the supervisor, which can end this process, must know that it did not happen.
            self._send(Failed(code="worker_failed", message=f"{type(error).__name__}: {error}"))

    def close(self) -> None:
        if self._node is not None:
            self._node.close()

    def _carry_out(self, message: ToWorker) -> None:
        if isinstance(message, Configure):
            self._configure(message)
            return
        if isinstance(message, AskStatus):
            self._send(self._status())
            return
        node = self._node
        if node is None:
            raise RuntimeError(f"`{type(message).__name__}` came before the first `Configure`")
        match message:
            case StepClock():
                node.step_clock(message.instant)
                self._send(ClockPassed(instant=message.instant))
            case Trust():
                self._trust(node, message)
            case Publication():
                node.tell_publication(message)
            case Lease():
                node.renew_lease(message.digest, message.seconds)
            case Drain():
                node.drain(message.seconds, self._drained)

    def _configure(self, message: Configure) -> None:
        snapshot = self._load(message.document)
        if snapshot.digest != message.digest:
            raise RuntimeError(f"snapshot `{message.digest}` arrived as `{snapshot.digest}`")
        node = self._node
        first = node is None
        if node is None:
            node = self._make_node(message.settings)
            node.on_unknown_key(lambda issuer: self._send(UnknownKey(issuer=issuer)))
        node.set_clock_floor(message.clock_floor)
        if message.scripted_at is not None:
            node.step_clock(message.scripted_at)
        node.adopt(snapshot, message.secrets, message.settings)
        self._governing = (snapshot, message.secrets, message.settings)
        node.renew_lease(message.digest, message.lease_s)
        if first:
            self._node = node
            node.start()
            # What lives as long as the process is not looked at by every collection.
            gc.collect()
            gc.freeze()
            # Requests leave hardly any cycles behind: looking for them every 700 objects, as
            # the interpreter does by itself, took a tenth of the time of a request.
            gc.set_threshold(20_000, 20, 50)
        self._send(Adopted(serial=message.serial, digest=message.digest))
        if first:
            self._ready_once_recording()

    def _trust(self, node: NodeFace, message: Trust) -> None:
        """Who asks is looked at anew, also for what is in flight, and vendors are shown what is
        good now; the snapshot stays as it is."""
        assert self._governing is not None
        snapshot, secrets, settings = self._governing
        secrets = msgspec.structs.replace(
            secrets, issuers=message.issuers, credentials=message.credentials
        )
        node.adopt(snapshot, secrets, settings)
        self._governing = (snapshot, secrets, settings)

    def _ready_once_recording(self) -> None:
        """Nothing is served without its record, so nobody is told to come before it can be."""
        if self._status().recorder_connected:
            self._send(Ready(pid=os.getpid()))
        else:
            self._later(LOOK_AGAIN_S, self._ready_once_recording)

    def _status(self) -> WorkerStatus:
        if self._node is None:
            return WorkerStatus(index=self._index, pid=os.getpid())
        return self._node.status()

    def _drained(self, cut: int) -> None:
        self._send(Drained(cut=cut))
        self._end()


MakeNode = Callable[[asyncio.AbstractEventLoop, socket.socket, Settings], NodeFace]


def drive(
    *,
    control_fd: int,
    listen_fd: int,
    index: int,
    make_node: MakeNode,
    load: Callable[[bytes], Snapshot],
) -> int:
    """The life of a worker process, until the supervisor's end of `control_fd` closes, or until
    it is drained; the exit status."""
    # A terminal sends Ctrl-C to whole groups, and an operator may signal one worker by mistake;
    # only the supervisor decides when work ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    loop = uvloop.new_event_loop()
    listener = socket.socket(fileno=listen_fd)
    control = socket.socket(fileno=control_fd)
    reasons: list[str] = []

    def say(message: FromWorker) -> None:
        channel.send(message)

    def ended(reason: str) -> None:
        reasons.append(reason)
        loop.stop()

    worker = Worker(
        index=index,
        make_node=lambda settings: make_node(loop, listener, settings),
        load=load,
        send=say,
        end=loop.stop,
        later=loop.call_later,
    )
    channel: Channel[ToWorker] = Channel(
        loop=loop,
        sock=control,
        feed=Frames(decode_to_worker).feed,
        on_message=worker.receive,
        on_close=ended,
    )
    loop.run_forever()
    worker.close()
    channel.close()
    return 1 if any(reasons) else 0
