"""What all exchanges of a worker share: the rules of now, and the ways in and out.

Everything that touches the outside is injected: the timers, the clocks, the dialer, the
committer and the source of random bytes. A simulator that owns time, network and disk runs
the same code as the worker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast

from msgspec import structs

from licet.catalog import (
    Availability,
    Candidate,
    EvidenceMode,
    OnBreak,
    OnStale,
    Settings,
    Workload,
    availability_boundaries,
    available,
)
from licet.evidence import KeyedDigest
from licet.gateway.admission import Admission, Caller, Ground
from licet.gateway.cases import Case, decision_form
from licet.gateway.clock import DecisionClock
from licet.gateway.committer import Committer, Timers
from licet.gateway.filing import Filing
from licet.gateway.intake import IntakeLimits
from licet.gateway.messages import Secrets
from licet.gateway.outbound import Dialer, Pool, Route
from licet.gateway.records import About, Ledger, Stamp
from licet.gateway.refusals import Refusals
from licet.gateway.reply import Header, Reply, kept
from licet.gateway.routing import Ways, carried
from licet.policy import Decision, InFlight, Ruleset, Snapshot, disclosed_directives
from licet.relay import (
    Breakers,
    BreakerSettings,
    Failure,
    FailureKind,
    Plan,
    Relay,
    RelaySettings,
    of_one_model,
    plan,
    target,
)
from licet.terms import Instant
from licet.wire import ContinuedBy, Dialect, Operation


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Silences and totals, in seconds."""

    head_s: float
    idle_s: float
    hold_head_s: float
    total_s: float
    client_idle_s: float


class Ends(Protocol):
    """Who is told that an exchange is over, of what vendors did otherwise than asked, and of
    errors that are ours."""

    def ended(self, exchange: object, outcome: str) -> None: ...
    def breached(self, kinds: tuple[str, ...]) -> None: ...
    def report(self, error: Exception) -> None: ...


