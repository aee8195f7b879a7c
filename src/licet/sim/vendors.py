"""Many vendors in one process, each on a port of its own; what `licet sim` runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from weakref import WeakSet

import uvloop

from licet.sim.ledger import Ledger
from licet.sim.performance import MS_US, Finish, Send
from licet.sim.questions import PATHS, Arrival
from licet.sim.replies import VendorSpec
from licet.sim.script import Cue, Script
from licet.sim.server import FastProtocol, VendorProtocol
from licet.sim.vendor import Simulation, Vendor
from licet.terms import Instant

SIM_KEY = "sim"
CLAUDE = ("claude-fable-5", "claude-mythos-5", "claude-opus-4.8")
CLOUD_CLAUDE = (
    "anthropic.claude-fable-5-v1",
    "anthropic.claude-mythos-5-v1",
    "anthropic.claude-opus-4-8-v1",
)
JUNE_2026: tuple[VendorSpec, ...] = (
    VendorSpec(id="anthropic", dialect="messages", models=CLAUDE),
    VendorSpec(id="anthropic-chat", dialect="chat", models=CLAUDE),
    VendorSpec(id="cloud-us", dialect="messages", models=(*CLOUD_CLAUDE, *CLAUDE)),
    VendorSpec(id="openai", dialect="chat", models=("gpt-5.6",)),
    VendorSpec(id="mistral", dialect="chat", models=("mistral-large-4",), geo="eu"),
    VendorSpec(id="mistral-messages", dialect="messages", models=("mistral-large-4",), geo="eu"),
    VendorSpec(id="zhipu", dialect="chat", models=("glm-5.2",), geo="cn"),
    VendorSpec(id="own-gpus", dialect="chat", models=("glm-5.2", "kimi-k3"), key=""),
    VendorSpec(id="sakana", dialect="chat", models=("fugu",), geo="jp"),
)
"""The vendors of the example catalogue, one per endpoint of it and named alike.

`anthropic-chat` is the developer's endpoint in the other dialect; `cloud-us` is a reseller of
the same models, under names of its own and under theirs.
"""


def wall_clock() -> Instant:
    """The machine's time, which the ledger says."""
    return Instant(time.time_ns() // 1_000)


class LedgerFile:
    """A file that lines are appended to, each with one write, so that kills tear none apart."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, line: bytes) -> None:
        """Appends `line`; raises `OSError` when the disk does not take all of it."""
        written = os.write(self._file, line)
        if written != len(line):
            raise OSError(f"only {written} of {len(line)} bytes of a ledger line were written")

    def close(self) -> None:
        """Gives the file back."""
        os.close(self._file)


class Vendors:
    """Running vendors: `url(id)` of each, the script and ledger of all."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        specs: Iterable[VendorSpec],
        *,
        simulation: Simulation,
        host: str,
        tls: ssl.SSLContext | None,
        now: Callable[[], Instant],
    ) -> None:
        self.simulation = simulation
        self.ports: dict[str, int] = {spec.id: spec.port for spec in specs}
        self._loop = loop
        self._specs = {spec.id: spec for spec in specs}
        self._host = host
        self._tls = tls
        self._now = now
        self._servers: dict[str, asyncio.Server] = {}
        self._keepers: dict[str, socket.socket] = {}
        self._connections: dict[str, WeakSet[VendorProtocol]] = {
            spec.id: WeakSet() for spec in specs
        }

    @classmethod
    async def start(
        cls,
        loop: asyncio.AbstractEventLoop,
        specs: Iterable[VendorSpec] = JUNE_2026,
        *,
        simulation: Simulation | None = None,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
        now: Callable[[], Instant] = wall_clock,
    ) -> Vendors:
        """Listens for every vendor of `specs`; ports that are 0 are chosen by the system.

        Raises `OSError` when a port is taken; none is left open then.
        """
        simulation = simulation or Simulation()
        vendors = cls(loop, tuple(specs), simulation=simulation, host=host, tls=tls, now=now)
        try:
            for vendor in vendors.ports:
                await vendors.admit(vendor)
        except OSError:
            vendors.close()
            raise
        return vendors

    async def admit(self, vendor: str) -> None:
        """Listens for a vendor: at the start, and again, on the same port, after `refuse`."""
        factory = self._factory(self._specs[vendor])
        port = self.ports[vendor]
        server = await self._loop.create_server(factory, self._host, port, ssl=self._tls)
        self._servers[vendor] = server
        self.ports[vendor] = server.sockets[0].getsockname()[1]
        if vendor in self._keepers:
            self._keepers.pop(vendor).close()

    def refuse(self, vendor: str) -> None:
        """Resets a vendor's connections, and refuses new ones until `admit`."""
        server = self._servers[vendor]
        listening = server.sockets[0]
        family, address = listening.family, listening.getsockname()
        server.close()
        # Who got the port meanwhile would be asked in the vendor's place, and not give it back.
        keeper = self._keepers[vendor] = socket.socket(family)
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(address)
        for connection in tuple(self._connections[vendor]):
            connection.reset()

    def url(self, vendor: str) -> str:
        """`http://127.0.0.1:PORT` of a vendor, without a path."""
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{self._host}:{self.ports[vendor]}"

    def close(self) -> None:
        """Listens no more; open connections end with their loop."""
        for server in self._servers.values():
            server.close()
        for keeper in self._keepers.values():
            keeper.close()

    def _factory(self, spec: VendorSpec) -> Callable[[], asyncio.Protocol]:
        call_later = self._loop.call_later
        if spec.fast:
            answer, delay_us = fast_answer(spec), spec.think_ms * MS_US
            return lambda: FastProtocol(answer, delay_us=delay_us, call_later=call_later)
        vendor, connections = Vendor(spec, self.simulation), self._connections[spec.id]

        def connect() -> VendorProtocol:
            protocol = VendorProtocol(vendor, now=self._now, call_later=call_later)
            connections.add(protocol)
            return protocol

        return connect


