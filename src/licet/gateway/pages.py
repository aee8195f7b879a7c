"""The small pages beside the models' paths: health, metrics, the list of models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

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
        "refused",
        "rejected",
        "requests",
    )

    def __init__(self) -> None:
        self.requests = self.answered = self.refused = self.cut = 0
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
    return ("\n".join(lines) + "\n").encode()


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
