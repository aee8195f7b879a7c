"""Pages of docs/results: named by what was measured and when, saying of which commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.mutation.copies import ROOT


def commit() -> str:
    """The short name of the commit that is checked out."""
    return subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def path_of_today(what: str, day: str) -> Path:
    """Where the page of that day is; its folder is there."""
    path = ROOT / "docs" / "results" / f"{what}-{day}.md"
    path.parent.mkdir(exist_ok=True)
    return path
