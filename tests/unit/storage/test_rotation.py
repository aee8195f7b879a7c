"""A signing key is replaced, and whoever trusted the old one can follow."""

import os
from pathlib import Path

import pytest

from licet.evidence import (
    Checkpoint,
    SignerKey,
    VerifierKey,
    open_checkpoint,
    parse_signer,
    sign_checkpoint,
)
from licet.storage import Log, RealDisk, SnapshotStore, build_tiles, verifier_key, verify
from tests.unit.evidence.examples import AT, LOG, decision
from tests.unit.storage.test_verifying import damage

BIG = 30_000


def opened(folder: Path) -> Log:
    log = Log(folder, RealDisk(), LOG, os.urandom, segment_bytes_max=BIG)
    log.begin(AT, "0.1.0")
    return log


def rotated(folder: Path, times: int) -> list[VerifierKey]:
    """A log whose key was replaced so often, with leaves before and after; all its keys."""
    keys = []
    for _ in range(times):
        log = opened(folder)
        keys.append(log.key.verifier())
        log.record([decision(f"R{log.size + n}", sent=False) for n in range(40)])
        log.sign()
        build_tiles(folder, verifier_key(folder))
        log.rotate(os.urandom, AT, "0.1.0", "ada")
        log.record([decision(f"R{log.size + n}", sent=False) for n in range(40)])
        log.close(AT)
    return [*keys, verifier_key(folder)]


def quiet(folder: Path, key: VerifierKey) -> tuple[bool, set[str], int]:
    report = verify(folder, key, openings=False)
    return report.ok, damage(report), len(report.keys)


def test_every_key_that_was_ever_trusted_leads_to_the_newest(tmp_path: Path) -> None:
    keys = rotated(tmp_path, 3)
    assert len(set(keys)) == 4
    SnapshotStore(tmp_path).put(b"{}")
    for place, key in enumerate(keys):
        assert quiet(tmp_path, key) == (True, set(), 4 - place)


def test_checking_on_several_cores_finds_the_same(tmp_path: Path) -> None:
    keys = rotated(tmp_path, 2)
    assert len(list((tmp_path / "wal").iterdir())) > 2
    alone = verify(tmp_path, keys[0], openings=False)
    together = verify(tmp_path, keys[0], openings=False, processes=2)
    assert together == alone
    first = sorted((tmp_path / "wal").iterdir())[1]
    content = bytearray(first.read_bytes())
    content[5_000] ^= 4
    first.write_bytes(bytes(content))
    together = verify(tmp_path, keys[0], openings=False, processes=2)
    assert together == verify(tmp_path, keys[0], openings=False)
    assert "log_damaged" in damage(together)
    assert any(str(first) in one.message or str(first) == one.path for one in together.findings)


def test_the_checkpoint_of_the_handover_opens_with_both_keys(tmp_path: Path) -> None:
    log = opened(tmp_path)
    old = log.key.verifier()
    new = log.rotate(os.urandom, AT, "0.1.0", "ada")[0].verifier()
    note = (tmp_path / "checkpoint").read_bytes()
    assert open_checkpoint(note, [old]) == open_checkpoint(note, [new])
    assert verifier_key(tmp_path) == new
    log.abandon()
    assert parse_signer((tmp_path / "log.key").read_text()).verifier() == new


def test_a_rotation_cut_short_leaves_the_old_key_or_the_new(tmp_path: Path) -> None:
    log = opened(tmp_path)
    secret = (tmp_path / "log.key").read_bytes()
    public = (tmp_path / "log.vkey").read_bytes()
    log.rotate(os.urandom, AT, "0.1.0", "ada")
    log.abandon()
    new_secret = (tmp_path / "log.key").read_bytes()
    # Cut short before the new key was in place: the old one goes on.
    (tmp_path / "log.key").write_bytes(secret)
    (tmp_path / "log.vkey").write_bytes(public)
    opened(tmp_path).close(AT)
    # Cut short between the two files: the secret one signs, so the public one is put right.
    (tmp_path / "handovers").rename(tmp_path / "kept")
    (tmp_path / "log.key").write_bytes(new_secret)
    log = Log(tmp_path / "other", RealDisk(), LOG, os.urandom)
    log.close(AT)
    (tmp_path / "other" / "log.vkey").write_bytes(public)
    log = Log(tmp_path / "other", RealDisk(), LOG, os.urandom)
    assert verifier_key(tmp_path / "other") == log.key.verifier()
    log.abandon()


@pytest.mark.parametrize("way", ["stranger", "another root"])
def test_a_handover_that_the_log_does_not_bear_out_leads_nowhere(tmp_path: Path, way: str) -> None:
    old, new = rotated(tmp_path, 1)
    (handover,) = (tmp_path / "handovers").iterdir()
    stranger = SignerKey(name=LOG, seed=bytes(32))
    head = open_checkpoint(handover.read_bytes(), [old])
    if way == "stranger":
        # Signed by the old key's owner over the right tree, but the log names another successor.
        handover.write_bytes(sign_checkpoint(head, [stranger]))
    else:
        lie = Checkpoint(origin=LOG, size=head.size, root=bytes(32))
        handover.write_bytes(sign_checkpoint(lie, [stranger]))
    ok, codes, trusted = quiet(tmp_path, old)
    assert (ok, trusted) == (False, 1)
    assert "note_unsigned" in codes
    assert quiet(tmp_path, new)[2] == 1
