"""Tiles on disk, and proofs from a log's files, beside a log that goes on growing."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from licet.evidence import (
    Checkpoint,
    SignerKey,
    check_proof,
    encode_receipt,
    open_checkpoint,
    open_receipt,
    prove_consistency,
    read_bundle,
    sign_checkpoint,
    verify_consistency,
)
from licet.storage import (
    Log,
    RealDisk,
    build_tiles,
    leaves,
    prove_between,
    prove_request,
    tiles_checkpoint,
    verifier_key,
    verify,
)
from licet.storage.tiling import check_tiles
from licet.terms import EvidenceFault
from tests.unit.evidence.examples import AT, LOG, decision, outcome

SEGMENT_BYTES = 40_000


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    opened = Log(tmp_path, RealDisk(), LOG, os.urandom, segment_bytes_max=SEGMENT_BYTES)
    opened.begin(AT, "0.1.0")
    yield opened
    opened.abandon()


def grow(log: Log, leaves: int, batch: int = 37) -> Checkpoint:
    """So many more leaves, in batches; signed."""
    while leaves > 0:
        now = min(batch, leaves)
        log.record([decision(f"R{log.size + n}", sent=False) for n in range(now)])
        leaves -= now
    return log.sign()


def test_tiles_are_built_behind_a_growing_log(log: Log, tmp_path: Path) -> None:
    key = verifier_key(tmp_path)
    assert tiles_checkpoint(tmp_path) is None
    head = log.sign()
    for more in (1, 253, 1, 1, 300, 700):
        head = grow(log, more)
        tiled = build_tiles(tmp_path, key)
        assert tiled.checkpoint == head
        note = tiles_checkpoint(tmp_path)
        assert note is not None
        assert open_checkpoint(note, [key]) == head
        assert list(check_tiles(tmp_path, head, RealDisk())) == []
    assert build_tiles(tmp_path, key).written == 2 + len(list(_partials(head.size)))
    served = [
        leaf
        for index in range(head.size // 256)
        for leaf in read_bundle((tmp_path / f"tiles/tile/entries/{index:03}").read_bytes())
    ]
    assert served == [leaf for _, leaf in leaves(tmp_path)][: len(served)]


def _partials(size: int) -> Iterator[int]:
    return (level for level in range(1, 3) if (size >> 8 * level) % 256)


def test_full_tiles_are_written_once(log: Log, tmp_path: Path) -> None:
    grow(log, 600)
    build_tiles(tmp_path, verifier_key(tmp_path))
    first = tmp_path / "tiles/tile/0/000"
    before = first.stat().st_ino
    grow(log, 600)
    build_tiles(tmp_path, verifier_key(tmp_path))
    assert first.stat().st_ino == before


def test_tiles_that_were_lost_are_made_again(log: Log, tmp_path: Path) -> None:
    grow(log, 600)
    key = verifier_key(tmp_path)
    build_tiles(tmp_path, key)
    (tmp_path / "tiles/tile/1/000.p/2").unlink()
    head = grow(log, 10)
    build_tiles(tmp_path, key)
    assert list(check_tiles(tmp_path, head, RealDisk())) == []


@pytest.mark.parametrize(
    "name", ["0/000", "0/001", "1/000.p/2", "entries/000", "entries/001", "entries/002.p/89"]
)
def test_a_tile_that_is_changed_or_gone_is_named(log: Log, tmp_path: Path, name: str) -> None:
    grow(log, 600)
    key = verifier_key(tmp_path)
    build_tiles(tmp_path, key)
    path = tmp_path / "tiles/tile" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    report = verify(tmp_path, key, openings=False)
    found = {one.code: one for one in report.findings if one.severity == "damage"}
    assert "tile_damaged" in found
    assert Path(found["tile_damaged"].path).parent.parent.name in str(path)
    path.unlink()
    report = verify(tmp_path, key, openings=False)
    assert [one.path for one in report.findings if one.code == "tile_damaged"] == [str(path)]


def test_tiles_never_go_back(log: Log, tmp_path: Path) -> None:
    old = grow(log, 300)
    note = (tmp_path / "checkpoint").read_bytes()
    grow(log, 300)
    build_tiles(tmp_path, verifier_key(tmp_path))
    assert old.size == 301
    (tmp_path / "checkpoint").write_bytes(note)
    with pytest.raises(EvidenceFault, match="serves 601 leaves"):
        build_tiles(tmp_path, verifier_key(tmp_path))


def test_a_log_that_is_not_what_was_signed_is_not_published(log: Log, tmp_path: Path) -> None:
    head = grow(log, 300)
    lie = Checkpoint(origin=LOG, size=head.size, root=bytes(32))
    (tmp_path / "checkpoint").write_bytes(sign_checkpoint(lie, [log.key]))
    with pytest.raises(EvidenceFault) as caught:
        build_tiles(tmp_path, verifier_key(tmp_path))
    assert caught.value.code == "root_differs"
    assert tiles_checkpoint(tmp_path) is None


def test_a_request_is_proved_from_the_logs_files(log: Log, tmp_path: Path) -> None:
    grow(log, 500)
    log.record([decision("01K1"), decision("01K2")])
    grow(log, 100)
    log.record([outcome("01K1")])
    grow(log, 333)
    log.record([outcome("01K2")])
    keys = [verifier_key(tmp_path)]
    proved = prove_request(tmp_path, "01K1", keys)
    assert proved.unsigned == 0
    for proof in proved.proofs:
        assert proof.extra is not None
        assert check_proof(proof, proof.extra, keys) == proved.checkpoint
    proven = open_receipt(encode_receipt(LOG, "01K1", proved.proofs), keys)
    assert [index for index, _ in proven.leaves] == [501, 603]
    assert prove_request(tmp_path, "01K2", keys).unsigned == 1
    with pytest.raises(EvidenceFault, match="no record of request `01K3`"):
        prove_request(tmp_path, "01K3", keys)


def test_any_two_checkpoints_are_shown_to_be_of_one_history(log: Log, tmp_path: Path) -> None:
    heads = [grow(log, more) for more in (0, 5, 250, 1, 700)]
    for place, old in enumerate(heads):
        for new in heads[place:]:
            proof = prove_between(tmp_path, old, new)
            assert verify_consistency(old.size, new.size, old.root, new.root, proof)
    other = Checkpoint(origin=LOG, size=heads[-1].size, root=bytes(32))
    with pytest.raises(EvidenceFault, match="not those that the checkpoint signs"):
        prove_between(tmp_path, heads[0], other)
    ahead = Checkpoint(origin=LOG, size=heads[-1].size + 1, root=bytes(32))
    with pytest.raises(EvidenceFault, match="1 leaves that were signed cannot be read"):
        prove_between(tmp_path, heads[0], ahead)


def test_an_empty_folder_has_nothing_to_serve_or_prove(tmp_path: Path) -> None:
    key = SignerKey(name=LOG, seed=bytes(32)).verifier()
    for act in (
        partial(build_tiles, tmp_path, key),
        partial(prove_request, tmp_path, "01K1", [key]),
    ):
        with pytest.raises(EvidenceFault, match="no signed log"):
            act()
    assert prove_consistency(3, 3, lambda _start, _end: b"") == ()
