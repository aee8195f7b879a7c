"""The wheel, whose request path is compiled: it behaves as the sources do."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / ".cache/compiled"
LISTED: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["licet"][
    "compiled"
]
SUITES = {
    "parts": (
        "tests/unit/gateway",
        "tests/unit/relay",
        "tests/unit/wire",
        "tests/unit/policy",
        "tests/unit/storage",
    ),
    "wholes": (
        "tests/simulation",
        "tests/golden/test_faults.py",
        "tests/contract",
    ),
}
# These put something into a method of ours, which machine code does not let anybody do.
INTERPRETED = (
    "tests/contract/test_robustness.py::test_an_error_of_ours_ends_one_exchange_and_no_other",
    "tests/contract/test_robustness.py::test_an_error_of_ours_is_an_error_that_the_caller_can_read",
    (
        "tests/contract/test_motion.py::"
        "test_what_was_barred_before_it_was_sent_says_so_and_nothing_of_the_attempt_before"
    ),
)
pytestmark = pytest.mark.system

COMPILE_S_MAX = 600
SUITES_S_MAX = 900


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """The environment in which `licet` is the installed wheel."""
    subprocess.run(["make", "compiled"], cwd=ROOT, check=True, timeout=COMPILE_S_MAX)
    return {**os.environ, "PYTHONPATH": str(INSTALLED), "LICET_INSTALLED": str(INSTALLED)}


def test_the_request_path_is_machine_code(environment: dict[str, str]) -> None:
    names = [path.removesuffix(".py").replace("/", ".") for path in LISTED]
    program = f"import importlib\nfor n in {names!r}: print(importlib.import_module(n).__file__)"
    told = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT, env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    files = [Path(line) for line in told.stdout.splitlines()]
    assert len(files) == len(LISTED)
    assert not [path for path in files if path.suffix != ".so" or INSTALLED not in path.parents]


# What is compiled beside the other suites is only run here.
@pytest.mark.alone
@pytest.mark.parametrize("suites", SUITES)
def test_the_suites_of_the_request_path_pass_on_it(
    environment: dict[str, str], suites: str
) -> None:
    argv = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "--dist", "loadfile"]
    # Without this the sources would come before what is installed, and be what is tested.
    argv += ["-o", "pythonpath=.", *(f"--deselect={name}" for name in INTERPRETED)]
    argv += SUITES[suites]
    told = subprocess.run(
        argv, cwd=ROOT, env=environment, check=False, capture_output=True, text=True,
        timeout=SUITES_S_MAX,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout[-4_000:]
