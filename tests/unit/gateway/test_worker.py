"""A worker does what the supervisor says, in order, and says what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec

from licet.catalog import OperatorSettings, Settings
from licet.gateway.messages import (
    Adopted,
    AskStatus,
    ClockPassed,
    Configure,
    Drain,
    Drained,
    Failed,
    FromWorker,
    Lease,
    Publication,
    Ready,
    Secrets,
    StepClock,
    Trust,
    UnknownKey,
    WorkerStatus,
)
from licet.gateway.worker import Worker
from licet.identity import Issuer
from licet.terms import Instant, OperationFault

SETTINGS = Settings(
    operator=OperatorSettings(name="Acme", url="https://acme.example/ai", contact="ai@acme.example")
)
CONFIGURE = Configure(
    serial=1,
    document=b"one",
    digest="one",
    secrets=Secrets(),
    settings=SETTINGS,
    clock_floor=Instant(5),
    lease_s=15.0,
)


class FakeSnapshot(msgspec.Struct):
    digest: str


class FakeNode:
    """Writes down every call."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.fault: Exception | None = None
        self.recorder_connected = True
        self.on_drained: Callable[[int], None] | None = None

    def adopt(self, snapshot: FakeSnapshot, secrets: Secrets, settings: Settings) -> None:
        if self.fault is not None:
            raise self.fault
        self.secrets = secrets
        self.calls.append(("adopt", snapshot.digest))

    def set_clock_floor(self, instant: Instant) -> None:
        self.calls.append(("floor", instant))

    def step_clock(self, instant: Instant) -> None:
        self.calls.append(("step", instant))

    def tell_publication(self, publication: Publication) -> None:
        self.calls.append(("publication", publication))

    def renew_lease(self, digest: str, seconds: float) -> None:
        self.calls.append(("lease", digest, seconds))

    def on_unknown_key(self, tell: Callable[[str], None]) -> None:
        self.unknown_key = tell

    def drain(self, seconds: float, on_drained: Callable[[int], None]) -> None:
        self.calls.append(("drain", seconds))
        self.on_drained = on_drained

    def status(self) -> WorkerStatus:
        return WorkerStatus(
            index=4, pid=1, snapshot="one", recorder_connected=self.recorder_connected
        )

    def start(self) -> None:
        self.calls.append(("start",))

    def close(self) -> None:
        self.calls.append(("close",))


class Bench:
    """A worker, its node, what it said, whether it ended."""

    def __init__(self) -> None:
        self.node = FakeNode()
        self.said: list[FromWorker] = []
        self.ended = 0
        self.later: list[Callable[[], None]] = []
        self.worker = Worker(
            index=4,
            make_node=cast("Any", lambda _: self.node),
            load=cast("Any", lambda document: FakeSnapshot(digest=document.decode())),
            send=self.said.append,
            end=self._end,
            later=lambda _, call: self.later.append(call),
        )

    def _end(self) -> None:
        self.ended += 1


def test_it_is_ready_only_once_the_first_snapshot_governs() -> None:
    bench = Bench()
    bench.worker.receive(CONFIGURE)
    assert bench.node.calls == [
        ("floor", 5),
        ("adopt", "one"),
        ("lease", "one", 15.0),
        ("start",),
    ]
    adopted, ready = bench.said
    assert adopted == Adopted(serial=1, digest="one")
    assert isinstance(ready, Ready)


def test_it_is_ready_only_once_it_can_record_but_has_adopted_before() -> None:
    bench = Bench()
    bench.node.recorder_connected = False
    bench.worker.receive(CONFIGURE)
    assert bench.said == [Adopted(serial=1, digest="one")]
    (look_again,) = bench.later
    bench.node.recorder_connected = True
    look_again()
    assert isinstance(bench.said[-1], Ready)


def test_a_scripted_clock_stands_before_anything_is_decided() -> None:
    bench = Bench()
    bench.worker.receive(msgspec.structs.replace(CONFIGURE, scripted_at=Instant(7)))
    assert bench.node.calls[:3] == [("floor", 5), ("step", 7), ("adopt", "one")]


