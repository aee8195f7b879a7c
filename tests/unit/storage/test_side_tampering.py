"""Tampering with the side store: what must be there and is not, or is not what it was, is damage;
what was erased or let go of on record, and what a crash tore, is not."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import msgspec
import pytest

from licet.evidence import (
    Content,
    ErasedLeaf,
    ExpiredLeaf,
    Opening,
    SignerKey,
    commit,
)
from licet.storage import (
    Expiring,
    Log,
    RealDisk,
    SideStore,
    SnapshotStore,
    verifier_key,
    verify,
)
from licet.storage.frames import HEADER, opened, sealed
from licet.storage.holders import read_keys, slot_place
from tests.unit.evidence.examples import AT, LOG, decision
from tests.unit.storage.tampering import checked, codes, damage, file, frames, told, without

REQUESTS = 60
PEOPLE = 4
INPUTS = b'{"of":"somebody"}'
LATER = "2026-12-01T00:00:00.000000Z"
END = "2027-12-01T00:00:00.000000Z"
DAYS = 365


def asked(log: Log, side: SideStore, numbers: range, at: str = AT) -> None:
    """Decisions on some people, each with its opening, and every tenth with its content."""
    for number in numbers:
        name, holder = f"01K{number:03}", f"p{number % PEOPLE}"
        salt = number.to_bytes(32, "big")
        profile = b'{"profile":"%d"}' % (number % PEOPLE)
        opening = Opening(request=name, holder=holder, salt=salt, inputs=INPUTS, parts=(profile,))
        said = Content(request=name, holder=holder, part="request", until=END, size=2, data=b"hi")
        kept = number % 10 == 0
        side.append([opening], [said] if kept else [])
        leaf = decision(name, at=at, sent=False, commitment=commit(salt, INPUTS))
        log.record([msgspec.structs.replace(leaf, content_days=DAYS if kept else 0)])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log and a side store of two files, closed in good order."""
    folder = tmp_path_factory.mktemp("whole")
    SnapshotStore(folder).put(b"{}")
    log = Log(folder, RealDisk(), LOG, os.urandom)
    side = SideStore(folder, RealDisk(), os.urandom)
    log.begin(AT, "0.1.0")
    asked(log, side, range(REQUESTS // 2))
    side.turn_over()
    asked(log, side, range(REQUESTS // 2, REQUESTS), LATER)
    side.close()
    log.close(LATER)
    return folder


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def erase(folder: Path, holder: str) -> None:
    """On record first, as the recorder does."""
    side = SideStore(folder, RealDisk(), os.urandom)
    slot = side.find(holder)
    told(folder, ErasedLeaf(at=LATER, log=LOG, slot=slot))
    side.destroy(slot)
    side.close()


def expire(folder: Path) -> None:
    """Lets go of what is older than thirty days, on record."""
    expiring = Expiring(
        folder,
        kept_s=30 * 86_400,
        retained=lambda _: 0,
        holds=(),
        now="2026-12-02T00:00:00.000000Z",
    )
    plan = expiring.plan()
    assert plan.openings
    leaf = ExpiredLeaf(
        at=LATER,
        log=LOG,
        openings=plan.openings,
        files=len(plan.files),
        before=plan.before,
        unread=plan.unread,
    )
    told(folder, leaf)
    expiring.carry_out(plan)


def test_the_store_is_sound_before(whole: Path) -> None:
    report = checked(whole)
    assert (report.ok, report.findings, report.openings) == (True, (), REQUESTS)


def test_a_bit_anywhere_is_damage_and_located(copy: Path) -> None:
    draw = random.Random(9)
    paths = [file(copy, 1), file(copy, 2), file(copy, 1, "kept"), file(copy, 2, "kept")]
    for path in (*paths, copy / "side" / "holders"):
        content = path.read_bytes()
        # Behind the last frame only zeros are no frame; the salt of holders names nobody twice.
        used = len(content.rstrip(b"\0"))
        for _ in range(12):
            place = draw.randrange(64 if path.name == "holders" else 0, used)
            changed = bytearray(content)
            changed[place] ^= 1 << draw.randrange(8)
            path.write_bytes(bytes(changed))
            last = path.suffix == ".kept" and place >= frames_begin(content)
            found = [one for one in checked(copy).findings if one.path == str(path)]
            # Of the last frame of kept content nobody can tell that it was not torn.
            assert last or damage(copy), (path, place)
            assert any(one.offset <= place for one in found), (path, place, found)
        path.write_bytes(content)
    assert damage(copy) == []


def frames_begin(content: bytes) -> int:
    """Where the last frame of a file begins."""
    place = last = len(HEADER)
    while place < len(content.rstrip(b"\0")):
        last = place
        place += 12 + int.from_bytes(content[place : place + 4], "big")
    return last


def test_one_altered_frame_costs_no_other_its_reading(copy: Path) -> None:
    path = file(copy)
    victim = frames(path)[-3]
    data = bytearray(path.read_bytes())
    data[victim.offset] ^= 0x40
    path.write_bytes(bytes(data))
    report = checked(copy)
    assert report.openings == REQUESTS - 1
    by_code = {one.code: one for one in report.findings}
    assert set(by_code) == {"side_damaged", "opening_missing"}
    assert (by_code["side_damaged"].path, by_code["side_damaged"].offset) == (
        str(path),
        victim.offset,
    )
    assert "`01K027`" in by_code["opening_missing"].message
    assert by_code["opening_missing"].index >= 0


def test_a_frame_that_was_cut_out_is_missed_and_its_request_named(copy: Path) -> None:
    path = file(copy)
    without(path, frames(path)[-1])
    (found,) = damage(copy)
    assert (found.code, "`01K029`" in found.message) == ("opening_missing", True)
    assert found.index == 30


def test_frames_may_lie_in_any_order_and_twice(copy: Path) -> None:
    """Which opening is of which decision is in the commitment, not in the order."""
    path = file(copy)
    data = path.read_bytes()
    *_, before, last = frames(path)
    swapped = data[last.offset : last.end] + data[before.offset : before.end]
    path.write_bytes(data[: before.offset] + swapped + swapped)
    assert damage(copy) == []


def test_a_part_that_was_cut_out_is_missed(copy: Path) -> None:
    path = file(copy)
    without(path, frames(path)[0])
    found = damage(copy)
    assert {one.code for one in found} == {"part_missing"}
    assert all(one.path == str(path) and one.offset > 0 for one in found)
    assert "`01K000`" in found[0].message


def test_a_whole_file_that_is_gone_is_missed(copy: Path) -> None:
    file(copy).unlink()
    found = damage(copy)
    assert {one.code for one in found} == {"opening_missing"}
    assert len(found) == REQUESTS // 2


def test_content_that_is_gone_is_missed_and_its_request_named(copy: Path) -> None:
    path = file(copy, 1, "kept")
    without(path, frames(path)[1])
    (found,) = damage(copy)
    assert found.code == "content_missing"
    assert "`01K010`" in found.message
    path.unlink()
    found_all = damage(copy)
    assert {one.code for one in found_all} == {"content_missing"}
    assert len(found_all) == REQUESTS // 20


def test_content_that_an_erasure_or_its_own_end_takes_is_not_missed(copy: Path) -> None:
    expired = ExpiredLeaf(at="2027-11-30T00:00:00.000000Z", log=LOG, openings=0, files=1)
    file(copy, 1, "kept").unlink()
    for at, sound in (
        ("2026-12-02T00:00:00.000000Z", False),
        ("2027-12-02T00:00:00.000000Z", True),
    ):
        told(copy, msgspec.structs.replace(expired, at=at, contents=3))
        assert checked(copy).ok is sound
    file(copy, 2, "kept").unlink()
    assert codes(copy) == set()


def test_what_was_kept_before_an_erasure_may_be_gone(copy: Path) -> None:
    erase(copy, "p0")
    for number in (1, 2):
        file(copy, number, "kept").unlink()
    assert codes(copy) == set()


def test_a_file_cut_short_or_wiped_with_zeros_is_missed(copy: Path) -> None:
    path = file(copy)
    content = path.read_bytes()
    last = frames(path)[-1]
    for rest in (b"", bytes(len(content) - last.offset)):
        path.write_bytes(content[: last.offset] + rest)
        assert codes(copy) == {"opening_missing"}


def test_an_opening_made_to_fit_another_story_is_named(copy: Path) -> None:
    """Whoever has the keys can make a whole frame; the commitment is in the log."""
    path = file(copy)
    keys = read_keys(RealDisk(), copy / "side" / "holders")
    last = frames(path)[-1]
    content = opened(last, keys[last.slot])
    assert content is not None
    lie = content.replace(b"somebody", b"else one")
    made = sealed(keys[last.slot], last.kind, last.slot, bytes(12), lie)
    path.write_bytes(path.read_bytes()[: last.offset] + made)
    (found,) = damage(copy)
    assert (found.code, found.path, found.offset) == ("opening_differs", str(path), last.offset)
    assert (found.index, "`01K029`" in found.message) == (30, True)


def test_a_frame_under_the_key_of_somebody_else_is_damage_for_certain(copy: Path) -> None:
    path = file(copy)
    keys = read_keys(RealDisk(), copy / "side" / "holders")
    last = frames(path)[-1]
    content = opened(last, keys[last.slot])
    assert content is not None
    made = sealed(keys[(last.slot + 1) % PEOPLE], last.kind, last.slot, bytes(12), content)
    path.write_bytes(path.read_bytes()[: last.offset] + made)
    found = {one.code: one for one in damage(copy)}
    assert set(found) == {"side_damaged", "opening_missing"}
    assert found["side_damaged"].offset == last.offset


def test_a_key_that_was_wiped_without_a_record_is_damage(copy: Path) -> None:
    side = SideStore(copy, RealDisk(), os.urandom)
    side.destroy(side.find("p1"))
    side.close()
    found = damage(copy)
    assert {one.code for one in found} == {"key_missing", "opening_missing"}
    (key,) = [one for one in found if one.code == "key_missing"]
    assert (key.path, key.offset) == (str(copy / "side" / "holders"), slot_place(1))


def test_keys_that_were_cut_off_or_taken_away_are_damage(copy: Path) -> None:
    path = copy / "side" / "holders"
    content = path.read_bytes()
    path.write_bytes(content[: slot_place(3)])
    assert codes(copy) == {"key_missing", "opening_missing"}
    path.unlink()
    found = damage(copy)
    assert len([one for one in found if one.code == "key_missing"]) == PEOPLE


def test_a_side_store_that_is_gone_is_damage_where_the_signing_key_is(copy: Path) -> None:
    shutil.rmtree(copy / "side")
    (found,) = damage(copy)
    assert (found.code, found.path) == ("side_missing", str(copy / "side"))
    # Whoever was handed the log was not handed the side store.
    key = verifier_key(copy)
    (copy / "log.key").unlink()
    report = verify(copy, key)
    assert (report.ok, [one.code for one in report.findings]) == (True, ["openings_missing"])


# What is lawful


def test_an_erasure_on_record_leaves_it_sound(copy: Path) -> None:
    erase(copy, "p1")
    report = checked(copy)
    assert (report.ok, report.findings) == (True, ())
    assert (report.openings, report.erased) == (REQUESTS * 3 // 4, REQUESTS // 4)


def test_an_erasure_on_record_that_was_not_carried_out_is_told(copy: Path) -> None:
    told(copy, ErasedLeaf(at=LATER, log=LOG, slot=2))
    report = checked(copy)
    (found,) = report.findings
    assert (report.ok, found.code, found.offset) == (True, "erasure_pending", slot_place(2))


def test_an_expiry_on_record_leaves_it_sound(copy: Path) -> None:
    expire(copy)
    report = checked(copy)
    assert (report.ok, report.findings) == (True, ())
    assert (report.openings, report.erased) == (REQUESTS // 2, REQUESTS // 2)


def test_what_was_erased_may_go_later_with_its_file(copy: Path) -> None:
    erase(copy, "p1")
    expire(copy)
    report = checked(copy)
    assert (report.ok, report.findings) == (True, ())


def test_an_expiry_explains_nothing_that_is_younger(copy: Path) -> None:
    expire(copy)
    path = file(copy, 2)
    without(path, frames(path)[-1])
    found = damage(copy)
    assert [one.code for one in found] == ["opening_missing"]
    assert f"`01K{REQUESTS - 1:03}`" in found[0].message


def test_an_erasure_explains_no_more_than_was_erased(copy: Path) -> None:
    erase(copy, "p1")
    file(copy).unlink()
    (found,) = damage(copy)
    assert found.code == "openings_missing"
    assert "explains" in found.message


def test_what_was_decided_after_an_erasure_must_be_there(copy: Path) -> None:
    erase(copy, "p1")
    log = Log(copy, RealDisk(), LOG, os.urandom)
    side = SideStore(copy, RealDisk(), os.urandom)
    log.begin(LATER, "0.1.0")
    asked(log, side, range(REQUESTS, REQUESTS + 4), LATER)
    side.close()
    log.close(LATER)
    assert damage(copy) == []
    file(copy, 3).unlink()
    assert {one.code for one in damage(copy)} == {"opening_missing"}
    assert len(damage(copy)) == 4


def test_the_torn_tail_of_what_nobody_was_told_of_is_told_and_no_damage(copy: Path) -> None:
    path = file(copy, 2)
    content = path.read_bytes()
    torn = os.urandom(300)
    path.write_bytes(content + torn)
    report = checked(copy)
    assert (report.ok, report.openings) == (True, REQUESTS)
    (found,) = report.findings
    assert (found.severity, found.code, found.offset) == ("notice", "side_damaged", len(content))


def test_an_opening_whose_record_was_refused_is_no_damage(copy: Path) -> None:
    side = SideStore(copy, RealDisk(), os.urandom)
    salt = bytes(32)
    side.append([Opening(request="refused", holder="p9", salt=salt, inputs=b"{}", parts=())])
    side.close()
    assert damage(copy) == []


def test_a_key_that_a_crash_tore_before_anybody_was_told_of_it_is_no_damage(copy: Path) -> None:
    with (copy / "side" / "holders").open("ab") as holders:
        holders.write(b"K" + bytes(7) + os.urandom(72))
    assert damage(copy) == []


def test_another_log_beside_a_side_store_finds_none_of_its_openings(copy: Path) -> None:
    assert SignerKey(name=LOG, seed=bytes(32)).verifier() != verifier_key(copy)
    for path in (copy / "side").glob("*.side"):
        path.write_bytes(HEADER)
    assert {one.code for one in damage(copy)} == {"opening_missing"}
