"""The recorder as callbacks: batches of several workers, refusals, workers that die."""

import errno
import random
from pathlib import Path

import pytest

from licet.evidence import (
    Ack,
    Entry,
    Erase,
    Erased,
    Hello,
    Leaf,
    Message,
    Messages,
    Nack,
    Opening,
    OutcomeLeaf,
    Submit,
    Welcome,
    decode,
    encode,
    encode_message,
)
from licet.storage import Log, Recorder, SideReader, SideStore, leaves
from licet.terms import EvidenceFault
from tests.simulation.disk import SimulatedDisk
from tests.unit.evidence.examples import AT, LOG, attempt, decision, outcome

FOLDER = Path("/evidence")


class Bench:
    """A recorder and what it said to each peer."""

    def __init__(self) -> None:
        draw = random.Random(1)
        self.disk = SimulatedDisk()
        self.log = Log(FOLDER, self.disk, LOG, draw.randbytes)
        self.log.sign()
        side = SideStore(FOLDER, self.disk, draw.randbytes)
        self.recorder = Recorder(self.log, side, lambda: AT, lambda _fault: None)
        self.said: dict[int, bytearray] = {}

    def connect(self, peer: int) -> None:
        self.said[peer] = bytearray()
        self.recorder.connected(peer, self.said[peer].extend)

    def hear(self, peer: int) -> list[Message]:
        found = Messages().feed(bytes(self.said[peer]))
        self.said[peer].clear()
        return found

    def submit(self, peer: int, first: int, *written: Leaf | bytes) -> None:
        entries = [
            Entry(leaf=leaf if isinstance(leaf, bytes) else encode(leaf)) for leaf in written
        ]
        self.recorder.received(peer, encode_message(Submit(first=first, entries=entries)))

    def kept(self) -> list[Leaf]:
        return [decode(data) for _, data in leaves(FOLDER, self.disk)]


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    for peer in (1, 2):
        made.connect(peer)
        assert made.hear(peer) == [Welcome(log=LOG, size=0, last_at="")]
    return made


def test_all_that_arrived_in_a_turn_is_one_commit_and_each_worker_hears_of_its_own(
    bench: Bench,
) -> None:
    bench.recorder.received(1, encode_message(Hello(worker="worker-1")))
    bench.submit(1, 1, decision("01K1"), decision("01K2"))
    bench.submit(2, 7, decision("01K3"))
    bench.submit(1, 3, outcome("01K1"))
    bench.recorder.turn()
    assert bench.hear(1) == [Ack(first=1, count=2, index=0), Ack(first=3, count=1, index=3)]
    assert bench.hear(2) == [Ack(first=7, count=1, index=2)]
    bench.submit(1, 4, outcome("01K2"))
    bench.submit(2, 8, outcome("01K3"))
    bench.disk.operations.clear()
    bench.recorder.turn()
    assert [operation for operation, _ in bench.disk.operations] == ["write", "sync"]


def test_a_turn_without_entries_writes_nothing(bench: Bench) -> None:
    bench.disk.operations.clear()
    bench.recorder.turn()
    assert bench.disk.operations == []


def test_a_malformed_entry_is_refused_alone(bench: Bench) -> None:
    other = encode(decision("01K9")).replace(b"node-1", b"node-2")
    bench.submit(1, 1, decision("01K1"), b"nonsense", other, decision("01K2"))
    bench.recorder.turn()
    said = bench.hear(1)
    refused = [message.first for message in said if isinstance(message, Nack)]
    assert refused == [2, 3]
    assert [message for message in said if isinstance(message, Ack)] == [
        Ack(first=1, count=1, index=0),
        Ack(first=4, count=1, index=1),
    ]
    assert bench.kept() == [decision("01K1"), decision("01K2")]


def test_what_a_dead_worker_began_has_an_unknown_outcome(bench: Bench) -> None:
    bench.submit(1, 1, decision("01K1"), decision("01K2"), outcome("01K1"))
    bench.submit(2, 1, decision("01K3"))
    bench.recorder.disconnected(1)
    last = bench.kept()[-1]
    assert last == OutcomeLeaf(at=AT, log=LOG, request="01K2", outcome="unknown")
    assert list(bench.log.books.open) == [("01K3", 1)]
    assert bench.hear(2) == [Ack(first=1, count=1, index=3)]


def test_a_dead_worker_is_settled_once_the_disk_works_again(bench: Bench) -> None:
    bench.submit(1, 1, decision("01K1"))
    bench.recorder.turn()
    bench.disk.fails = lambda operation, _path: errno.ENOSPC if operation == "write" else 0
    bench.recorder.disconnected(1)
    assert len(bench.kept()) == 1
    bench.recorder.tick(1.0)
    bench.disk.fails = lambda _operation, _path: 0
    bench.recorder.tick(2.0)
    bench.recorder.tick(3.0)
    assert bench.kept()[-1] == OutcomeLeaf(at=AT, log=LOG, request="01K1", outcome="unknown")
    faults = [message.fault for message in bench.hear(2) if isinstance(message, Welcome)]
    assert faults == ["disk_full", ""]


def test_the_fault_is_known_before_anything_is_refused_for_it(bench: Bench) -> None:
    bench.disk.fails = lambda operation, _path: errno.ENOSPC if operation == "write" else 0
    bench.submit(1, 1, decision("01K1"))
    bench.recorder.turn()
    fault, refused = bench.hear(1)
    assert isinstance(fault, Welcome)
    assert isinstance(refused, Nack)
    assert (fault.fault, refused.code, refused.first) == ("disk_full", "disk_full", 1)
    assert [getattr(one, "fault", None) for one in bench.hear(2)] == ["disk_full"]


