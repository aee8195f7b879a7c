"""Cases: what is the same for every request of one caller for one name.

A caller asks for the same few models again and again, and between two changes of the rules
the plan, the verdicts and nearly all of the decision's record are the same each time. A case
holds them, and the record as a printed form with blanks for what differs.
"""

from __future__ import annotations

from collections.abc import Callable

from licet.catalog import Candidate as Step
from licet.evidence import Candidate, DecisionLeaf, Observed, Sending, clip
from licet.gateway.admission import Caller, Ground
from licet.gateway.fittings import Fittings
from licet.gateway.forms import TEXTS, Form
from licet.gateway.passage import NO_LOSSES, Losses
from licet.policy import Decision, notices
from licet.relay import Considered, Plan
from licet.wire import Dialect, Operation

CANDIDATES_MAX = 32
ASKED_CHARACTERS_MAX = 256
FORMS_MAX = 64

_AT, _COMMITMENT, _DIGEST, _REQUEST, _WALL = TEXTS[:5]


class Case:
    """A plan and its verdicts; good while the `ground` that they rest on stands.

    `continues`: whether a stream may be handed over in its midst. `directives`: those that barred
    a candidate, as far as they may be disclosed. `fittings`: what endpoints want of its requests;
    None where none wants anything. `first`: the dialect of the first step. `stale`: whether the
    lease had expired, which the workload allows.
    """

    __slots__ = (
        "_forms", "_printed", "_told", "before_send", "caller", "continues", "dialect",
        "directives", "first", "fittings", "form", "ground", "plan", "stale",
    )  # fmt: skip

    def __init__(
        self,
        *,
        ground: Ground,
        plan: Plan,
        dialect: Dialect,
        before_send: bool,
        stale: bool,
        printed: Callable[[Losses], Form],
        first: Dialect,
        fittings: Fittings | None,
        directives: tuple[str, ...],
        continues: bool,
    ) -> None:
        self.continues = continues
        self.directives = directives
        self.ground = ground
        self.caller = ground.caller
        self.plan = plan
        self.dialect = dialect
        self.before_send = before_send
        self.stale = stale
        self.first: Dialect = first
        self.fittings = fittings
        self.form = printed(NO_LOSSES)
        self._printed = printed
        self._forms: dict[Losses, Form] = {}
        self._told: dict[Step, bytes] = {}

    def form_of(self, losses: Losses) -> Form:
        """The record of an admission whose first sending loses something."""
        if losses == NO_LOSSES:
            return self.form
        form = self._forms.get(losses)
        if form is None:
            if len(self._forms) >= FORMS_MAX:
                self._forms.clear()
            form = self._forms[losses] = self._printed(losses)
        return form

    def told(self, step: Step) -> bytes:
        """Header lines: which model answers, on which decision, with what the rules demand."""
        lines = self._told.get(step)
        if lines is None:
            lines = self._told[step] = self._tell(step).encode()
        return lines

    def _tell(self, step: Step) -> str:
        rerouted = step != self.plan.target.candidates[0]
        lines = (
            f"licet-model: {step.model}\r\nlicet-endpoint: {step.endpoint}\r\n"
            f"licet-decision: {'rerouted' if rerouted else 'permitted'}\r\n"
        )
        if self.directives:
            lines += f"licet-directives: {', '.join(self.directives)}\r\n"
        if told := notices(self.plan.duties_of(step)):
            lines += f"licet-notice: {', '.join(told)}\r\n"
        return lines


def decision_form(
    losses: Losses,
    *,
    log: str,
    snapshot: str,
    digest_key_id: str,
    error_us: int,
    scripted: bool,
    caller: Caller,
    plan: Plan,
    dialect: Dialect,
    operation: Operation,
    before_send: bool,
    stale: bool,
    vendor_model: str,
) -> Form:
    """The record of an admission; with steps in the plan also that of the first attempt."""
    first = plan.considered[0].decision
    shown = plan.considered[:CANDIDATES_MAX]
    sending = None
    keeping = plan.target.workload.keep_content
    if plan.steps:
        sending = sending_of(plan.steps[0], snapshot, vendor_model, losses)
    return Form(
        DecisionLeaf(
            at=_AT,
            log=log,
            wall=_WALL if scripted else None,
            request=_REQUEST,
            key=caller.key.id,
            organisation=caller.key.organisation,
            workload=plan.target.workload.id,
            asked=clip(plan.target.asked, ASKED_CHARACTERS_MAX),
            snapshot=snapshot,
            valid_at=_AT,
            known_at=_AT,
            verdict=plan.verdict.value,
            commitment=_COMMITMENT,
            dialect=dialect,
            operation="" if operation == "answer" else operation,
            error_us=error_us,
            deciding=plan.barring,
            relieving=first.relieving,
            missing=first.missing,
            observed=_observed(first),
            candidates=tuple(_considered(c) for c in shown),
            candidates_left_out=len(plan.considered) - len(shown),
            routes=tuple(_considered(c) for c in plan.routes[:CANDIDATES_MAX]),
            duties=tuple(dict.fromkeys(duty.kind for duty in plan.duties)),
            evidence="before_send" if before_send else "before_answer",
            stale=stale,
            digest_key=digest_key_id,
            request_digest=_DIGEST,
            sending=sending,
            content_days=keeping.days if sending is not None and keeping is not None else 0,
        )
    )


def sending_of(step: Step, snapshot: str, vendor_model: str, losses: Losses) -> Sending:
    """What goes to whom, and what of the request does not, as records say it."""
    dropped, stripped, geo, others = losses
    return Sending(
        endpoint=step.endpoint,
        model=step.model,
        snapshot=snapshot,
        vendor_model="" if vendor_model == step.model else vendor_model,
        residency=geo,
        dropped=dropped,
        stripped=stripped,
        substitutes=others,
    )


def candidate_of(step: Step, verdict: Decision, unable: str = "") -> Candidate:
    """A candidate and its verdict, as records say it."""
    return Candidate(
        endpoint=step.endpoint,
        model=step.model,
        verdict=verdict.verdict.value,
        deciding=verdict.deciding,
        relieving=verdict.relieving,
        missing=verdict.missing,
        unable=unable,
    )


def _considered(found: Considered) -> Candidate:
    unable = ""
    if found.decision.permitted:
        if not found.able:
            unable = "dialect"
        elif not found.available:
            unable = "unavailable"
        elif not found.healthy:
            unable = "unhealthy"
    return candidate_of(found.candidate, found.decision, unable)


def _observed(verdict: Decision) -> Observed | None:
    if verdict.observed_verdict is None:
        return None
    return Observed(
        verdict=verdict.observed_verdict.value,
        deciding=verdict.observed,
        missing=verdict.observed_missing,
    )
