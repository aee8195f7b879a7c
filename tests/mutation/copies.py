"""Copies of the repository in which something may be wrong, and whether tests notice.

What is changed is changed there; the repository itself stays as it is.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
# A fault may loop for ever; that is noticed too.
TIMEOUT_S = 300

# Compiled modules would be imported in the place of the sources that are made wrong.
_UNWANTED = shutil.ignore_patterns(
    ".git", ".venv", ".cache", "__pycache__", ".hypothesis", "build", "*.so", "*.egg-info"
)
_FAILED = re.compile(r"^(?:FAILED|ERROR) tests/([^\s:]+)(?:::(\w+))?", re.MULTILINE)


class Outcome(NamedTuple):
    """What pytest said. `failed`: (path below `tests/`, name of the test), the name empty where
    the module could not even be imported."""

    passed: bool
    failed: frozenset[tuple[str, str]] = frozenset()
    text: str = ""


def copy_to(folder: Path) -> Path:
    """A copy of the repository in `folder`, without what tools made."""
    copy = folder / "licet"
    shutil.copytree(ROOT, copy, ignore=_UNWANTED)
    return copy


@contextmanager
def changed(texts: dict[Path, str]) -> Iterator[None]:
    """These files with these texts, until they are put back as they were."""
    originals = {path: path.read_text(encoding="utf-8") for path in texts}
    try:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        yield
    finally:
        for path, text in originals.items():
            path.write_text(text, encoding="utf-8")


def run_tests(copy: Path, tests: Sequence[str], *options: str) -> Outcome:
    """The tests of a copy, against the sources of that copy, whatever is installed.

    Property tests stop at the first example that fails: nobody reads the smallest one.
    """
    command = [sys.executable, "-B", "-m", "pytest", "-q", "--tb=no", "-rfE"]
    command += ["--hypothesis-profile=mutation", *options, *tests]
    environment = os.environ | {"PYTHONPATH": f"{copy / 'src'}{os.pathsep}{copy}"}
    try:
        done = subprocess.run(
            command,
            cwd=copy,
            env=environment,
            check=False,
            capture_output=True,
            timeout=TIMEOUT_S,
            text=True,
        )
    except subprocess.TimeoutExpired:
        return Outcome(passed=False, text=f"not done after {TIMEOUT_S} s")
    found = frozenset((path, name or "") for path, name in _FAILED.findall(done.stdout))
    return Outcome(done.returncode == 0, found, done.stdout + done.stderr)
