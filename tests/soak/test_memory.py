"""Hours of traffic: no request fails, and no process grows.

`SOAK_MINUTES` (default 60) says for how long. Each round of load ends by breaking off what is in
flight, so that what a vanished client leaves behind adds up.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import upstream, wrk
from bench.gateway import Gateway
from bench.processes import assign_cores, tree
from bench.targets import Running

ROUND_S = 30
# Allocators round up and caches fill; what leaks, leaks much more in as many requests.
GROWTH_MAX = 1.05
ALLOWANCE_KB = 4_096


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Running]:
    cores = assign_cores()
    vendor = upstream.Thinking(tmp_path, core=cores.upstream, think_ms=1)
    target = Gateway(
        tmp_path, upstream=vendor.start().url, core=cores.measured, mode="before_answer"
    )
    try:
        yield target.start()
    finally:
        target.stop()
        vendor.stop()


def test_no_process_grows_under_steady_load(gateway: Running, tmp_path: Path) -> None:
    rounds = max(int(os.environ.get("SOAK_MINUTES", "60")) * 60 // ROUND_S, 8)
    cores = assign_cores()
    resident: list[dict[int, int]] = []
    for _ in range(rounds):
        wrk.press(
            gateway,
            folder=tmp_path,
            model=upstream.MODEL,
            connections=64,
            seconds=ROUND_S,
            core=cores.load,
        )
        resident.append({pid: _resident_kb(pid) for root in gateway.pids for pid in tree(root)})
    assert len({frozenset(sample) for sample in resident}) == 1, "a process was replaced"
    warm, late = resident[rounds // 4 : rounds // 2], resident[-rounds // 4 :]
    for pid in resident[0]:
        before = max(sample[pid] for sample in warm)
        after = max(sample[pid] for sample in late)
        assert after <= before * GROWTH_MAX + ALLOWANCE_KB, f"process {pid}: {before} to {after} kB"


def _resident_kb(pid: int) -> int:
    """VmRSS of proc(5)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmRSS:")[2].split()[0])
