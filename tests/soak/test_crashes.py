"""Hours of crashes: every process killed, disks full and failing, power lost.

`SOAK_MINUTES` (default 60) says for how long, half of it with real processes, half in simulated
worlds. The seed is the day's, so that no two campaigns are the same; it is said where one fails.
"""

from __future__ import annotations

import os
import time

import pytest

from tests.system.campaign import Simulated, play, table

MINUTES = int(os.environ.get("SOAK_MINUTES", "60")) / 2
SEED = int(os.environ.get("SOAK_SEED", time.strftime("%Y%m%d", time.gmtime())))


def test_no_kill_and_no_failing_disk_loses_a_record(capsys: pytest.CaptureFixture[str]) -> None:
    rounds = play(1_000_000, SEED, minutes=MINUTES)
    with capsys.disabled():
        print("", f"seed {SEED}", *table(rounds), sep="\n")
    assert [(one.ill, fault) for one in rounds for fault in one.faults] == []


def test_no_loss_of_power_loses_a_record(capsys: pytest.CaptureFixture[str]) -> None:
    until = time.monotonic() + MINUTES * 60
    found, seed = Simulated(), SEED
    while time.monotonic() < until:
        found.play(seed)
        seed += 1
    with capsys.disabled():
        print("", f"seeds {SEED} to {seed - 1}", *found.told(), sep="\n")
    assert found.faults == []
