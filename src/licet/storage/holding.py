"""What holds keep in the side store: whose openings may not be erased, nor let go of."""

from __future__ import annotations

from pathlib import Path

from licet.evidence import DecisionLeaf, Hold, holds
from licet.storage.disk import RealDisk
from licet.storage.kept import KeptReader
from licet.storage.reading import Filters, show
from licet.storage.restoring import register
from licet.storage.side import SideReader


def standing_holds(folder: Path) -> tuple[Hold, ...]:
    """The holds that stand in a log, the oldest first."""
    return holds(leaf for _, leaf in register(folder))


def holds_on(folder: Path, slot: int) -> tuple[Hold, ...]:
    """The holds under which anything is that a slot of the side store opens."""
    standing = standing_holds(folder)
    named = [one for one in standing if one.slot == slot]
    others = [one for one in standing if one.slot is None]
    if not others:
        return tuple(named)
    requests = {found.request for found in SideReader(folder, RealDisk()).openings(slot)}
    requests |= {kept.request for _, kept in KeptReader(folder, RealDisk()).everything(slot)}
    for _, leaf in show(folder, Filters(kinds=frozenset({"decision"}))):
        if isinstance(leaf, DecisionLeaf) and leaf.request in requests:
            covering = [
                one
                for one in others
                if one.covers(slot=slot, workload=leaf.workload, at=leaf.valid_at)
            ]
            named += covering
            others = [one for one in others if one not in covering]
            if not others:
                break
    return tuple(named)
