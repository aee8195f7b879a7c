"""One simulated world from a seed: a worker, a recorder, vendors, callers, and what befalls them.

The request path, the recorder, its log and the vendors are the real code; time, network, disk
and randomness are simulated. What must hold whatever happens is in `World.faults`.
"""

from __future__ import annotations

import asyncio
import errno
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from licet.evidence import AttemptLeaf, DecisionLeaf, OutcomeLeaf, Sending, decode
from licet.gateway import Secrets
from licet.gateway.clock import DecisionClock
from licet.gateway.committer import Committer
from licet.gateway.front import Desk
from licet.gateway.inbound import accept
from licet.gateway.outbound import Route
from licet.identity import Key, hash_key
from licet.policy import Configuration, Snapshot, parse
from licet.relay import State
from licet.sim import SIM_KEY, Simulation, Vendor, VendorProtocol, VendorSpec
from licet.storage import Log, Recorder, SideStore, SnapshotStore, leaves, verify
from licet.terms import Attested, EvidenceFault, Instant, Profile, parse_instant
from tests.rig import LICET, PARTIES, WORKLOAD, bounded, endpoint
from tests.simulation.caller import Ask, Caller
from tests.simulation.crashes import FAILING
from tests.simulation.disk import SimulatedDisk
from tests.simulation.network import LATENCY_MAX_S, Network
from tests.simulation.time import SimulatedTime

EPOCH = parse_instant("2026-06-12T12:00:00Z")
EVIDENCE = Path("/evidence")
LOG = "operator.example/node-1"
SPECS = (
    VendorSpec(id="first", dialect="chat", models=("alpha", "beta"), think_ms=3, pace_ms=4),
    VendorSpec(id="second", dialect="chat", models=("alpha", "beta"), think_ms=2, pace_ms=2),
    VendorSpec(id="third", dialect="messages", models=("alpha", "beta"), think_ms=3, pace_ms=4),
    VendorSpec(id="fourth", dialect="messages", models=("alpha", "beta"), think_ms=2, pace_ms=2),
    VendorSpec(id="fifth", dialect="responses", models=("alpha", "beta"), think_ms=3, pace_ms=4),
    VendorSpec(id="sixth", dialect="responses", models=("alpha", "beta"), think_ms=2, pace_ms=2),
)
DIALECTS = ("chat", "messages", "responses")
# Nothing takes long here by itself: what passes these bounds was made to.
SETTINGS = bounded(
    LICET.replace("scripted = true", "scripted = false"),
    connect_ms=1000,
    head_ms=400,
    idle_ms=400,
    hold_head_ms=1000,
    total_ms=5000,
    client_idle_ms=2000,
)
# Whether broken answers are continued, and what the directive says of those in flight.
ON_BREAK = ("continue", "continue", "as_directed", "end")
IN_FLIGHT = ("hand_over", "hand_over", "cut", "finish")
DIRECTIVE = """
id = "letter"
kind = "restriction"
title = "A letter about alpha"
authority = "Somebody"
[[version]]
received = 2026-06-12T00:00:00Z
effective_from = 2026-06-12T00:00:00Z
in_flight = "{in_flight}"
[[version.applies]]
model.id = ["alpha"]
subject.us_person = false
"""
MIXED = """
id = "mixed"
evidence = "{mode}"
on_break = "{on_break}"
[[candidate]]
model = "alpha"
endpoints = ["third", "first", "fifth", "fourth"]
[[candidate]]
model = "beta"
"""
FAULTS = (
    "", "", "", "", "", "stall", "stall_before_content", "stall_mid_text", "cut_before_head",
    "cut_before_content", "cut_mid_text", "status_429:1", "status_500", "status_529", "html_error",
    "malformed_event", "error_after_200", "first_event_not_content", "refusal", "close_idle",
    "slow_drip:25", "slow_drip:25", "cut_before_head@first", "status_503@third",
    "cut_before_content@first", "truncated_body",
)  # fmt: skip
REFUSALS = (
    "refusal@first,refusal@third,refusal@fifth", "refusal", "refusal:2@first,refusal:2@third",
    "filter_error@first,filter_error@third,filter_error@fifth", "policy_error",
    "policy_in_band@first,policy_in_band@third,policy_in_band@fifth", "policy_in_band",
    "refusal@first,status_500@second", "refusal@third,cut_mid_text@fourth",
)  # fmt: skip
PERSONS = {"us": True, "foreign": False}


