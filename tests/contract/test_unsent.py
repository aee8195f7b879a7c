"""What was let in and not sent yet when a directive comes into force: it is never sent.

That holds for directives too that let finish what is in flight. Held up here, once the verdict is
given, are the recorder's words to the worker, and the connections to vendors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import pytest

from licet.terms import SECOND_US, Instant, format_instant
from tests.contract.asking import PATHS, ask
from tests.contract.evidence import told
from tests.rig import LICET, Rig

AT = Instant(1_781_300_000_000_000)
SOON = Instant(AT + 60 * SECOND_US)
LETTER = f"""
id = "letter"
kind = "restriction"
title = "A letter"
authority = "An Authority"

[[version]]
received = 2026-01-01T00:00:00Z
effective_from = {format_instant(SOON)}
in_flight = "finish"
[[version.applies]]
model.id = ["alpha"]
"""
Hold = Callable[[Rig], AbstractContextManager[Callable[[], bool]]]
"""Says, on the gateway's loop, whether something is held up."""


@contextmanager
def disk_held(rig: Rig) -> Iterator[Callable[[], bool]]:
    """What the recorder says is not read."""
    transport = rig.node.desk.world.committer._transport
    assert transport is not None
    rig.call(transport.pause_reading)
    try:
        yield lambda: rig.node.status().in_flight == 1
    finally:
        rig.call(transport.resume_reading)


@contextmanager
def connections_held(rig: Rig) -> Iterator[Callable[[], bool]]:
    """Connections to vendors are opened only when this ends."""
    dialer: Any = rig.node.desk.world._dialer
    dial, held = dialer.dial, []
    dialer.dial = lambda *asked: held.append(partial(dial, *asked))
    try:
        yield lambda: bool(held)
    finally:
        dialer.dial = dial
        for one in held:
            rig.call(one)


@pytest.mark.parametrize("dialect", PATHS)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("hold", [disk_held, connections_held])
def test_it_is_refused_although_what_is_in_flight_may_finish(
    dialect: str, streamed: bool, hold: Hold
) -> None:
    files = {"licet.toml": LICET, "directives/letter.toml": LETTER}
    with Rig(files, at=AT) as rig, ThreadPoolExecutor(1) as pool:
        with hold(rig) as is_held:
            asked = pool.submit(
                ask, rig.port, rig.plain_key, dialect, model="alpha", stream=streamed
            )
            rig.wait(is_held)
            rig.call(rig.node.step_clock, SOON)
        heard = asked.result(20)
        assert heard.status == 451
        assert rig.ledger() == []
        (story,) = told(rig).values()
        admission, *later = [(one.reason, one.verdict) for one in story.decisions]
        assert admission == ("admission", "permitted")
        assert set(later) == {("attempt", "refused")}
