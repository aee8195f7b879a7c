"""All workers of a gateway: told together, waited for together, replaced one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from licet.gateway.children import START_BOUND_S, Backoff, Child, Launch, how_it_ended
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
    decode_from_worker,
)
from licet.terms import Instant


class Barrier:
    """Waits until each of some workers has said a certain thing.

    A worker that dies meanwhile is replaced by one that starts from what is current, so its
    first adoption counts for whatever was asked (`forgiving`: the death does).
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        indices: Iterable[int],
        said: Callable[[FromWorker], bool],
        *,
        forgiving: bool = False,
    ) -> None:
        self._loop = loop
        self._left = set(indices)
        self._said = said
        self._forgiving = forgiving
        self._replaced: set[int] = set()
        self._future: asyncio.Future[None] | None = None

    def see(self, index: int, message: FromWorker) -> None:
        if self._said(message) or (isinstance(message, Adopted) and index in self._replaced):
            self._pass(index)

    def see_death(self, index: int) -> None:
        self._replaced.add(index)
        if self._forgiving:
            self._pass(index)

    async def over(self, bound_s: float) -> tuple[int, ...]:
        """The workers that have not said it within the bound; empty when all have."""
        if self._left:
            self._future = self._loop.create_future()
            timer = self._loop.call_later(bound_s, self._wake)
            await self._future
            timer.cancel()
        return tuple(sorted(self._left))

    def give_up(self) -> None:
        """Ends the waiting before its bound: there is nothing to wait for."""
        self._wake()

    def _pass(self, index: int) -> None:
        self._left.discard(index)
        if not self._left:
            self._wake()

    def _wake(self) -> None:
        if self._future is not None and not self._future.done():
            self._future.set_result(None)


@dataclass(slots=True)
class Seat:
    """A worker's place: its child process, and what was last heard of it."""

    child: Child[FromWorker]
    snapshot: str = ""
    failure: str = ""


