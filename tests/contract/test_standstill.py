"""A gateway that stood still, as in a machine that was suspended, blames nobody for it; and it
believes no rules for longer because of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from licet.sim import Cue
from tests.contract.asking import Heard, Streaming, ask
from tests.contract.evidence import told
from tests.contract.test_clients import AT
from tests.rig import LICET, Rig, bounded

DIALECTS = ("chat", "messages")
SLOWLY = "[[sim:slow_drip:40]]"
BOUND_MS = 400
STANDS_S = 3 * BOUND_MS / 1000


@pytest.fixture
def rig() -> Iterator[Rig]:
    bounds = bounded(
        LICET,
        head_ms=BOUND_MS,
        idle_ms=BOUND_MS,
        client_idle_ms=BOUND_MS,
        total_ms=2 * BOUND_MS,
    )
    with Rig({"licet.toml": bounds}, at=AT) as rig:
        yield rig


def stand_still(rig: Rig) -> None:
    """Nothing moves on the gateway's loop for longer than anybody may be silent."""
    rig.call(lambda: threading.Event().wait(STANDS_S))


def late(rig: Rig, fault: str) -> None:
    rig.call(rig.vendors.simulation.script.add, [Cue(fault=fault, model="alpha", when="always")])


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_vendor_that_nobody_listened_to_was_not_late(
    rig: Rig, dialect: str, streamed: bool
) -> None:
    late(rig, f"slow_headers:{BOUND_MS // 2}")
    with ThreadPoolExecutor(1) as pool:

        def asks() -> Heard:
            return ask(rig.port, rig.plain_key, dialect, model="alpha", stream=streamed)

        waiting = pool.submit(asks)
        rig.wait(lambda: len(rig.vendors.simulation.ledger.entries()) == 1)
        stand_still(rig)
        heard = waiting.result(10)
    assert heard.status == 200
    assert heard.said.closed
    (request,) = told(rig).values()
    assert len(request.arrivals) == 1


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_stream_goes_on_where_it_stood(rig: Rig, dialect: str) -> None:
    going_on = Streaming(rig.port, rig.plain_key, dialect, SLOWLY)
    going_on.until_text()
    stand_still(rig)
    heard = going_on.rest()
    assert heard.whole
    assert heard.said.closed
    assert heard.said.error is None


def test_silence_after_it_is_silence(rig: Rig) -> None:
    late(rig, "stall_mid_text")
    begun = Streaming(rig.port, rig.plain_key, "chat")
    begun.until_text()
    stand_still(rig)
    assert begun.rest().error["code"] == "vendor_timeout"


def test_rules_that_nobody_vouched_for_meanwhile_are_not_believed(rig: Rig) -> None:
    rig.call(rig.node.renew_lease, rig.snapshot.digest, STANDS_S / 2)
    stand_still(rig)
    heard = ask(rig.port, rig.plain_key, "chat")
    assert (heard.status, heard.error["code"]) == (503, "stale_snapshot")
