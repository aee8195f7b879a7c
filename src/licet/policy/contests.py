"""Refusals that an obligation says may not be: told to an officer, before anybody meets one.

`no_refusal_by` is how a law against discrimination reads as a directive. No gateway can weigh it
against the restriction that it contradicts: the refusal stands, and which directive refuses by
which attribute is named for whoever has to decide between the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import msgspec

from licet.policy.directives import Directive, Kind, Mode, Version

InForce = tuple[Directive, int]
"""A directive and the index of its version that is selected."""

_TELLS = {"subject.nationality": ("subject.us_person",)}
"""Attributes that follow from another by the axioms: who refuses by them refuses by it."""


class Contest(msgspec.Struct, frozen=True, kw_only=True):
    """Two versions in force of which one refuses `by` attributes that the other forbids to
    refuse by; their numbers from 1."""

    duty_of: str
    duty_version: int
    restriction: str
    version: int
    by: tuple[str, ...]

    @property
    def message(self) -> str:
        by = ", ".join(f"`{one}`" for one in self.by)
        return (
            f"`{self.restriction}@{self.version}` refuses by {by}, which "
            f"`{self.duty_of}@{self.duty_version}` says that nobody may: its refusals stand, and "
            "an officer has to decide between the two"
        )


def contests(in_force: Sequence[InForce]) -> tuple[Contest, ...]:
    """Of versions that are in force together, the pairs that contradict each other so."""
    return tuple(
        Contest(
            duty_of=bound.id,
            duty_version=mine + 1,
            restriction=restriction.id,
            version=theirs + 1,
            by=by,
        )
        for bound, mine in in_force
        if (forbidden := _forbidden(bound.versions[mine]))
        for restriction, theirs in in_force
        if restriction.kind is Kind.RESTRICTION
        and (by := _refuses_by(restriction.versions[theirs], forbidden))
    )


def _forbidden(version: Version) -> frozenset[str]:
    named = {
        name if "." in name else f"subject.{name}"
        for duty in version.duties
        if duty.kind == "no_refusal_by" and isinstance(duty.value, tuple)
        for name in duty.value
    }
    told = chain.from_iterable(_TELLS.get(name, ()) for name in named)
    return frozenset() if version.mode is Mode.OBSERVE else frozenset((*named, *told))


def _refuses_by(version: Version, forbidden: frozenset[str]) -> tuple[str, ...]:
    """Those that decide for whom it holds, in what it applies to or in what it excepts."""
    if version.mode is Mode.OBSERVE or version.nothing:
        return ()
    tested = {
        condition.attribute.removesuffix(".list")
        for table in (*version.applies, *version.unless)
        for condition in table.conditions
    }
    return tuple(sorted(tested & forbidden))
