"""The other engine, in a process of its own: a query in, its rows out as JSON.

What it says about itself when an interpreter ends is then not said among the results of tests.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


def rows_of(query: str) -> list[dict[str, Any]]:
    """The rows of `query`, by column."""
    run = subprocess.run(
        [sys.executable, "-m", __name__, query], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    found: list[dict[str, Any]] = json.loads(run.stdout)
    return found


def _answer(query: str) -> None:
    import duckdb  # noqa: PLC0415 - not in the process of the tests

    with duckdb.connect() as connection:
        found = connection.execute(query)
        columns = [one[0] for one in found.description or ()]
        json.dump([dict(zip(columns, row, strict=True)) for row in found.fetchall()], sys.stdout)


if __name__ == "__main__":
    _answer(sys.argv[1])