class Workers:
    """`now` is the decision clock, before which a new worker decides nothing; `report` gets a
    line in plain words about whatever an operator should know of."""

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        launches: tuple[Launch, ...],
        now: Callable[[], Instant],
        report: Callable[[str], None],
        backoff: Backoff,
        on_unknown_key: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._on_unknown_key = on_unknown_key
        self._loop = loop
        self._now = now
        self._report = report
        self._barriers: list[Barrier] = []
        self._starting: Barrier | None = None
        self._current: Configure | None = None
        self._publication = Publication()
        self._seats = tuple(
            Seat(child=self._child(index, launch, backoff)) for index, launch in enumerate(launches)
        )

    @property
    def seats(self) -> tuple[Seat, ...]:
        return self._seats

    @property
    def restarts(self) -> tuple[int, ...]:
        """How often each was started again."""
        return tuple(seat.child.restarts for seat in self._seats)

    async def start(self, configure: Configure, bound_s: float) -> tuple[int, ...]:
        """Starts every worker with this; the indices of those not ready within the bound.

        A worker that dies before anything was served is no accident to outlast: the waiting ends.
        """
        self._current = configure
        barrier = self._starting = self._barrier(lambda message: isinstance(message, Ready))
        for seat in self._seats:
            seat.child.start()
        try:
            return await self._over(barrier, bound_s)
        finally:
            self._starting = None

    async def adopt(self, configure: Configure, bound_s: float) -> tuple[int, ...]:
        """Returns when every worker has adopted it, with the indices of those that have not.

        Whoever has not within the bound is killed, so that nothing of the snapshot before is
        served any more when this returns; its replacement has what a start may take.
        """
        self._current = configure
        barrier = self._barrier(
            lambda message: isinstance(message, Adopted) and message.serial == configure.serial
        )
        self._tell(configure)
        return await self._over_or_anew(barrier, bound_s, "adopt")

    async def step_clock(self, instant: Instant, bound_s: float) -> tuple[int, ...]:
        """Returns when nothing is decided before `instant` any more."""
        if self._current is None:
            raise RuntimeError("the clock cannot be stepped before the first adoption")
        self._current = msgspec.structs.replace(self._current, scripted_at=instant)
        barrier = self._barrier(
            lambda message: isinstance(message, ClockPassed) and message.instant == instant
        )
        self._tell(StepClock(instant=instant))
        return await self._over_or_anew(barrier, bound_s, "step its clock")

    def renew_lease(self, seconds: float) -> None:
        """Every worker may serve the current snapshot for `seconds` from now."""
        if self._current is not None:
            self._current = msgspec.structs.replace(self._current, lease_s=seconds)
            self._tell(Lease(digest=self._current.digest, seconds=seconds))

    def trust(self, secrets: Secrets) -> None:
        """Issuers have other keys than before, or endpoints other tokens, in the configuration
        that is current. Nobody waits for it; whoever is told of a configuration later has them."""
        if self._current is not None:
            self._current = msgspec.structs.replace(self._current, secrets=secrets)
            self._tell(Trust(issuers=secrets.issuers, credentials=secrets.credentials))

    def tell_publication(self, publication: Publication) -> None:
        """For their metrics; nobody waits for it."""
        self._publication = publication
        self._tell(publication)

    async def statuses(self, bound_s: float) -> dict[int, WorkerStatus]:
        """What each worker says of itself; those that say nothing within the bound are left out."""
        answers: dict[int, WorkerStatus] = {}

        def said(message: FromWorker) -> bool:
            if isinstance(message, WorkerStatus):
                answers[message.index] = message
                return True
            return False

        running = [index for index, seat in enumerate(self._seats) if seat.snapshot]
        barrier = self._barrier(said, running, forgiving=True)
        self._tell(AskStatus())
        await self._over(barrier, bound_s)
        return answers

    async def drain(self, seconds: float, bound_s: float) -> int:
        """Lets what is in flight end; the number of answers that were cut."""
        cut = 0

        def said(message: FromWorker) -> bool:
            nonlocal cut
            if isinstance(message, Drained):
                cut += message.cut
                return True
            return False

        running = [index for index, seat in enumerate(self._seats) if seat.snapshot]
        for seat in self._seats:
            seat.child.expect_end()
        barrier = self._barrier(said, running, forgiving=True)
        self._tell(Drain(seconds=seconds))
        await self._over(barrier, bound_s)
        return cut

    async def stop(self, bound_s: float) -> None:
        """Ends every worker, by force those that do not end within the bound."""
        alive = [index for index, seat in enumerate(self._seats) if seat.child.pid is not None]
        barrier = self._barrier(lambda _: False, alive, forgiving=True)
        for seat in self._seats:
            seat.child.stop()
        try:
            for index in await barrier.over(bound_s):
                self._seats[index].child.kill()
            await barrier.over(bound_s)
        finally:
            self._barriers.remove(barrier)

    def kill(self) -> None:
        """Ends every worker by force, and starts none again."""
        for seat in self._seats:
            seat.child.expect_end()
            seat.child.kill()

    def _child(self, index: int, launch: Launch, backoff: Backoff) -> Child[FromWorker]:
        return Child(
            loop=self._loop,
            name=f"worker {index}",
            launch=launch,
            feeder=lambda: Frames(decode_from_worker).feed,
            on_start=lambda: self._started(index),
            on_message=lambda message: self._heard(index, message),
            on_death=lambda code: self._died(index, code),
            backoff=backoff,
        )

    def _tell(self, message: ToWorker) -> None:
        for seat in self._seats:
            seat.child.send(message)

    def _started(self, index: int) -> None:
        if self._current is not None:
            current = msgspec.structs.replace(self._current, clock_floor=self._now())
            self._seats[index].child.send(current)
            if self._publication.places:
                self._seats[index].child.send(self._publication)

    def _heard(self, index: int, message: FromWorker) -> None:
        seat = self._seats[index]
        if isinstance(message, Ready):
            seat.failure = ""
        elif isinstance(message, Adopted):
            seat.snapshot = message.digest
        elif isinstance(message, UnknownKey):
            self._on_unknown_key(message.issuer)
        elif isinstance(message, Failed):
            # It is not known in which state it is left, so it is not left in it.
            seat.failure = message.message
            self._report(f"worker {index} failed and is started anew: {message.message}")
            seat.child.kill()
        for barrier in tuple(self._barriers):
            barrier.see(index, message)

    def _died(self, index: int, code: int) -> None:
        seat = self._seats[index]
        seat.snapshot = ""
        if self._starting is not None:
            self._report(f"worker {index} ended ({how_it_ended(code)}) before it was ready")
            self._starting.give_up()
        elif not seat.child.is_ending:
            self._report(f"worker {index} ended ({how_it_ended(code)}); it is started again")
        for barrier in tuple(self._barriers):
            barrier.see_death(index)

    def _barrier(
        self,
        said: Callable[[FromWorker], bool],
        indices: Iterable[int] | None = None,
        *,
        forgiving: bool = False,
    ) -> Barrier:
        chosen = range(len(self._seats)) if indices is None else indices
        barrier = Barrier(self._loop, chosen, said, forgiving=forgiving)
        self._barriers.append(barrier)
        return barrier

    async def _over_or_anew(self, barrier: Barrier, bound_s: float, what: str) -> tuple[int, ...]:
        try:
            for index in await barrier.over(bound_s):
                self._report(f"worker {index} did not {what} in {bound_s:g} s; it is started anew")
                self._seats[index].child.kill()
            return await barrier.over(START_BOUND_S)
        finally:
            self._barriers.remove(barrier)

    async def _over(self, barrier: Barrier, bound_s: float) -> tuple[int, ...]:
        try:
            return await barrier.over(bound_s)
        finally:
            self._barriers.remove(barrier)
