"""Openings whose time is over go, others stay, and holds stand against both ends."""

from __future__ import annotations

import os
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from licet.evidence import ExpiredLeaf, HeldLeaf, Hold, Opening, ReleasedLeaf, commit, holds
from licet.storage import (
    Expiring,
    Expiry,
    Log,
    RealDisk,
    SideReader,
    SideStore,
    SnapshotStore,
    erase_alone,
    holds_on,
    record_leaf,
    standing_holds,
    verifier_key,
    verify,
)
from licet.terms import EvidenceFault
from tests.unit.evidence.examples import AT, LOG, decision

DAY_S = 86_400
NOW = "2026-12-31T00:00:00.000000Z"
OLD, YOUNG = "2026-01-01T00:00:00.000000Z", "2026-12-30T00:00:00.000000Z"


def opening(request: str, holder: str) -> Opening:
    inputs = b'{"of":"' + holder.encode() + b'"}'
    parts = (b'{"profile":"' + holder.encode() + b'"}',)
    salt = sha256(request.encode()).digest()
    return Opening(request=request, holder=holder, salt=salt, inputs=inputs, parts=parts)


def make(folder: Path, files: Iterable[Iterable[tuple[str, str, str]]]) -> None:
    """Side files, each of (request, holder, when); their decisions, in one log; a last file."""
    SnapshotStore(folder).put(b"{}")
    log = Log(folder, RealDisk(), LOG, os.urandom)
    log.begin(OLD, "0.1.0")
    side = SideStore(folder, RealDisk(), os.urandom)
    for asked in files:
        for request, holder, at in asked:
            one = opening(request, holder)
            side.append([one])
            sealed = commit(one.salt, one.inputs)
            workload = "night" if request.startswith("N") else "code-review"
            leaf = decision(request, at=at, sent=False, commitment=sealed)
            duties = ("retain",) if request.startswith("R") else ()
            log.record([msgspec.structs.replace(leaf, workload=workload, duties=duties)])
        side.turn_over()
    last = opening("last", "nobody")
    side.append([last])
    side.close()
    sealed = commit(last.salt, last.inputs)
    log.record([decision("last", at=NOW, sent=False, commitment=sealed)])
    log.close(NOW)


def expiring(folder: Path, *, days: int = 30, retained_days: int = 0, **more: Hold) -> Expiring:
    return Expiring(
        folder,
        kept_s=days * DAY_S,
        retained=lambda _: retained_days * DAY_S,
        holds=more.values(),
        now=NOW,
    )


def carry_out(folder: Path, one: Expiring, plan: Expiry) -> None:
    """Recorded, and then done."""
    told = ExpiredLeaf(
        at=NOW,
        log=LOG,
        openings=plan.openings,
        files=len(plan.files),
        before=plan.before or None,
        unread=plan.unread,
    )
    record_leaf(folder, None, told, "test")
    one.carry_out(plan)


def kept(folder: Path) -> set[str]:
    return {found.request for found in SideReader(folder, RealDisk()).openings()} - {"last"}


def hold(**what: str | int) -> Hold:
    return msgspec.convert({"id": "h", "why": "w", "by": "ada", "at": NOW, **what}, Hold)


def test_what_is_over_goes_and_what_is_not_stays_with_its_parts(tmp_path: Path) -> None:
    make(tmp_path, [[("A", "ann", OLD), ("B", "ann", YOUNG), ("C", "bob", OLD)], [("D", "d", OLD)]])
    found = expiring(tmp_path)
    plan = found.plan()
    assert (len(plan.files), plan.openings, plan.held) == (2, 3, 0)
    assert kept(tmp_path) == {"A", "B", "C", "D"}
    carry_out(tmp_path, found, plan)
    assert kept(tmp_path) == {"B"}
    reader = SideReader(tmp_path, RealDisk())
    (left,) = [one for one in reader.openings() if one.request == "B"]
    assert left.parts == opening("B", "ann").parts
    assert reader.damage == []
    assert len(list((tmp_path / "side").glob("*.side"))) == 2
    assert expiring(tmp_path).plan() == Expiry(files=(), openings=0, held=0)
    report = verify(tmp_path, verifier_key(tmp_path))
    assert (report.ok, report.openings, report.erased) == (True, 2, 3)


