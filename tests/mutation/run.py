"""Does a test fail when the deciding code is wrong? `python -m tests.mutation.run`.

Each mutant is put in place in a copy of the repository, and the suites that judge decisions run
on it. A mutant that no test notices is printed with its place; the score is the share of those
noticed. Nothing is changed in the repository itself.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.mutation.copies import changed, copy_to, run_tests
from tests.mutation.sites import Mutant, mutants

DECIDING = "src/licet/policy"
SUITES = ("tests/unit/policy", "tests/property", "tests/golden")


def main() -> int:
    """Prints every mutant that survived and the score; 1 if any survived."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="licet-mutation-") as folder:
        copy = copy_to(Path(folder))
        suites = [suite for suite in options.suite or SUITES if (copy / suite).exists()]
        if not _passes(copy, suites):
            print("error: the tests fail without any mutation")
            return 2
        chosen = _chosen(copy, options.path or [DECIDING], options.limit, options.seed)
        survived = 0
        for number, (path, mutant) in enumerate(chosen, 1):
            if _survives(copy, path, mutant, suites):
                survived += 1
                place = f"{path.relative_to(copy)}:{mutant.line}:{mutant.column}"
                print(f"{place}: nobody notices `{mutant.after}` for `{mutant.before}`")
            print(f"\r{number} of {len(chosen)}, {survived} survived", end="", file=sys.stderr)
    caught = len(chosen) - survived
    print(f"\n{caught} of {len(chosen)} mutants noticed")
    return 1 if survived else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", nargs="*", help=f"files or folders (default: {DECIDING})")
    parser.add_argument("--suite", action="append", help="tests to run (default: those that judge)")
    parser.add_argument("--limit", type=int, default=200, help="at most so many, drawn by seed")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _chosen(copy: Path, names: list[str], limit: int, seed: int) -> list[tuple[Path, Mutant]]:
    files = [
        file
        for name in names
        for file in ([copy / name] if name.endswith(".py") else sorted((copy / name).rglob("*.py")))
    ]
    every = [(file, mutant) for file in files for mutant in mutants(file.read_text())]
    drawn = random.Random(seed).sample(range(len(every)), min(limit, len(every)))
    return [every[index] for index in sorted(drawn)]


def _survives(copy: Path, path: Path, mutant: Mutant, suites: list[str]) -> bool:
    with changed({path: mutant.text}):
        return _passes(copy, suites)


def _passes(copy: Path, suites: list[str]) -> bool:
    return run_tests(copy, suites, "-x").passed


if __name__ == "__main__":
    sys.exit(main())
