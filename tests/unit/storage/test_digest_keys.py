"""Keys of content digests on a disk that fails and loses: none that a record names is ever lost."""

from __future__ import annotations

import errno
import random
from pathlib import Path

import msgspec
import pytest

from licet.evidence import DigestKeyLeaf, decode, digest_key_id
from licet.storage import (
    Log,
    destroy_digest_key,
    digest_key,
    digest_keys,
    is_recorded_as_destroyed,
    leaves,
    prepare_digest_key,
    record_leaf,
    unused_digest_keys,
    use_digest_key,
)
from licet.terms import EvidenceFault, OperationFault
from tests.simulation.disk import SimulatedDisk
from tests.unit.evidence.examples import AT, LOG, adoption, decision

FOLDER = Path("/evidence")
LATER = "2026-09-01T00:00:00.000000Z"
LATEST = "2026-12-01T00:00:00.000000Z"


class World:
    """A log and its keys on a disk that can fail at any operation."""

    def __init__(self) -> None:
        self.disk = SimulatedDisk(4)
        self._draw = random.Random(4)
        log = Log(FOLDER, self.disk, LOG, self.entropy)
        log.close(AT)
        self.first = digest_key_id(digest_key(FOLDER, disk=self.disk, entropy=self.entropy))

    def entropy(self, count: int) -> bytes:
        return self._draw.randbytes(count)

    @property
    def in_use(self) -> str:
        return digest_key_id(digest_key(FOLDER, disk=self.disk, entropy=self.entropy))

    @property
    def keys(self) -> dict[str, bytes]:
        return digest_keys(FOLDER, disk=self.disk)

    def record(self, leaf: DigestKeyLeaf) -> None:
        record_leaf(FOLDER, None, leaf, "0.1.0", disk=self.disk, entropy=self.entropy)

    def adopted(self, name: str, *, at: str) -> None:
        """What a start or a reload records."""
        log = Log(FOLDER, self.disk, LOG, self.entropy)
        log.record([msgspec.structs.replace(adoption(at=at), digest_key=name)])
        log.close(at)

    def asked(self, name: str, *, at: str) -> None:
        log = Log(FOLDER, self.disk, LOG, self.entropy)
        log.record([msgspec.structs.replace(decision("01K1", at=at, sent=False), digest_key=name)])
        log.close(at)

    def rotate(self, at: str = AT) -> str:
        name = prepare_digest_key(FOLDER, disk=self.disk, entropy=self.entropy)
        self.record(DigestKeyLeaf(at=at, log=LOG, key=name, event="made"))
        use_digest_key(FOLDER, name, disk=self.disk)
        return name

    def made(self) -> list[str]:
        found = [decode(data) for _, data in leaves(FOLDER, self.disk)]
        return [one.key for one in found if isinstance(one, DigestKeyLeaf) and one.event == "made"]

    def unused(self, since: str) -> list[str]:
        return unused_digest_keys(FOLDER, since=since, disk=self.disk)


def operations_of_a_rotation() -> int:
    world = World()
    before = len(world.disk.operations)
    world.rotate()
    return len(world.disk.operations) - before


@pytest.mark.parametrize("place", range(operations_of_a_rotation()))
@pytest.mark.parametrize("power_goes", [False, True])
def test_a_rotation_cut_short_anywhere_loses_no_key_that_the_log_names(
    place: int, power_goes: bool
) -> None:
    world = World()
    count = len(world.disk.operations)

    def fails(_operation: str, _path: Path) -> int:
        return errno.EIO if len(world.disk.operations) > count + place else 0

    world.disk.fails = fails
    with pytest.raises((OSError, EvidenceFault)):
        world.rotate()
    world.disk.fails = lambda _operation, _path: 0
    world.disk.crash() if power_goes else world.disk.kill()
    assert world.in_use in {world.first, *world.made()}
    assert {world.first, *world.made()} <= set(world.keys)
    fresh = world.rotate()
    assert world.in_use == fresh == world.made()[-1]
    assert {world.first, *world.made()} <= set(world.keys)


def test_a_key_goes_when_nothing_young_names_it_and_another_was_adopted() -> None:
    world = World()
    world.adopted(world.first, at=AT)
    second = world.rotate(LATER)
    assert world.unused(LATEST) == []
    world.adopted(second, at=LATER)
    assert world.unused(AT) == []
    assert world.unused(LATEST) == [world.first]
    world.asked(world.first, at=LATEST)
    assert world.unused(LATEST) == []


def test_where_adoptions_named_no_key_nobody_knows_what_is_in_use() -> None:
    world = World()
    world.asked(world.first, at=AT)
    world.rotate(AT)
    world.adopted("", at=AT)
    assert world.unused(LATEST) == []


def test_a_key_of_which_the_log_says_nothing_is_about_to_be_recorded() -> None:
    world = World()
    world.adopted(world.first, at=AT)
    prepare_digest_key(FOLDER, disk=world.disk, entropy=world.entropy)
    assert world.unused(LATEST) == []


def test_a_rotation_that_was_recorded_and_cut_short_leaves_a_key_that_goes_in_its_time() -> None:
    world = World()
    world.adopted(world.first, at=AT)
    name = prepare_digest_key(FOLDER, disk=world.disk, entropy=world.entropy)
    world.record(DigestKeyLeaf(at=AT, log=LOG, key=name, event="made"))
    assert (world.unused(AT), world.unused(LATER)) == ([], [name])


def test_a_destruction_cut_short_is_finished_by_the_next() -> None:
    world = World()
    world.adopted(world.first, at=AT)
    second = world.rotate()
    world.adopted(second, at=AT)
    world.disk.fails = lambda operation, _path: errno.EIO if operation == "remove" else 0
    with pytest.raises(OSError, match="Input/output"):
        destroy_digest_key(FOLDER, world.first, disk=world.disk)
    world.disk.fails = lambda _operation, _path: 0
    world.disk.crash()
    assert set(world.keys) == {second}
    assert world.unused(LATER) == [world.first]
    destroy_digest_key(FOLDER, world.first, disk=world.disk)
    assert world.unused(LATER) == []


def test_a_destruction_is_recorded_once() -> None:
    world = World()
    assert not is_recorded_as_destroyed(FOLDER, world.first, world.disk)
    world.record(DigestKeyLeaf(at=AT, log=LOG, key=world.first, event="destroyed"))
    assert is_recorded_as_destroyed(FOLDER, world.first, world.disk)


@pytest.mark.parametrize("content", [b"short", b"another key of thirty-two bytes."])
def test_a_file_that_holds_another_key_than_its_name_says_is_told(content: bytes) -> None:
    world = World()
    world.rotate()
    world.disk.replace(FOLDER / "digests" / f"{world.first}.key", content)
    with pytest.raises(OperationFault, match="does not hold"):
        digest_keys(FOLDER, disk=world.disk)
