"""Simulated vendors in a process of their own, so that they outlive every gateway that is killed.

Arguments: the file of the ledger. On the input comes one line of JSON, the vendors' specs; on the
output goes one, their URLs. It ends when its input does.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec

from licet.sim import Ledger, LedgerFile, Simulation, Vendors, VendorSpec


async def main(ledger: Path) -> None:
    loop = asyncio.get_running_loop()
    specs = msgspec.json.decode(sys.stdin.readline(), type=tuple[VendorSpec, ...])
    simulation = Simulation(ledger=Ledger(LedgerFile(ledger).write))
    running = await Vendors.start(loop, specs, simulation=simulation)
    urls = {spec.id: running.url(spec.id) for spec in specs}
    sys.stdout.buffer.write(msgspec.json.encode(urls) + b"\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    running.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