def test_a_further_snapshot_is_acknowledged_and_nothing_starts_again() -> None:
    bench = Bench()
    bench.worker.receive(CONFIGURE)
    bench.said.clear()
    bench.worker.receive(
        msgspec.structs.replace(CONFIGURE, serial=2, document=b"two", digest="two")
    )
    assert bench.said == [Adopted(serial=2, digest="two")]
    assert bench.node.calls.count(("start",)) == 1


def test_a_snapshot_that_is_not_what_it_is_called_is_not_adopted() -> None:
    bench = Bench()
    bench.worker.receive(msgspec.structs.replace(CONFIGURE, digest="other"))
    assert bench.node.calls == []
    assert [type(said) for said in bench.said] == [Failed]


def test_what_fails_is_told_with_its_code_and_not_acknowledged() -> None:
    bench = Bench()
    bench.node.fault = OperationFault("no_memory", "there is no room for it")
    bench.worker.receive(CONFIGURE)
    assert bench.said == [Failed(code="no_memory", message="there is no room for it")]
    bench.said.clear()
    bench.node.fault = KeyError("lineage")
    bench.worker.receive(CONFIGURE)
    assert bench.said == [Failed(code="worker_failed", message="KeyError: 'lineage'")]


def test_the_clock_step_is_acknowledged_after_the_node_has_passed_it() -> None:
    bench = Bench()
    bench.worker.receive(CONFIGURE)
    bench.said.clear()
    bench.worker.receive(StepClock(instant=Instant(9)))
    assert bench.node.calls[-1] == ("step", 9)
    assert bench.said == [ClockPassed(instant=Instant(9))]


def test_a_lease_is_passed_on_and_needs_no_answer() -> None:
    bench = Bench()
    bench.worker.receive(CONFIGURE)
    bench.said.clear()
    bench.worker.receive(Lease(digest="one", seconds=3.0))
    assert bench.node.calls[-1] == ("lease", "one", 3.0)
    assert bench.said == []


def test_it_ends_once_it_is_drained_and_says_what_was_cut() -> None:
    bench = Bench()
    bench.worker.receive(CONFIGURE)
    bench.said.clear()
    bench.worker.receive(Drain(seconds=2.0))
    assert (bench.said, bench.ended) == ([], 0)
    assert bench.node.on_drained is not None
    bench.node.on_drained(2)
    assert (bench.said, bench.ended) == ([Drained(cut=2)], 1)


def test_status_is_answered_even_before_the_first_snapshot() -> None:
    bench = Bench()
    bench.worker.receive(AskStatus())
    assert isinstance(bench.said[0], WorkerStatus)
    assert (bench.said[0].index, bench.said[0].snapshot) == (4, "")
    bench.worker.receive(CONFIGURE)
    bench.worker.receive(AskStatus())
    assert bench.said[-1] == bench.node.status()


def test_a_message_before_the_first_snapshot_is_told_to_be_wrong() -> None:
    bench = Bench()
    bench.worker.receive(StepClock(instant=Instant(9)))
    assert [type(said) for said in bench.said] == [Failed]


def test_new_keys_and_tokens_govern_under_the_snapshot_that_does() -> None:
    bench = Bench()
    secrets = Secrets(credentials={"north": "secret"})
    bench.worker.receive(msgspec.structs.replace(CONFIGURE, secrets=secrets))
    bench.node.calls.clear()
    issuer = Issuer(id="idp", audience="licet", jwks="new")
    credentials = {"north": "another"}
    bench.worker.receive(Trust(issuers=(issuer,), credentials=credentials))
    assert bench.node.calls == [("adopt", "one")]
    assert bench.node.secrets == Secrets(issuers=(issuer,), credentials=credentials)


def test_a_key_that_nobody_knows_is_told_to_the_supervisor() -> None:
    bench = Bench()
    bench.worker.receive(CONFIGURE)
    bench.node.unknown_key("idp")
    assert bench.said[-1] == UnknownKey(issuer="idp")
