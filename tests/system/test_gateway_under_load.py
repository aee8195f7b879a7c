"""What the gateway promises, held against the vendors' ledger and the clients' own records."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from licet.evidence import AttemptLeaf, DecisionLeaf, OutcomeLeaf
from licet.gateway import ask
from licet.storage import show, verifier_key, verify
from tests.system.under_load import REQUEST_BOUND_S, Load, Seen, World, ask_once

pytestmark = pytest.mark.system

LETTER = """
id = "letter"
kind = "restriction"
title = "North 1 is withdrawn"
authority = "Test"

[[version]]
received = 2026-06-12T17:21:00-04:00
effective_from = 2026-06-12T17:21:00-04:00

[[version.applies]]
model.lineage = ["north-base"]
"""
KILLS = 3
# What the gateway had written may still lie in the kernel when the vendor's process reads it.
UNDER_WAY_US = 20_000


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "gateway")
    try:
        yield world
    finally:
        world.close()


def test_when_a_reload_has_returned_nothing_it_names_reaches_a_vendor(world: World) -> None:
    load = Load(world)
    load.wait_for_answers(100)
    (world.folder / "directives" / "letter.toml").write_text(LETTER)
    ask(world.control, "reload")
    returned_us = time.time_ns() // 1000
    load.wait_for_answers(200)
    seen = load.stop()
    arrivals = world.arrivals()
    models_before = {one.model for one in arrivals if one.at <= returned_us}
    late = [one for one in arrivals if one.at > returned_us + UNDER_WAY_US]
    assert "north-1" in models_before
    assert {one.model for one in late} == {"south-1"}
    assert {one.outcome for one in seen} <= {"answered", "cut", "refused"}


def test_streams_that_a_reload_names_end_in_an_error_of_their_dialect(world: World) -> None:
    found: list[Seen] = []
    begun = threading.Semaphore(0)

    def stream(number: int) -> None:
        # Slow enough to last for many seconds, if nobody cut it.
        words = "[[sim:slow_drip:1000]]"
        case = f"slow-{number}"
        found.append(ask_once(world, case, stream=True, words=words, on_content=begun.release))

    threads = [threading.Thread(target=stream, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert begun.acquire(timeout=REQUEST_BOUND_S), "the streams have not begun"
    (world.folder / "directives" / "letter.toml").write_text(LETTER)
    ask(world.control, "reload")
    returned = time.monotonic()
    for thread in threads:
        thread.join(timeout=REQUEST_BOUND_S)
    assert [(one.outcome, one.model, one.detail) for one in found] == [
        ("cut", "north-1", "directive_refused")
    ] * 4
    assert max(one.ended_s for one in found) - returned < 1.0


@pytest.mark.parametrize("victim", ["worker 0", "recorder", "supervisor"])
def test_a_kill_loses_no_record_of_what_was_sent_or_answered(world: World, victim: str) -> None:
    load = Load(world)
    for _ in range(KILLS):
        load.wait_for_answers(60)
        os.kill(world.pid_of(victim), signal.SIGKILL)
        if victim == "supervisor":
            world.process.communicate(timeout=REQUEST_BOUND_S)
            world.up()
    load.wait_for_answers(60)
    seen = load.stop()
    world.down()
    assert max(one.ended_s - one.began_s for one in seen) < REQUEST_BOUND_S
    assert_recorded(world, seen)


def assert_recorded(world: World, seen: list[Seen]) -> None:
    """Every arrival at a vendor is a sending in the log; every answer has its outcome there."""
    sendings: dict[str, set[str]] = defaultdict(set)
    requests: dict[str, str] = {}
    outcomes: set[str] = set()
    for _, leaf in show(world.evidence):
        match leaf:
            case DecisionLeaf():
                requests[leaf.request_digest] = leaf.request
                if leaf.sending is not None:
                    sendings[leaf.request].add(leaf.sending.endpoint)
            case AttemptLeaf():
                sendings[leaf.request].add(leaf.sending.endpoint)
            case OutcomeLeaf() if leaf.outcome == "answered":
                outcomes.add(leaf.request)
            case _:
                continue
    recorded = {one.case: requests.get(world.digest(one.body), "") for one in seen}
    unrecorded = [
        (one.case, one.vendor)
        for one in world.arrivals()
        if one.case is not None and one.vendor not in sendings[recorded.get(one.case, "")]
    ]
    assert unrecorded == []
    answered = [one for one in seen if one.outcome == "answered"]
    assert [one.case for one in answered if recorded[one.case] not in outcomes] == []
    report = verify(world.evidence, verifier_key(world.evidence))
    assert report.ok, report.findings
    assert report.open == 0
