"""Content lies under the key of whoever said it until its end, and goes with either."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from licet.evidence import Content, ContentPart, HeldLeaf, Hold, Opening, commit
from licet.storage import (
    Expiring,
    KeptReader,
    Log,
    RealDisk,
    SideStore,
    SnapshotStore,
    holds_on,
    record_leaf,
    verifier_key,
    verify,
)
from tests.unit.evidence.examples import LOG, decision

OLD, SOON, NOW = (
    "2026-01-01T00:00:00.000000Z",
    "2026-01-31T00:00:00.000000Z",
    "2026-06-01T00:00:00.000000Z",
)
LATE = "2027-01-01T00:00:00.000000Z"


def content(
    request: str, holder: str = "ann", *, until: str = SOON, part: ContentPart = "request"
) -> Content:
    data = f"what {holder} said in {request}".encode()
    return Content(
        request=request, holder=holder, part=part, until=until, size=len(data), data=data
    )


def store(folder: Path) -> SideStore:
    return SideStore(folder, RealDisk(), os.urandom)


def read(folder: Path, slot: int | None = None) -> dict[str, bytes]:
    return {said.request: said.data for _, said in KeptReader(folder, RealDisk()).contents(slot)}


def make(folder: Path, *kept: Content) -> None:
    """A log that has a decision on each, and a later file, which is the recorder's."""
    SnapshotStore(folder).put(b"{}")
    log = Log(folder, RealDisk(), LOG, os.urandom)
    log.begin(OLD, "0.1.0")
    side = store(folder)
    side.append([], kept)
    for one in kept:
        salt = os.urandom(32)
        opening = Opening(request=one.request, holder=one.holder, salt=salt, inputs=b"{}")
        side.append([opening])
        duties = ("retain",) if one.request.startswith("R") else ()
        workload = "night" if one.request.startswith("N") else "day"
        leaf = msgspec.structs.replace(
            decision(one.request, at=OLD, sent=False, commitment=commit(salt, b"{}")),
            duties=duties,
            workload=workload,
        )
        log.record([leaf])
    side.turn_over()
    side.append([], [content("last", until=LATE)])
    side.close()
    log.close(NOW)


def expire(folder: Path, *holds: Hold, retained_days: int = 0) -> tuple[int, int]:
    """How many went, and how many a hold kept."""
    expiring = Expiring(
        folder, kept_s=None, retained=lambda _: retained_days * 86_400, holds=holds, now=NOW
    )
    found = expiring.plan()
    expiring.carry_out(found)
    return found.contents, found.contents_held


def test_content_reads_back_after_a_restart_and_by_holder(tmp_path: Path) -> None:
    for request, holder in (("A", "ann"), ("B", "bob")):
        side = store(tmp_path)
        side.append([], [content(request, holder)])
        side.close()
    assert read(tmp_path) == {"A": b"what ann said in A", "B": b"what bob said in B"}
    assert read(tmp_path, 1) == {"B": b"what bob said in B"}


def test_nothing_of_it_is_readable_on_disk(tmp_path: Path) -> None:
    side = store(tmp_path)
    side.append([], [content("01K1")])
    side.close()
    data = b"".join(path.read_bytes() for path in (tmp_path / "side").iterdir())
    assert not any(word in data for word in (b"ann", b"said", b"01K1", SOON.encode()))


def test_an_erasure_reaches_it(tmp_path: Path) -> None:
    side = store(tmp_path)
    side.append([], [content("A", "ann"), content("B", "bob")])
    side.destroy(side.find("ann"))
    side.append([], [content("C", "ann")])
    side.close()
    assert read(tmp_path) == {"B": b"what bob said in B", "C": b"what ann said in C"}


def test_where_nothing_is_kept_there_is_no_file(tmp_path: Path) -> None:
    side = store(tmp_path)
    side.turn_over()
    side.close()
    assert not KeptReader(tmp_path, RealDisk()).exists()
    assert [path.name for path in (tmp_path / "side").iterdir()] == ["holders"]


def test_what_is_over_goes_and_the_rest_of_its_file_stays(tmp_path: Path) -> None:
    make(tmp_path, content("A"), content("B", until=LATE), content("C", "bob"))
    assert expire(tmp_path) == (2, 0)
    assert set(read(tmp_path)) == {"B", "last"}
    assert expire(tmp_path) == (0, 0)
    assert verify(tmp_path, verifier_key(tmp_path)).ok


def test_a_file_of_which_nothing_is_left_is_removed(tmp_path: Path) -> None:
    make(tmp_path, content("A"), content("B"))
    assert expire(tmp_path) == (2, 0)
    assert len(list((tmp_path / "side").glob("*.kept"))) == 1


def test_a_duty_to_retain_reaches_content_too(tmp_path: Path) -> None:
    make(tmp_path, content("R1"), content("A"))
    assert expire(tmp_path, retained_days=3_650) == (1, 0)
    assert set(read(tmp_path)) == {"R1", "last"}
    assert expire(tmp_path, retained_days=30) == (1, 0)


@pytest.mark.parametrize(
    ("hold", "stays"),
    [({"slot": 1}, {"C"}), ({"workload": "night"}, {"N"}), ({}, {"A", "N", "C"})],
)
def test_a_hold_keeps_it_beyond_its_end(
    tmp_path: Path, hold: dict[str, str | int], stays: set[str]
) -> None:
    make(tmp_path, content("A"), content("N"), content("C", "bob"))
    named = msgspec.convert({"id": "h", "why": "w", "by": "ada", "at": NOW, **hold}, Hold)
    assert expire(tmp_path, named) == (3 - len(stays), len(stays))
    assert set(read(tmp_path)) == stays | {"last"}


def test_what_a_hold_covers_by_content_alone_is_not_erased(tmp_path: Path) -> None:
    make(tmp_path, content("N"), content("A", "bob"))
    leaf = HeldLeaf(at=NOW, log=LOG, by="ada", id="h", why="w", workload="night")
    record_leaf(tmp_path, None, leaf, "0.1.0")
    assert [one.id for one in holds_on(tmp_path, 0)] == ["h"]
    assert holds_on(tmp_path, 1) == ()


def test_altered_content_opens_no_more_and_is_named(tmp_path: Path) -> None:
    make(tmp_path, content("A"), content("B", until=LATE))
    path = tmp_path / "side" / "0000000001.kept"
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    assert set(read(tmp_path)) == {"B", "last"}
    report = verify(tmp_path, verifier_key(tmp_path))
    (found,) = report.findings
    # What follows it is told of in the log, so it was durable before: it is not torn.
    assert (found.severity, found.code, report.ok) == ("damage", "side_damaged", False)
    assert (found.path, found.offset) == (str(path), 16)
    # What cannot be read may be anybody's: the file goes whole or not at all.
    assert expire(tmp_path) == (0, 0)