class World:
    """The present configuration of a worker. `adopt` replaces all of it at once."""

    def __init__(
        self,
        *,
        timers: Timers,
        clock: DecisionClock,
        dialer: Dialer,
        committer: Committer,
        entropy: Callable[[int], bytes],
        wall_s: Callable[[], float],
        ends: Ends,
    ) -> None:
        self.timers = timers
        self.clock = clock
        self.committer = committer
        self.entropy = entropy
        self.now = timers.time
        self.ended = ends.ended
        self.breached = ends.breached
        self.report = ends.report
        self._dialer = dialer
        self._wall_s = wall_s
        self._pools: dict[tuple[str, int, bool, str | None], Pool] = {}
        self._stamp = Stamp()
        self.epoch = 0
        self.lease_until = 0.0
        # Told of issuers whose keys may have changed; set before the first configuration.
        self.unknown_key: Callable[[str], None] = lambda _: None
        self.boundary: Instant | None = None
        self._breaker_settings = BreakerSettings()
        self.breakers = Breakers(self._breaker_settings)

    def adopt(self, snapshot: Snapshot, secrets: Secrets, settings: Settings) -> None:
        """From here on everything is decided, sent and recorded under `snapshot`."""
        self.snapshot = snapshot
        self.settings = settings
        self.clock.error_us = settings.clock.error_ms * 1000
        self.clock.error_max_us = settings.clock.error_ms_max * 1000
        self.digest = KeyedDigest(secrets.digest_key)
        self.admission = Admission(
            snapshot,
            secrets,
            wall_s=self._wall_s,
            unknown_key=self.unknown_key,
        )
        self.refusals = Refusals(settings.operator)
        self.ledger = Ledger(
            log=settings.log_origin,
            snapshot=snapshot.digest,
            digest=self.digest,
            digest_key_id=secrets.digest_key_id,
            stamp=self._stamp,
            entropy=self.entropy,
            breached=self.breached,
            error_us=self._error_us,
            wall=self.clock.wall if settings.clock.scripted else None,
        )
        self._log = settings.log_origin.encode()
        self._bound(settings)
        self.ways = Ways(snapshot.sources.endpoints, secrets.credentials)
        self._availability: tuple[Availability, ...] = snapshot.sources.availability
        self._hands_over = any(
            version.in_flight is InFlight.HAND_OVER
            for directive in snapshot.sources.directives
            for version in directive.versions
        )
        self.tells_in_blocks = any(map(self._continues, snapshot.sources.workloads))
        self._close_unused_pools()
        self.select(self.clock.now())

    def renew_lease(self, digest: str, seconds: float) -> None:
        """`digest` is the latest snapshot; a lease on another one than ours says nothing."""
        if self.epoch and digest == self.snapshot.digest:
            self.lease_until = self.now() + seconds

    @property
    def stale(self) -> bool:
        """Whether nobody has said lately that these rules are still the latest."""
        return self.now() >= self.lease_until

    def select(self, now: Instant) -> None:
        """What holds at `now`: rules and availability, both until `boundary`."""
        self.rules: Ruleset = self.snapshot.select(now, None, self._error_us)
        ends = [self.rules.boundary, *availability_boundaries(self._availability)]
        self.boundary = min((e for e in ends if e is not None and e > now), default=None)
        self.epoch += 1

    @property
    def _error_us(self) -> int:
        return 0 if self.clock.scripted else self.clock.error_us

    def _bound(self, settings: Settings) -> None:
        timeouts, limits, retry = settings.timeouts, settings.limits, settings.retry
        self.bounds = Bounds(
            head_s=timeouts.head_ms / 1000,
            idle_s=timeouts.idle_ms / 1000,
            hold_head_s=timeouts.hold_head_ms / 1000,
            total_s=timeouts.total_ms / 1000,
            client_idle_s=timeouts.client_idle_ms / 1000,
        )
        self.intake_limits = IntakeLimits(
            answer_bytes_max=limits.answer_bytes_max,
            event_bytes_max=limits.stream_event_bytes_max,
        )
        self.retries = RelaySettings(
            attempts_max=retry.attempts_max,
            again_max=retry.same_endpoint_retries,
            pause_ms=retry.backoff_ms,
            hand_overs_max=retry.hand_overs_max,
        )
        breaker = BreakerSettings(
            failures=settings.breaker.failures,
            window_ms=settings.breaker.window_s * 1000,
            open_ms=settings.breaker.open_s * 1000,
        )
        if breaker != self._breaker_settings:
            self._breaker_settings = breaker
            self.breakers = Breakers(breaker)

    # The rules of now

    def ground(self, caller: Caller, workload: Workload) -> Ground:
        """What is decided on from now on for somebody who was let in at some time."""
        return self._ground(self.admission.again(caller), workload)

    def _ground(self, caller: Caller, workload: Workload) -> Ground:
        now = self.clock.now()
        return Ground(caller, workload, rules=self.rules, epoch=self.epoch, at=now)

    def decide(self, caller: Caller, workload: Workload, step: Candidate) -> Decision:
        """The verdict on one candidate for this caller, as of now."""
        known = caller.known(self.rules, workload, self.clock.now())
        return self.rules.decide(known, step.model, step.endpoint)

    def permitted(self, caller: Caller, plan: Plan) -> tuple[str, ...]:
        """The models of a plan that this caller may have now, in its order."""
        workload = plan.target.workload
        found = (
            c.candidate.model
            for c in plan.considered
            if c.able
            and self.is_available(c.candidate)
            and self.decide(caller, workload, c.candidate).permitted
        )
        return tuple(dict.fromkeys(found))

    def prepare(
        self,
        caller: Caller,
        asked: str,
        dialect: Dialect,
        *,
        stale: bool,
        without: frozenset[Dialect] = frozenset(),
        operation: Operation = "answer",
    ) -> Case | None:
        """Plans for what `asked` means to this caller; None where it means nothing.

        `without` are dialects in which the request at hand cannot be said.
        """
        wanted = target(asked, caller.workloads, lambda step: self.dialect(step) == dialect)
        if wanted is None:
            return None
        if operation == "embeddings":
            wanted = of_one_model(wanted, lambda step: self._serves(step, operation))
        elif operation != "answer" and wanted.routes:
            wanted = structs.replace(wanted, routes=())
        found = plan(
            wanted,
            decide=lambda step: self.decide(caller, wanted.workload, step),
            able=lambda step: self._serves(step, operation) and self.dialect(step) not in without,
            available=self.is_available,
            healthy=self.is_healthy,
        )
        before_send = self._before_send(wanted.workload)
        printed = partial(
            decision_form,
            log=self.ledger.log,
            snapshot=self.ledger.snapshot,
            digest_key_id=self.ledger.digest_key_id,
            error_us=self._error_us,
            scripted=self.clock.scripted,
            caller=caller,
            plan=found,
            dialect=dialect,
            operation=operation,
            before_send=before_send,
            stale=stale,
            vendor_model=self.vendor_model(found.steps[0]) if found.steps else "",
        )
        return Case(
            ground=self._ground(caller, wanted.workload),
            plan=found,
            dialect=dialect,
            before_send=before_send,
            stale=stale,
            printed=printed,
            first=self.dialect(found.steps[0]) if found.steps else dialect,
            directives=self._disclosed(found),
            fittings=self.ways.fittings(found, caller, self.digest),
            continues=self._continues(wanted.workload),
        )

    def _serves(self, step: Candidate, operation: Operation) -> bool:
        return self.ways.endpoints[step.endpoint].serves(operation)

    def _disclosed(self, found: Plan) -> tuple[str, ...]:
        """The directives behind a plan that the caller may be told of."""
        first = found.considered[0].decision
        named = [
            name
            for c in found.considered
            if not c.decision.permitted
            for name in disclosed_directives(self.rules, c.decision)
        ]
        return tuple(dict.fromkeys([*named, *first.relieving]))

    def _continues(self, workload: Workload) -> bool:
        """Whether a stream's text is kept, since it may be handed over: not for directives that
        are not adopted yet, so that streams cost nothing more where none says so."""
        directed = workload.on_break is OnBreak.AS_DIRECTED and self._hands_over
        return directed or workload.on_break is OnBreak.CONTINUE

    def disclosed(self, rules: Ruleset, decision: Decision | None) -> tuple[str, ...]:
        """The directives behind a verdict that the caller may be told of."""
        return () if decision is None else disclosed_directives(rules, decision)

    def _before_send(self, workload: Workload) -> bool:
        mode = workload.evidence or self.settings.evidence.mode
        if mode is None:
            return any(self.rules.names_model(step.model) for step in workload.reachable)
        return mode is EvidenceMode.BEFORE_SEND

    def impossible(self, about: About, relay: Relay) -> Failure | None:
        """Why a step that is permitted cannot be tried now: what has changed since the plan, or
        a parameter that its dialect cannot say."""
        workload, step = about.case.plan.target.workload, relay.step
        if self.stale and workload.on_stale is OnStale.REFUSE:
            message = "this worker does not know whether its rules are the latest"
            return Failure(kind=FailureKind.STALE_RULES, message=message)
        if not self.is_available(step):
            message = f"`{step.model}` at `{step.endpoint}` is not to be had at present"
            return Failure(kind=FailureKind.UNAVAILABLE, message=message)
        dialect, passage = self.dialect(step), about.passage
        fault = passage.fault(dialect) or passage.unpermitted(dialect, step)
        if fault is not None:
            # What failed before tells the caller more than that this step was never tried.
            return relay.failure or Failure(kind=FailureKind.UNAVAILABLE, message=fault.message)
        return None

    def is_available(self, step: Candidate) -> bool:
        """Whether no dated fact says that it cannot be had from anybody now, and no token of ours
        is missing."""
        if step.endpoint in self.ways.closed:
            return False
        if not self._availability:
            return True
        at = self.clock.now()
        return available(self._availability, step.model, step.endpoint, at) is None

    def is_healthy(self, step: Candidate) -> bool:
        return self.breakers.allows(step.endpoint, step.model, self.now_ms())

    def trying(self, step: Candidate) -> None:
        """Tells the breaker of an attempt, where that matters: if it is open, this is the probe."""
        if not self.breakers.all_closed:
            self.breakers.trying(step.endpoint, step.model, self.now_ms())

    def judge(self, step: Candidate, failure: Failure | None) -> None:
        """Tells the breaker what an attempt says of the endpoint's health, once."""
        if failure is None or failure.kind is FailureKind.DECLINED:
            self.breakers.succeeded(step.endpoint, step.model)
        elif failure.kind is FailureKind.STALE:
            self.breakers.released(step.endpoint, step.model)
        else:
            self.breakers.failed(step.endpoint, step.model, self.now_ms())

    def now_ms(self) -> int:
        return int(self.now() * 1000)

    # The ways to vendors

    def manner(self, step: Candidate) -> ContinuedBy:
        """How the step's target is asked to go on from a text that another began."""
        named = self.ways.endpoints[step.endpoint].continues.get(step.model, "instruction")
        # Validated by the catalogue, whose ring does not know the wire's words.
        return cast("ContinuedBy", named)

    def vendor_model(self, step: Candidate) -> str:
        """What the vendor calls the step's model."""
        return self.ways.to(step).vendor_model

    def dialect(self, step: Candidate) -> Dialect:
        """What the step's endpoint speaks."""
        return self.ways.to(step).dialect

    def request(self, step: Candidate, about: About, rest: bytes = b"") -> bytes:
        """The whole of a request as it goes to the step's endpoint; `rest`: its body, where it
        is another than the caller's own request has."""
        ways, passage = self.ways, about.passage
        way = ways.to(step)
        body = rest or passage.body(way.dialect, way.vendor_model, step.endpoint)
        if way.carrier is not None:
            model, passed, at_s = way.vendor_model, passage.passed, self._wall_s()
            return carried(way.carrier.put(body, model, passed, at_s), about.request)
        operation = passage.request.operation
        head = ways.head(step.endpoint, operation, passage.passed, about.request)
        return b"%scontent-length: %d\r\n\r\n%s" % (head, len(body), body)

    def pool(self, route: Route) -> Pool:
        pool = self._pools.get(route.address)
        if pool is None:
            pool = self._pools[route.address] = self._new_pool(route)
        return pool

    def _new_pool(self, route: Route) -> Pool:
        return Pool(
            route,
            self._dialer,
            now=self.now,
            connections_max=self.settings.limits.requests_max,
            idle_s=60.0,
            head_bytes_max=self.settings.limits.header_bytes_max,
        )

    def sweep(self) -> None:
        for pool in self._pools.values():
            pool.sweep()

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()

    def _close_unused_pools(self) -> None:
        used = {route.address for route in self.ways.routes.values()}
        for address in [a for a in self._pools if a not in used]:
            self._pools.pop(address).close()

    # The way to the caller

    def conclude(self, reply: Reply, relay: Relay, filing: Filing, ground: Ground) -> None:
        """Tells a caller who gets no answer; what is permitted instead is as of now."""
        told = relay.decision is not None
        permitted = self.permitted(ground.caller, filing.about.case.plan) if told else ()
        self.refusals.conclude(reply, relay, filing, ground.rules, permitted)

    def answer_headers(self, filing: Filing, step: Candidate, vendor: list[Header]) -> bytes:
        """`Licet-*` of an answer, and what is kept of the vendor's own headers."""
        about = filing.about
        lines = b"licet-request-id: %s\r\n%slicet-evidence: %s/%d\r\n%s" % (
            about.request.encode(),
            about.case.told(step),
            self._log,
            filing.decision_index,
            kept(vendor),
        )
        dropped = about.passage.lost[0]
        if dropped:
            lines += f"licet-dropped: {', '.join(dropped)}\r\n".encode()
        return lines