# Whom refusals are routed to, each to the other model; who refuses is one vendor of each dialect.
ON_REFUSAL = """
[[on_refusal]]
class = ["refusal", "content_filter"]
model = "{to}"
endpoints = {at}
[[on_refusal]]
model = "{other}"
"""


def files(
    *,
    restricted: bool,
    mode: str,
    on_break: str = "end",
    in_flight: str = "cut",
    routed_to: str = "",
) -> dict[str, bytes]:
    found = {
        "licet.toml": SETTINGS,
        "catalog/parties.toml": PARTIES,
        "catalog/endpoints.toml": "".join(
            endpoint(spec.id, spec.dialect, f"http://{spec.id}:80") for spec in SPECS
        ),
    }
    for dialect in DIALECTS:
        for suffix, substitute in (("", "false"), ("-any", "true")):
            found[f"workloads/{dialect}{suffix}.toml"] = WORKLOAD.format(
                id=dialect + suffix,
                dialect=dialect,
                substitute=substitute,
                extra=f'evidence = "{mode}"\non_break = "{on_break}"',
            )
    # Endpoints of every dialect, in turns.
    found["workloads/mixed.toml"] = MIXED.format(mode=mode, on_break=on_break)
    if routed_to:
        other = {"alpha": "beta", "beta": "alpha"}[routed_to]
        for spec in SPECS[1::2]:
            rules = ON_REFUSAL.format(to=routed_to, other=other, at=f'["{spec.id}"]')
            found[f"workloads/{spec.dialect}-any.toml"] += rules
        everywhere = [spec.id for spec in SPECS[1::2]]
        rules = ON_REFUSAL.format(to=routed_to, other=other, at=json.dumps(everywhere))
        found["workloads/mixed.toml"] += rules
    if restricted:
        found["directives/letter.toml"] = DIRECTIVE.format(in_flight=in_flight)
    return {path: text.encode() for path, text in found.items()}


