"""The log and its side store on a disk that fails, fills and crashes, a few hundred seeds.

After each crash: everything that was acknowledged is there, in its place, with its opening;
nothing that was refused is acknowledged later under another index; the whole verifies.
"""

from __future__ import annotations

import errno
import itertools
import random
from pathlib import Path

import pytest

from licet.evidence import (
    Entry,
    Erase,
    Messages,
    Opening,
    StartedLeaf,
    Submit,
    commit,
    decode,
    encode,
    encode_message,
)
from licet.evidence.messages import Ack, Nack
from licet.storage import Log, Recorder, SideReader, SideStore, SnapshotStore, leaves, verify
from licet.terms import EvidenceFault
from tests.simulation.disk import Fails, SimulatedDisk
from tests.unit.evidence.examples import AT, LOG, SNAPSHOT, decision, outcome

FOLDER = Path("/evidence")
SEEDS = range(300)


class World:
    """A recorder on a simulated disk, one worker, and what that worker was told."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.disk = SimulatedDisk(seed)
        self.told: dict[int, bytes] = {}
        self.requests = itertools.count()
        self.open: list[str] = []
        SnapshotStore(FOLDER, self.disk).put(b"{}")

    def entropy(self, count: int) -> bytes:
        return self.draw.randbytes(count)

    def start(self) -> None:
        self.log = Log(FOLDER, self.disk, LOG, self.entropy, segment_bytes_max=20_000)
        self.side = SideStore(FOLDER, self.disk, self.entropy, file_bytes_max=3_000)
        self.recorder = Recorder(self.log, self.side, lambda: AT, lambda _fault: None)
        self.recorder.begin("0.1.0")
        self.peer = self.draw.randrange(1, 2**40)
        self.answers = Messages()
        self.out = bytearray()
        self.recorder.connected(self.peer, self.out.extend)
        self.answers.feed(bytes(self.out))
        self.sent = 0

    def batch(self) -> list[Entry]:
        entries = []
        for _ in range(self.draw.randint(1, 12)):
            if self.open and self.draw.random() < 0.4:
                entries.append(Entry(leaf=encode(outcome(self.open.pop()))))
                continue
            request = f"01K{next(self.requests):09}"
            salt, inputs = self.entropy(32), b'{"n":%d}' % len(self.told)
            opening = Opening(
                request=request,
                holder=f"person-{self.draw.randrange(5)}",
                salt=salt,
                inputs=inputs,
                parts=(b"profile" * 20,),
            )
            leaf = encode(decision(request, commitment=commit(salt, inputs)))
            entries.append(Entry(leaf=leaf, opening=opening))
        return entries

    def step(self) -> None:
        entries = self.batch()
        self.out.clear()
        submit = Submit(first=self.sent + 1, entries=entries)
        self.recorder.received(self.peer, encode_message(submit))
        self.recorder.turn()
        self.answered(entries)
        self.sent += len(entries)
        self.recorder.tick(self.sent * 0.05)

    def answered(self, entries: list[Entry]) -> None:
        for message in self.answers.feed(bytes(self.out)):
            if not isinstance(message, Ack | Nack):
                continue
            for offset in range(message.count):
                leaf = entries[message.first - self.sent - 1 + offset].leaf
                if isinstance(message, Ack):
                    self.told[message.index + offset] = leaf
                    request = leaf_request(leaf)
                    if b'"kind":"decision"' in leaf:
                        self.open.append(request)
                elif b'"kind":"outcome"' in leaf:
                    self.open.append(leaf_request(leaf))

    def crash(self) -> None:
        self.disk.fails = lambda _operation, _path: 0
        self.disk.room = 1 << 40
        self.disk.crash()
        self.open.clear()

    def check(self) -> None:
        kept = dict(leaves(FOLDER, self.disk))
        lost = {index for index, leaf in self.told.items() if kept.get(index) != leaf}
        assert not lost
        report = verify(FOLDER, self.log.key.verifier(), disk=self.disk)
        assert report.ok, report.findings
        decisions = {leaf_request(leaf) for leaf in self.told.values() if b'"decision"' in leaf}
        found = {one.request: one for one in SideReader(FOLDER, self.disk).openings()}
        assert decisions <= set(found)
        assert all(found[request].parts for request in decisions)


def failing(draw: random.Random, kinds: list[str], rate: float) -> Fails:
    return lambda operation, _path: errno.EIO if operation in kinds and draw.random() < rate else 0


def leaf_request(leaf: bytes) -> str:
    return leaf.split(b'"request":"')[1][:12].decode()


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_acknowledged_is_lost_to_crashes_and_faults(seed: int) -> None:
    world = World(seed)
    for _ in range(4):
        world.start()
        faulty = world.draw.random() < 0.6
        if faulty:
            world.disk.room = world.draw.choice([1 << 40, 30_000])
            kinds = world.draw.sample(["write", "sync", "truncate", "sync_folder", "replace"], 2)
            rate = world.draw.choice([0.02, 0.2])
            world.disk.fails = failing(world.draw, kinds, rate)
        for _ in range(world.draw.randint(1, 25)):
            world.step()
        world.crash()
        world.start()
        world.check()
        world.log.abandon()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("operation", ["write", "sync"])
def test_a_failing_disk_refuses_and_works_again_when_it_works(operation: str, code: int) -> None:
    world = World(1)
    faults: list[str] = []
    world.start()
    world.recorder = Recorder(
        world.log,
        SideStore(FOLDER, world.disk, world.entropy),
        lambda: AT,
        lambda fault: faults.append(fault.code if fault else "works"),
    )
    world.recorder.connected(world.peer, world.out.extend)
    world.recorder.begin("0.1.0")
    world.step()
    size = world.log.size
    world.disk.fails = lambda op, _path: code if op == operation else 0
    world.step()
    assert world.log.size == size
    world.disk.fails = lambda _operation, _path: 0
    world.recorder.tick(1e9)
    world.step()
    assert world.log.size > size
    expected = "disk_full" if code == errno.ENOSPC else "disk_failed"
    assert faults == [expected, "works"]
    world.crash()
    world.start()
    world.check()


def test_everything_is_synced_before_it_is_acknowledged_and_openings_first() -> None:
    world = World(2)
    world.start()
    world.step()
    world.disk.operations.clear()
    submit = Submit(first=world.sent + 1, entries=world.batch())
    world.recorder.received(world.peer, encode_message(submit))
    before = len(world.out)
    world.recorder.turn()
    assert len(world.out) > before
    synced = [name for operation, name in world.disk.operations if operation == "sync"]
    assert [name.split(".")[-1] for name in synced if name != "holders"] == ["side", "wal"]


def test_an_attempt_that_a_crash_left_open_has_an_unknown_outcome_after_the_start() -> None:
    world = World(3)
    world.start()
    world.log.record([decision("01K000000001"), decision("01K000000002"), outcome("01K000000001")])
    world.crash()
    world.start()
    last = [decode(leaf) for _, leaf in leaves(FOLDER, world.disk)][-2:]
    assert isinstance(last[0], StartedLeaf)
    unknown = outcome("01K000000002")
    assert encode(last[1]) == encode(
        type(unknown)(at=AT, log=LOG, request="01K000000002", outcome="unknown")
    )


def test_an_erasure_that_a_crash_interrupted_is_carried_out_at_the_next_start() -> None:
    world = World(4)
    world.start()
    for _ in range(5):
        world.step()
    held = sum(one.slot == 0 for one in SideReader(FOLDER, world.disk).openings())
    holder = next(f"person-{n}" for n in range(5) if world.side.find(f"person-{n}") == 0)
    assert held
    world.disk.fails = lambda operation, path: (
        errno.EIO if operation == "write" and path.name == "holders" else 0
    )
    world.recorder.received(world.peer, encode_message(Erase(holder=holder)))
    world.crash()
    assert world.side.find(holder) == 0
    world.start()
    assert world.side.find(holder) == -1
    assert not any(one.slot == 0 for one in SideReader(FOLDER, world.disk).openings())
    assert verify(FOLDER, world.log.key.verifier(), disk=world.disk).ok


def test_a_log_whose_signed_leaves_are_gone_does_not_start() -> None:
    world = World(5)
    world.start()
    world.step()
    world.log.sign()
    world.log.abandon()
    wal = FOLDER / "wal" / world.disk.names(FOLDER / "wal")[-1]
    world.disk.open(wal).truncate(200)
    with pytest.raises(EvidenceFault) as caught:
        world.start()
    assert caught.value.code in {"log_rewound", "log_damaged"}
    assert SNAPSHOT in SnapshotStore(FOLDER, world.disk).digests()
