"""The share of seeded faults that somebody objects to: `python -m tests.mutation.score`.

Prints one line per fault and writes the table of docs/results; 1 if fewer than 95 % are found.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from datetime import UTC, datetime
from unittest.mock import patch

from tests.mutation.judges import JUDGES, objects, standing
from tests.mutation.policy_faults import Fault, faults
from tests.mutation.reports import commit, path_of_today
from tests.property.oracle import count
from tests.property.test_cedar import joint, single

FLOOR = 0.95


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the page of today")
    options = parser.parse_args()
    for name, texts in standing().items():
        for text in sorted(texts):
            print(f"without any fault, {name}: {text}")
    results = []
    for fault in faults():
        found = objectors(fault)
        results.append((fault, found))
        print(f"{fault.kind}: {fault.instance}: {', '.join(found) or 'NOBODY'}", flush=True)
    caught = sum(bool(found) for _, found in results)
    print(f"{caught} of {len(results)} faults found ({caught / len(results):.1%})")
    if options.write:
        write(results)
    return 0 if caught >= FLOOR * len(results) else 1


def objectors(fault: Fault) -> list[str]:
    """Who objects to an engine with this fault; put in place and taken out again."""
    patches = []

    def put(holder: object, name: str, value: object) -> None:
        one = patch.object(holder, name, value)
        one.start()
        patches.append(one)

    fault.apply(put)
    try:
        return [name for name in JUDGES if objects(name)]
    finally:
        for one in reversed(patches):
            one.stop()


def write(results: list[tuple[Fault, list[str]]]) -> None:
    day = datetime.now(UTC).date().isoformat()
    path_of_today("mutation", day).write_text(report(results, day))


def report(results: list[tuple[Fault, list[str]]], day: str) -> str:
    """The page for docs/results."""
    caught = sum(bool(found) for _, found in results)
    lines = [
        f"# Mutation: faults in compiler and selector, {day}, {commit()}",
        "",
        f"{caught} of {len(results)} seeded faults found ({caught / len(results):.1%}). Made by",
        "`make mutation`, which puts each fault of `tests/mutation/policy_faults.py` in place in",
        f"the running engine and asks three judges: Cedar ({count(single()):,} decisions of single",
        f"directives at their boundaries, {count(joint()):,} of whole sets), the naive interpreter",
        "(small worlds with much unknown), and the verdict tables of June 2026.",
        "",
        "| fault | instances | found | by facts | by interpreter | by Cedar |",
        "|---|---|---|---|---|---|",
    ]
    kinds = Counter(fault.kind for fault, _ in results)
    for kind, instances in kinds.items():
        of_kind = [found for fault, found in results if fault.kind == kind]
        by = [sum(judge in found for found in of_kind) for judge in JUDGES]
        found_by_any = sum(bool(found) for found in of_kind)
        cells = " | ".join(str(one) for one in (instances, found_by_any, *by))
        lines.append(f"| {kind} | {cells} |")
    survivors = [fault for fault, found in results if not found]
    lines += ["", "## Survivors", ""]
    lines += [f"- **{fault.kind}: {fault.instance}**: why?" for fault in survivors] or ["None."]
    lines += ["", "## Without any fault", ""]
    for name, texts in standing().items():
        lines.append(f"- {name}: {len(texts)} disagreements with the engine")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
