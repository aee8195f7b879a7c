"""Models, endpoints, availability, organisations, lists, facts and workloads."""

from licet.catalog.nouns import (
    Availability,
    Candidate,
    Developer,
    Endpoint,
    EvidenceMode,
    Fact,
    List,
    ListKind,
    ListVersion,
    Model,
    OnStale,
    Operator,
    Organisation,
    SubjectRule,
    Workload,
)

__all__ = [
    "Availability",
    "Candidate",
    "Developer",
    "Endpoint",
    "EvidenceMode",
    "Fact",
    "List",
    "ListKind",
    "ListVersion",
    "Model",
    "OnStale",
    "Operator",
    "Organisation",
    "SubjectRule",
    "Workload",
]
