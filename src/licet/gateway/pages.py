"""The small pages beside the models' paths: health, metrics, the list of models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from licet.gateway.messages import Place, Publication
from licet.wire import ModelEntry

if TYPE_CHECKING:
    from licet.gateway.admission import Caller
    from licet.gateway.world import World


class Totals:
    """What a worker has done since its start."""

    __slots__ = (
        "answered",
        "breaches",
        "cancelled",
        "cut",
        "failed",
        "publication",
        "refused",
        "rejected",
        "requests",
    )

    def __init__(self) -> None:
        self.requests = self.answered = self.refused = self.cut = 0
        self.publication = Publication()
        self.failed = self.cancelled = self.rejected = self.breaches = 0

    def count(self, outcome: str) -> None:
        setattr(self, outcome, getattr(self, outcome) + 1)


def readiness(problems: tuple[str, ...]) -> tuple[int, bytes]:
    """Status and body of `/readyz`."""
    body = json.dumps({"ready": not problems, "problems": list(problems)}).encode() + b"\n"
    return (503 if problems else 200), body


def metrics(totals: Totals, *, worker: int, in_flight: int, connections: int) -> bytes:
    """`/metrics` of this worker, in the Prometheus text format 0.0.4."""
    lines = ["# TYPE licet_requests_total counter"]
    lines += [
        f'licet_requests_total{{worker="{worker}",outcome="{name}"}} {getattr(totals, name)}'
        for name in ("answered", "refused", "cut", "failed", "cancelled", "rejected")
    ]
    lines.append("# TYPE licet_residency_breaches_total counter")
    lines.append(f'licet_residency_breaches_total{{worker="{worker}"}} {totals.breaches}')
    lines.append("# TYPE licet_requests_in_flight gauge")
    lines.append(f'licet_requests_in_flight{{worker="{worker}"}} {in_flight}')
    lines.append("# TYPE licet_connections gauge")
    lines.append(f'licet_connections{{worker="{worker}"}} {connections}')
    lines += _publication(totals.publication.places)
    return ("\n".join(lines) + "\n").encode()


def _publication(places: Sequence[Place]) -> list[str]:
    """One process publishes, so every worker says the same, without its number."""
    if not places:
        return []
    labels = [f'{{place="{_label(one.name)}"}}' for one in places]
    rows: list[tuple[str, list[int]]] = [
        ("licet_published_leaves gauge", [one.size or 0 for one in places]),
        ("licet_published_timestamp_seconds gauge", [one.at_s or 0 for one in places]),
        ("licet_publication_failing gauge", [int(bool(one.fault)) for one in places]),
        ("licet_publication_failures_total counter", [one.failures for one in places]),
    ]
    lines = []
    for head, values in rows:
        lines.append(f"# TYPE {head}")
        name = head.partition(" ")[0]
        lines += [f"{name}{label} {value}" for label, value in zip(labels, values, strict=True)]
    return lines


def _label(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def visible(world: World, caller: Caller) -> list[ModelEntry]:
    """What this caller may use now: workloads that have something, then their models."""
    models: dict[str, None] = {}
    workloads = []
    for workload in caller.workloads:
        usable = [
            step.model
            for step in workload.candidates
            if world.is_available(step) and world.decide(caller, workload, step).permitted
        ]
        if usable:
            workloads.append(ModelEntry(id=workload.id, name=workload.title, owned_by="licet"))
        models.update(dict.fromkeys(usable))
    nouns = {m.id: m for m in world.snapshot.sources.models}
    entries = list(workloads)
    for model in models:
        noun = nouns[model]
        developer = noun.developer.id if noun.developer else "unknown"
        entries.append(ModelEntry(id=model, name=noun.name, owned_by=developer))
    return entries
