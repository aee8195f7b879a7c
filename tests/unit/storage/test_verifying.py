"""Tampering: whatever is changed in a folder is named, by file, byte and leaf."""

import os
from pathlib import Path

import msgspec
import pytest

from licet.evidence import (
    Checkpoint,
    ErasedLeaf,
    Frontier,
    Leaf,
    Opening,
    SignerKey,
    commit,
    encode,
    leaf_hash,
    parse_signer,
    sign_checkpoint,
)
from licet.evidence.batches import encode_batch
from licet.evidence.segments import SegmentHeader, encode_segment_header
from licet.storage import (
    Log,
    RealDisk,
    Report,
    SideStore,
    SnapshotStore,
    leaves,
    record_leaf,
    verifier_key,
    verify,
)
from tests.unit.evidence.examples import AT, LOG, adoption, attempt, decision, outcome, recorded

SALT = bytes(32)
INPUTS = b'{"us_person":true}'


def make(folder: Path, written: list[Leaf] | None = None) -> None:
    """A log with one request, its opening and its snapshot, closed in good order."""
    log = Log(folder, RealDisk(), LOG, os.urandom)
    SnapshotStore(folder).put(b"{}")
    side = SideStore(folder, RealDisk(), os.urandom)
    side.append([Opening(request="01K1", holder="person-1", salt=SALT, inputs=INPUTS)])
    side.close()
    log.begin(AT, "0.1.0")
    story: list[Leaf] = [
        adoption(recorded("a")),
        decision("01K1", commitment=commit(SALT, INPUTS)),
        attempt("01K1"),
        outcome("01K1"),
        outcome("01K1", 2),
    ]
    log.record(story if written is None else written)
    log.close(AT)


def forge(folder: Path, data: list[bytes], *, key: SignerKey | None = None) -> None:
    """The log anew from these leaves, with every check made to fit; signed by `key`."""
    hashes = [leaf_hash(leaf) for leaf in data]
    frontier = Frontier()
    header = encode_segment_header(SegmentHeader(first=0, root=frontier.root()))
    frontier.extend(hashes)
    (path,) = (folder / "wal").iterdir()
    path.write_bytes(header + encode_batch(0, data, hashes))
    if key is not None:
        head = Checkpoint(origin=LOG, size=frontier.size, root=frontier.root())
        (folder / "checkpoint").write_bytes(sign_checkpoint(head, [key]))


def damage(report: Report) -> set[str]:
    assert report.ok is not any(one.severity == "damage" for one in report.findings)
    return {one.code for one in report.findings if one.severity == "damage"}


def notices(report: Report) -> set[str]:
    return {one.code for one in report.findings if one.severity == "notice"}


def test_a_good_log_verifies_and_is_counted(tmp_path: Path) -> None:
    make(tmp_path)
    seen: list[int] = []
    report = verify(tmp_path, verifier_key(tmp_path), progress=seen.append)
    assert (report.ok, report.findings) == (True, ())
    assert (report.leaves, report.signed, seen[-1]) == (7, 7, 7)
    assert (report.decisions, report.attempts, report.outcomes, report.registered) == (1, 2, 2, 3)
    assert (report.openings, report.snapshots, report.open, report.unknown) == (1, 1, 0, 0)


def test_another_key_verifies_nothing(tmp_path: Path) -> None:
    make(tmp_path)
    stranger = SignerKey(name=LOG, seed=bytes(32)).verifier()
    assert damage(verify(tmp_path, stranger)) == {"note_unsigned"}


def test_every_changed_byte_of_the_log_is_noticed(tmp_path: Path) -> None:
    make(tmp_path)
    key = verifier_key(tmp_path)
    (path,) = (tmp_path / "wal").iterdir()
    data = path.read_bytes()
    for place in range(0, len(data), 7):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        path.write_bytes(bytes(changed))
        report = verify(tmp_path, key)
        assert damage(report) & {"log_damaged", "leaves_missing"}, place


@pytest.mark.parametrize("change", ["removed", "swapped", "added", "edited"])
def test_leaves_changed_with_all_their_checks_do_not_fit_the_signature(
    tmp_path: Path, change: str
) -> None:
    make(tmp_path)
    data = [leaf for _, leaf in leaves(tmp_path)]
    forge(
        tmp_path,
        {
            "removed": data[:3] + data[4:],
            "swapped": [*data[:4], data[5], data[4], *data[6:]],
            "added": [*data[:6], encode(decision("01K9", sent=False)), *data[6:]],
            "edited": [leaf.replace(b"code-review", b"code-rewrit") for leaf in data],
        }[change],
    )
    assert damage(verify(tmp_path, verifier_key(tmp_path))) & {"root_differs", "leaves_missing"}


def test_a_checkpoint_of_another_tree_by_a_stolen_name_is_refused(tmp_path: Path) -> None:
    make(tmp_path)
    data = [leaf for _, leaf in leaves(tmp_path)]
    forge(tmp_path, data[:-2], key=SignerKey(name=LOG, seed=bytes(32)))
    assert damage(verify(tmp_path, verifier_key(tmp_path))) == {"note_unsigned"}


