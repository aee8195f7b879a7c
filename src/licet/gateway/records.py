"""The leaves of one request: what is said to the evidence log, and when.

One decision per request, which is also the record of its first sending; one attempt for
each further endpoint or snapshot; one outcome for each of these. What was decided again in
between and turned out differently is a decision of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from licet.catalog import Candidate as Step
from licet.evidence import (
    AttemptLeaf,
    Content,
    DecisionLeaf,
    KeyedDigest,
    Opening,
    Turn,
    clip,
    commit,
    encode,
)
from licet.gateway.admission import Caller
from licet.gateway.cases import ASKED_CHARACTERS_MAX, Case, candidate_of, sending_of
from licet.gateway.conversing import Conversing
from licet.gateway.forms import Form
from licet.gateway.keeping import Keeping
from licet.gateway.passage import Losses, Passage
from licet.policy import Decision
from licet.terms import DAY_US, MINUTE_US, SECOND_US, Instant, format_instant

SALT_BYTES = 32
_TWO = tuple(f"{n:02d}" for n in range(60))
_THREE = tuple(f"{n:03d}" for n in range(1000))


class Stamp:
    """Instants as text, remembering the day: nearly all records share it with the last."""

    __slots__ = ("_begin", "_prefix")

    def __init__(self) -> None:
        # No instant is in the day that begins here.
        self._begin = 1 << 62
        self._prefix = ""

    def __call__(self, instant: Instant) -> str:
        since = instant - self._begin
        if not 0 <= since < DAY_US:
            since = instant % DAY_US
            self._begin = instant - since
            self._prefix = format_instant(Instant(self._begin))[:11]
        second, minute = since // SECOND_US, since // MINUTE_US
        clock = f"{_TWO[minute // 60]}:{_TWO[minute % 60]}:{_TWO[second % 60]}"
        return f"{self._prefix}{clock}.{_THREE[since // 1000 % 1000]}{_THREE[since % 1000]}Z"


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """What all records of one worker under one snapshot share.

    `error_us`: the declared error of decision time. `wall`: the system's clock, only where
    the decision clock is scripted. `breached` is told of an outcome with a breach.
    `endings`: forms of the records of answers, by what kind of answer it is.
    """

    log: str
    snapshot: str
    digest: KeyedDigest
    digest_key_id: str
    stamp: Stamp
    entropy: Callable[[int], bytes]
    breached: Callable[[tuple[str, ...]], None]
    error_us: int = 0
    wall: Callable[[], Instant] | None = None
    endings: dict[tuple[object, ...], Form] = field(default_factory=dict)

    def now(self) -> str | None:
        return None if self.wall is None else format_instant(self.wall())


class Filed:
    """An entry for the recorder."""

    # Written out, as `About`, because some are made for every request: the constructor that a
    # dataclass makes is not compiled.
    __slots__ = ("content", "leaf", "opening", "turn")

    def __init__(
        self,
        leaf: bytes,
        opening: Opening | None = None,
        content: Content | None = None,
        turn: Turn | None = None,
    ) -> None:
        self.leaf: Final = leaf
        self.opening: Final = opening
        self.content: Final = content
        self.turn: Final = turn


class About:
    """What is known of one request beside its case: its `body` as it came; `passage`: itself, in
    every dialect that its plan needs; `keeping`: where its content is kept; `conversing`: where it
    is a turn of a conversation that is."""

    __slots__ = ("body", "case", "conversing", "keeping", "passage", "request")

    def __init__(
        self,
        request: str,
        case: Case,
        body: bytes,
        passage: Passage,
        keeping: Keeping | None = None,
        conversing: Conversing | None = None,
    ) -> None:
        self.request: Final = request
        self.case: Final = case
        self.passage: Final = passage
        self.keeping: Final = keeping
        self.body: Final = body
        self.conversing: Final = conversing


def admission_form(about: About) -> Form:
    """The verdict on admission in print, with what does not reach the first step as of now: to be
    asked before that is sent to, since what may reach it can change in the same turn."""
    case, passage = about.case, about.passage
    steps = case.plan.steps
    told = passage.left or passage.foreign or passage.substitutes is not None
    if steps and (case.fittings is not None or told or case.first != case.dialect):
        return case.form_of(passage.losses(case.first, steps[0].endpoint))
    return case.form


def admission(ledger: Ledger, about: About, form: Form, *, at: Instant) -> Filed:
    """The verdict on admission; where the plan has steps, also the record of the first."""
    opening, commitment = _opening(ledger, about, about.case.caller)
    leaf = form.fill(
        ledger.stamp(at), commitment, ledger.digest(about.body), about.request, ledger.now() or ""
    )
    keeping = about.keeping
    if keeping is None or not about.case.plan.steps:
        return Filed(leaf, opening)
    return Filed(leaf, opening, keeping.asked(about.body))


def changed(
    ledger: Ledger,
    about: About,
    caller: Caller,
    verdict: Decision,
    step: Step,
    *,
    valid_at: Instant,
    in_flight: bool,
) -> Filed:
    """A step was decided again and is no longer permitted."""
    at = ledger.stamp(valid_at)
    case = about.case
    operation = about.passage.request.operation
    wanted = case.plan.target
    opening, commitment = _opening(ledger, about, caller)
    leaf = DecisionLeaf(
        at=at,
        log=ledger.log,
        wall=ledger.now(),
        request=about.request,
        key=caller.key.id,
        organisation=caller.key.organisation,
        workload=wanted.workload.id,
        asked=clip(wanted.asked, ASKED_CHARACTERS_MAX),
        snapshot=ledger.snapshot,
        valid_at=at,
        known_at=at,
        verdict=verdict.verdict.value,
        commitment=commitment,
        reason="in_flight" if in_flight else "attempt",
        dialect=case.dialect,
        operation="" if operation == "answer" else operation,
        error_us=ledger.error_us,
        deciding=verdict.deciding,
        missing=verdict.missing,
        candidates=(candidate_of(step, verdict),),
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
    losses: Losses,
    retry: bool,
    continues: str = "",
) -> Filed:
    """A further sending: another endpoint, or the same under another snapshot."""
    leaf = AttemptLeaf(
        at=ledger.stamp(at),
        log=ledger.log,
        wall=ledger.now(),
        request=about.request,
        attempt=number,
        sending=sending_of(step, ledger.snapshot, vendor_model, losses),
        reason="retry" if retry else "failover",
        cause=cause,
        continues=continues,
    )
    return Filed(encode(leaf))


def _opening(ledger: Ledger, about: About, caller: Caller) -> tuple[Opening, str]:
    salt = ledger.entropy(SALT_BYTES)
    opening = Opening(
        request=about.request,
        holder=caller.holder,
        salt=salt,
        inputs=caller.inputs,
        parts=caller.parts,
    )
    return opening, commit(salt, caller.inputs)
