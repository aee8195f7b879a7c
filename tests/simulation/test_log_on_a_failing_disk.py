"""The log and its side store on a disk that fails, fills and crashes, a few hundred seeds."""

from __future__ import annotations

import errno

import pytest

from licet.evidence import Erase, StartedLeaf, Submit, decode, encode, encode_message
from licet.storage import Recorder, SideReader, SideStore, SnapshotStore, leaves, verify
from licet.terms import EvidenceFault
from tests.simulation.crashes import FOLDER, Crashing, play
from tests.unit.evidence.examples import AT, LOG, SNAPSHOT, decision, outcome

SEEDS = range(300)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_acknowledged_is_lost_to_crashes_and_faults(seed: int) -> None:
    assert play(seed).told


def test_among_the_seeds_disks_do_fail() -> None:
    assert sum(play(seed).refused for seed in range(20)) > 100


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("operation", ["write", "sync"])
def test_a_failing_disk_refuses_and_works_again_when_it_works(operation: str, code: int) -> None:
    world = Crashing(1)
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


def test_everything_is_synced_before_it_is_acknowledged_and_the_side_store_first() -> None:
    world = Crashing(2)
    world.start()
    world.step()
    world.disk.operations.clear()
    submit = Submit(first=world.sent + 1, entries=world.batch())
    world.recorder.received(world.peer, encode_message(submit))
    before = len(world.out)
    world.recorder.turn()
    assert len(world.out) > before
    synced = [name for operation, name in world.disk.operations if operation == "sync"]
    assert [name.split(".")[-1] for name in synced if name != "holders"] == [
        "side",
        "kept",
        "wal",
    ]


def test_an_attempt_that_a_crash_left_open_has_an_unknown_outcome_after_the_start() -> None:
    world = Crashing(3)
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
    world = Crashing(4)
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
    world = Crashing(5)
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
