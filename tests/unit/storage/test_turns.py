"""Turns are found by whoever they are of, a step at a time, and go with deletion, time and key."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from licet.evidence import Recall, Turn
from licet.storage import Expiring, KeptReader, Log, RealDisk, SideStore
from licet.storage.recalling import Recalling
from tests.simulation.disk import SimulatedDisk
from tests.unit.evidence.examples import LOG

AT, SOON, NOW, LATE = (f"{year}-01-01T00:00:00.000000Z" for year in (2025, 2026, 2027, 2028))


def turn(
    number: int,
    *,
    holder: str = "ann",
    scope: str = "acme",
    previous: int = 0,
    until: str = LATE,
    size: int = 10,
) -> Turn:
    return Turn(
        id=f"resp_{number}",
        holder=holder,
        scope=scope,
        request=f"01K{number}",
        previous=f"resp_{previous}" if previous else "",
        at=AT,
        until=until,
        workload="w",
        model="m",
        endpoint="e",
        vendor="v",
        input=b"[]",
        response=b"x" * size,
    )


def store(folder: Path) -> SideStore:
    return SideStore(folder, RealDisk(), os.urandom, file_bytes_max=2_000)


def ask(
    side: SideStore,
    number: int,
    *,
    holder: str = "ann",
    scope: str = "acme",
    bytes_max: int = 1_000,
    delete: bool = False,
    now: str = NOW,
) -> tuple[list[str], str]:
    """The ids that come back, the oldest first, or the code."""
    recalling = Recalling(side.kept)
    recall = Recall(
        number=7,
        holder=holder,
        scope=scope,
        id=f"resp_{number}",
        now=now,
        bytes_max=bytes_max,
        delete=delete,
    )
    recalling.ask(3, recall)
    found = None
    while found is None:
        assert recalling.busy
        found = recalling.step()
    assert not recalling.busy
    peer, answer = found
    assert (peer, answer.number) == (3, 7)
    return [one.id for one in answer.turns], answer.code


def test_a_turn_comes_with_all_before_it_after_a_restart_and_over_many_files(
    tmp_path: Path,
) -> None:
    side = store(tmp_path)
    for number in range(1, 21):
        side.append([], [], [turn(number, previous=number - 1, size=300)])
    names = [f"resp_{number}" for number in range(1, 21)]
    assert ask(side, 20, bytes_max=10_000) == (names, "")
    side.close()
    side = store(tmp_path)
    assert ask(side, 20, bytes_max=10_000) == (names, "")
    assert ask(side, 20, bytes_max=0) == (["resp_20"], "")
    assert ask(side, 20, bytes_max=3_000) == ([], "too_long")
    # What is added while the files have been read is found too.
    side.append([], [], [turn(21, previous=20)])
    assert ask(side, 21, bytes_max=10_000) == ([*names, "resp_21"], "")
    assert len(list((tmp_path / "side").glob("*.kept"))) > 3
    side.close()


def test_it_is_found_by_whoever_it_is_of_alone(tmp_path: Path) -> None:
    side = store(tmp_path)
    side.append([], [], [turn(1), turn(2, holder="bob")])
    assert ask(side, 1) == (["resp_1"], "")
    for other in ({"holder": "bob"}, {"scope": "other"}, {"holder": "nobody"}):
        assert ask(side, 1, **other) == ask(side, 9) == ([], "not_found")  # type: ignore[arg-type]
    side.destroy(side.find("ann"))
    assert ask(side, 1) == ([], "not_found")
    side.append([], [], [turn(3)])
    assert ask(side, 1) == ([], "not_found")
    assert ask(side, 3) == (["resp_3"], "")
    side.close()


def test_what_was_deleted_or_is_over_is_found_no_more_and_ends_what_rests_on_it(
    tmp_path: Path,
) -> None:
    side = store(tmp_path)
    side.append([], [], [turn(1), turn(2, previous=1), turn(3, previous=2), turn(4, until=SOON)])
    assert ask(side, 4) == ([], "not_found")
    assert ask(side, 4, now=AT) == (["resp_4"], "")
    assert ask(side, 9, delete=True) == ([], "not_found")
    assert ask(side, 2, delete=True, holder="bob") == ([], "not_found")
    assert ask(side, 2, delete=True) == ([], "")
    for again in (side, store(tmp_path)):
        assert ask(again, 2) == ask(again, 3) == ask(again, 2, delete=True) == ([], "not_found")
        assert ask(again, 1) == (["resp_1"], "")
        again.close()


def expire(folder: Path) -> int:
    expiring = Expiring(folder, kept_s=None, retained=lambda _: 0, holds=(), now=NOW)
    found = expiring.plan()
    expiring.carry_out(found)
    return found.contents


def test_expiry_lets_go_of_what_is_over_or_deleted_beside_a_recorder(tmp_path: Path) -> None:
    log = Log(tmp_path, RealDisk(), LOG, os.urandom)
    log.begin(AT, "0.1.0")
    side = store(tmp_path)
    side.append([], [], [turn(1, until=SOON), turn(2), turn(3)])
    side.turn_over()
    side.append([], [], [turn(4)])
    assert ask(side, 3, bytes_max=0) == (["resp_3"], "")
    assert ask(side, 2, delete=True) == ([], "")
    assert expire(tmp_path) == 2
    # Its file was written anew, so that it lies elsewhere.
    assert ask(side, 3, bytes_max=0) == (["resp_3"], "")
    assert ask(side, 2) == ask(side, 1, now=AT) == ([], "not_found")
    left = [one.request for _, one in KeptReader(tmp_path, RealDisk()).everything()]
    assert left == ["01K3", "01K4", "01K2"]
    side.close()
    log.close(NOW)


def test_a_long_store_is_read_in_steps_between_which_others_come(tmp_path: Path) -> None:
    side = SideStore(tmp_path, RealDisk(), os.urandom)
    side.append([], [], [turn(number) for number in range(1, 1_001)])
    side.close()
    side = store(tmp_path)
    recalling = Recalling(side.kept)
    recalling.ask(1, Recall(number=1, holder="ann", scope="acme", id="resp_1", now=NOW))
    recalling.ask(2, Recall(number=2, holder="ann", scope="acme", id="resp_2", now=NOW))
    steps = []
    while recalling.busy:
        steps.append(recalling.step())
    assert [one[0] for one in steps if one is not None] == [1, 2]
    assert len(steps) > 3
    side.close()


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_a_disk_that_fails_is_said_and_the_next_question_is_answered(code: int) -> None:
    disk = SimulatedDisk()
    side = SideStore(Path("/evidence"), disk, os.urandom)
    side.append([], [], [turn(1)])
    disk.fails = lambda operation, _path: code if operation == "write" else 0
    assert ask(side, 1, delete=True)[1] in ("disk_failed", "disk_full")
    disk.fails = lambda _operation, _path: 0
    assert ask(side, 1) == (["resp_1"], "")
    assert ask(side, 1, delete=True) == ([], "")
    assert ask(side, 1) == ([], "not_found")
