"""Answers that were kept, and are taken away."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from licet.evidence import Content, ErasedLeaf, ExpiredLeaf, Opening, commit
from licet.storage import Log, RealDisk, SideStore, SnapshotStore
from tests.unit.evidence.examples import AT, LOG, decision, outcome
from tests.unit.storage.tampering import codes, damage, file, frames, told, without

END = "2027-12-01T00:00:00.000000Z"
DAYS = 365
INPUTS = b'{"of":"somebody"}'


def decide(log: Log, side: SideStore, name: str) -> None:
    salt = name.encode() * 8
    side.append(
        [Opening(request=name, holder="p1", salt=salt, inputs=INPUTS)],
        [Content(request=name, holder="p1", part="request", until=END, size=2, data=b"hi")],
    )
    decided = decision(name, commitment=commit(salt, INPUTS))
    log.record([msgspec.structs.replace(decided, content_days=DAYS)])


def answer(log: Log, side: SideStore, name: str) -> None:
    side.append(
        [], [Content(request=name, holder="p1", part="answer", until=END, size=2, data=b"ho")]
    )
    log.record([msgspec.structs.replace(outcome(name), answer_digest="a" * 64)])


@pytest.mark.parametrize("segment_bytes_max", [1 << 20, 1_000], ids=["one", "several"])
def test_a_kept_answer_that_is_gone_is_missed_wherever_its_request_was_decided(
    tmp_path: Path, segment_bytes_max: int
) -> None:
    SnapshotStore(tmp_path).put(b"{}")
    log = Log(tmp_path, RealDisk(), LOG, os.urandom, segment_bytes_max=segment_bytes_max)
    side = SideStore(tmp_path, RealDisk(), os.urandom)
    log.begin(AT, "0.1.0")
    for name in ("01K1", "01K2", "01K3"):
        decide(log, side, name)
    for name in ("01K1", "01K2"):
        answer(log, side, name)
    # Nothing came of the third, so nothing was kept of that.
    log.record([msgspec.structs.replace(outcome("01K3"), outcome="failed", answer_digest="")])
    side.close()
    log.close(AT)
    assert (len(list((tmp_path / "wal").iterdir())) > 1) is (segment_bytes_max == 1_000)
    assert damage(tmp_path) == []
    path = file(tmp_path, 1, "kept")
    without(path, frames(path)[-1])
    (found,) = damage(tmp_path)
    assert found.code == "content_missing"
    assert "the answer to request `01K2`" in found.message
    # After its end it need not be there.
    ended = "2027-12-02T00:00:00.000000Z"
    expired = ExpiredLeaf(at=ended, log=LOG, openings=0, files=1, contents=5)
    told(tmp_path, expired)
    path.unlink()
    assert codes(tmp_path) == set()


def test_what_was_answered_after_an_erasure_is_kept_under_a_new_key_and_missed(
    tmp_path: Path,
) -> None:
    SnapshotStore(tmp_path).put(b"{}")
    log = Log(tmp_path, RealDisk(), LOG, os.urandom)
    side = SideStore(tmp_path, RealDisk(), os.urandom)
    log.begin(AT, "0.1.0")
    decide(log, side, "01K1")
    slot = side.find("p1")
    log.record([ErasedLeaf(at=AT, log=LOG, slot=slot, by="ada")])
    side.destroy(slot)
    answer(log, side, "01K1")
    side.close()
    log.close(AT)
    assert damage(tmp_path) == []
    path = file(tmp_path, 1, "kept")
    without(path, frames(path)[-1])
    (found,) = damage(tmp_path)
    assert (found.code, "the answer to request `01K1`" in found.message) == (
        "content_missing",
        True,
    )
