"""How an attempt ended: the outcome's record, from everybody who knows a part of it."""

from __future__ import annotations

import re

from msgspec import structs

from licet.evidence import INTEGER_MAX, OutcomeLeaf, OutcomeWord, Usage, clip, tokens
from licet.gateway.filing import Filing
from licet.gateway.forms import NUMBERS, TEXTS, Form
from licet.gateway.intake import Intake
from licet.relay import Conclusion, Relay
from licet.terms import Instant
from licet.wire import Usage as Counted

SAID_CHARACTERS_MAX = 256
"""Of each thing that a vendor says of its answer, so that no vendor can bloat the log."""

UNTOLD = "not_available"
"""What a vendor answers that cannot say where it inferred (Anthropic API reference, usage)."""

FORMS_MAX = 256
_PLAIN = re.compile(r"[A-Za-z0-9_.:/-]{1,256}")
_NUMBER = str(NUMBERS[0])[:-1]
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
    cause: str = "",
    shown: int = 0,
) -> OutcomeLeaf:
    """The record that the last frame waits for; `intake` is None where nothing was sent. `cause`:
    the class of a refusal that is routed on. `shown`: the attempt whose refusal the caller gets."""
    ledger, decision, failure = filing.ledger, relay.decision, relay.failure
    cut = outcome == "cut" or relay.conclusion in _BY_DIRECTIVES
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
        shown=shown,
        finish=clip(finish, SAID_CHARACTERS_MAX),
        fault=cause or (failure.kind.value if failed and failure is not None else ""),
        deciding=decision.deciding if cut and decision is not None else (),
        residency=clip(residency, SAID_CHARACTERS_MAX),
        usage=_usage(intake.usage) if intake is not None else None,
        streamed=filing.about.passage.request.stream,
        # The loop's clock counts milliseconds.
        duration_us=round(lasted_s * 1000) * 1000,
        digest_key=filing.digest_key if digest else "",
        answer_digest=digest,
        breaches=_breaches(filing, residency, model),
    )


def file_ending(
    outcome: OutcomeWord,
    relay: Relay,
    intake: Intake | None,
    filing: Filing,
    *,
    at: Instant,
    lasted_s: float,
    digest: str,
) -> None:
    """Files how the last attempt ended; an answer of a kind that was there before from its form."""
    filled = None
    if outcome == "answered" and intake is not None and filing.ledger.wall is None:
        filled = _filled(intake, filing, at, lasted_s, digest)
    if filled is not None:
        filing.filled(filled)
        return
    known = relay, intake, filing
    leaf = ending_of(outcome, *known, at=at, lasted_s=lasted_s, digest=digest)
    filing.outcome(leaf)
    if outcome == "answered" and intake is not None and not (leaf.breaches or leaf.deciding):
        _remember(intake, filing, leaf)


def _filled(
    intake: Intake, filing: Filing, at: Instant, lasted_s: float, digest: str
) -> bytes | None:
    """The record of an answer from the form of its kind; None where there is none."""
    ledger, usage, told = filing.ledger, intake.usage, intake.vendor_request
    lasted_us = round(lasted_s * 1000) * 1000
    if usage is None or usage.reasoning_tokens or (told and _PLAIN.fullmatch(told) is None):
        # How much was thought differs from answer to answer, and has no blank.
        return None
    read, written = usage.input_tokens, usage.output_tokens
    cached = usage.cached_input_tokens
    if not (0 < read <= INTEGER_MAX and 0 < written <= INTEGER_MAX and 0 <= cached <= read):
        return None
    form = ledger.endings.get(_kind(intake, usage, told, filing, lasted_us > 0))
    if form is None:
        return None
    request = filing.about.request
    return form.fill(ledger.stamp(at), request, digest, told, lasted_us, read, written, cached)


def _remember(intake: Intake, filing: Filing, leaf: OutcomeLeaf) -> None:
    """Prints the form of this kind of answer, unless a vendor's words could pass for a blank."""
    said, counted, usage = intake.said, intake.usage, leaf.usage
    forms = filing.ledger.endings
    if (
        counted is None
        or usage is None
        or usage.reasoning
        or not all(word.isprintable() and _NUMBER not in word for word in said)
    ):
        return
    at, request, digest, told = TEXTS[:4]
    lasted, read, written, cached = NUMBERS[4:8]
    blank = structs.replace(
        leaf,
        at=at,
        request=request,
        answer_digest=digest,
        vendor_request=told if leaf.vendor_request else "",
        duration_us=lasted if leaf.duration_us else 0,
        usage=structs.replace(
            usage, input=read, output=written, cache_read=cached if usage.cache_read else 0
        ),
    )
    if len(forms) >= FORMS_MAX:
        forms.clear()
    kind = _kind(intake, counted, intake.vendor_request, filing, leaf.duration_us > 0)
    forms[kind] = Form(blank)


def _kind(
    intake: Intake, usage: Counted, told: str, filing: Filing, lasted: bool
) -> tuple[object, ...]:
    """All that a form depends on, beside the ledger: what is printed, and what is left out. What
    is added to a record is added here, or becomes a blank in `_remember`."""
    expected = filing.about.passage.expected
    return (
        intake.said,
        intake.status,
        filing.digest_key,
        filing.attempt,
        filing.tries,
        filing.about.passage.request.stream,
        filing.about.passage.lost,
        None if expected is None else expected.step,
        lasted,
        told != "",
        usage.cached_input_tokens > 0,
        usage.estimated,
    )


def _breaches(filing: Filing, residency: str, model: str) -> tuple[str, ...]:
    """What the vendor did otherwise than asked. Where it does not say where it inferred, or with
    which model, nobody can tell, and nothing is claimed."""
    passage = filing.about.passage
    asked, told = passage.lost[2].lower(), residency.lower()
    found = ("residency",) if asked and told not in ("", UNTOLD, asked) else ()
    expected = passage.expected
    known = expected is None or expected.who(model) is not None
    return found if known else (*found, "model")


def _usage(counted: Counted | None) -> Usage | None:
    if counted is None:
        return None
    return Usage(
        input=tokens(counted.input_tokens),
        output=tokens(counted.output_tokens),
        cache_read=tokens(counted.cached_input_tokens),
        reasoning=tokens(counted.reasoning_tokens),
        estimated=counted.estimated,
    )
