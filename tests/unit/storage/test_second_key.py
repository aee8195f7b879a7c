"""A log that is signed with ML-DSA-44 too: whoever brings both keys demands both signatures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from licet.cli import program
from licet.evidence import (
    SignerKey,
    VerifierKey,
    cosigners,
    open_checkpoint,
    open_note,
    parse_signer,
    parse_verifier,
    sign_checkpoint,
)
from licet.storage import Log, RealDisk, build_tiles, verifier_key, verifier_keys, verify
from licet.storage.witnesses import FolderSink, Witness, publish
from licet.terms import EvidenceFault
from tests.unit.evidence.examples import AT, LOG, decision
from tests.unit.storage.test_verifying import damage

SETTINGS = """
[operator]
name = "Example Operations"
url = "https://operator.example/ai"
contact = "compliance@operator.example"

[clock]
scripted = true
"""


def opened(folder: Path) -> Log:
    log = Log(folder, RealDisk(), LOG, os.urandom)
    log.begin(AT, "0.1.0")
    return log


def grown(folder: Path) -> None:
    log = opened(folder)
    log.record([decision(f"R{log.size + n}", sent=False) for n in range(4)])
    log.close(AT)


def rotated(folder: Path, *, second: bool = False) -> tuple[VerifierKey, ...]:
    log = opened(folder)
    keys = log.rotate(os.urandom, AT, "0.1.0", "ada", second=second)
    log.close(AT)
    return tuple(key.verifier() for key in keys)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A log that began with one key, and has two since."""
    path = tmp_path / "evidence"
    grown(path)
    rotated(path, second=True)
    grown(path)
    return path


def codes(folder: Path, *keys: VerifierKey) -> set[str]:
    """What is damaged to whoever brings these keys, the snapshots apart."""
    report = verify(folder, keys[0], also=keys[1:], openings=False)
    return damage(report) - {"snapshot_missing"}


def test_each_checkpoint_is_signed_by_both_from_the_handover_on(folder: Path) -> None:
    first, second = verifier_keys(folder)
    assert (first.type, second.type) == ("ed25519", "ml-dsa-44")
    (handover,) = (folder / "handovers").iterdir()
    for path in (folder / "checkpoint", handover):
        assert open_note(path.read_bytes(), [first, second])[1] == (first, second)
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.glob("log.*")}
    assert modes == {
        "log.key": 0o600,
        "log.vkey": 0o644,
        "log.ml-dsa-44.key": 0o600,
        "log.ml-dsa-44.vkey": 0o644,
    }


def test_either_key_verifies_alone_and_both_together(folder: Path) -> None:
    first, second = verifier_keys(folder)
    for keys in ((first,), (second,), (first, second), (second, first)):
        assert codes(folder, *keys) == set()
    report = verify(folder, first, also=[second], openings=False)
    assert (report.keys, report.second_keys) == ((str(first),), (str(second),))


def test_whoever_brings_both_demands_both(folder: Path) -> None:
    """Somebody who can forge one kind of signature has not got the other."""
    first, second = verifier_keys(folder)
    head = open_checkpoint((folder / "checkpoint").read_bytes(), [first])
    for kind, stolen in (("ed25519", "log.key"), ("ml-dsa-44", "log.ml-dsa-44.key")):
        key = parse_signer((folder / stolen).read_text())
        assert key.type == kind
        (folder / "checkpoint").write_bytes(sign_checkpoint(head, [key]))
        assert codes(folder, key.verifier()) == set()
        assert codes(folder, first, second) == {"note_unsigned"}
        (found,) = [
            one
            for one in verify(folder, first, also=[second], openings=False).findings
            if one.code == "note_unsigned"
        ]
        missing = "ml-dsa-44" if kind == "ed25519" else "ed25519"
        assert f"({missing})" in found.message


def test_every_key_of_either_type_leads_to_the_newest(folder: Path) -> None:
    first, second = verifier_keys(folder)
    rotated(folder)
    grown(folder)
    newest = rotated(folder)
    grown(folder)
    assert verifier_keys(folder) == newest
    assert [key.type for key in newest] == ["ed25519", "ml-dsa-44"]
    assert codes(folder, first, second) == set()
    report = verify(folder, first, also=[second], openings=False)
    assert (len(report.keys), len(report.second_keys)) == (3, 3)
    assert (report.keys[-1], report.second_keys[-1]) == tuple(map(str, newest))


