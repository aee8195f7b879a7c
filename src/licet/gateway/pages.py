"""The small pages beside the models' paths: health, metrics, the list of models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Protocol

from licet.gateway.admission import Caller, Denial
from licet.gateway.clock import DecisionClock
from licet.gateway.committer import Committer
from licet.gateway.inbound import HttpRequest, Inbound
from licet.gateway.messages import Place, Publication
from licet.gateway.refusals import shown
from licet.gateway.reply import Reply
from licet.gateway.world import World
from licet.wire import (
    MODELS_PATH,
    OPERATIONS,
    Dialect,
    ModelEntry,
    write_model,
    write_models,
)

_MODELS = MODELS_PATH.encode()
_PAGES = frozenset({b"/livez", b"/readyz", b"/metrics"})


class Totals:
    """What a worker has done since its start."""

    __slots__ = (
        "answered",
        "breaches",
        "cancelled",
        "cut",
        "failed",
        "other_models",
        "publication",
        "refused",
        "rejected",
        "requests",
    )

    def __init__(self) -> None:
        self.requests = self.answered = self.refused = self.cut = 0
        self.publication = Publication()
        self.failed = self.cancelled = self.rejected = 0
        self.breaches = self.other_models = 0

    def count(self, outcome: str) -> None:
        setattr(self, outcome, getattr(self, outcome) + 1)


class Shown(Protocol):
    """The desk, as far as pages tell of it."""

    world: World
    clock: DecisionClock
    committer: Committer
    totals: Totals
    draining: bool
    index: int

    @property
    def in_flight(self) -> int: ...
    @property
    def connections(self) -> int: ...
    def follow_clock(self) -> None: ...
    def new_id(self) -> str: ...


class Pages:
    """Answers whatever asks for no model."""

    def __init__(self, desk: Shown) -> None:
        self._desk = desk

    def show(self, connection: Inbound, http: HttpRequest) -> None:
        desk = self._desk
        dialect: Dialect = "messages" if b"anthropic-version" in http.headers else "chat"
        reply = Reply(connection, dialect)
        models = http.path == _MODELS or http.path.startswith(_MODELS + b"/")
        if not models and http.path not in _PAGES:
            self._not_found(reply, http)
        elif http.method not in (b"GET", b"HEAD"):
            refusals = desk.world.refusals
            refusals.wrong_method(reply, http.method, b"GET, HEAD", desk.new_id())
        elif models:
            self._models(reply, http, dialect)
        elif http.path == b"/livez":
            reply.whole(200, b"", b"ok\n", kind=b"text/plain")
        elif http.path == b"/readyz":
            status, body = readiness(self._problems())
            reply.whole(status, b"", body)
        else:
            body = metrics(
                desk.totals,
                worker=desk.index,
                in_flight=desk.in_flight,
                connections=desk.connections,
            )
            reply.whole(200, b"", body, kind=b"text/plain; version=0.0.4")

    def _models(self, reply: Reply, http: HttpRequest, dialect: Dialect) -> None:
        desk = self._desk
        desk.follow_clock()
        caller = desk.world.admission.admit(http.headers)
        request, refusals = desk.new_id(), desk.world.refusals
        if isinstance(caller, Denial):
            refusals.say(reply, caller.reason, caller.message, request, code=caller.code)
            return
        entries = visible(desk.world, caller)
        headers = b"licet-request-id: %s\r\n" % request.encode()
        wanted = http.path[len(_MODELS) + 1 :].decode("latin-1")
        if not wanted:
            reply.whole(200, headers, write_models(dialect, entries))
            return
        for entry in entries:
            if entry.id == wanted:
                reply.whole(200, headers, write_model(dialect, entry))
                return
        refusals.unknown_model(reply, wanted, caller.workloads, request)

    def _not_found(self, reply: Reply, http: HttpRequest) -> None:
        path = shown(http.path.decode("latin-1"))
        ours = ", ".join(f"`{own}`" for own in (*OPERATIONS, MODELS_PATH))
        message = f"there is nothing at `{path}`: see {ours}"
        self._desk.world.refusals.say(reply, "not_found", message, self._desk.new_id())

    def _problems(self) -> tuple[str, ...]:
        desk = self._desk
        found = []
        if not desk.committer.connected:
            found.append("the recorder is not connected")
        elif desk.committer.fault:
            found.append(f"the recorder cannot write: {desk.committer.fault}")
        if desk.world.stale:
            found.append("the lease on the snapshot has expired")
        if desk.clock.uncertain:
            found.append("the clock has left its permitted error")
        if desk.draining:
            found.append("draining")
        return tuple(found)


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
    lines.append("# TYPE licet_model_breaches_total counter")
    lines.append(f'licet_model_breaches_total{{worker="{worker}"}} {totals.other_models}')
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
