"""`licet evidence consistency`, `publish` and `rotate`, as somebody calls them on two files."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from licet.cli import program
from licet.evidence import KINDS, Checkpoint, sign_checkpoint
from licet.storage import Log, RealDisk
from tests.unit.evidence.examples import AT, LOG, decision


def run(*arguments: object) -> Result:
    command = ["evidence", *map(str, arguments)]
    return CliRunner().invoke(program, command, catch_exceptions=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A log, and beside it its checkpoints: `early`, `late`, and a `lie` of the late one's size."""
    log = Log(tmp_path / "log", RealDisk(), LOG, os.urandom)
    log.begin(AT, "0.1.0")
    head = log.sign()
    for name, leaves in (("early", 10), ("late", 300)):
        log.record([decision(f"R{log.size + n}", sent=False) for n in range(leaves)])
        head = log.sign()
        (tmp_path / name).write_bytes((tmp_path / "log/checkpoint").read_bytes())
    lie = Checkpoint(origin=LOG, size=head.size, root=bytes(32))
    (tmp_path / "lie").write_bytes(sign_checkpoint(lie, [log.key]))
    log.abandon()
    return tmp_path


def test_growth_is_shown_and_the_proof_is_enough_without_the_log(folder: Path) -> None:
    early, late, proof = folder / "early", folder / "late", folder / "proof"
    shown = run("consistency", early, late, "--folder", folder / "log", "--output", proof)
    assert (shown.exit_code, shown.output.startswith("consistent: 311 leaves extend 11")) == (
        0,
        True,
    )
    vkey = (folder / "log/log.vkey").read_text().strip()
    alone = ("consistency", early, late, "--vkey", vkey, "--proof", proof)
    assert run(*alone).exit_code == 0
    lines = proof.read_bytes().split(b"\n")
    lines[1], lines[2] = lines[2], lines[1]
    proof.write_bytes(b"\n".join(lines))
    refused = run(*alone)
    assert (refused.exit_code, refused.output.startswith("not shown")) == (1, True)


@pytest.mark.parametrize(
    ("old", "new", "word"), [("late", "lie", "SPLIT VIEW"), ("late", "early", "REWOUND")]
)
def test_two_files_that_accuse_the_operator(folder: Path, old: str, new: str, word: str) -> None:
    found = run("consistency", folder / old, folder / new, "--folder", folder / "log")
    assert (found.exit_code, found.output.startswith(word)) == (1, True)


def test_a_checkpoint_of_another_history_is_not_consistent(folder: Path) -> None:
    found = run("consistency", folder / "early", folder / "lie", "--folder", folder / "log")
    assert found.exit_code == 1
    assert "are not those that the checkpoint signs" in found.output


def test_publishing_stops_where_the_log_went_back(folder: Path) -> None:
    to = ("publish", "--to", folder / "sink", "--folder", folder / "log")
    assert run(*to).output == "published: 311 leaves, 0 before\n"
    (folder / "log/checkpoint").write_bytes((folder / "early").read_bytes())
    found = run(*to)
    assert (found.exit_code, "311 leaves were published" in found.output) == (1, True)


def test_a_receipt_is_checked_against_a_key_that_somebody_brings(folder: Path) -> None:
    receipt = folder / "receipt"
    assert run("prove", "R5", "--folder", folder / "log", "--output", receipt).exit_code == 0
    assert run("verify", "--receipt", receipt).exit_code == 2
    missing = run("prove", "R999", "--folder", folder / "log")
    assert (missing.exit_code, "no record of request `R999`" in missing.output) == (1, True)


def test_a_kind_of_record_that_there_is_not_is_no_empty_answer(folder: Path) -> None:
    wrong = run("show", "--kind", "decison", "--folder", folder / "log")
    assert wrong.exit_code == 2
    assert "decison" in wrong.output
    assert "decision" in wrong.output
    kinds = [part for kind in sorted(KINDS) for part in ("--kind", kind)]
    whole = run("show", "--folder", folder / "log").stdout
    assert run("show", *kinds, "--folder", folder / "log").stdout == whole


@pytest.mark.parametrize(
    ("command", "help_"),
    [
        (("prove", "R999"), "`licet evidence show` has them all"),
        (("hold", "release", "court", "--why", "over"), "`licet evidence hold list` names them"),
    ],
)
def test_a_name_that_nobody_knows_is_answered_with_where_the_names_are(
    folder: Path, command: tuple[str, ...], help_: str
) -> None:
    found = run(*command, "--folder", folder / "log")
    assert (found.exit_code, help_ in found.output) == (1, True)