def fast_answer(spec: VendorSpec) -> bytes:
    """The bytes with which a fast vendor answers every request."""
    vendor = Vendor(spec, Simulation())
    prompt = b'{"role": "user", "content": "fixed"}'
    body = b'{"model": "%b", "max_tokens": 4096, "messages": [%b]}' % (
        spec.models[0].encode(),
        prompt,
    )
    headers = {"authorization": f"Bearer {spec.key or SIM_KEY}", "anthropic-version": "2023-06-01"}
    path = PATHS[spec.dialect]
    arrival = Arrival(method="POST", path=path, headers=headers, body=body)
    actions = vendor.respond(arrival, Instant(0), keep_alive=True)
    assert isinstance(actions[-1], Finish), "a fast vendor has no script"
    return b"".join(action.data for action in actions if isinstance(action, Send))


async def serve(
    specs: Iterable[VendorSpec] = JUNE_2026,
    *,
    cues: Iterable[Cue] = (),
    ledger: Path | None = None,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    ready: Callable[[Vendors], None],
) -> None:
    """Runs vendors until SIGINT or SIGTERM; `ready` is called once all of them listen."""
    loop = asyncio.get_running_loop()
    file = LedgerFile(ledger) if ledger else None
    simulation = Simulation(Script(cues), Ledger(file.write if file else None))
    try:
        vendors = await Vendors.start(loop, specs, simulation=simulation, host=host, tls=tls)
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        ready(vendors)
        with contextlib.closing(vendors):
            await stopped.wait()
    finally:
        if file:
            file.close()


def table(vendors: Vendors, specs: Iterable[VendorSpec]) -> str:
    """Vendors, where they listen, and what they serve, as aligned text."""
    rows = [("vendor", "url", "models")]
    rows += [
        (spec.id, vendors.url(spec.id) + PATHS[spec.dialect], ", ".join(spec.models))
        for spec in specs
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "\n".join(f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]}" for row in rows)


def run(
    specs: Iterable[VendorSpec] = JUNE_2026,
    *,
    cues: Iterable[Cue] = (),
    ledger: Path | None = None,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    say: Callable[[str], None],
) -> int:
    """What `licet sim` does: says the table, serves until interrupted; the exit code."""
    specs = tuple(specs)

    def ready(vendors: Vendors) -> None:
        say(table(vendors, specs))

    uvloop.run(serve(specs, cues=cues, ledger=ledger, tls=tls, host=host, ready=ready))
    return 0