def test_a_second_key_that_the_log_never_named_is_not_followed(folder: Path) -> None:
    _, second = verifier_keys(folder)
    rotated(folder)
    last = max((folder / "handovers").iterdir())
    head = open_checkpoint(last.read_bytes(), [second])
    stranger = SignerKey(name=LOG, seed=bytes(32), type="ml-dsa-44")
    last.write_bytes(sign_checkpoint(head, [stranger]))
    assert "note_unsigned" in codes(folder, second)


def test_a_rotation_cut_short_between_the_two_keys_goes_on_with_what_is_there(
    folder: Path,
) -> None:
    first, second = verifier_keys(folder)
    kept = {name: (folder / name).read_bytes() for name in ("log.ml-dsa-44.key", "log.vkey")}
    rotated(folder)
    for name, content in kept.items():
        (folder / name).write_bytes(content)
    grown(folder)
    assert verifier_keys(folder)[1] == second
    assert verifier_key(folder) != first
    assert codes(folder, first, second) == set()


def test_a_key_of_another_type_in_its_place_is_refused(folder: Path) -> None:
    (folder / "log.ml-dsa-44.key").write_bytes((folder / "log.key").read_bytes())
    with pytest.raises(EvidenceFault, match="holds a key of type `ed25519`"):
        opened(folder)


def test_tiles_and_publication_carry_both(folder: Path, tmp_path: Path) -> None:
    first, second = verifier_keys(folder)
    build_tiles(folder, first)
    publish(folder, FolderSink(tmp_path / "sink"), first)
    for path in (folder / "tiles" / "checkpoint", tmp_path / "sink" / "checkpoint"):
        assert open_note(path.read_bytes(), [first, second])[1] == (first, second)
    assert codes(folder, first, second) == set()


def test_both_signatures_of_a_witness_are_asked_for_by_naming_both_keys(
    folder: Path, tmp_path: Path
) -> None:
    first, second = verifier_keys(folder)
    keys = [
        SignerKey(name="witness.example", seed=b"w" * 32),
        SignerKey(name="witness.example", seed=b"w" * 32, type="ml-dsa-44"),
    ]
    witness = Witness(tmp_path / "witness", keys, [first, second])

    def post(_url: str, body: bytes) -> tuple[int, bytes]:
        found = witness.answer(body, 1_781_299_260)
        return found.status, found.body

    asked = tuple(("http://witness.example", key.cosigner()) for key in keys)
    publish(folder, FolderSink(tmp_path / "sink"), first, witnesses=asked, post=post)
    witness.close()
    note = (tmp_path / "sink" / "checkpoint").read_bytes()
    for key in keys:
        (found,) = cosigners(note, [key.cosigner()])
        assert found.name == "witness.example"
    assert open_note(note, [first, second])[1] == (first, second)


def run(folder: Path, *arguments: object) -> Result:
    command = [*map(str, arguments), "--config", str(folder)]
    return CliRunner().invoke(program, command, catch_exceptions=False)


def test_on_the_command_line_a_log_gets_a_second_key_and_receipts_show_both(
    tmp_path: Path,
) -> None:
    (tmp_path / "licet.toml").write_text(SETTINGS, encoding="utf-8")
    folder = tmp_path / "evidence"
    grown(folder)
    texts = run(tmp_path, "evidence", "rotate", "--ml-dsa-44").stdout.split()
    assert [parse_verifier(text).type for text in texts] == ["ed25519", "ml-dsa-44"]
    assert len(run(tmp_path, "evidence", "rotate").stdout.split()) == 2
    grown(folder)
    receipt = tmp_path / "receipt.json"
    assert run(tmp_path, "evidence", "prove", "R1", "--output", receipt).exit_code == 0
    keys = [part for key in verifier_keys(folder) for part in ("--vkey", str(key))]
    checked = ["evidence", "verify", "--receipt", receipt]
    assert run(tmp_path, *checked, *keys).exit_code == 0
    stale = run(tmp_path, *checked, *keys, "--vkey", texts[1])
    assert (stale.exit_code, "no signature by" in stale.stderr) == (1, True)
    told = run(tmp_path, "evidence", "verify", "--without-openings").stdout
    assert "signed too by" in told


def test_a_witness_has_two_keys_in_one_file(tmp_path: Path) -> None:
    file = tmp_path / "witness.key"
    made = CliRunner().invoke(
        program, ["witness", "new", "witness.example/w1", "--ml-dsa-44", "--key", str(file)]
    )
    assert made.exit_code == 0
    secrets = [parse_signer(line) for line in file.read_text().splitlines()]
    assert made.stdout.split() == [str(key.cosigner()) for key in secrets]
    assert [key.type for key in secrets] == ["ed25519", "ml-dsa-44"]
