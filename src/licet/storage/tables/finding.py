"""Looking a request up in the log, for the rare record that comes long after its decision."""

from __future__ import annotations

from pathlib import Path

from licet.evidence import DecisionLeaf
from licet.storage.reading import Filters, show


def workload_of(folder: Path, request: str) -> str | None:
    """The workload of a request; None: no decision on it is recorded. Reads up to there."""
    wanted = Filters(kinds=frozenset({"decision"}), request=request)
    for _, leaf in show(folder, wanted):
        if isinstance(leaf, DecisionLeaf):
            return leaf.workload
    return None
