"""`licet evidence tables` and `export`, as somebody calls them on a log's folder."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from licet.cli import program
from licet.storage import Log, RealDisk
from tests.unit.evidence.examples import AT, LOG, attempt, decision, outcome


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    log = Log(tmp_path / "log", RealDisk(), LOG, os.urandom)
    log.begin(AT, "0.1.0")
    log.record([decision("01K1"), attempt("01K1"), outcome("01K1"), outcome("01K1", 2)])
    log.close(AT)
    return tmp_path / "log"


def run(folder: Path, *arguments: object) -> Result:
    command = ["evidence", *map(str, arguments), "--folder", str(folder)]
    return CliRunner().invoke(program, command, catch_exceptions=False)


def test_tables_are_brought_up_to_the_checkpoint_and_it_says_by_how_much(folder: Path) -> None:
    assert "6 leaves, signed; new: 6 leaves, 5 rows, in 3 files" in run(folder, "tables").output
    assert "6 leaves, signed; new: 0 leaves, 0 rows, in 0 files" in run(folder, "tables").output
    assert {path.name for path in (folder / "tables").iterdir()} == {
        "decisions", "attempts", "outcomes", "state", "lock",
    }  # fmt: skip


def test_a_table_is_written_to_standard_output_or_to_a_file_that_is_whole(
    folder: Path, tmp_path: Path
) -> None:
    shown = run(folder, "export", "outcomes", "--format", "jsonl")
    lines = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [(one["leaf"], one["attempt"], one["workload"]) for one in lines] == [
        (3, 1, "code-review"),
        (4, 2, "code-review"),
    ]
    path = tmp_path / "outcomes.jsonl"
    told = run(folder, "export", "outcomes", "--format", "jsonl", "--output", path)
    assert (told.stdout, told.stderr) == ("", "2 rows\n")
    assert path.read_text() == shown.stdout
    assert [one.name for one in tmp_path.iterdir()].count("outcomes.jsonl.new") == 0
    none = run(folder, "export", "decisions", "--from", "2030-01-01T00:00:00Z")
    assert len(none.stdout.splitlines()) == 1
    other = run(folder, "export", "decisions", "--workload", "other")
    assert other.stdout == none.stdout


def test_where_a_file_cannot_be_written_it_says_so(folder: Path, tmp_path: Path) -> None:
    found = run(folder, "export", "decisions", "--output", tmp_path / "nowhere" / "x.csv")
    assert found.exit_code == 1
    assert "No such file or directory" in found.stderr


def test_without_the_package_it_says_which_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [one for one in sys.modules if one.startswith("licet.storage.tables")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("licet.storage.tables", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    found = run(folder, "tables")
    assert found.exit_code == 1
    assert "-r requirements/tables.txt`" in found.stderr
