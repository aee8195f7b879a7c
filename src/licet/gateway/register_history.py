"""What the register says happened so far: versions recorded, keys made, suspensions, reviews."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from licet.evidence import (
    AdoptedLeaf,
    KeyMadeLeaf,
    KeyRevokedLeaf,
    Leaf,
    RecordedVersion,
    RegisterLeaf,
    ReviewedLeaf,
    SuspendedLeaf,
)
from licet.gateway.suspension import recover
from licet.identity import Key
from licet.policy import Directive, Recording, VersionKey
from licet.terms import Instant, parse_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """`is_empty`: nothing was ever adopted. `reviews`: by directive, when it is due again.

    `snapshot`: the digest of what was adopted last; empty without one.
    """

    is_empty: bool
    recorded: Mapping[VersionKey, Recording]
    suspensions: tuple[Directive, ...]
    keys_made: frozenset[str]
    keys_revoked: frozenset[str]
    reviews: Mapping[str, Instant | None]
    snapshot: str = ""

    def revocations(self, names: Iterable[str], envelope: Mapping[str, Any]) -> list[RegisterLeaf]:
        """What the register does not say yet of the end of these keys."""
        ended = sorted((self.keys_made & frozenset(names)) - self.keys_revoked)
        return [KeyRevokedLeaf(**envelope, key=name) for name in ended]

    def key_leaves(self, keys: Iterable[Key], envelope: Mapping[str, Any]) -> list[RegisterLeaf]:
        """What the register does not say yet of these keys; one that is gone is revoked."""
        leaves: list[RegisterLeaf] = []
        present = {one.id: one for one in keys}
        for name, one in sorted(present.items()):
            again = name in self.keys_revoked and one.revoked is None
            if name not in self.keys_made or again:
                leaves.append(
                    KeyMadeLeaf(
                        **envelope,
                        key=name,
                        organisation=one.organisation,
                        workloads=one.workloads,
                    )
                )
        ended = {name for name, one in present.items() if one.revoked is not None}
        ended |= self.keys_made - present.keys()
        leaves += [
            KeyRevokedLeaf(**envelope, key=name) for name in sorted(ended - self.keys_revoked)
        ]
        return leaves


@dataclass(slots=True)
class _Reading:
    adopted: bool = False
    snapshot: str = ""
    recorded: dict[VersionKey, Recording] = field(default_factory=dict)
    parts: list[tuple[str, RecordedVersion]] = field(default_factory=list)
    suspended: list[SuspendedLeaf] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    revoked: set[str] = field(default_factory=set)
    reviews: dict[str, Instant | None] = field(default_factory=dict)

    def read(self, leaf: Leaf) -> None:
        match leaf:
            case AdoptedLeaf():
                self._adopt(leaf)
            case SuspendedLeaf():
                self.suspended.append(leaf)
            case KeyMadeLeaf():
                # A key may be made again under the name of one whose file had gone.
                self.made.add(leaf.key)
                self.revoked.discard(leaf.key)
            case KeyRevokedLeaf():
                self.revoked.add(leaf.key)
            case ReviewedLeaf():
                self.reviews[leaf.id] = None if leaf.next is None else parse_instant(leaf.next)
            case _:
                # Traffic, starts, clock events: they change nothing that is adopted.
                return

    def _adopt(self, leaf: AdoptedLeaf) -> None:
        if leaf.part == 1:
            self.parts = []
        self.parts += [("directive", one) for one in leaf.directives]
        self.parts += [("list", one) for one in leaf.lists]
        if leaf.part != leaf.parts:
            # An adoption of which not all parts were recorded did not take place.
            return
        self.adopted = True
        self.snapshot = leaf.snapshot
        for kind, one in self.parts:
            recording = Recording(one.digest, parse_instant(one.recorded_at), one.claimed)
            self.recorded.setdefault((kind, one.id, one.version), recording)


def read_history(leaves: Iterable[Leaf]) -> History:
    """The register, leaf by leaf, in the order of the log."""
    reading = _Reading()
    for leaf in leaves:
        reading.read(leaf)
    return History(
        is_empty=not reading.adopted,
        recorded=reading.recorded,
        suspensions=recover(reading.suspended),
        keys_made=frozenset(reading.made),
        keys_revoked=frozenset(reading.revoked),
        reviews=reading.reviews,
        snapshot=reading.snapshot,
    )


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """A directive whose next review is past."""

    id: str
    due: str
