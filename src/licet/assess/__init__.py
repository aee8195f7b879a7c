"""Assessing what was decided: pure, over records, snapshots and what opens commitments."""

from licet.assess.replaying import (
    Difference,
    Replayed,
    Replaying,
    Unreplayed,
    profile_of,
)

__all__ = ["Difference", "Replayed", "Replaying", "Unreplayed", "profile_of"]
