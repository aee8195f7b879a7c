"""The front desk of a worker: takes requests from connections and lets them in, or not.

It owns the world of the present configuration, the set of exchanges in flight, the lease and
the bounds, and holds the order in which a request is looked at: path, key, body, lease,
clock, recorder, rules. Nothing here waits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from licet.catalog import CountTokens, OnStale, Settings
from licet.evidence import Turn
from licet.gateway.admission import Caller, Denial
from licet.gateway.arrivals import Arrival, about_of
from licet.gateway.cases import Case
from licet.gateway.clock import DecisionClock
from licet.gateway.committer import Committer, Timers
from licet.gateway.company import Company
from licet.gateway.entropy import Entropy
from licet.gateway.exchange import Exchange
from licet.gateway.inbound import HttpRequest, Inbound, Limits
from licet.gateway.messages import Secrets, WorkerStatus
from licet.gateway.outbound import Dialer
from licet.gateway.pages import Pages, Totals
from licet.gateway.passage import Passage
from licet.gateway.passages import passage_of
from licet.gateway.recollection import before, conversed, recall_of, unrecalled
from licet.gateway.reply import Reply
from licet.gateway.shelf import KEPT, Shelf
from licet.gateway.world import World
from licet.policy import Snapshot
from licet.terms import ENTROPY_BYTES, CallerFault, Instant, request_id
from licet.wire import (
    CHAT,
    DIALECTS,
    OPERATIONS,
    Dialect,
    Operation,
    Reason,
    Request,
    joined,
    previous_refused,
    read_request,
    without_notices,
    write_estimate,
)

_SPOKEN = {path.encode(): spoken for path, spoken in OPERATIONS.items()}
_CHAT: tuple[Dialect, Operation] = "chat", "answer"
_REJECTED: dict[str, Reason] = {
    "head_too_large": "headers_too_large",
    "body_too_large": "payload_too_large",
    "request_timeout": "request_timeout",
}


class Desk:
    """Implements what connections (`Front`) and exchanges (`Ends`) belong to."""

    def __init__(
        self,
        *,
        timers: Timers,
        clock: DecisionClock,
        dialer: Dialer,
        committer: Committer,
        entropy: Callable[[int], bytes],
        wall_s: Callable[[], float],
        settings: Settings,
        worker_index: int,
        log: Callable[[Exception], None],
    ) -> None:
        self.now = timers.time
        self.clock = clock
        self.report = log
        self.limits = _limits(settings)
        self.draining = False
        self.totals = Totals()
        self.index = worker_index
        self._wall_s = wall_s
        self._entropy = Entropy(entropy)
        self.committer = committer
        self.company = Company(timers.time())
        # Requests that wait for what they go on from.
        self._recalls = 0
        self._drain_until = float("inf")
        self._on_drained: Callable[[int], None] | None = None
        self._cut = 0
        self._next_pool_sweep = 0.0
        self.adopted = False
        self._pages = Pages(self)
        self._shelf = Shelf(self)
        self.world = World(
            timers=timers,
            clock=clock,
            dialer=dialer,
            committer=committer,
            entropy=self._entropy,
            wall_s=wall_s,
            ends=self,
        )

    # What the supervisor tells

    def adopt(self, snapshot: Snapshot, secrets: Secrets, settings: Settings) -> None:
        self.limits = _limits(settings)
        self.world.adopt(snapshot, secrets, settings)
        self.adopted = True
        self.company.decide_again()

    def step_clock(self, instant: Instant) -> None:
        self.clock.step(instant)
        if self.adopted:
            self.world.select(self.clock.now())
            self.company.decide_again()

    def renew_lease(self, digest: str, seconds: float) -> None:
        self.world.renew_lease(digest, seconds)

    def drain(self, seconds: float, on_drained: Callable[[int], None]) -> None:
        self.draining = True
        self._on_drained = on_drained
        self._drain_until = self.now() + seconds
        self.company.expire_unused()
        self._drained()

    def status(self, *, pid: int, memory_bytes: int) -> WorkerStatus:
        totals = self.totals
        open_breakers = self.world.breakers.open(self.world.now_ms()) if self.adopted else ()
        return WorkerStatus(
            index=self.index,
            pid=pid,
            in_flight=len(self.company.exchanges),
            requests=totals.requests,
            answered=totals.answered,
            refused=totals.refused,
            failed=totals.failed,
            breaches=totals.breaches,
            other_models=totals.other_models,
            snapshot=self.world.snapshot.digest if self.adopted else "",
            breakers_open=tuple(f"{model}@{endpoint}" for endpoint, model in open_breakers),
            recorder_connected=self.committer.connected,
            memory_bytes=memory_bytes,
            lease_s_left=max(0.0, self.world.lease_until - self.now()),
        )

    def close(self) -> None:
        self.company.abort()
        self.committer.close()
        self.world.close()

    # What time tells

    def sweep(self) -> None:
        """Looks at every deadline, and at the moment when the rules change."""
        now, company = self.now(), self.company
        if stood_s := company.stood_s(now):
            # How long the rules may count without a word that they still do is not stretched.
            company.forgive(stood_s)
            self.committer.forgive(stood_s)
        self.committer.sweep(now)
        if self.adopted:
            self.follow_clock()
            company.expire_exchanges(now)
            epoch, clock = self.world.epoch, self.clock
            company.decide_again(lambda one: not one.ground.stands(epoch, clock))
            if now >= self._next_pool_sweep:
                self._next_pool_sweep = now + 1.0
                self.world.sweep()
        company.expire_connections(now)
        if now >= self._drain_until:
            self._cut = len(company.exchanges)
            company.abort()
            self._drained()

    def follow_clock(self) -> None:
        """The rules of now, where a moment at which they change has passed."""
        boundary = self.world.boundary
        now = self.clock.now()
        if boundary is not None and now >= boundary:
            self.world.select(now)
            self.company.decide_again()

    # What connections tell (`Front`)

    def opened(self, connection: Inbound) -> bool:
        if self.draining or len(self.company.connections) >= self._connections_max:
            return False
        self.company.connections[connection] = None
        return True

    @property
    def in_flight(self) -> int:
        return len(self.company.exchanges)

    @property
    def connections(self) -> int:
        return len(self.company.connections)

    @property
    def _connections_max(self) -> int:
        return self.world.settings.limits.connections_max if self.adopted else 0

    def closed(self, connection: Inbound) -> None:
        self.company.connections.pop(connection, None)

    def reject(self, connection: Inbound, path: bytes, code: str, message: str) -> None:
        """A request that was not even read."""
        self.totals.rejected += 1
        reply = Reply(connection, _SPOKEN.get(path, _CHAT)[0])
        reason = _REJECTED.get(code, "invalid_request")
        self.world.refusals.say(reply, reason, message, self.new_id(), code=code)

    def accept(self, connection: Inbound, request: HttpRequest) -> None:
        try:
            self._accept(connection, request)
        except Exception as error:  # noqa: BLE001 - reported, and this request ends
            self.report(error)
            reply = Reply(connection, _SPOKEN.get(request.path, _CHAT)[0])
            self.world.refusals.internal(reply, self.new_id())

    # What exchanges tell (`Ends`)

    def ended(self, exchange: object, outcome: str) -> None:
        assert isinstance(exchange, Exchange)
        self.company.exchanges.pop(exchange, None)
        self.totals.count(outcome)
        self._drained()

    def _drained(self) -> None:
        if (
            self.draining
            and not (self.company.exchanges or self._recalls)
            and self._on_drained is not None
        ):
            on_drained, self._on_drained = self._on_drained, None
            on_drained(self._cut)

    def breached(self, kinds: tuple[str, ...]) -> None:
        self.totals.breaches += "residency" in kinds
        self.totals.other_models += "model" in kinds

    # Letting in

    def _accept(self, connection: Inbound, http: HttpRequest) -> None:
        spoken = _SPOKEN.get(http.path)
        if spoken is None:
            (self._shelf if http.path.startswith(KEPT) else self._pages).show(connection, http)
            return
        dialect, operation = spoken
        reply = Reply(connection, dialect)
        request_id = self.new_id()
        refusals = self.world.refusals
        if http.method != b"POST":
            refusals.wrong_method(reply, http.method, b"POST", request_id)
            return
        self.follow_clock()
        caller = self.world.admission.admit(http.headers)
        if isinstance(caller, Denial):
            self.totals.rejected += 1
            refusals.say(reply, caller.reason, caller.message, request_id, code=caller.code)
            return
        try:
            request = read_request(dialect, http.body, operation)
        except CallerFault as fault:
            self._faulty(reply, fault, request_id)
            return
        case = self._case(caller, request)
        if case is None:
            self.totals.rejected += 1
            refusals.unknown_model(reply, request.model, caller.workloads, request_id)
            return
        arrival = Arrival(connection, http, reply, request_id)
        if request.previous:
            self._recall(arrival, caller, request, case)
        else:
            self._let_in(arrival, request, case, request, None)

    def _let_in(
        self,
        arrival: Arrival,
        request: Request,
        case: Case,
        asked: Request,
        thinkers: frozenset[str] | None,
    ) -> None:
        """`request` may have more in it than was `asked` in this turn; then it is known whose
        reasoning is in that (`thinkers`)."""
        reply, request_id, dialect = arrival.reply, arrival.request, request.dialect
        if not case.plan.steps and self._unoffered(reply, case, request, request_id):
            return
        conversing = None
        if case.plan.target.workload.keep_responses is not None or thinkers is not None:
            request, conversing = conversed(self.world, request_id, case, request, asked)
        if dialect != CHAT and self.world.tells_in_blocks:
            request = without_notices(request)
        passage = passage_of(arrival.http, request, case, self.world, conversing, thinkers)
        if (barrier := passage.barrier()) is not None:
            self._faulty(reply, barrier, request_id)
            return
        if case.first != dialect and (barrier := passage.fault(case.first)) is not None:
            case = self._without(case, passage)
            if not case.plan.steps:
                self._faulty(reply, barrier, request_id)
                return
        if case.plan.steps and (barrier := passage.unpermitted(case.first, case.plan.steps[0])):
            self._faulty(reply, barrier, request_id)
            return
        if not self._hindered(reply, case, request_id):
            about = about_of(self.world, arrival, case, passage, conversing)
            exchange = Exchange(self.world, reply, about)
            self.company.exchanges[exchange] = None
            self.totals.requests += 1
            arrival.connection.exchange = exchange
            exchange.begin()

    def _recall(self, arrival: Arrival, caller: Caller, request: Request, case: Case) -> None:
        """Asks for what a request goes on from: it waits meanwhile, and nobody else does."""
        if case.plan.target.workload.keep_responses is None:
            self._faulty(arrival.reply, previous_refused(), arrival.request)
        elif not self._hindered(arrival.reply, case, arrival.request):
            self._recalls += 1
            recall = recall_of(self.world, caller, request.previous, whole=True)
            self.committer.recall(recall, partial(self._recalled, arrival, caller, request))

    def _recalled(
        self, arrival: Arrival, caller: Caller, request: Request, turns: list[Turn], code: str
    ) -> None:
        self._recalls -= 1
        try:
            if arrival.reply.gone:
                pass
            elif code:
                self.totals.rejected += 1
                unrecalled(self.world.refusals, arrival, request.previous, code)
            else:
                self._go_on(arrival, caller, request, turns)
        except Exception as error:  # noqa: BLE001 - reported, and this request ends
            self.report(error)
            self.world.refusals.internal(arrival.reply, arrival.request)
        self._drained()

    def _go_on(self, arrival: Arrival, caller: Caller, asked: Request, turns: list[Turn]) -> None:
        """Lets in the whole, decided as of now."""
        self.follow_clock()
        caller = self.world.admission.again(caller)
        case = self._case(caller, asked)
        if case is None:
            self.totals.rejected += 1
            refusals = self.world.refusals
            refusals.unknown_model(arrival.reply, asked.model, caller.workloads, arrival.request)
            return
        whole = joined(asked, map(before, turns))
        self._let_in(arrival, whole.request, case, asked, whole.thinkers)

    def _faulty(self, reply: Reply, fault: CallerFault, request_id: str) -> None:
        """A request that cannot be served as it is, whoever asks."""
        self.totals.rejected += 1
        self.world.refusals.fault(reply, fault, request_id)

    def _without(self, case: Case, passage: Passage) -> Case:
        """The plan for a request that cannot be said in the dialect of the first step."""
        world, request = self.world, passage.request
        unsaid = frozenset(d for d in DIALECTS if passage.fault(d) is not None)
        found = world.prepare(
            case.caller, request.model, request.dialect, stale=case.stale, without=unsaid
        )
        assert found is not None, "the same name meant something a moment ago"
        return found

    def _unoffered(self, reply: Reply, case: Case, request: Request, request_id: str) -> bool:
        """Whether the rules permit it and no endpoint offers it; then the caller is told.

        A count of ours is an estimate from the request's length: nothing is sent, no model is
        asked, so nothing is recorded.
        """
        permitted = [c for c in case.plan.considered if c.decision.permitted]
        if not permitted or any(c.able for c in permitted):
            return False
        workload = case.plan.target.workload
        if request.operation == "count_tokens" and workload.count_tokens is CountTokens.ESTIMATE:
            headers = f"licet-request-id: {request_id}\r\nlicet-estimated: input_tokens\r\n"
            reply.whole(200, headers.encode(), write_estimate(request.size))
            self.totals.requests += 1
            self.totals.answered += 1
        else:
            self.totals.rejected += 1
            self.world.refusals.unoffered(reply, request, request_id)
        return True

    def _case(self, caller: Caller, request: Request) -> Case | None:
        """The plan for what the caller asks, from the last time where that still holds."""
        asked, dialect, operation = request.model, request.dialect, request.operation
        # No operation is called as a dialect is.
        form = dialect if operation == "answer" else operation
        world = self.world
        stale = world.stale
        case = caller.cases.get((asked, form))
        if (
            case is None
            or case.stale is not stale
            or not case.ground.stands(world.epoch, self.clock)
            or not world.breakers.all_closed
        ):
            case = world.prepare(caller, asked, dialect, stale=stale, operation=operation)
            if case is not None and world.breakers.all_closed:
                caller.cases[asked, form] = case
        return case

    def _hindered(self, reply: Reply, case: Case, request: str) -> bool:
        """Whether this worker may decide nothing at present; then the caller is told."""
        refusals, workload = self.world.refusals, case.plan.target.workload
        if not self.committer.accepts:
            refusals.unrecorded(reply, request)
        elif case.stale and workload.on_stale is OnStale.REFUSE:
            refusals.stale(reply, request)
        elif self.clock.uncertain:
            refusals.uncertain(reply, request)
        elif len(self.company.exchanges) + self._recalls >= self.world.settings.limits.requests_max:
            refusals.busy(reply, request)
        else:
            return False
        self.totals.failed += 1
        return True

    def new_id(self) -> str:
        return request_id(int(self._wall_s() * 1000), self._entropy(ENTROPY_BYTES))


def _limits(settings: Settings) -> Limits:
    bounds = settings.limits
    idle_s = settings.timeouts.client_idle_ms / 1000
    return Limits(
        head_bytes_max=bounds.header_bytes_max,
        body_bytes_max=bounds.body_bytes_max,
        head_s=idle_s,
        body_s=idle_s,
        idle_s=idle_s,
    )
