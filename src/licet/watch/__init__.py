"""What the records say about the rules: how much is undetermined, and what would settle it."""

from licet.watch.coverage import (
    Coverage,
    DirectiveCoverage,
    Enforced,
    Missing,
    WorkloadCoverage,
    cover,
)

__all__ = [
    "Coverage",
    "DirectiveCoverage",
    "Enforced",
    "Missing",
    "WorkloadCoverage",
    "cover",
]
