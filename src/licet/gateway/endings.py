"""How an attempt ended: the outcome's record, from everybody who knows a part of it."""

from __future__ import annotations

from licet.evidence import OutcomeLeaf, OutcomeWord, Usage, clip, tokens
from licet.gateway.filing import Filing
from licet.gateway.intake import Intake
from licet.gateway.passage import Losses
from licet.relay import Conclusion, Relay
from licet.terms import Instant
from licet.wire import Usage as Counted

SAID_CHARACTERS_MAX = 256
"""Of each thing that a vendor says of its answer, so that no vendor can bloat the log."""

UNTOLD = "not_available"
"""What a vendor answers that cannot say where it inferred (Anthropic API reference, usage)."""

_BY_DIRECTIVES = frozenset({Conclusion.CUT, Conclusion.REFUSED})
_NOTHING_SAID = ("", "", "", "")


def ending_of(
    outcome: OutcomeWord,
    relay: Relay,
    intake: Intake | None,
    filing: Filing,
    *,
    at: Instant,
    lasted_s: float,
    digest: str,
) -> OutcomeLeaf:
    """The record that the last frame waits for; `intake` is None where nothing was sent."""
    ledger, decision, failure = filing.ledger, relay.decision, relay.failure
    cut = decision is not None and relay.conclusion in _BY_DIRECTIVES
    failed = outcome == "failed" and failure is not None
    if not filing.tries:
        # What was put on file and not sent brought nothing; at hand is the attempt before.
        intake = None
    model, finish, refusal, residency = intake.said if intake is not None else _NOTHING_SAID
    return OutcomeLeaf(
        at=ledger.stamp(at),
        log=ledger.log,
        wall=ledger.now(),
        request=filing.about.request,
        outcome=outcome,
        attempt=filing.attempt,
        tries=filing.tries if filing.attempt else 1,
        status=intake.status if intake is not None else 0,
        answered_by=clip(model, SAID_CHARACTERS_MAX),
        vendor_request=clip(intake.vendor_request, SAID_CHARACTERS_MAX) if intake else "",
        category=clip(refusal, SAID_CHARACTERS_MAX),
        finish=clip(finish, SAID_CHARACTERS_MAX),
        fault=failure.kind.value if failed and failure is not None else "",
        deciding=decision.deciding if cut and decision is not None else (),
        residency=clip(residency, SAID_CHARACTERS_MAX),
        usage=_usage(intake.usage) if intake is not None else None,
        streamed=filing.about.passage.request.stream,
        # The loop's clock counts milliseconds.
        duration_us=round(lasted_s * 1000) * 1000,
        digest_key=ledger.digest_key_id if digest else "",
        answer_digest=digest,
        breaches=_breaches(filing.about.passage.lost, residency),
    )


def _breaches(lost: Losses, residency: str) -> tuple[str, ...]:
    """What the vendor did otherwise than asked. Where it does not say where it inferred, nobody
    can tell, and nothing is claimed."""
    asked, told = lost[2].lower(), residency.lower()
    return ("residency",) if asked and told not in ("", UNTOLD, asked) else ()


def _usage(counted: Counted | None) -> Usage | None:
    if counted is None:
        return None
    return Usage(
        input=tokens(counted.input_tokens),
        output=tokens(counted.output_tokens),
        cache_read=tokens(counted.cached_input_tokens),
        estimated=counted.estimated,
    )
