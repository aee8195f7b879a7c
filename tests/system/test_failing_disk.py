"""The disk of the evidence log is full, fails or hangs: nothing is served, nothing is lost.

What the recorder's system calls return is changed from outside, by strace on the running process.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.system.callers import Ask, Heard, Traffic, call, count
from tests.system.comparison import Log, compare
from tests.system.house import WORKLOADS, Gateway, eventually, house, kill
from tests.system.tracing import attached

pytestmark = [pytest.mark.system, pytest.mark.alone]

FULL = "inject=pwrite64:error=ENOSPC"
FAILING = "inject=fdatasync:error=EIO"
SILENCE_S = 5.0
"""After which a worker gives up a recorder that says nothing."""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with house(tmp_path) as gateway:
        yield gateway


def readiness(gateway: Gateway) -> tuple[int, dict[str, Any]]:
    connection = HTTPConnection("127.0.0.1", gateway.port, timeout=5)
    connection.request("GET", "/readyz")
    answer = connection.getresponse()
    body: dict[str, Any] = msgspec.json.decode(answer.read())
    connection.close()
    return answer.status, body


def await_readiness(gateway: Gateway, status: int) -> None:
    """Until every worker says so; the kernel chooses who is asked."""
    eventually(lambda: {readiness(gateway)[0] for _ in range(16)} == {status})


def ask_all(gateway: Gateway) -> list[Heard]:
    """One request of each workload, whole and streamed."""
    return [
        call(gateway, Ask(workload=workload, stream=stream))
        for workload in WORKLOADS
        for stream in (False, True)
    ]


@pytest.mark.parametrize(
    ("injected", "code"), [(FULL, "disk_full"), (FAILING, "disk_failed")], ids=["full", "failing"]
)
def test_a_disk_that_cannot_be_written_stops_service_says_why_and_recovers(
    gateway: Gateway, injected: str, code: str
) -> None:
    assert count(ask_all(gateway)) == {"answered": 8}
    trouble = ExitStack()
    trouble.enter_context(attached([gateway.recorder_pid()], "-o", os.devnull, "-e", injected))
    with trouble:
        # The first of them finds it out; from then on it is known.
        call(gateway, Ask())
        await_readiness(gateway, 503)
        arrivals = len(gateway.vendors.arrivals())
        heard = ask_all(gateway)
        assert count(heard) == {"error": 8}
        assert {one.status for one in heard} == {503}
        assert len(gateway.vendors.arrivals()) == arrivals
        status, said = readiness(gateway)
        assert (status, code in msgspec.json.encode(said).decode()) == (503, True)
        assert "cannot be written" in gateway.status()["recorder"]["fault"]
    await_readiness(gateway, 200)
    assert count(ask_all(gateway)) == {"answered": 8}
    assert gateway.status()["recorder"]["restarts"] == 0
    code_, told = gateway.end()
    assert code_ == 0
    assert "evidence cannot be written, so nothing is served" in told
    assert "evidence is written again" in told


def test_a_recorder_that_is_killed_while_its_disk_is_full_is_still_said_to_fail(
    gateway: Gateway,
) -> None:
    pid = gateway.recorder_pid()
    with attached([pid], "-o", os.devnull, "-e", FULL):
        call(gateway, Ask())
        eventually(lambda: "cannot be written" in gateway.status()["recorder"]["fault"])
        supervisor = gateway.process
        assert supervisor is not None
        # Its replacement is traced from its first call on.
        with attached([supervisor.pid], "-f", "-o", os.devnull, "-e", FULL):
            kill(pid)
            eventually(lambda: gateway.status()["recorder"]["restarts"] == 1)
            eventually(lambda: "cannot be written" in gateway.status()["recorder"]["fault"])
            eventually(lambda: "disk_full" in str(readiness(gateway)[1]))
            assert call(gateway, Ask()).status == 503
    await_readiness(gateway, 200)
    assert gateway.status()["recorder"]["fault"] == ""
    assert count(ask_all(gateway)) == {"answered": 8}
    assert gateway.end()[0] == 0
    assert gateway.verify().ok


@pytest.mark.parametrize("injected", [FULL, FAILING], ids=["full", "failing"])
def test_nothing_acknowledged_is_lost_when_a_disk_fails_under_load(
    gateway: Gateway, injected: str
) -> None:
    traffic = Traffic(gateway, seed=4)
    traffic.start()
    try:
        for _ in range(4):
            target = count(traffic.heard()).get("answered", 0) + 40
            eventually(lambda target=target: _answered(traffic) >= target)  # type: ignore[misc]
            with attached([gateway.recorder_pid()], "-o", os.devnull, "-e", injected):
                refused = count(traffic.heard()).get("error", 0)
                eventually(
                    lambda refused=refused: _errors(traffic) >= refused + 10  # type: ignore[misc]
                )
    finally:
        heard = traffic.stop()
    await_readiness(gateway, 200)
    arrivals = gateway.vendors.arrivals()
    log = Log(gateway.leaves())
    assert compare(heard, arrivals, log) == []
    assert {one.kind for one in heard} <= {"answered", "error", "left"}
    assert gateway.end()[0] == 0
    report = gateway.verify()
    assert [one for one in report.findings if one.severity == "damage"] == []
    assert report.open == 0


def _answered(traffic: Traffic) -> int:
    return count(traffic.heard()).get("answered", 0)


def _errors(traffic: Traffic) -> int:
    return count(traffic.heard()).get("error", 0)


def test_a_recorder_that_hangs_keeps_nobody_waiting_beyond_a_bound(gateway: Gateway) -> None:
    pid = gateway.recorder_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        first = call(gateway, Ask())
        assert (first.kind, first.status) == ("error", 503)
        assert first.ended - first.began < SILENCE_S + 2

        def found_out() -> bool:
            # Each worker finds it out at the first request that it gets.
            call(gateway, Ask(workload="messages-late"))
            rows = gateway.status()["workers"]
            return not any(row.get("recorder_connected", True) for row in rows)

        eventually(found_out)
        heard = ask_all(gateway)
        assert {one.status for one in heard} == {503}
        assert max(one.ended - one.began for one in heard) < 1
    finally:
        os.kill(pid, signal.SIGCONT)
    eventually(lambda: count(ask_all(gateway)) == {"answered": 8})
    eventually(lambda: not Log(gateway.leaves()).open)
    assert gateway.end()[0] == 0
    assert gateway.verify().ok
