"""How long a vendor may be silent: before its first text one bound holds, after it another."""

from __future__ import annotations

import pytest

from licet.gateway.company import SWEEP_S
from licet.terms import Instant
from tests.contract.asking import PATHS, Streaming
from tests.rig import EVERY_VENDOR, LICET, Rig, bounded

AT = Instant(1_781_300_000_000_000)


@pytest.mark.parametrize("dialect", PATHS)
def test_once_there_is_text_the_bound_on_holding_the_head_counts_no_longer(dialect: str) -> None:
    settings = bounded(LICET, hold_head_ms=300)
    with Rig({"licet.toml": settings}, at=AT, vendors=EVERY_VENDOR) as rig:
        streaming = Streaming(rig.port, rig.plain_key, dialect, "[[sim:stall_mid_text]]")
        streaming.until_text()
        (exchange,) = rig.call(lambda: list(rig.node.desk.company.exchanges))
        # That bound passes, is looked for, and the vendor has said nothing since.
        looked_at = exchange._patience._hold_until + 2 * SWEEP_S
        rig.wait(lambda: rig.node.desk.now() > looked_at)
        rig.call(rig.vendors.simulation.resume)
        said = streaming.rest().said
    assert said.error is None
    assert said.closed
