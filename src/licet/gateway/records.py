"""The leaves of one request: what is said to the evidence log, and when.

One decision per request, which is also the record of its first sending; one attempt for
each further endpoint or snapshot; one outcome for each of these. What was decided again in
between and turned out differently is a decision of its own.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from licet.catalog import Candidate as Step
from licet.evidence import (
    AttemptLeaf,
    Candidate,
    DecisionLeaf,
    Observed,
    Opening,
    OutcomeLeaf,
    Sending,
    Usage,
    commit,
    encode,
    tokens,
)
from licet.gateway.admission import Caller
from licet.policy import Decision
from licet.relay import Considered, Plan
from licet.terms import SECOND_US, Instant, format_instant
from licet.wire import Usage as Counted

CANDIDATES_MAX = 32
ASKED_CHARACTERS_MAX = 256


class Stamp:
    """Instants as text, remembering the second: most records share it with the last."""

    __slots__ = ("_prefix", "_second")

    def __init__(self) -> None:
        self._second = -1
        self._prefix = ""

    def __call__(self, instant: Instant) -> str:
        second, microsecond = divmod(instant, SECOND_US)
        if second != self._second:
            self._second = second
            self._prefix = format_instant(Instant(second * SECOND_US))[:20]
        return f"{self._prefix}{microsecond:06d}Z"


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """What all records of one worker under one snapshot share.

    `wall`: the system's clock, only where the decision clock is scripted.
    """

    log: str
    snapshot: str
    digest_key_id: str
    stamp: Stamp
    entropy: Callable[[int], bytes]
    wall: Callable[[], Instant] | None = None

    def now(self) -> str | None:
        return None if self.wall is None else format_instant(self.wall())


class Filed(msgspec.Struct, frozen=True, gc=False):
    """An entry for the recorder."""

    leaf: bytes
    opening: Opening | None = None


class About(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is known of one request beside its plan. `passed`: the caller's headers that
    are parameters of the dialect, and so go on to the vendor."""

    request: str
    caller: Caller
    dialect: str
    request_digest: str
    error_us: int
    before_send: bool
    stale: bool = False
    passed: tuple[tuple[bytes, bytes], ...] = ()


def decision(
    ledger: Ledger,
    about: About,
    plan: Plan,
    *,
    valid_at: Instant,
    sending: Step | None,
    vendor_model: str = "",
) -> Filed:
    """The verdict on admission; with `sending` also the record of the first attempt."""
    at = ledger.stamp(valid_at)
    first = plan.considered[0].decision
    deciding = plan.barring
    shown = plan.considered[:CANDIDATES_MAX]
    opening, commitment = _opening(ledger, about)
    leaf = DecisionLeaf(
        at=at,
        log=ledger.log,
        wall=ledger.now(),
        request=about.request,
        key=about.caller.key.id,
        organisation=about.caller.key.organisation,
        workload=plan.target.workload.id,
        asked=plan.target.asked[:ASKED_CHARACTERS_MAX],
        snapshot=ledger.snapshot,
        valid_at=at,
        known_at=at,
        verdict=plan.verdict.value,
        commitment=commitment,
        dialect=about.dialect,
        error_us=about.error_us,
        deciding=deciding,
        relieving=first.relieving,
        missing=first.missing,
        observed=_observed(first),
        candidates=tuple(_candidate(c) for c in shown),
        candidates_left_out=len(plan.considered) - len(shown),
        duties=tuple(duty.kind for duty in first.duties),
        evidence="before_send" if about.before_send else "before_answer",
        stale=about.stale,
        digest_key=ledger.digest_key_id,
        request_digest=about.request_digest,
        sending=None if sending is None else _sending(ledger, sending, vendor_model),
    )
    return Filed(encode(leaf), opening)


def changed(
    ledger: Ledger,
    about: About,
    plan: Plan,
    verdict: Decision,
    step: Step,
    *,
    valid_at: Instant,
    in_flight: bool,
) -> Filed:
    """A step was decided again and is no longer permitted."""
    at = ledger.stamp(valid_at)
    opening, commitment = _opening(ledger, about)
    leaf = DecisionLeaf(
        at=at,
        log=ledger.log,
        wall=ledger.now(),
        request=about.request,
        key=about.caller.key.id,
        organisation=about.caller.key.organisation,
        workload=plan.target.workload.id,
        asked=plan.target.asked[:ASKED_CHARACTERS_MAX],
        snapshot=ledger.snapshot,
        valid_at=at,
        known_at=at,
        verdict=verdict.verdict.value,
        commitment=commitment,
        reason="in_flight" if in_flight else "attempt",
        dialect=about.dialect,
        error_us=about.error_us,
        deciding=verdict.deciding,
        missing=verdict.missing,
        candidates=(_of(step, verdict),),
    )
    return Filed(encode(leaf), opening)


