"""Playing a pass: vendors, a gateway, traffic, a clock that is moved; then the judgement."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from licet.demo.client import Connection
from licet.demo.evidence import Evidence, read_evidence
from licet.demo.gateway import Gateway
from licet.demo.hearing import Heard, Kind
from licet.demo.judge import Judge, Mark, Said
from licet.demo.persons import FABLE, MYTHOS, PERSONS
from licet.demo.requests import Ask
from licet.demo.script import LETTER, RETURN, Pass, Step
from licet.demo.staging import Access, staged, write
from licet.demo.tally import Report, Tally, verdicts
from licet.policy import parse
from licet.sim import JUNE_2026, Cue, Entry, Simulation, Vendors
from licet.terms import Instant, OperationFault

CONNECTIONS = 24
QUIET_TURNS = 32


class Audience(Protocol):
    """Who watches. Called on the event loop, between two requests."""

    def begins(self, which: Pass, judge: Judge) -> None: ...
    def stands(self, at: Instant) -> None:
        """All workers have passed the barrier."""

    def hears(self, said: Said) -> None: ...
    def ends(self, tally: Tally) -> None: ...


async def play(
    which: Iterable[Pass],
    folder: Path,
    audience: Audience,
    *,
    forgotten: tuple[str, ...] = (),
    pace_s: float = 0.0,
) -> Report:
    """Plays the passes, each in a folder of its own under `folder`.

    `forgotten`: files that the gateway does not get and the judge does. `pace_s`: how long the
    clock stands at each instant at least. `OperationFault` when a gateway does not start or
    does not obey.
    """
    tallies = []
    for one in which:
        tallies.append(await _play(one, folder / one.id, audience, forgotten, pace_s))
    return Report(passes=tuple(tallies))


async def _play(
    which: Pass, folder: Path, audience: Audience, forgotten: tuple[str, ...], pace_s: float
) -> Tally:
    began = time.monotonic()
    simulation = Simulation()
    vendors = await Vendors.start(asyncio.get_running_loop(), JUNE_2026, simulation=simulation)
    try:
        urls = {spec.id: vendors.url(spec.id) for spec in JUNE_2026}
        files, access = staged(urls, withdrawn=which.withdrawn)
        judge = _judge(files)
        write(folder, _without(files, forgotten))
        audience.begins(which, judge)
        gateway = await Gateway.start(folder, which.steps[0].at)
        try:
            stage = _Stage(which, gateway, access, simulation, audience, pace_s)
            said, marks = await stage.run()
        finally:
            await gateway.stop()
    finally:
        vendors.close()
    tally = _tallied(which, judge, said, marks, simulation)
    tally = msgspec.structs.replace(
        tally,
        evidence=await asyncio.to_thread(read_evidence, folder / "evidence", requests=len(said)),
        seconds=time.monotonic() - began,
    )
    audience.ends(tally)
    return tally


def _judge(files: Mapping[str, bytes]) -> Judge:
    configuration = parse(files)
    if configuration.faults:
        told = "\n".join(str(fault) for fault in configuration.faults)
        raise OperationFault("demo", f"the episode's configuration is broken:\n{told}")
    return Judge(configuration.sources, PERSONS)


def _without(files: Mapping[str, bytes], forgotten: tuple[str, ...]) -> dict[str, bytes]:
    for name in forgotten:
        if name not in files:
            raise OperationFault("demo", f"the episode has no file `{name}` to forget")
    return {name: data for name, data in files.items() if name not in forgotten}


class _Stage:
    """One pass on its way."""

    def __init__(
        self,
        which: Pass,
        gateway: Gateway,
        access: Access,
        simulation: Simulation,
        audience: Audience,
        pace_s: float,
    ) -> None:
        self._pass = which
        self._gateway = gateway
        self._access = access
        self._simulation = simulation
        self._audience = audience
        self._pace_s = pace_s
        self._at = which.steps[0].at
        self._said: list[Said] = []
        self._marks: list[Mark] = []

    async def run(self) -> tuple[list[Said], list[Mark]]:
        connections = [self._connection() for _ in range(CONNECTIONS)]
        self._marks.append(Mark(at=self._at, asked=Instant(0), passed=Instant(0)))
        held: list[asyncio.Task[None]] = []
        try:
            for number, step in enumerate(self._pass.steps):
                if number:
                    across = self._ask_all(step.across, self._at, connections)
                    self._give_back(step.at)
                    await asyncio.gather(across, self._move_clock(step.at))
                    self._withdraw(step.at)
                self._audience.stands(step.at)
                pace = asyncio.sleep(self._pace_s)
                await asyncio.gather(pace, self._ask_all(step.asks, step.at, connections))
                # Streams over a boundary end before the clock moves on to the next.
                await asyncio.gather(*held)
                held = await self._begin(step)
            await asyncio.gather(*held)
        finally:
            for task in held:
                task.cancel()
            for connection in connections:
                await connection.close()
        return self._said, self._marks

    def _connection(self) -> Connection:
        return Connection(self._gateway.host, self._gateway.port)

    async def _move_clock(self, at: Instant) -> None:
        asked = _wall()
        self._at = at
        await self._gateway.step_clock(at)
        await self._vendors_quiet()
        self._marks.append(Mark(at=at, asked=asked, passed=_wall()))

    async def _vendors_quiet(self) -> None:
        """What was sent before the barrier may still lie in the vendors' sockets, which this very
        loop reads: accepted in one turn of it, read in a later one. Nothing new may be sent now,
        so that some turns without an arrival say that all of it has been read."""
        quiet, coming = 0, self._simulation.ledger.next_number()
        while quiet < QUIET_TURNS:
            await asyncio.sleep(0)
            before, coming = coming, self._simulation.ledger.next_number()
            quiet = quiet + 1 if coming == before else 0

    def _withdraw(self, at: Instant) -> None:
        """The vendors do not have the models any more, once nothing that was sent before is on
        its way: here availability is what is known of it, and never wrong."""
        if not self._pass.withdrawn or at != LETTER:
            return
        for spec in JUNE_2026:
            for name in spec.models:
                if FABLE in name or MYTHOS in name:
                    cue = Cue(fault="status_404", vendor=spec.id, model=name, when="always")
                    self._simulation.script.add([cue])

    def _give_back(self, at: Instant) -> None:
        if self._pass.withdrawn and at >= RETURN:
            self._simulation.script.clear()

    async def _ask_all(
        self, asks: tuple[Ask, ...], at: Instant, connections: list[Connection]
    ) -> None:
        left = iter(asks)

        async def work(connection: Connection) -> None:
            for ask in left:
                self._hear(ask, at, await connection.ask(ask, self._access))

        await asyncio.gather(*map(work, connections))

    async def _begin(self, step: Step) -> list[asyncio.Task[None]]:
        """Begins streams, each on a connection of its own, and returns when of every one
        something has been heard; they are heard out beside whatever follows."""

        async def hold(ask: Ask, begun: asyncio.Event) -> None:
            connection = self._connection()
            try:
                heard = await connection.ask(ask, self._access, begun.set)
            finally:
                begun.set()
                await connection.close()
            self._hear(ask, step.at, heard)

        begins = [asyncio.Event() for _ in step.held]
        tasks = [
            asyncio.create_task(hold(ask, begun))
            for ask, begun in zip(step.held, begins, strict=True)
        ]
        for begun in begins:
            await begun.wait()
        return tasks

    def _hear(self, ask: Ask, at: Instant, heard: Heard) -> None:
        said = Said(ask=ask, heard=heard, at=at, until=self._at)
        self._said.append(said)
        self._audience.hears(said)


def _tallied(
    which: Pass, judge: Judge, said: list[Said], marks: list[Mark], simulation: Simulation
) -> Tally:
    entries = simulation.ledger.entries()
    served: dict[str, Entry] = {entry.case: entry for entry in entries if entry.case is not None}
    kinds = [one.heard.kind for one in said]
    return Tally(
        id=which.id,
        requests=len(said),
        answered=kinds.count(Kind.ANSWERED),
        rerouted=sum(one.heard.rerouted for one in said),
        refused=sum(kinds.count(kind) for kind in (Kind.REFUSED, Kind.CUT, Kind.UNAVAILABLE)),
        cut=kinds.count(Kind.CUT),
        unavailable=kinds.count(Kind.UNAVAILABLE),
        blanket_refused=sum(judge.blanket_refuses(one.ask, one.at) for one in said),
        unlawful=tuple(judge.unlawful(entries, simulation.ledger.ends(), marks)),
        wrongly_refused=tuple(_named(one) for one in said if judge.wrongly_refused(one)),
        lost=tuple(
            f"{_named(one)}: {problem}"
            for one in said
            if (problem := one.heard.problem or judge.misled(one, served))
        ),
        verdicts=() if which.withdrawn else verdicts(said),
        evidence=Evidence(records=0, verified=False),
    )


def _named(said: Said) -> str:
    ask = said.ask
    how = "streamed" if ask.stream else "whole"
    return f"{ask.case}: `{ask.person.id}` for `{ask.name}` ({ask.dialect}, {how})"


def _wall() -> Instant:
    return Instant(time.time_ns() // 1000)
