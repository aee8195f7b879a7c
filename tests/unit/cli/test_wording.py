"""Words of what commands print."""

from __future__ import annotations

from pathlib import Path

import pytest

from licet.cli.wording import called, counted


def test_what_is_counted_agrees_with_its_number() -> None:
    assert [counted(n, "record") for n in (0, 1, 2)] == ["0 records", "1 record", "2 records"]


@pytest.mark.parametrize(
    ("program", "found", "said"),
    [
        (".venv/bin/licet", False, ".venv/bin/licet"),
        (".venv/bin/licet", True, "licet"),
        ("pytest", False, "licet"),
    ],
)
def test_a_command_is_shown_as_it_can_be_run_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, found: bool, said: str
) -> None:
    if found:
        (tmp_path / "licet").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", [program, "init", "somewhere"])
    assert called() == said
