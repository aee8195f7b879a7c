"""The supervisor: owns the sockets and the children, adopts configurations, answers questions.

It is not on the path of any request. Its order of work is what makes the promises hold: what an
adoption announces is on disk before any worker hears of it; a reload returns when every worker
has adopted; listening sockets outlive workers; and the recorder ends last.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from licet.gateway.adoption import Adopted, Adopter
from licet.gateway.children import START_BOUND_S, Backoff, Launch
from licet.gateway.companion import Companion
from licet.gateway.control_socket import ControlSocket
from licet.gateway.folder_lock import FolderLock, written
from licet.gateway.listening import address_of, bind_unix, close_all, listen
from licet.gateway.messages import Configure, Publication
from licet.gateway.plan import Plan, Running
from licet.gateway.provisions import Provisions
from licet.gateway.publication import PublisherProcess
from licet.gateway.recorder_process import RecorderProcess
from licet.gateway.suspension import Suspension, suspend
from licet.gateway.workers import Workers
from licet.terms import (
    Instant,
    OperationFault,
    format_instant,
    parse_instant,
)

WORKER_BACKOFF = Backoff()
STATUS_BOUND_S = 1.0
END_BOUND_S = 5.0


class Supervisor:
    """One gateway on one node.

    `wall` reads the system's clock; `report` gets lines for the operator; `on_running` is
    called once everything is up.
    """

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        plan: Plan,
        adopter: Adopter,
        wall: Callable[[], Instant],
        report: Callable[[str], None],
        on_running: Callable[[Running], None],
    ) -> None:
        self._loop = loop
        self._plan = plan
        self._adopter = adopter
        self._wall = wall
        self._report = report
        self._on_running = on_running
        self._recorder = RecorderProcess(
            loop=loop, path=plan.recorder_path, command=plan.recorder, report=report
        )
        self._companion: Companion | None = None
        self._provisions = Provisions(
            folder=plan.control.parent / "issuers",
            configuration=plan.configuration or plan.folder,
            wall_s=lambda: wall() / 1_000_000,
            changed=self._trust,
            report=report,
        )
        self._publisher = PublisherProcess(
            loop=loop, command=plan.publisher, changed=self._tell_publication, report=report
        )
        self._one_at_a_time = asyncio.Lock()
        self._ending: asyncio.Future[None] = loop.create_future()
        self._workers: Workers | None = None
        self._listeners: tuple[socket.socket, ...] = ()
        self._address = ""
        self._lock: FolderLock | None = None
        self._control: ControlSocket | None = None
        self._lease: asyncio.TimerHandle | None = None
        self._adopted: Adopted | None = None
        self._floor = Instant(0)
        self._scripted_at: Instant | None = None
        self._serial = 0

    async def run(self) -> int:
        """From start to end; the exit status. Faults at the start are raised."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(number, self.end)
        starting = self._loop.create_task(self._start())
        try:
            either: set[asyncio.Future[None]] = {starting, self._ending}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if self._ending.done():
                # Nobody wants this start any more: how it ended is no fault.
                starting.cancel()
                await asyncio.gather(starting, return_exceptions=True)
            else:
                starting.result()
                await self._ending
            await self._drain()
        finally:
            await self._close()
            for number in (signal.SIGINT, signal.SIGTERM):
                self._loop.remove_signal_handler(number)
        return 0

    def end(self) -> None:
        """Ends in good order; asked a second time, at once."""
        if not self._ending.done():
            self._ending.set_result(None)
            return
        self._report("ending at once")
        if self._workers is not None:
            self._workers.kill()

    def now(self) -> Instant:
        """The decision clock: scripted, or the system's, and never before what is recorded."""
        if self._scripted_at is not None:
            return self._scripted_at
        self._floor = max(self._floor, self._wall())
        return self._floor

    async def _start(self) -> None:
        plan = self._plan
        for folder in (plan.folder, plan.control.parent, plan.recorder_path.parent):
            with written(folder):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = FolderLock(plan.folder)
        self._listeners = listen(plan.host, plan.port, plan.workers)
        self._address = address_of(self._listeners[0])
        welcome = await self._recorder.start()
        if welcome.last_at:
            self._floor = parse_instant(welcome.last_at)
        if plan.scripted_start is not None:
            self._scripted_at = max(self._floor, plan.scripted_start)
        adopted = self._adopter.adopt(self.now(), None)
        await self._record(adopted)
        if plan.companion is not None:
            self._companion = Companion(
                loop=self._loop, command=plan.companion, report=self._report
            )
            await self._companion.start(START_BOUND_S)
        self._workers = Workers(
            loop=self._loop,
            launches=tuple(
                Launch(
                    command=_command(plan.worker, sock.fileno(), index),
                    pass_fds=(sock.fileno(),),
                )
                for index, sock in enumerate(self._listeners)
            ),
            now=self.now,
            report=self._report,
            backoff=WORKER_BACKOFF,
            on_unknown_key=self._provisions.unknown_key,
        )
        self._provisions.follow(adopted.secrets)
        await self._provisions.settled()
        late = await self._workers.start(self._configure(adopted), START_BOUND_S)
        if late:
            raise OperationFault(
                "workers_not_ready",
                f"{_named(late)} did not get ready",
                remedy="their last words are above",
            )
        self._renew_lease()
        self._publisher.follow(adopted.settings.evidence)
        self._control = ControlSocket(bind_unix(plan.control), self._commands(), self._report)
        await self._control.start()
        self._on_running(
            Running(
                address=self._address,
                workers=plan.workers,
                adopted=adopted,
                at=self.now(),
                scripted=self._scripted_at is not None,
            )
        )

    async def _record(self, adopted: Adopted) -> None:
        """INVARIANT (recorded first): what an adoption says is durable before it is in force."""
        self._adopter.store(adopted)
        await self._recorder.append(adopted.leaves)
        self._adopted = adopted

    def _trust(self) -> None:
        if self._workers is not None and self._adopted is not None:
            self._workers.trust(self._provisions.furnish(self._adopted.secrets))

    def _tell_publication(self, publication: Publication) -> None:
        if self._workers is not None:
            self._workers.tell_publication(publication)

    def _configure(self, adopted: Adopted) -> Configure:
        self._serial += 1
        return Configure(
            serial=self._serial,
            document=adopted.document,
            digest=adopted.digest,
            secrets=self._provisions.furnish(adopted.secrets),
            settings=adopted.settings,
            clock_floor=self._floor,
            scripted_at=self._scripted_at,
            lease_s=adopted.lease_s,
        )

    def _renew_lease(self) -> None:
        adopted = self._adopted
        if self._workers is None or adopted is None:
            return
        self._workers.renew_lease(adopted.lease_s)
        self._lease = self._loop.call_later(adopted.lease_s / 3, self._renew_lease)

    async def _put_into_effect(self, adopted: Adopted) -> dict[str, Any]:
        await self._record(adopted)
        if self._workers is None:
            raise OperationFault("not_running", "the gateway is starting")
        self._provisions.follow(adopted.secrets)
        before = self._workers.restarts
        late = await self._workers.adopt(self._configure(adopted), self._plan.adopt_bound_s)
        if late:
            raise OperationFault(
                "workers_late",
                f"adopted as `{adopted.digest}`, but {_named(late)} has not acknowledged it;"
                " it serves nothing until it has",
                remedy="`licet status` says what became of it",
            )
        self._publisher.follow(adopted.settings.evidence)
        # What restricts is in force by now; whom a new issuer may name can wait for its keys.
        await self._provisions.settled()
        return {
            "snapshot": adopted.digest,
            "workers": self._plan.workers,
            "recorded": list(adopted.recorded),
            "faults": list(adopted.faults),
            "left": list(adopted.left),
            "notices": [*adopted.notices, *_started_anew(before, self._workers.restarts)],
        }

    def _commands(
        self,
    ) -> dict[str, Callable[[Mapping[str, Any]], Any]]:
        return {
            "status": self._status,
            "reload": self._reload,
            "suspend": self._suspend,
            "step_clock": self._step_clock,
            "review": self._review,
            "read": self._read,
            "drain": self._drain_command,
        }

    async def _reload(self, _: Mapping[str, Any]) -> dict[str, Any]:
        async with self._one_at_a_time:
            return await self._put_into_effect(self._adopter.adopt(self.now(), self._adopted))

    async def _suspend(self, request: Mapping[str, Any]) -> dict[str, Any]:
        async with self._one_at_a_time:
            at = self.now()
            asked = Suspension.of(request)
            suspended = suspend(asked, self._in_force().sources, at, self._adopter.log)
            amended = self._adopter.amend(self._in_force(), suspended, at)
            amended = replace(amended, leaves=(suspended.leaf, *amended.leaves))
            return {**await self._put_into_effect(amended), "directive": suspended.directive.id}

    async def _review(self, request: Mapping[str, Any]) -> dict[str, Any]:
        async with self._one_at_a_time:
            leaf = self._adopter.reviewed(self._in_force(), request, self.now())
            await self._recorder.append((leaf,))
            return {"directive": leaf.id, "next": leaf.next}

    async def _read(self, request: Mapping[str, Any]) -> dict[str, Any]:
        async with self._one_at_a_time:
            leaf = self._adopter.read(request, self.now())
            (index,) = await self._recorder.append((leaf,))
            return {"record": index}

    async def _step_clock(self, request: Mapping[str, Any]) -> dict[str, Any]:
        async with self._one_at_a_time:
            instant = _instant(request)
            if self._scripted_at is None or self._workers is None:
                raise OperationFault(
                    "clock_not_scripted",
                    "the decision clock follows the system's clock and cannot be stepped",
                    remedy="only where `licet.toml` says `[clock] scripted = true`",
                )
            if instant < self._scripted_at:
                raise OperationFault(
                    "clock_backwards",
                    f"decision time stands at `{format_instant(self._scripted_at)}` and never"
                    " runs backwards",
                )
            before = self._scripted_at
            leaf = self._adopter.stepped(before, instant)
            await self._recorder.append((leaf,))
            self._scripted_at = self._floor = instant
            late = await self._workers.step_clock(instant, self._plan.adopt_bound_s)
            if late:
                raise OperationFault("workers_late", f"{_named(late)} has not passed the barrier")
            return {"instant": format_instant(instant), "workers": self._plan.workers}

    async def _status(self, _: Mapping[str, Any]) -> dict[str, Any]:
        adopted = self._in_force()
        assert self._workers is not None
        answers = await self._workers.statuses(STATUS_BOUND_S)
        workers = []
        for index, seat in enumerate(self._workers.seats):
            answer = answers.get(index)
            row: dict[str, Any] = {
                "index": index,
                "pid": seat.child.pid,
                "restarts": seat.child.restarts,
                "state": "serving" if answer is not None else "not answering",
                "failure": seat.failure,
            }
            if answer is not None:
                row |= {
                    "snapshot": answer.snapshot,
                    "in_flight": answer.in_flight,
                    "requests": answer.requests,
                    "answered": answer.answered,
                    "refused": answer.refused,
                    "failed": answer.failed,
                    "breakers_open": list(answer.breakers_open),
                    "breaches": answer.breaches,
                    "other_models": answer.other_models,
                    "recorder_connected": answer.recorder_connected,
                    "memory_bytes": answer.memory_bytes,
                    "lease_s_left": answer.lease_s_left,
                }
            workers.append(row)
        return {
            "address": self._address,
            "evidence": str(self._plan.folder),
            "at": format_instant(self.now()),
            "scripted": self._scripted_at is not None,
            "snapshot": adopted.digest,
            "workers": workers,
            "recorder": self._recorder.status(),
            "wall_s": self._wall() // 1_000_000,
            "published": self._publisher.status(),
            **self._provisions.status(),
            **self._adopter.describe(adopted, self.now()),
        }

    async def _drain_command(self, _: Mapping[str, Any]) -> dict[str, Any]:
        self.end()
        return {"draining": True}

    def _in_force(self) -> Adopted:
        if self._adopted is None:
            raise OperationFault("not_running", "the gateway is starting")
        return self._adopted

    async def _drain(self) -> None:
        if self._workers is None or self._adopted is None:
            return
        # With the workers' own, the last of each socket: who comes now is refused at once, and
        # asks another node, instead of waiting for an end.
        close_all(self._listeners)
        seconds = self._adopted.drain_s
        cut = await self._workers.drain(seconds, seconds + END_BOUND_S)
        if cut:
            self._report(f"{cut} answers were cut after {seconds:g} s")

    async def _close(self) -> None:
        self._provisions.close()
        if self._lease is not None:
            self._lease.cancel()
        if self._control is not None:
            await self._control.close()
            self._plan.control.unlink(missing_ok=True)
        if self._workers is not None:
            await self._workers.stop(END_BOUND_S)
        close_all(self._listeners)
        # Last of those that serve, so that every outcome of the workers has somewhere to go.
        await self._recorder.stop(END_BOUND_S)
        # After the recorder, which signs once more when it ends.
        await self._publisher.stop(END_BOUND_S)
        if self._companion is not None:
            self._companion.stop()
        if self._lock is not None:
            self._lock.release()


def _command(
    make: Callable[[int, int, int], list[str]], listen_fd: int, index: int
) -> Callable[[int], list[str]]:
    return lambda control_fd: make(control_fd, listen_fd, index)


def _started_anew(before: tuple[int, ...], after: tuple[int, ...]) -> list[str]:
    """A line on each worker that was replaced meanwhile; its replacement has what is current."""
    return [
        f"{_named((index,))} did not acknowledge in time, or died, and was started anew"
        for index, (earlier, later) in enumerate(zip(before, after, strict=True))
        if later > earlier
    ]


def _named(indices: tuple[int, ...]) -> str:
    return "worker " + ", ".join(str(index) for index in indices)


def _instant(request: Mapping[str, Any]) -> Instant:
    text = request.get("instant")
    try:
        return parse_instant(str(text))
    except ValueError as error:
        raise OperationFault(
            "instant_malformed",
            f"`{text}` is no instant with an offset: {error}",
            remedy="write it like `2026-06-12T17:21:00-04:00`",
        ) from error