def test_the_operator_himself_cannot_sign_a_story_that_makes_no_sense(tmp_path: Path) -> None:
    make(tmp_path)
    key = parse_signer((tmp_path / "log.key").read_text())
    data = [leaf for _, leaf in leaves(tmp_path)]
    forge(tmp_path, [*data[:2], *data[3:]], key=key)
    assert damage(verify(tmp_path, key.verifier())) == {"decision_missing", "attempt_missing"}


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        (encode(outcome("01K1")), "attempt_missing"),
        (encode(attempt("01K7")), "decision_missing"),
        (encode(adoption()).replace(b'":', b'": ', 1), "not_canonical"),
        (encode(adoption()).replace(b"node-1", b"node-2"), "wrong_log"),
        (b'{"at":1.5}', "not_canonical"),
    ],
)
def test_what_a_log_may_not_say(tmp_path: Path, extra: bytes, code: str) -> None:
    make(tmp_path)
    key = parse_signer((tmp_path / "log.key").read_text())
    forge(tmp_path, [*(leaf for _, leaf in leaves(tmp_path)), extra], key=key)
    report = verify(tmp_path, key.verifier())
    assert damage(report) == {code}
    assert {one.index for one in report.findings if one.severity == "damage"} == {7}


def test_a_leaf_of_a_later_schema_is_hashed_and_reported_as_not_read(tmp_path: Path) -> None:
    make(tmp_path)
    key = parse_signer((tmp_path / "log.key").read_text())
    later = b'{"at":"%s","kind":"novel","log":"%s","schema":2}' % (AT.encode(), LOG.encode())
    forge(tmp_path, [*(leaf for _, leaf in leaves(tmp_path)), later], key=key)
    report = verify(tmp_path, key.verifier())
    assert (report.ok, notices(report)) == (True, {"leaf_not_read"})


def test_a_missing_checkpoint_is_damage_and_unsigned_leaves_are_not(tmp_path: Path) -> None:
    make(tmp_path)
    key = verifier_key(tmp_path)
    log = Log(tmp_path, RealDisk(), LOG, os.urandom)
    log.record([adoption()])
    log.abandon()
    assert notices(verify(tmp_path, key)) == {"unsigned"}
    (tmp_path / "checkpoint").unlink()
    assert damage(verify(tmp_path, key)) == {"checkpoint_missing"}


def test_a_snapshot_that_is_missing_or_changed_is_named_with_its_leaf(tmp_path: Path) -> None:
    make(tmp_path)
    (path,) = (tmp_path / "snapshots").iterdir()
    path.write_bytes(b"nonsense")
    report = verify(tmp_path, verifier_key(tmp_path))
    assert [(one.code, one.index) for one in report.findings] == [("snapshot_damaged", 1)]
    path.unlink()
    assert damage(verify(tmp_path, verifier_key(tmp_path))) == {"snapshot_missing"}


def test_an_opening_of_something_else_is_damage(tmp_path: Path) -> None:
    make(tmp_path)
    os.remove(tmp_path / "side" / "0000000001.side")
    side = SideStore(tmp_path, RealDisk(), os.urandom)
    side.append([Opening(request="01K1", holder="person-1", salt=SALT, inputs=b"{}")])
    side.close()
    report = verify(tmp_path, verifier_key(tmp_path))
    assert [(one.code, one.index) for one in report.findings] == [("opening_differs", 2)]


def test_each_decision_of_a_request_has_an_opening_of_its_own(tmp_path: Path) -> None:
    again = msgspec.structs.replace(
        decision("01K1", sent=False, commitment=commit(SALT, b"{}")), reason="in_flight"
    )
    make(tmp_path, [decision("01K1", commitment=commit(SALT, INPUTS)), again, outcome("01K1")])
    key = verifier_key(tmp_path)
    report = verify(tmp_path, key)
    assert (damage(report), [one.index for one in report.findings]) == ({"opening_missing"}, [2])
    side = SideStore(tmp_path, RealDisk(), os.urandom)
    side.append([Opening(request="01K1", holder="person-1", salt=SALT, inputs=b"{}")])
    side.append([Opening(request="01K0", holder="person-1", salt=SALT, inputs=b"[]")])
    side.close()
    report = verify(tmp_path, key)
    assert (report.ok, report.openings, report.findings) == (True, 2, ())


def test_a_person_can_be_erased_and_the_log_still_verifies(tmp_path: Path) -> None:
    make(tmp_path)
    key = verifier_key(tmp_path)
    side = SideStore(tmp_path, RealDisk(), os.urandom)
    side.destroy(side.find("person-1"))
    side.close()
    # That a key is gone is lawful where the log says so.
    assert damage(verify(tmp_path, key)) == {"key_missing", "opening_missing"}
    record_leaf(tmp_path, None, ErasedLeaf(at=AT, log=LOG, slot=0), "test")
    report = verify(tmp_path, key)
    assert (report.ok, report.openings, report.erased) == (True, 0, 1)


def test_an_auditor_without_the_side_store_verifies_the_rest(tmp_path: Path) -> None:
    make(tmp_path)
    report = verify(tmp_path, verifier_key(tmp_path), openings=False)
    assert (report.ok, report.openings, report.findings) == (True, 0, ())


def test_an_unknown_outcome_may_be_superseded_and_is_counted_until_then(tmp_path: Path) -> None:
    unknown = type(outcome("01K1"))(at=AT, log=LOG, request="01K1", outcome="unknown")
    decided = decision("01K1", commitment=commit(SALT, INPUTS))
    make(tmp_path / "a", [decided, unknown])
    make(tmp_path / "b", [decided, unknown, outcome("01K1")])
    reports = [verify(tmp_path / name, verifier_key(tmp_path / name)) for name in "ab"]
    assert [(one.ok, one.unknown) for one in reports] == [(True, 1), (True, 0)]
