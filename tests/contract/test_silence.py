"""How long a vendor may be silent: before its first text one bound holds, after it another."""

from __future__ import annotations

import pytest

from licet.terms import Instant
from tests.contract.asking import ask
from tests.rig import LICET, Rig

AT = Instant(1_781_300_000_000_000)
DRIP_MS = 300
IDLE_MS = 1200


@pytest.mark.parametrize(
    ("dialect", "hold_head_ms"),
    # The first text comes just before the head would have to go without it, the next after.
    [("chat", 2 * DRIP_MS + 100), ("messages", 4 * DRIP_MS + 100)],
)
def test_once_there_is_text_the_bound_on_holding_the_head_counts_no_longer(
    dialect: str, hold_head_ms: int
) -> None:
    settings = (
        LICET.replace("head_ms = 400\n", "head_ms = 3000\n", 1)
        .replace("idle_ms = 400\n", f"idle_ms = {IDLE_MS}\n", 1)
        .replace("hold_head_ms = 1000\n", f"hold_head_ms = {hold_head_ms}\n")
    )
    with Rig({"licet.toml": settings}, at=AT) as rig:
        said = ask(
            rig.port, rig.plain_key, dialect, f"[[sim:slow_drip:{DRIP_MS}]]", stream=True
        ).said
    assert said.error is None
    assert said.closed