class World:
    """Build it, `run` it, and look at `faults`."""

    def __init__(self, seed: int, *, forgetful: bool = False) -> None:
        self.seed = seed
        # Its gateway goes on with the rules that it began with.
        self.forgetful = forgetful
        self.draw = random.Random(seed)
        self.time = SimulatedTime(epoch_us=EPOCH)
        self.network = Network(self.time, self.draw)
        self.network.failing = self.draw.choice([0.0, 0.0, 0.1])
        self.mode = self.draw.choice(["before_send", "before_answer"])
        self.on_break = self.draw.choice(ON_BREAK)
        self.in_flight = self.draw.choice(IN_FLIGHT)
        self._refusals = random.Random(f"{seed}/refusals")
        self.routed_to = self._refusals.choice(["", "alpha", "beta"])
        self.disk = SimulatedDisk(seed)
        self._trouble = random.Random(f"{seed}/disk")
        self.snapshots = {self._keep(restricted=restricted) for restricted in (False, True)}
        self.crashes = self.failures = 0
        """How often the power went, and how often the disk began to fail."""
        self.simulation = Simulation()
        self.recorder: Recorder | None = None
        self._log: Log | None = None
        self._peers = 0
        self._generation = 0
        self.errors: list[Exception] = []
        self.restricted_at: float | None = None
        self.restricted_by = ""
        self.callers: list[Caller] = []
        self._start_recorder()
        self._start_desk()

    # the parts

    def _keep(self, *, restricted: bool) -> str:
        snapshot = Snapshot.of(self._configuration(restricted=restricted).sources)
        return SnapshotStore(EVIDENCE, self.disk).put(snapshot.document)

    def _start_recorder(self) -> None:
        self._generation += 1
        entropy = random.Random(self.draw.random()).randbytes
        stamp = "2026-06-12T12:00:00.000000Z"
        try:
            self._log = Log(EVIDENCE, self.disk, LOG, entropy)
            side = SideStore(EVIDENCE, self.disk, entropy)
        except EvidenceFault:
            # Its process ends with a disk that does not even let it start, and is started again.
            self.disk.crash()
            self.time.call_later(0.1, self._start_recorder)
            return
        self.recorder = Recorder(self._log, side, lambda: stamp, lambda fault: None)
        self.recorder.begin("simulated")
        self._turn(self._generation)

    def _turn(self, generation: int) -> None:
        """What the recorder's process does in a loop."""
        if generation != self._generation or self.recorder is None:
            return
        self.recorder.turn()
        self.recorder.tick(self.time.time())
        self.time.call_later(0.0005, lambda: self._turn(generation))

    def crash_recorder(self) -> None:
        """The recorder dies with whatever its disk had not synced; a second later it is back."""
        self._generation += 1
        self.crashes += 1
        self.recorder = None
        self.disk.crash()
        for wire in self.network.wires:
            if isinstance(wire.protocol, _RecorderEnd) or isinstance(
                wire.peer.protocol, _RecorderEnd
            ):
                wire.abort()
        self.time.call_later(self.draw.uniform(0.05, 1.0), self._start_recorder)

    def _connect_recorder(self, protocol: asyncio.Protocol, on_failure: Callable[[], None]) -> None:
        listening = (lambda: _RecorderEnd(self)) if self.recorder is not None else None
        self.network.dial(listening, lambda: protocol, lambda why: on_failure())

    def _start_desk(self) -> None:
        configuration = self._configuration(restricted=False)
        clock = DecisionClock(wall_ns=lambda: self.time.wall_us() * 1000)
        committer = Committer("worker-0", timers=self.time, connect=self._connect_recorder)
        self.desk = Desk(
            timers=self.time,
            clock=clock,
            dialer=self,
            committer=committer,
            entropy=random.Random(self.seed + 1).randbytes,
            wall_s=lambda: self.time.wall_us() / 1e6,
            settings=configuration.settings,
            worker_index=0,
            log=self.errors.append,
        )
        committer.start()
        self._adopt(configuration)
        self._sweep()

    def _sweep(self) -> None:
        self.desk.sweep()
        self.time.call_later(0.05, self._sweep)

    def _configuration(self, *, restricted: bool) -> Configuration:
        configuration = parse(
            files(
                restricted=restricted,
                mode=self.mode,
                on_break=self.on_break,
                in_flight=self.in_flight,
                routed_to=self.routed_to,
            )
        )
        assert not configuration.faults, configuration.faults
        return configuration

    def _adopt(self, configuration: Configuration) -> None:
        snapshot = Snapshot.of(configuration.sources)
        secrets = Secrets(
            keys=tuple(_key(person, us) for person, us in PERSONS.items()),
            credentials={spec.id: SIM_KEY for spec in SPECS},
            digest_key=b"k" * 32,
            digest_key_id="digest-1",
        )
        self.desk.adopt(snapshot, secrets, configuration.settings)
        self.desk.renew_lease(snapshot.digest, 1e9)

    def restrict(self) -> None:
        if not self.forgetful:
            self._adopt(self._configuration(restricted=True))
        self.restricted_at = self.time.time()
        self.restricted_by = self.desk.world.snapshot.digest

    # Dialer

    def dial(
        self,
        route: Route,
        factory: Callable[[], asyncio.Protocol],
        on_ready: Callable[[asyncio.Protocol], None],
        on_failure: Callable[[str], None],
    ) -> None:
        spec = next(s for s in SPECS if s.id == route.host)

        def listening() -> asyncio.Protocol:
            return VendorProtocol(
                Vendor(spec, self.simulation),
                now=lambda: Instant(self.time.wall_us()),
                call_later=self.time.call_later,
            )

        self.network.dial(listening, factory, on_failure, on_ready)

    # the play

    def run(self) -> None:
        draw = self.draw
        for _ in range(draw.randint(2, 5)):
            caller = Caller(
                [self._ask() for _ in range(draw.randint(1, 8))],
                connect=lambda protocol: self.network.dial(
                    lambda: accept(self.desk), lambda: protocol, lambda why: self._retry(protocol)
                ),
                later=lambda callback: self.time.call_later(draw.uniform(0, 0.05), callback),
                now=self.time.time,
            )
            self.callers.append(caller)
            self.time.call_later(draw.uniform(0, 0.2), caller.start)
        befalls = draw.random()
        if befalls < 0.4:
            self.time.call_later(draw.uniform(0.05, 1.5), self.restrict)
        elif befalls < 0.7:
            self.time.call_later(draw.uniform(0.05, 0.5), self._restrict_amid)
        for _ in range(draw.choice([0, 0, 1, 2])):
            self.time.call_later(draw.uniform(0.05, 2.0), self._crash_if_up)
        if self._trouble.random() < 0.4:
            self.time.call_later(self._trouble.uniform(0.02, 1.5), self._fail_disk)
        stands = random.Random(f"{self.seed}/standstill")
        if stands.random() < 0.3:
            for_s = stands.uniform(0.3, 3.0)
            self.time.call_later(stands.uniform(0.05, 1.5), lambda: self.time.stand_still(for_s))
        finished = self.time.run(until=self._over, limit_s=120.0)
        assert finished, "the world stood still before everybody had an answer"

    def _fail_disk(self) -> None:
        """For a while some of what is asked of the disk is full or fails."""
        draw = self._trouble
        self.failures += 1
        code = draw.choice([errno.EIO, errno.ENOSPC])
        operations, rate = draw.sample(FAILING, 2), draw.choice([0.2, 1.0])
        self.disk.fails = lambda operation, _path: (
            code if operation in operations and draw.random() < rate else 0
        )
        self.time.call_later(draw.uniform(0.05, 1.0), self._mend_disk)

    def _mend_disk(self) -> None:
        self.disk.fails = lambda _operation, _path: 0

    def _restrict_amid(self) -> None:
        """Restricts as soon as somebody reads what will no longer be permitted."""
        reading = any(
            exchange._relay.state is State.STREAMING
            and exchange._relay.step.model == "alpha"
            and exchange.ground.caller.key.id == "key-foreign"
            for exchange in self.desk.company.exchanges
        )
        if reading or self.time.time() > 2.0:
            self.restrict()
        else:
            self.time.call_later(0.01, self._restrict_amid)

    def _crash_if_up(self) -> None:
        if self.recorder is not None:
            self.crash_recorder()

    def _retry(self, protocol: asyncio.Protocol) -> None:
        self.time.call_later(
            0.01,
            lambda: self.network.dial(
                lambda: accept(self.desk), lambda: protocol, lambda why: self._retry(protocol)
            ),
        )

    def _over(self) -> bool:
        status = self.desk.status(pid=0, memory_bytes=0)
        return (
            all(caller.done for caller in self.callers)
            and status.in_flight == 0
            and self.recorder is not None
            and status.recorder_connected
        )

    def _ask(self) -> Ask:
        draw = self.draw
        person = draw.choice(list(PERSONS))
        dialect = draw.choice(DIALECTS)
        # Now and then vendors of another dialect are to answer.
        spoken = draw.choice([dialect, dialect, dialect, *DIALECTS])
        model = draw.choice(["alpha", "alpha", "beta", spoken, f"{spoken}-any", "mixed"])
        fault = draw.choice(FAULTS)
        if self.routed_to and self._refusals.random() < 0.3:
            fault = self._refusals.choice(REFUSALS)
        return Ask(
            person=person,
            key=_plain(person),
            dialect=dialect,
            model=model,
            stream=draw.random() < 0.5,
            fault=fault,
            leaves=draw.random() < 0.05,
        )

    # what must hold

    @property
    def asks(self) -> list[Ask]:
        return [ask for caller in self.callers for ask in caller.asks]

    def faults(self) -> list[str]:
        """What went wrong that must not; empty if the world is in order."""
        found = [f"an error of ours: {error!r}" for error in self.errors]
        records = [decode(leaf) for _, leaf in leaves(EVIDENCE, self.disk)]
        found += self._damage()
        sent: set[tuple[str, str, str]] = set()
        restricted: set[tuple[str, str]] = set()
        outcomes: dict[str, list[str]] = {}
        for leaf in records:
            if isinstance(leaf, (DecisionLeaf, AttemptLeaf)) and leaf.sending is not None:
                sent.add(_sending(leaf.request, leaf.sending))
                if leaf.sending.snapshot not in self.snapshots:
                    found.append(f"under a snapshot that nobody adopted: {leaf.request}")
                if leaf.sending.model == "alpha" and leaf.sending.snapshot == self.restricted_by:
                    restricted.add((leaf.request, leaf.sending.endpoint))
            elif isinstance(leaf, OutcomeLeaf):
                # A refusal that nobody bettered is what the caller got.
                outcome = "answered" if leaf.shown else leaf.outcome
                outcomes.setdefault(leaf.request, []).append(outcome)
        for entry in self.simulation.ledger.entries():
            model, request = entry.model or "", entry.request_id or ""
            if self.mode == "before_send" and (request, entry.vendor, model) not in sent:
                found.append(f"sent without a record: {request} to {entry.vendor} for {model}")
            at = (entry.at - EPOCH) / 1e6
            # What was sent under the rules that forbid it is unlawful however soon it came.
            known = entry.person == "foreign" and (request, entry.vendor) in restricted
            if self._unlawful(entry.person, model, at) or (known and model == "alpha"):
                found.append(f"unlawful: {entry.person} got {model} at {at:.4f} s: {request}")
        for ask in self.asks:
            if ask.kind in ("lost", ""):
                found.append(f"lost: {ask}")
            if ask.kind == "answered" and "answered" not in outcomes.get(ask.request_id, []):
                found.append(f"answered without an outcome: {ask}")
            if not ask.spoken <= set(ask.said):
                found.append(f"misled: {ask.spoken - set(ask.said)} said nothing of in {ask}")
            if ask.person == "us" and (ask.kind == "refused" or ask.code == "directive_refused"):
                found.append(f"wrongly refused: {ask}")
        return found

    def _damage(self) -> list[str]:
        assert self._log is not None
        report = verify(EVIDENCE, self._log.key.verifier(), disk=self.disk)
        return [f"damage: {one}" for one in report.findings if one.severity == "damage"]

    def _unlawful(self, person: str | None, model: str, at: float) -> bool:
        if self.restricted_at is None or person != "foreign" or model != "alpha":
            return False
        return at > self.restricted_at + LATENCY_MAX_S


class _RecorderEnd(asyncio.Protocol):
    """The recorder's side of a worker's connection."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._recorder = world.recorder
        world._peers += 1
        self._peer = world._peers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._recorder is not None:
            self._recorder.connected(self._peer, transport.write)

    def data_received(self, data: bytes) -> None:
        if self._recorder is None or self._recorder is not self._world.recorder:
            return
        try:
            self._recorder.received(self._peer, data)
        except EvidenceFault:
            self._transport.abort()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if self._recorder is not None and self._recorder is self._world.recorder:
            self._recorder.disconnected(self._peer)


def _plain(person: str) -> str:
    return f"lk_simulated-{person}"


def _key(person: str, us_person: bool) -> Key:
    return Key(
        id=f"key-{person}",
        hash=hash_key(_plain(person)),
        organisation="acme",
        workloads=(*DIALECTS, *(f"{dialect}-any" for dialect in DIALECTS), "mixed"),
        attests=Profile(us_person=Attested(value=us_person, issuer="acme")),
        created=datetime(2026, 1, 1, tzinfo=UTC),
    )


def _sending(request: str, sending: Sending) -> tuple[str, str, str]:
    return request, sending.endpoint, sending.model