def attempt(
    ledger: Ledger,
    about: About,
    step: Step,
    *,
    at: Instant,
    number: int,
    cause: str,
    vendor_model: str,
    retry: bool,
) -> Filed:
    """A further sending: another endpoint, or the same under another snapshot."""
    leaf = AttemptLeaf(
        at=ledger.stamp(at),
        log=ledger.log,
        wall=ledger.now(),
        request=about.request,
        attempt=number,
        sending=_sending(ledger, step, vendor_model),
        reason="retry" if retry else "failover",
        cause=cause,
    )
    return Filed(encode(leaf))


class Ending(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How an attempt, or a request without one (`attempt` 0), ended."""

    outcome: str
    attempt: int
    tries: int = 1
    status: int = 0
    answered_by: str = ""
    vendor_request: str = ""
    category: str = ""
    finish: str = ""
    fault: str = ""
    residency: str = ""
    deciding: tuple[str, ...] = ()
    usage: Counted | None = None
    streamed: bool = False
    duration_us: int = 0
    answer_digest: str = ""


def outcome(ledger: Ledger, about: About, ending: Ending, *, at: Instant) -> Filed:
    """The record that the last frame of an answer waits for."""
    counted = ending.usage
    leaf = OutcomeLeaf(
        at=ledger.stamp(at),
        log=ledger.log,
        wall=ledger.now(),
        request=about.request,
        outcome=ending.outcome,  # type: ignore[arg-type]
        attempt=ending.attempt,
        tries=ending.tries,
        status=ending.status,
        answered_by=ending.answered_by[:ASKED_CHARACTERS_MAX],
        vendor_request=ending.vendor_request[:ASKED_CHARACTERS_MAX],
        category=ending.category[:ASKED_CHARACTERS_MAX],
        finish=ending.finish[:ASKED_CHARACTERS_MAX],
        fault=ending.fault,
        deciding=ending.deciding,
        residency=ending.residency[:ASKED_CHARACTERS_MAX],
        usage=None
        if counted is None
        else Usage(
            input=tokens(counted.input_tokens),
            output=tokens(counted.output_tokens),
            cache_read=tokens(counted.cached_input_tokens),
            estimated=counted.estimated,
        ),
        streamed=ending.streamed,
        duration_us=ending.duration_us,
        digest_key=ledger.digest_key_id if ending.answer_digest else "",
        answer_digest=ending.answer_digest,
    )
    return Filed(encode(leaf))


def _opening(ledger: Ledger, about: About) -> tuple[Opening, str]:
    caller = about.caller
    salt = ledger.entropy(32)
    opening = Opening(
        request=about.request,
        holder=caller.holder,
        salt=salt,
        inputs=caller.inputs,
        parts=caller.parts,
    )
    return opening, commit(salt, caller.inputs)


def _sending(ledger: Ledger, step: Step, vendor_model: str) -> Sending:
    return Sending(
        endpoint=step.endpoint,
        model=step.model,
        snapshot=ledger.snapshot,
        vendor_model="" if vendor_model == step.model else vendor_model,
    )


def _candidate(found: Considered) -> Candidate:
    unable = ""
    if found.decision.permitted:
        if not found.able:
            unable = "dialect"
        elif not found.available:
            unable = "unavailable"
        elif not found.healthy:
            unable = "unhealthy"
    return _of(found.candidate, found.decision, unable)


def _of(step: Step, verdict: Decision, unable: str = "") -> Candidate:
    return Candidate(
        endpoint=step.endpoint,
        model=step.model,
        verdict=verdict.verdict.value,
        deciding=verdict.deciding,
        relieving=verdict.relieving,
        missing=verdict.missing,
        unable=unable,
    )


def _observed(verdict: Decision) -> Observed | None:
    if verdict.observed_verdict is None:
        return None
    return Observed(verdict=verdict.observed_verdict.value, deciding=verdict.observed)
