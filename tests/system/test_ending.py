"""The end of a gateway, asked for politely, twice, too early, or for another gateway's folder."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from licet.evidence import StoppedLeaf
from licet.gateway import ask
from tests.system.callers import Ask, Streams, call
from tests.system.house import (
    BOUND_S,
    ENVIRONMENT,
    LICET,
    WORKLOADS,
    Gateway,
    eventually,
    house,
    is_gone,
)
from tests.system.ports import refuses

pytestmark = [pytest.mark.system, pytest.mark.alone]


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with house(tmp_path, patient=True) as gateway:
        yield gateway


def interrupt(gateway: Gateway) -> None:
    """Ctrl-C: to everybody in the foreground of the terminal."""
    assert gateway.process is not None
    os.killpg(gateway.process.pid, signal.SIGINT)


def left(folder: Path) -> list[str]:
    """Processes that still have to do with a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if str(folder) in command and not is_gone(int(path.parent.name)):
            found.append(command)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_streams_in_flight_end_well_before_it_does(gateway: Gateway, number: int) -> None:
    streams = Streams(gateway)
    assert gateway.process is not None
    gateway.process.send_signal(number)
    eventually(lambda: refuses(gateway.port))
    assert {one.kind for one in streams.go_on()} == {"answered"}
    _, told = gateway.process.communicate(timeout=BOUND_S)
    assert (gateway.process.returncode, told) == (0, "")
    assert call(gateway, Ask()).kind == "closed"
    assert isinstance(gateway.leaves()[-1], StoppedLeaf)
    report = gateway.verify()
    assert (report.ok, report.open, report.unknown) == (True, 0, 0)
    assert report.signed == report.leaves
    assert left(gateway.folder) == []


def test_while_it_drains_nothing_new_is_taken(gateway: Gateway) -> None:
    streams = Streams(gateway)
    interrupt(gateway)
    eventually(lambda: refuses(gateway.port))
    arrivals = len(gateway.vendors.arrivals())
    refused = [call(gateway, Ask()) for _ in range(8)]
    assert {one.kind for one in refused} == {"closed"}
    assert max(one.ended - one.began for one in refused) < 0.5
    assert len(gateway.vendors.arrivals()) == arrivals
    assert ask(gateway.control, "status")["address"] == f"127.0.0.1:{gateway.port}"
    # Nobody had to wait for their end.
    assert streams.are_under_way()
    assert {one.kind for one in streams.go_on()} == {"answered"}


def test_a_second_ctrl_c_ends_it_at_once(gateway: Gateway) -> None:
    streams = Streams(gateway)
    assert gateway.process is not None
    interrupt(gateway)
    # The drain has begun: nobody is let in any more.
    eventually(lambda: refuses(gateway.port))
    again_s = time.monotonic()
    interrupt(gateway)
    # The streams end by nothing else, and the drain lasts longer than this.
    _, told = gateway.process.communicate(timeout=BOUND_S)
    assert time.monotonic() - again_s < 3
    assert gateway.process.returncode == 0
    assert told == "ending at once\n"
    assert {one.kind for one in streams.join()} == {"closed"}
    assert isinstance(gateway.leaves()[-1], StoppedLeaf)
    report = gateway.verify()
    assert (report.ok, report.open, report.unknown) == (True, 0, len(WORKLOADS))
    assert left(gateway.folder) == []


def test_a_second_gateway_on_the_same_folder_says_who_runs_and_disturbs_nobody(
    gateway: Gateway,
) -> None:
    assert gateway.process is not None
    second = subprocess.run(
        [*LICET, "up", "--config", str(gateway.folder)],
        check=False,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=BOUND_S,
    )
    assert second.returncode == 1
    assert f"process id {gateway.process.pid} runs on" in second.stderr
    assert "Traceback" not in second.stderr
    assert {call(gateway, Ask()).kind for _ in range(8)} == {"answered"}


def test_a_gateway_on_a_taken_port_says_so_and_leaves_nothing_behind(
    gateway: Gateway, tmp_path: Path
) -> None:
    other = Gateway(tmp_path / "other", gateway.vendors)
    settings = (other.folder / "licet.toml").read_text()
    other.write({"licet.toml": settings.replace(str(other.port), str(gateway.port))})
    other.start()
    assert other.process is not None
    _, told = other.process.communicate(timeout=BOUND_S)
    assert other.process.returncode == 1
    assert f"`127.0.0.1:{gateway.port}` is taken by another program" in told
    assert "Traceback" not in told
    assert left(other.folder) == []
    assert {call(gateway, Ask()).kind for _ in range(8)} == {"answered"}


@pytest.mark.parametrize("children", [1, 2, 3])
def test_ctrl_c_during_the_start_ends_it_cleanly(gateway: Gateway, children: int) -> None:
    assert gateway.end()[0] == 0
    gateway.start()
    assert gateway.process is not None
    supervisor = gateway.process.pid
    eventually(lambda: len(_children(supervisor)) >= children)
    interrupt(gateway)
    _, told = gateway.process.communicate(timeout=BOUND_S)
    assert gateway.process.returncode == 0
    assert "Traceback" not in told
    assert left(gateway.folder) == []
    gateway.up()
    assert call(gateway, Ask()).kind == "answered"
    assert gateway.end()[0] == 0
    assert gateway.verify().ok


def _children(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
