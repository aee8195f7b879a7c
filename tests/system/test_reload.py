"""A directive put into effect while requests are on their way, and the ways in which that fails.

The vendors' ledger is judged by the interpreter of the rules that decided nothing.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from licet.gateway import ask
from tests.system.callers import Ask, Heard, Streams, Traffic, call, count
from tests.system.comparison import Log, compare, unlawful
from tests.system.house import WORKLOADS, Gateway, eventually, house, letter

pytestmark = [pytest.mark.system, pytest.mark.alone]

ADOPT_BOUND_S = 5.0
LEASE_S = 2


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with house(tmp_path, patient=True) as gateway:
        yield gateway


def withdraw_south(gateway: Gateway) -> None:
    """After this nothing is left for whoever is not known to be a US person."""
    gateway.write({"directives/south.toml": letter("south-base", name="south")})


def test_after_a_reload_nothing_reaches_a_vendor_against_it(gateway: Gateway) -> None:
    traffic = Traffic(gateway, seed=8, callers=8)
    traffic.start()
    try:
        eventually(lambda: count(traffic.heard()).get("answered", 0) > 150)
        withdraw_south(gateway)
        done = gateway.command("reload")
        returned_s, arrived_us = time.monotonic(), gateway.vendors.caught_up_us()
        so_far = len(traffic.heard())
        eventually(lambda: len(traffic.heard()) > so_far + 300)
    finally:
        heard = traffic.stop()
    assert done.returncode == 0, done.stderr
    assert "recorded: directive `south` v1" in done.stdout
    arrivals = gateway.vendors.arrivals()
    late_cases = {one.ask.case for one in heard if one.began > returned_s}
    late = [one for one in arrivals if one.case in late_cases or one.at > arrived_us]
    assert late
    assert unlawful(late, gateway.sources()) == []
    # It took effect on somebody.
    assert {"bo", "cy"} <= {one.person for one in arrivals}
    begun_later = [one for one in heard if one.began > returned_s]
    assert {one.kind for one in begun_later if one.ask.person != "ada"} == {"refused"}
    assert count(one for one in begun_later if one.ask.person == "ada")["answered"] > 20
    assert compare(heard, arrivals, Log(gateway.leaves())) == []


def test_streams_that_it_names_end_in_an_error_of_their_dialect(gateway: Gateway) -> None:
    named, spared = Streams(gateway, person="bo"), Streams(gateway, person="ada")
    withdraw_south(gateway)
    ask(gateway.control, "reload")
    returned_s = time.monotonic()
    heard = named.join()
    assert {one.kind for one in heard} == {"refused"}
    assert max(one.ended for one in heard) < returned_s + 1
    assert spared.are_under_way()
    for one in heard:
        assert one.status == 200
        last = one.body.removesuffix(b"\n\n").rpartition(b"\n\n")[2]
        begins = b"event: error\ndata: " if one.ask.dialect == "messages" else b'data: {"error"'
        assert last.startswith(begins)
        assert b"south" in last
    assert count(spared.go_on()) == {"answered": len(WORKLOADS)}
    outcomes = [
        log.outcomes[max(log.outcomes)]
        for one in heard
        for log in [Log(gateway.leaves()).stories[one.request]]
    ]
    assert {(one.outcome, one.deciding) for one in outcomes} == {("cut", ("south",))}


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        (
            "directives/broken.toml",
            letter("south-base", name="broken").replace("kind", "kimd"),
            "directives/broken.toml:3:1: ",
        ),
        (
            "directives/north.toml",
            letter("south-base", name="north"),
            "directives/north.toml:7:3: version 1 of `north`",
        ),
    ],
    ids=["broken", "edited"],
)
def test_a_faulty_file_is_named_and_changes_nothing(
    gateway: Gateway, path: str, text: str, said: str
) -> None:
    traffic = Traffic(gateway, seed=9, callers=3, troubled=False)
    traffic.start()
    try:
        before = gateway.status()["snapshot"]
        kept = gateway.sources()
        gateway.write({path: text})
        done = gateway.command("reload")
        after = len(traffic.heard())
        eventually(lambda: len(traffic.heard()) > after + 30)
    finally:
        heard = traffic.stop()
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {said}")
    assert gateway.status()["snapshot"] == before
    assert {one.kind for one in heard} == {"answered"}
    assert unlawful(gateway.vendors.arrivals(), kept) == []


def test_a_worker_that_does_not_acknowledge_is_named_and_replaced(gateway: Gateway) -> None:
    pids = gateway.worker_pids()
    os.kill(pids[1], signal.SIGSTOP)
    # Who is given to the one that stands waits, and is served by its replacement.
    waiting = [threading.Thread(target=call, args=(gateway, Ask(person="bo"))) for _ in range(12)]
    for thread in waiting:
        thread.start()
    withdraw_south(gateway)
    asked_s = time.monotonic()
    done = gateway.command("reload")
    took_s = time.monotonic() - asked_s
    arrived_us = gateway.vendors.caught_up_us()
    assert done.returncode == 0, done.stderr
    assert "note: worker 1 did not acknowledge in time, or died, and was started anew" in (
        done.stdout.splitlines()
    )
    assert ADOPT_BOUND_S < took_s < 2 * ADOPT_BOUND_S
    for thread in waiting:
        thread.join()
    assert gateway.worker_pids()[0] == pids[0]
    assert gateway.worker_pids()[1] != pids[1]
    assert {call(gateway, Ask(person="bo")).kind for _ in range(20)} == {"refused"}
    late = [one for one in gateway.vendors.arrivals() if one.at > arrived_us]
    assert unlawful(late, gateway.sources()) == []
    assert "worker 1 did not adopt in 5 s; it is started anew" in gateway.end()[1]


def test_a_worker_that_stood_still_serves_nothing_that_was_withdrawn_meanwhile(
    gateway: Gateway,
) -> None:
    """It is continued before anybody gave it up, with requests and the directive waiting."""
    pid = gateway.worker_pids()[1]
    os.kill(pid, signal.SIGSTOP)
    heard: list[Heard] = []
    waiting: list[threading.Thread] = []

    def hear() -> None:
        heard.append(call(gateway, Ask(person="bo")))

    def ask_once_more() -> None:
        waiting.append(threading.Thread(target=hear))
        waiting[-1].start()

    def other_has_adopted() -> bool:
        ask_once_more()
        return any(one.kind == "refused" for one in heard)

    for _ in range(24):
        ask_once_more()
    withdraw_south(gateway)
    reload = threading.Thread(target=lambda: ask(gateway.control, "reload"))
    reload.start()
    # Both are told at once, so that the directive now waits for the one that stands still.
    eventually(other_has_adopted)
    os.kill(pid, signal.SIGCONT)
    reload.join()
    arrived_us = gateway.vendors.caught_up_us()
    for thread in waiting:
        thread.join()
    assert pid in gateway.worker_pids()
    assert {one.kind for one in heard} <= {"answered", "refused"}
    late = [one for one in gateway.vendors.arrivals() if one.at > arrived_us]
    assert unlawful(late, gateway.sources()) == []
    assert call(gateway, Ask(person="bo")).kind == "refused"


def test_without_its_supervisor_a_worker_refuses_when_its_lease_is_over(tmp_path: Path) -> None:
    with house(tmp_path, lease_s=LEASE_S) as gateway:
        assert call(gateway, Ask()).kind == "answered"
        assert gateway.process is not None
        os.kill(gateway.process.pid, signal.SIGSTOP)
        stopped_s = time.monotonic()
        try:
            eventually(lambda: call(gateway, Ask()).status == 503)
            assert time.monotonic() - stopped_s < LEASE_S + 1
            # And not one of them alone.
            eventually(lambda: {call(gateway, Ask()).status for _ in range(16)} == {503})
            assert time.monotonic() - stopped_s < LEASE_S + 1
            arrivals = len(gateway.vendors.arrivals())
            refused = call(gateway, Ask(workload="messages-late", stream=True))
            assert b"stale_snapshot" in refused.body
            assert len(gateway.vendors.arrivals()) == arrivals
        finally:
            os.kill(gateway.process.pid, signal.SIGCONT)
        eventually(lambda: {call(gateway, Ask()).status for _ in range(16)} == {200})
        assert gateway.end()[0] == 0
