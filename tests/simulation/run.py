"""`python -m tests.simulation.run --seed N`: plays one simulated world, and tells of it."""

from __future__ import annotations

import argparse
from collections import Counter

from tests.simulation.world import World


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True, help="the world to play")
    parser.add_argument("--count", type=int, default=1, help="how many, from that seed on")
    options = parser.parse_args()
    bad = 0
    for seed in range(options.seed, options.seed + options.count):
        world = World(seed)
        world.run()
        faults = world.faults()
        kinds = Counter(ask.kind for ask in world.asks)
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        print(f"seed {seed}: {world.mode}, {world.time.time():.3f} s, {told}")
        for fault in faults:
            print(f"  {fault}")
        bad += bool(faults)
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