def test_a_duty_to_retain_keeps_longer_and_only_where_it_came_with_the_decision(
    tmp_path: Path,
) -> None:
    make(tmp_path, [[("R1", "ann", OLD), ("A", "ann", OLD)]])
    found = expiring(tmp_path, retained_days=3_650)
    found.carry_out(found.plan())
    assert kept(tmp_path) == {"R1"}
    found = expiring(tmp_path, retained_days=100)
    found.carry_out(found.plan())
    assert kept(tmp_path) == set()


@pytest.mark.parametrize(
    ("what", "stays"),
    [
        ({"slot": 0}, {"A", "N"}),
        ({"workload": "night"}, {"N"}),
        ({"slot": 1, "workload": "night"}, set()),
        ({"since": OLD, "until": NOW}, {"A", "N", "C"}),
        ({"until": OLD}, set()),
        ({}, {"A", "N", "C"}),
    ],
)
def test_a_hold_keeps_what_fits_all_that_it_says(
    tmp_path: Path, what: dict[str, str | int], stays: set[str]
) -> None:
    make(tmp_path, [[("A", "ann", OLD), ("N", "ann", OLD), ("C", "bob", OLD)]])
    found = expiring(tmp_path, one=hold(**what))
    plan = found.plan()
    assert (plan.held, plan.openings) == (len(stays), 3 - len(stays))
    found.carry_out(plan)
    assert kept(tmp_path) == stays


def test_the_newest_file_is_the_recorders(tmp_path: Path) -> None:
    make(tmp_path, [])
    assert expiring(tmp_path, days=0).plan().files == ()


def test_what_was_never_acknowledged_stays_until_its_record_is_there(tmp_path: Path) -> None:
    make(tmp_path, [[("A", "ann", OLD)]])
    side = SideStore(tmp_path, RealDisk(), os.urandom)
    side.append([opening("unrecorded", "ann")])
    side.turn_over()
    side.append([opening("newest", "ann")])
    side.close()
    found = expiring(tmp_path)
    found.carry_out(found.plan())
    assert {"unrecorded", "newest"} <= kept(tmp_path)
    assert "A" not in kept(tmp_path)


def test_a_torn_file_goes_whole_or_not_at_all(tmp_path: Path) -> None:
    make(tmp_path, [[("A", "ann", OLD), ("B", "bob", YOUNG)], [("C", "ann", OLD)]])
    for path in sorted((tmp_path / "side").glob("*.side"))[:2]:
        with path.open("r+b") as file:
            data = path.read_bytes().rstrip(b"\0")
            file.seek(len(data))
            file.write(b"torn")
    found = expiring(tmp_path)
    found.carry_out(found.plan())
    assert kept(tmp_path) == {"A", "B"}


def test_holds_stand_from_their_record_to_their_release(tmp_path: Path) -> None:
    make(tmp_path, [[("A", "ann", OLD), ("N", "bob", OLD)]])
    for name, what in (("h1", {"slot": 0}), ("h2", {"workload": "night"})):
        leaf = msgspec.convert({"id": name, "why": "case 7", "at": "", "log": LOG, **what}, dict)
        record_leaf(tmp_path, None, HeldLeaf(**leaf), "test")
    assert [one.id for one in standing_holds(tmp_path)] == ["h1", "h2"]
    assert [one.id for one in holds_on(tmp_path, 0)] == ["h1"]
    assert [one.id for one in holds_on(tmp_path, 1)] == ["h2"]
    with pytest.raises(EvidenceFault) as caught:
        erase_alone(tmp_path, LOG, "ann", "ada", AT, "test")
    assert caught.value.code == "held"
    record_leaf(tmp_path, None, ReleasedLeaf(id="h1", why="over", at="", log=LOG), "test")
    assert [one.id for one in standing_holds(tmp_path)] == ["h2"]
    assert erase_alone(tmp_path, LOG, "ann", "ada", AT, "test") == 0
    assert verify(tmp_path, verifier_key(tmp_path)).ok


def test_nothing_held_is_no_hold() -> None:
    assert holds([decision("A")]) == ()
