"""The log on a real disk: locking, starting, mending, and what a start reads."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from licet.evidence import (
    Leaf,
    OutcomeLeaf,
    StartedLeaf,
    StoppedLeaf,
    encode,
    open_checkpoint,
    parse_signer,
)
from licet.storage import (
    Filters,
    Log,
    RealDisk,
    last_instant,
    leaves,
    recorded_versions,
    register,
    show,
    verifier_key,
)
from licet.terms import DirectiveId, EvidenceFault, parse_instant
from tests.unit.evidence.examples import AT, LOG, adoption, attempt, decision, outcome, recorded

LATER = "2026-06-30T23:52:00.000000Z"


def opened(folder: Path, segment_bytes_max: int = 1 << 20) -> Log:
    return Log(folder, RealDisk(), LOG, os.urandom, segment_bytes_max=segment_bytes_max)


def closed_log(folder: Path, written: list[Leaf]) -> list[bytes]:
    log = opened(folder)
    log.begin(AT, "0.1.0")
    for leaf in written:
        log.record([leaf])
    log.close(AT)
    return [data for _, data in leaves(folder)]


def segment(folder: Path) -> Path:
    return max((folder / "wal").iterdir())


def test_what_was_recorded_is_read_back_in_order(tmp_path: Path) -> None:
    written: list[Leaf] = [decision("01K1"), attempt("01K1"), outcome("01K1", 2), outcome("01K1")]
    found = [leaf for _, leaf in show_all(tmp_path, written)]
    assert isinstance(found[0], StartedLeaf)
    assert found[1:-1] == written
    assert isinstance(found[-1], StoppedLeaf)


def show_all(folder: Path, written: list[Leaf]) -> list[tuple[int, Leaf]]:
    closed_log(folder, written)
    return list(show(folder))


def test_leaves_are_shown_by_kind_request_and_time(tmp_path: Path) -> None:
    written: list[Leaf] = [decision("01K1"), decision("01K2", at=LATER), outcome("01K1", at=LATER)]
    closed_log(tmp_path, written)

    def indices(filters: Filters) -> list[int]:
        return [index for index, _ in show(tmp_path, filters)]

    assert indices(Filters(kinds=frozenset({"decision"}))) == [1, 2]
    assert indices(Filters(request="01K1")) == [1, 3]
    assert indices(Filters(from_at=LATER)) == [2, 3, 4]
    assert indices(Filters(until_at=LATER)) == [0, 1]


def test_a_session_is_closed_in_good_order_only_when_its_block_came_to_its_end(
    tmp_path: Path,
) -> None:
    class Interrupted(BaseException):
        """As Ctrl-C, which is no `Exception` either."""

    def recorded_then(name: str, end: Callable[[], None]) -> None:
        log = opened(tmp_path)
        with log.session(AT, "0.1.0"):
            log.record([decision(name, sent=False)])
            end()

    def interrupt() -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        recorded_then("01K1", interrupt)
    recorded_then("01K2", lambda: None)
    opened(tmp_path).abandon()
    kinds = [type(leaf).__name__ for _, leaf in show(tmp_path)]
    assert kinds == ["StartedLeaf", "DecisionLeaf", "StartedLeaf", "DecisionLeaf", "StoppedLeaf"]


def test_two_writers_are_refused_and_the_other_is_named(tmp_path: Path) -> None:
    first = opened(tmp_path)
    with pytest.raises(EvidenceFault, match=f"in use by process {os.getpid()}") as caught:
        opened(tmp_path)
    assert caught.value.code == "log_locked"
    first.abandon()
    opened(tmp_path).abandon()


def test_readers_read_while_a_writer_writes(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.record([decision("01K1")])
    assert len(list(leaves(tmp_path))) == 1
    log.record([outcome("01K1")])
    assert len(list(leaves(tmp_path))) == 2
    log.abandon()


def test_the_signing_key_is_the_owners_alone_and_stays(tmp_path: Path) -> None:
    opened(tmp_path).abandon()
    text = (tmp_path / "log.key").read_text()
    assert (tmp_path / "log.key").stat().st_mode & 0o777 == 0o600
    opened(tmp_path).abandon()
    assert (tmp_path / "log.key").read_text() == text
    assert parse_signer(text).verifier() == verifier_key(tmp_path)


def test_a_folder_keeps_its_log(tmp_path: Path) -> None:
    opened(tmp_path).abandon()
    with pytest.raises(EvidenceFault) as caught:
        Log(tmp_path, RealDisk(), "other.example", os.urandom)
    assert caught.value.code == "wrong_log"
    opened(tmp_path).abandon()


@pytest.mark.parametrize("origin", ["", "two words", "a+b"])
def test_a_log_needs_a_name_that_notes_allow(tmp_path: Path, origin: str) -> None:
    with pytest.raises(EvidenceFault) as caught:
        Log(tmp_path, RealDisk(), origin, os.urandom)
    assert caught.value.code == "key_malformed"


def test_a_tail_torn_at_any_byte_is_cut_off_and_reported(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.begin(AT, "0.1.0")
    log.record([decision("01K1")])
    whole = segment(tmp_path).read_bytes()
    log.record([outcome("01K1")])
    longer = segment(tmp_path).read_bytes()
    log.abandon()
    for cut in range(len(whole), len(longer)):
        segment(tmp_path).write_bytes(longer[:cut])
        log = opened(tmp_path)
        assert (log.size, log.mended) == (2, cut - len(whole))
        log.abandon()
        assert segment(tmp_path).read_bytes() == whole


def test_what_was_mended_is_recorded_at_the_start(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.begin(AT, "0.1.0")
    log.abandon()
    with segment(tmp_path).open("ab") as file:
        file.write(b"torn")
    log = opened(tmp_path)
    log.begin(AT, "0.1.0")
    log.abandon()
    started = [leaf for _, leaf in show(tmp_path) if isinstance(leaf, StartedLeaf)]
    assert [leaf.mended for leaf in started] == [0, 4]


def test_damage_before_the_last_batch_stops_the_start_and_says_where(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.record([decision("01K1")])
    log.record([outcome("01K1")])
    log.abandon()
    data = bytearray(segment(tmp_path).read_bytes())
    data[200] ^= 1
    segment(tmp_path).write_bytes(bytes(data))
    with pytest.raises(EvidenceFault, match="leaf 0") as caught:
        opened(tmp_path)
    assert caught.value.code == "log_damaged"
    assert segment(tmp_path).read_bytes() == bytes(data)


def test_a_start_reads_only_what_came_after_the_last_checkpoint(tmp_path: Path) -> None:
    log = opened(tmp_path, 4_096)
    for number in range(50):
        log.record([decision(f"01K{number}", sent=False)])
    log.sign()
    log.record([decision("01K51")])
    log.abandon()
    log = opened(tmp_path)
    assert (log.size, log.scanned) == (51, 1)
    assert list(log.books.open) == [("01K51", 1)]
    log.abandon()


@pytest.mark.parametrize("lost", ["state", "register"])
def test_derived_files_that_are_lost_or_damaged_are_made_again(tmp_path: Path, lost: str) -> None:
    written: list[Leaf] = [adoption(recorded("a")), decision("01K1")]
    closed_log(tmp_path, written)
    for content in (None, b"nonsense" * 9):
        if content is None:
            (tmp_path / lost).unlink()
        else:
            (tmp_path / lost).write_bytes(content)
        log = opened(tmp_path)
        assert (log.size, log.scanned) == (4, 4)
        assert len(list(log.register())) == 3
        log.sign()
        log.abandon()
        log = opened(tmp_path)
        assert log.scanned == 0
        log.abandon()


def test_a_saved_state_of_another_log_is_not_believed(tmp_path: Path) -> None:
    for name, request in (("ours", "01K1"), ("theirs", "01K2")):
        closed_log(tmp_path / name, [adoption(recorded("a")), decision(request)])
    state = (tmp_path / "theirs" / "state").read_bytes()
    (tmp_path / "ours" / "state").write_bytes(state)
    log = opened(tmp_path / "ours")
    assert (log.size, log.scanned) == (4, 4)
    log.sign()
    log.abandon()


def test_an_older_list_of_register_leaves_is_not_believed(tmp_path: Path) -> None:
    closed_log(tmp_path, [adoption(recorded("a"))])
    older = (tmp_path / "register").read_bytes()
    closed_log(tmp_path, [adoption(recorded("b"))])
    (tmp_path / "register").write_bytes(older)
    assert {name for name, _ in recorded_versions(tmp_path)} == {"a", "b"}


def test_the_checkpoint_signs_the_leaves(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.record([decision("01K1")])
    signed = log.sign()
    log.abandon()
    note = (tmp_path / "checkpoint").read_bytes()
    assert open_checkpoint(note, [verifier_key(tmp_path)]) == signed
    assert (signed.origin, signed.size) == (LOG, 1)


def test_a_log_shorter_than_its_checkpoint_does_not_start(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.record([decision("01K1")])
    begun = segment(tmp_path).read_bytes()
    log.record([outcome("01K1")])
    log.sign()
    log.abandon()
    segment(tmp_path).write_bytes(begun)
    for again in (1, 2):
        with pytest.raises(EvidenceFault) as caught:
            opened(tmp_path)
        assert caught.value.code == {1: "log_damaged", 2: "log_rewound"}[again]
        (tmp_path / "state").unlink(missing_ok=True)


def test_a_changed_checkpoint_stops_the_start(tmp_path: Path) -> None:
    closed_log(tmp_path, [decision("01K1")])
    path = tmp_path / "checkpoint"
    path.write_bytes(path.read_bytes().replace(b"\n3\n", b"\n2\n"))
    with pytest.raises(EvidenceFault) as caught:
        opened(tmp_path)
    assert caught.value.code == "note_unsigned"


def test_an_attempt_left_open_gets_an_unknown_outcome_and_only_that(tmp_path: Path) -> None:
    written: list[Leaf] = [
        decision("01K1"),
        outcome("01K1"),
        decision("01K2", at=LATER),
        attempt("01K2"),
        outcome("01K2"),
        decision("01K3", sent=False),
    ]
    log = opened(tmp_path)
    log.record(written)
    log.abandon()
    log = opened(tmp_path)
    log.begin(AT, "0.1.0")
    log.close()
    unknown = [leaf for _, leaf in show(tmp_path) if isinstance(leaf, OutcomeLeaf)][2:]
    assert [(leaf.request, leaf.attempt, leaf.outcome) for leaf in unknown] == [
        ("01K2", 2, "unknown")
    ]
    assert unknown[0].at == LATER


def test_the_decision_clock_begins_where_the_log_ends(tmp_path: Path) -> None:
    assert last_instant(tmp_path) is None
    log = opened(tmp_path)
    log.record([decision("01K1", at=LATER, sent=False)])
    log.record([decision("01K2", at=AT, sent=False)])
    assert log.last_at == LATER
    log.abandon()
    assert last_instant(tmp_path) == parse_instant(LATER)


def test_recorded_versions_are_those_of_whole_adoptions_and_the_first_counts(
    tmp_path: Path,
) -> None:
    first, again = recorded("a", content="one"), recorded("a", content="two", at=LATER)
    half = adoption(recorded("b"))
    written: list[Leaf] = [
        adoption(first),
        adoption(again, recorded("a", 2, at=LATER), at=LATER),
        type(half)(
            at=AT,
            log=LOG,
            snapshot=half.snapshot,
            catalogue=half.catalogue,
            directives=half.directives,
            part=1,
            parts=2,
        ),
    ]
    closed_log(tmp_path, written)
    name = DirectiveId("a")
    assert recorded_versions(tmp_path) == {
        (name, 1): (first.digest, parse_instant(AT)),
        (name, 2): (recorded("a", 2).digest, parse_instant(LATER)),
    }
    assert [index for index, _ in register(tmp_path)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "leaf", [b"", b"[]", b"{}", encode(decision("01K1")).replace(b"node-1", b"node-2")]
)
def test_a_leaf_of_another_log_or_none_is_not_appended(tmp_path: Path, leaf: bytes) -> None:
    log = opened(tmp_path)
    with pytest.raises(EvidenceFault) as caught:
        log.check(leaf)
    assert caught.value.code == "leaf_malformed"
    log.abandon()
