"""`licet evidence report`, as somebody calls it on a log's folder."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from licet.cli import program
from licet.storage import Log, RealDisk, SnapshotStore
from tests.unit.account.stories import snapshot, stories
from tests.unit.evidence.examples import AT, LOG

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    log = Log(tmp_path / "log", RealDisk(), LOG, os.urandom)
    SnapshotStore(tmp_path / "log").put(snapshot().document)
    log.begin(AT, "0.1.0")
    log.record(stories(7, 60))
    log.close(AT)
    return tmp_path / "log"


def run(folder: Path, *arguments: object) -> Result:
    command = ["evidence", "report", *map(str, arguments), "--folder", str(folder)]
    return CliRunner().invoke(program, command, catch_exceptions=False)


def test_a_page_and_its_numbers(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    found = run(folder, "--html", page, "--json", "--from", "2026-06-12T00:00:00Z")
    told = json.loads(found.stdout)
    assert found.exit_code == (0 if told["verification"]["ok"] else 1)
    assert told["figures"]["since"] == "2026-06-12T00:00:00.000000Z"
    assert told["figures"]["snapshots_missing"] == []
    assert told["verification"]["root"] in page.read_text("utf-8")
    assert "replay" not in found.stderr


def test_a_damaged_log_is_reported_as_one(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "log" / "checkpoint").write_bytes(b"nothing")
    found = run(folder, "--html", tmp_path / "report.html")
    assert found.exit_code == 1
    assert "DAMAGED" in (tmp_path / "report.html").read_text("utf-8")


def test_it_asks_for_something_to_write(folder: Path, tmp_path: Path) -> None:
    assert "--html" in run(folder).stderr
    period = ("--from", "2026-06-13T00:00:00Z", "--to", "2026-06-12T00:00:00Z")
    assert "--from has to be before --to" in run(folder, "--json", *period).stderr
    nowhere = run(folder, "--html", tmp_path / "nowhere" / "report.html")
    assert (nowhere.exit_code, "No such file" in nowhere.stderr) == (1, True)


def test_without_the_packages_it_says_which_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [one for one in sys.modules if one.startswith("licet.report")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("licet.report", raising=False)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    found = run(folder, "--json")
    assert found.exit_code == 1
    assert f"`{sys.executable} -m pip install --require-hashes" in found.stderr
    named = re.search(r"requirements/\w+\.txt", found.stderr)
    assert named is not None
    assert "\njinja2==" in (ROOT / named[0]).read_text()
    assert "licet[" not in found.stderr, "no index has it"