def test_an_outcome_that_was_refused_is_recorded_as_unknown_once_the_disk_works(
    bench: Bench,
) -> None:
    bench.submit(1, 1, decision("01K1"), decision("01K2"))
    bench.recorder.turn()
    bench.disk.fails = lambda operation, _path: errno.EIO if operation == "sync" else 0
    bench.submit(1, 3, outcome("01K1"), decision("01K3"), outcome("01K3"))
    bench.recorder.turn()
    assert [one.count for one in bench.hear(1) if isinstance(one, Nack)] == [3]
    bench.disk.fails = lambda _operation, _path: 0
    for elapsed in (1.0, 2.0, 3.0):
        bench.recorder.tick(elapsed)
    unknown = OutcomeLeaf(at=AT, log=LOG, request="01K1", outcome="unknown")
    assert bench.kept() == [decision("01K1"), decision("01K2"), unknown]
    assert list(bench.log.books.open) == [("01K2", 1)]


def test_of_a_request_whose_record_was_refused_nothing_more_is_recorded(bench: Bench) -> None:
    bench.submit(1, 1, decision("01K2"))
    bench.recorder.turn()
    bench.disk.fails = lambda operation, _path: errno.EIO if operation == "sync" else 0
    bench.submit(1, 2, decision("01K1"), attempt("01K2"))
    bench.recorder.turn()
    bench.disk.fails = lambda _operation, _path: 0
    # Sent before the worker could know.
    bench.submit(1, 4, outcome("01K1"), decision("01K3"), outcome("01K2"))
    bench.recorder.turn()
    bench.recorder.tick(1.0)
    unknown = OutcomeLeaf(at=AT, log=LOG, request="01K2", outcome="unknown")
    assert bench.kept() == [decision("01K2"), decision("01K3"), unknown]
    refused = [(one.first, one.count) for one in bench.hear(1) if isinstance(one, Nack)]
    assert refused == [(2, 2), (4, 1), (6, 1)]


def test_a_checkpoint_follows_within_a_second_and_only_when_there_is_something_new(
    bench: Bench,
) -> None:
    bench.submit(1, 1, decision("01K1"))
    bench.recorder.turn()
    bench.recorder.tick(10.0)
    signed = [bench.log.checkpoint]
    bench.submit(1, 2, outcome("01K1"))
    bench.recorder.turn()
    for elapsed in (10.5, 11.0, 20.0):
        bench.recorder.tick(elapsed)
        signed.append(bench.log.checkpoint)
    assert [head.size if head else None for head in signed] == [1, 1, 2, 2]
    assert signed[2] is signed[3]


def test_a_recorder_on_a_full_disk_starts_refuses_and_begins_when_there_is_room() -> None:
    bench = Bench()
    bench.disk.room = 0
    bench.recorder.begin("0.1.0")
    bench.connect(1)
    bench.submit(1, 1, decision("01K1"))
    bench.recorder.turn()
    assert [message for message in bench.hear(1) if isinstance(message, Nack)]
    bench.disk.room = 1 << 20
    bench.recorder.tick(1.0)
    bench.submit(1, 2, decision("01K2"))
    bench.recorder.turn()
    assert Ack(first=2, count=1, index=1) in bench.hear(1)
    assert [type(leaf).__name__ for leaf in bench.kept()] == ["StartedLeaf", "DecisionLeaf"]


def test_each_day_begins_a_side_file(bench: Bench) -> None:
    for number, elapsed in enumerate((1.0, 2.0, 86_400.5, 86_401.5, 86_402.0), 1):
        bench.recorder.tick(elapsed)
        name = f"01K{number}"
        opening = Opening(request=name, holder="person-1", salt=bytes(32), inputs=b"{}")
        entry = Entry(leaf=encode(decision(name, sent=False)), opening=opening)
        bench.recorder.received(1, encode_message(Submit(first=number, entries=[entry])))
        bench.recorder.turn()
    assert [name for name in bench.disk.names(FOLDER / "side") if name.endswith(".side")] == [
        "0000000001.side",
        "0000000002.side",
    ]
    reader = SideReader(FOLDER, bench.disk)
    assert [found.request for found in reader.openings()] == [f"01K{n}" for n in range(1, 6)]


def test_an_erasure_is_recorded_and_answered(bench: Bench) -> None:
    opening = Opening(request="01K1", holder="person-1", salt=bytes(32), inputs=b"{}")
    entry = Entry(leaf=encode(decision("01K1")), opening=opening)
    bench.recorder.received(1, encode_message(Submit(first=1, entries=[entry])))
    for _ in range(2):
        bench.recorder.received(2, encode_message(Erase(holder="person-1")))
    assert bench.hear(2) == [Erased(slot=0), Erased(slot=-1)]
    assert [type(leaf).__name__ for leaf in bench.kept()] == ["DecisionLeaf", "ErasedLeaf"]


@pytest.mark.parametrize("message", [Ack(first=1, count=1, index=0), Erased(slot=0)])
def test_a_worker_that_speaks_out_of_turn_is_cut_off(bench: Bench, message: Message) -> None:
    with pytest.raises(EvidenceFault) as caught:
        bench.recorder.received(1, encode_message(message))
    assert caught.value.code == "protocol"
