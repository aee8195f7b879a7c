"""Real processes: the supervisor, the recorder and two workers, killed and asked at bad moments.

The workers' node is a fake that only says which snapshot it serves; everything else is real.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from licet.gateway import ask
from licet.storage import show
from licet.terms import OperationFault
from tests.system.house import BOUND_S, eventually, is_gone, rows_of_workers
from tests.system.ports import refuses

pytestmark = [pytest.mark.system, pytest.mark.alone]

PROGRAM = Path(__file__).parent / "programs" / "gateway.py"
SOURCE = Path(__file__).resolve().parents[2] / "src"


class Gateway:
    """A running gateway program, and what it prints."""

    def __init__(self, folder: Path, *, port: int = 0, scripted: str = "") -> None:
        self.folder = folder
        self.control = folder / "control.sock"
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(folder), str(port), scripted],
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(SOURCE), *sys.path])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._heard = b""

    def wait_until_running(self) -> None:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], BOUND_S)
        assert ready, "nothing was printed"
        line = self.process.stdout.readline().decode()
        assert line.startswith("running "), self.end_and_read()
        self.port = int(line.rpartition(":")[2])

    def say(self, text: str) -> None:
        (self.folder / "configuration.txt").write_text(text)

    def served(self) -> tuple[int, str, int]:
        """(worker, snapshot's text, decision clock) as a caller sees it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=BOUND_S) as sock:
            sock.settimeout(BOUND_S)
            index, text, clock = sock.makefile().readline().split()
        return int(index), text, int(clock)

    def status(self) -> dict[str, Any]:
        return ask(self.control, "status")

    def pids(self) -> dict[str, int]:
        status = self.status()
        workers = {f"worker {row['index']}": row["pid"] for row in status["workers"]}
        return {**workers, "recorder": status["recorder"]["pid"]}

    def end_and_read(self) -> str:
        self.process.terminate()
        return self.process.communicate(timeout=BOUND_S)[1].decode()

    def kinds(self) -> list[str]:
        return [str(type(leaf).__struct_config__.tag) for _, leaf in show(self.folder / "evidence")]


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    (tmp_path / "configuration.txt").write_text("one")
    gateway = Gateway(tmp_path)
    try:
        gateway.wait_until_running()
        yield gateway
    finally:
        gateway.process.kill()
        gateway.process.communicate(timeout=BOUND_S)


def test_a_killed_worker_is_replaced_and_no_waiting_connection_is_reset(gateway: Gateway) -> None:
    before = gateway.pids()
    for name in ("worker 0", "worker 1"):
        os.kill(before[name], signal.SIGKILL)
    for _ in range(20):
        # Whoever connects between the deaths and the replacements waits in the kernel's queue.
        assert gateway.served()[1] == "one"
    eventually(lambda: all(row["state"] == "serving" for row in gateway.status()["workers"]))
    after = gateway.pids()
    assert after["recorder"] == before["recorder"]
    assert not {after["worker 0"], after["worker 1"]} & {before["worker 0"], before["worker 1"]}
    assert [row["restarts"] for row in gateway.status()["workers"]] == [1, 1]


def test_a_killed_recorder_is_back_within_a_second_and_the_log_is_sound(gateway: Gateway) -> None:
    pid = gateway.pids()["recorder"]
    os.kill(pid, signal.SIGKILL)
    started = time.monotonic()
    gateway.say("two")
    assert_adopted_despite_restart(gateway)
    assert time.monotonic() - started < 2.0
    assert gateway.pids()["recorder"] != pid
    gateway.end_and_read()
    assert gateway.kinds() == ["started", "adopted", "started", "adopted", "stopped"]


def assert_adopted_despite_restart(gateway: Gateway) -> None:
    """A reload that meets a dying recorder says so and changes nothing; repeated, it succeeds."""
    refusals: list[str] = []

    def reloaded() -> bool:
        try:
            ask(gateway.control, "reload")
        except OperationFault as fault:
            refusals.append(f"{fault.code}: {gateway.status()['text']}")
            return False
        return True

    eventually(reloaded)
    assert set(refusals) <= {"recorder_lost: one"}
    assert gateway.served()[1] == "two"


def test_a_killed_supervisor_leaves_nobody_behind(gateway: Gateway) -> None:
    pids = gateway.pids()
    gateway.process.kill()
    gateway.process.wait(BOUND_S)
    eventually(lambda: all(is_gone(pid) for pid in pids.values()))
    again = Gateway(gateway.folder, port=gateway.port)
    again.wait_until_running()
    assert again.served()[1] == "one"
    again.end_and_read()


def test_a_second_gateway_on_the_same_folder_is_told_so(gateway: Gateway) -> None:
    second = Gateway(gateway.folder)
    _, errors = second.process.communicate(timeout=BOUND_S)
    assert second.process.returncode == 1
    assert f"process id {gateway.process.pid} runs on" in errors.decode()
    assert gateway.served()[1] == "one"


def test_a_second_gateway_on_the_same_port_is_told_so(gateway: Gateway, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "configuration.txt").write_text("other")
    second = Gateway(other, port=gateway.port)
    _, errors = second.process.communicate(timeout=BOUND_S)
    assert second.process.returncode == 1
    assert "is taken by another program" in errors.decode()


def test_a_reload_returns_when_every_worker_serves_it(gateway: Gateway) -> None:
    gateway.say("two")
    result = ask(gateway.control, "reload")
    assert {gateway.served()[1] for _ in range(40)} == {"two"}
    assert {row["snapshot"] for row in rows_of_workers(gateway.control)} == {result["snapshot"]}


def test_a_worker_that_does_not_adopt_is_replaced_by_one_that_does(gateway: Gateway) -> None:
    before = gateway.pids()
    gateway.say("stubborn-1")
    ask(gateway.control, "reload")
    assert {gateway.served()[1] for _ in range(40)} == {"stubborn-1"}
    after = gateway.pids()
    assert after["worker 0"] == before["worker 0"]
    assert after["worker 1"] != before["worker 1"]
    assert "worker 1 did not adopt in 1 s" in gateway.end_and_read()


def test_a_broken_configuration_changes_nothing(gateway: Gateway) -> None:
    gateway.say("broken")
    with pytest.raises(OperationFault, match=r"configuration\.txt:1:1: broken"):
        ask(gateway.control, "reload")
    assert gateway.served()[1] == "one"
    gateway.end_and_read()
    assert gateway.kinds() == ["started", "adopted", "stopped"]


def test_a_suspension_is_in_the_log_before_it_is_served(gateway: Gateway) -> None:
    result = ask(gateway.control, "suspend", model="m", seconds=60)
    assert result["directive"] == "suspension.model.m"
    assert gateway.served()[1] == "one+suspension.model.m"
    gateway.end_and_read()
    assert gateway.kinds() == ["started", "adopted", "suspended", "adopted", "stopped"]


def test_the_clock_steps_only_where_it_is_scripted(gateway: Gateway) -> None:
    with pytest.raises(OperationFault, match="cannot be stepped"):
        ask(gateway.control, "step_clock", instant="2026-06-12T17:21:00-04:00")


def test_a_scripted_clock_stands_until_every_worker_has_passed_the_step(tmp_path: Path) -> None:
    (tmp_path / "configuration.txt").write_text("one")
    gateway = Gateway(tmp_path, scripted="2026-06-09T00:00:00Z")
    gateway.wait_until_running()
    first = gateway.served()[2]
    ask(gateway.control, "step_clock", instant="2026-06-12T17:21:00-04:00")
    steps = {gateway.served()[2] for _ in range(20)}
    assert len(steps) == 1
    assert steps.pop() - first == (3 * 86_400 + 21 * 3600 + 21 * 60) * 1_000_000
    with pytest.raises(OperationFault, match="never runs backwards"):
        ask(gateway.control, "step_clock", instant="2026-06-12T17:20:00-04:00")
    for row in gateway.status()["workers"]:
        os.kill(row["pid"], signal.SIGKILL)
    assert gateway.served()[2] - first == (3 * 86_400 + 21 * 3600 + 21 * 60) * 1_000_000
    gateway.end_and_read()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_in_good_order_and_the_recorder_last(gateway: Gateway, number: int) -> None:
    pids = gateway.pids()
    gateway.process.send_signal(number)
    assert gateway.process.wait(timeout=BOUND_S) == 0
    assert all(is_gone(pid) for pid in pids.values())
    assert gateway.kinds()[-1] == "stopped"
    assert not gateway.control.exists()


def test_a_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    (tmp_path / "configuration.txt").write_text("busy")
    gateway = Gateway(tmp_path)
    gateway.wait_until_running()
    pids = gateway.pids()
    gateway.process.send_signal(signal.SIGINT)
    # The first one has been heard: the drain has begun, which lasts longer than the bound.
    eventually(lambda: refuses(gateway.port))
    assert gateway.process.poll() is None
    started = time.monotonic()
    gateway.process.send_signal(signal.SIGINT)
    _, errors = gateway.process.communicate(timeout=BOUND_S)
    assert time.monotonic() - started < 3.0
    assert "ending at once" in errors.decode()
    assert all(is_gone(pid) for pid in pids.values())
    assert gateway.kinds()[-1] == "stopped"


def test_what_is_in_flight_may_end_first(tmp_path: Path) -> None:
    (tmp_path / "configuration.txt").write_text("brief")
    gateway = Gateway(tmp_path)
    gateway.wait_until_running()
    ask(gateway.control, "drain")
    assert gateway.process.wait(timeout=BOUND_S) == 0
    assert gateway.process.communicate()[1] == b""


def test_workers_outlive_a_signal_that_was_meant_for_the_terminal(gateway: Gateway) -> None:
    before = gateway.pids()
    for name in ("worker 0", "worker 1"):
        os.kill(before[name], signal.SIGINT)
        os.kill(before[name], signal.SIGTERM)
    assert gateway.served()[1] == "one"
    assert gateway.pids() == before


def test_leases_are_renewed_before_they_end(gateway: Gateway) -> None:
    def left() -> list[float]:
        return [row["lease_s_left"] for row in rows_of_workers(gateway.control)]

    # A lease only shrinks by itself; one that is longer than it was a moment ago was renewed.
    readings = [left()]

    def renewed() -> bool:
        readings.append(left())
        before, now = readings[-2:]
        return all(later > earlier for earlier, later in zip(before, now, strict=True))

    eventually(renewed)
    assert min(min(reading) for reading in readings) > 1.0
