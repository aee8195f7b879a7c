"""Lists as they stand in one window: who is a member, who is not, and who may be."""

from __future__ import annotations

import msgspec

from licet.catalog import ListKind


class Roll(msgspec.Struct, frozen=True):
    """The membership of one list. `certain` are members throughout the window; `possible`
    are members in a part of it; of everybody else `closed` says that they are none. `kind` None:
    of a list that does not exist, which says nothing of anybody."""

    id: str
    kind: ListKind | None
    certain: frozenset[str]
    possible: frozenset[str]
    closed: bool

    def holds(self, name: str) -> bool | None:
        """True: a member, False: not a member, None: the list does not say."""
        if name in self.certain:
            return True
        if not self.closed or name in self.possible:
            return None
        return False

    @property
    def mentioned(self) -> frozenset[str]:
        return self.certain | self.possible


def unwritten(name: str) -> Roll:
    """The roll of a list that does not exist: everybody may be on it."""
    return Roll(name, None, frozenset(), frozenset(), closed=False)


OpenMembership = tuple[str, str]
"""(list id, member): a membership that its list leaves open."""

Assumed = dict[OpenMembership, bool]
"""What one completion takes open memberships to be."""
