"""Words of what commands print."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def counted(number: int, noun: str) -> str:
    """`1 record`, `2 records`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def called() -> str:
    """How whoever runs this can run it again: `licet`, unless a shell would not find that."""
    program = sys.argv[0]
    is_path = Path(program).name == "licet" and shutil.which("licet") is None
    return program if is_path else "licet"
