"""Legal holds: what must stay although its time is over, or somebody asks for its erasure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from licet.evidence.leaves import HeldLeaf, Leaf, ReleasedLeaf


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Decisions of one holder (`slot`), of one workload, in [`since`, `until`): of what is given,
    all must fit. Instants as leaves write them."""

    id: str
    why: str
    by: str
    at: str
    slot: int | None = None
    workload: str = ""
    since: str = ""
    until: str = ""

    def covers(self, *, slot: int, workload: str, at: str) -> bool:
        """Whether a decision is under it: whose, of which workload, when."""
        return (
            (self.slot is None or self.slot == slot)
            and (not self.workload or self.workload == workload)
            and self.since <= at
            and (not self.until or at < self.until)
        )


def holds(register: Iterable[Leaf]) -> tuple[Hold, ...]:
    """The holds that stand after all of a register, the oldest first."""
    standing: dict[str, Hold] = {}
    for leaf in register:
        if isinstance(leaf, HeldLeaf):
            standing[leaf.id] = Hold(
                id=leaf.id,
                why=leaf.why,
                by=leaf.by,
                at=leaf.at,
                slot=leaf.slot,
                workload=leaf.workload,
                since=leaf.from_at or "",
                until=leaf.until_at or "",
            )
        elif isinstance(leaf, ReleasedLeaf):
            standing.pop(leaf.id, None)
    return tuple(standing.values())
