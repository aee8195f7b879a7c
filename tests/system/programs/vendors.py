"""Two simulated vendors, on ports of their own, with a ledger that outlives the gateway."""

from __future__ import annotations

import sys
from pathlib import Path

from licet.sim import VendorSpec, run

SPECS = (
    VendorSpec(id="north", dialect="chat", models=("north-1",), key="sim", think_ms=2),
    VendorSpec(id="south", dialect="chat", models=("south-1",), key="sim", think_ms=2),
)

if __name__ == "__main__":
    sys.exit(run(SPECS, ledger=Path(sys.argv[1]), say=lambda text: print(text, flush=True)))
