"""What a caller is told who gets no answer: refusals by directives, failures, mistakes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from licet.catalog import Candidate, OperatorSettings, Workload
from licet.evidence import OutcomeWord
from licet.gateway.filing import Filing
from licet.gateway.reply import Reply
from licet.policy import (
    Decision,
    Ruleset,
    disclosed_directives,
    disclosed_missing,
    refusal_sentence,
)
from licet.relay import Conclusion, Failure, FailureKind, Plan, Relay
from licet.terms import CallerFault
from licet.wire import ErrorBody, LicetDetails, Operation, Reason, Request, error_of

SHOWN_CHARACTERS_MAX = 128

_ODD = re.compile(r"[^A-Za-z0-9_.:/@+-]")
_OUTCOMES: dict[Conclusion, OutcomeWord] = {
    Conclusion.ANSWERED: "answered",
    Conclusion.PASSED: "failed",
    Conclusion.REFUSED: "refused",
    Conclusion.UNAVAILABLE: "failed",
    Conclusion.CUT: "cut",
    Conclusion.FAILED: "failed",
    Conclusion.CANCELLED: "cancelled",
}
_REASONS: dict[FailureKind, Reason] = {
    FailureKind.RATE_LIMITED: "rate_limited",
    FailureKind.OVERLOADED: "model_unavailable",
    FailureKind.UNAVAILABLE: "model_unavailable",
    FailureKind.STALE_RULES: "recorder_unavailable",
    FailureKind.DECLINED: "invalid_request",
    FailureKind.HEAD_TIMEOUT: "vendor_timeout",
    FailureKind.STALL: "vendor_timeout",
    FailureKind.TOTAL_TIMEOUT: "vendor_timeout",
    FailureKind.REQUEST_TIMEOUT: "vendor_timeout",
}
_CODES = {
    FailureKind.STALE_RULES: "stale_snapshot",
    FailureKind.DECLINED: "content_filter",
}


def outcome_word(conclusion: Conclusion) -> OutcomeWord:
    """The word that the outcome's record uses."""
    return _OUTCOMES[conclusion]


def shown(text: str) -> str:
    """What a caller sent, as it may stand in a message: short, and on one line."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text[:SHOWN_CHARACTERS_MAX])


def plain(text: str) -> str:
    """What a vendor calls something, as it may stand in a header."""
    return _ODD.sub("_", text[:SHOWN_CHARACTERS_MAX])


class Refusals:
    """Writes errors in the caller's dialect, on behalf of one operator."""

    def __init__(self, operator: OperatorSettings) -> None:
        self._operator = operator
        # RFC 7725, section 4: who implements the block.
        self._blocked_by = f'link: <{operator.url}>; rel="blocked-by"\r\n'.encode()

    def conclude(
        self,
        reply: Reply,
        relay: Relay,
        filing: Filing,
        rules: Ruleset,
        permitted: tuple[str, ...],
    ) -> None:
        """The end of a request without an answer, as the relay concluded it; `permitted`:
        the models of its plan that the caller may have instead."""
        plan = filing.about.case.plan
        request = filing.about.request
        headers = _headers(request, filing)
        conclusion, failure = relay.conclusion, relay.failure
        if conclusion in (Conclusion.REFUSED, Conclusion.CUT) and relay.decision is not None:
            model = filing.barred or plan.considered[0].candidate.model
            error = self._refusal(plan, relay.decision, rules, model, request, permitted)
            reply.error(error, headers + self._blocked_by)
        elif conclusion is Conclusion.FAILED and failure is not None:
            error = _failed(relay.tried, failure, request, began=reply.started)
            reply.error(error, headers + _retry_after(failure))
        else:
            reply.error(_unavailable(plan, request), headers)

    def _refusal(
        self,
        plan: Plan,
        decision: Decision,
        rules: Ruleset,
        model: str,
        request: str,
        permitted: tuple[str, ...],
    ) -> ErrorBody:
        contact = self._operator.contact
        message = refusal_sentence(
            rules,
            decision,
            model=model,
            workload=plan.target.workload.id,
            permitted=permitted,
            contact=contact,
            request_id=request,
        )
        details = LicetDetails(
            request_id=request,
            verdict=decision.verdict.value,
            directives=disclosed_directives(rules, decision),
            missing=disclosed_missing(rules, decision),
            permitted=permitted,
            contact=contact,
        )
        return ErrorBody(
            reason="refused", message=message, request_id=request, param="model", licet=details
        )

    def unrecorded(self, reply: Reply, request: str) -> None:
        """The recorder is gone or cannot write: nothing is served without its record."""
        message = "nothing can be recorded at present, so nothing is served: try again shortly"
        self._say(reply, "recorder_unavailable", message, request, _RETRY_SOON)

    def stale(self, reply: Reply, request: str) -> None:
        message = "this worker does not know whether its rules are the latest: try again shortly"
        self._say(reply, "recorder_unavailable", message, request, _RETRY_SOON, "stale_snapshot")

    def uncertain(self, reply: Reply, request: str) -> None:
        message = "the clock has left its permitted error, so nothing can be decided"
        self._say(reply, "recorder_unavailable", message, request, _RETRY_SOON, "clock_uncertain")

    def busy(self, reply: Reply, request: str) -> None:
        message = "this worker serves as many requests as it may: try again shortly"
        self._say(reply, "model_unavailable", message, request, _RETRY_SOON, "too_many_requests")

    def fault(self, reply: Reply, fault: CallerFault, request: str) -> None:
        """A request that cannot be understood."""
        reply.error(error_of(fault, request), b"licet-request-id: %s\r\n" % request.encode())

    def unknown_model(
        self, reply: Reply, name: str, workloads: Iterable[Workload], request: str
    ) -> None:
        offered = ", ".join(f"`{w.id}`" for w in workloads) or "none"
        message = (
            f"`{shown(name)}` is no workload of this key and no model of one; its workloads are: "
            f"{offered}"
        )
        self.say(reply, "not_found", message, request, code="model_not_found", param="model")

    def unoffered(self, reply: Reply, request: Request, request_id: str) -> None:
        """What is permitted, and of no endpoint to be had at all."""
        wanted = _WANTED[request.operation]
        message = f"`{shown(request.model)}` is permitted, but none of its endpoints {wanted}"
        self.say(reply, "invalid_request", message, request_id, code="not_offered", param="model")

    def wrong_method(self, reply: Reply, method: bytes, allowed: bytes, request: str) -> None:
        message = f"`{method.decode()}` is not for this path: use {allowed.decode()}"
        allow = b"allow: %s\r\n" % allowed
        self._say(reply, "method_not_allowed", message, request, allow)

    def internal(self, reply: Reply, request: str) -> None:
        message = f"the gateway failed on this request: tell {self._operator.contact}"
        self._say(reply, "internal", message, request)

    def say(
        self,
        reply: Reply,
        reason: Reason,
        message: str,
        request: str,
        *,
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        """An error that is none of a directive's: a mistake of the caller's, or of ours."""
        error = ErrorBody(
            reason=reason, code=code, message=message, param=param, request_id=request
        )
        reply.error(error, b"licet-request-id: %s\r\n" % request.encode())

    def _say(
        self,
        reply: Reply,
        reason: Reason,
        message: str,
        request: str,
        headers: bytes = b"",
        code: str | None = None,
    ) -> None:
        error = ErrorBody(reason=reason, code=code, message=message, request_id=request)
        reply.error(error, b"licet-request-id: %s\r\n%s" % (request.encode(), headers))


_RETRY_SOON = b"retry-after: 1\r\n"
_WANTED: dict[Operation, str] = {
    "answer": "answers prompts",
    "embeddings": "makes embeddings",
    "count_tokens": "counts tokens, and its workload wants no estimate",
}


def _headers(request: str, filing: Filing) -> bytes:
    log = filing.ledger.log
    index = filing.decision_index
    return f"licet-request-id: {request}\r\nlicet-evidence: {log}/{index}\r\n".encode()


def _retry_after(failure: Failure) -> bytes:
    if failure.retry_after_ms is None:
        return b""
    return b"retry-after: %d\r\n" % -(-failure.retry_after_ms // 1000)


def _failed(
    tried: tuple[Candidate, ...], failure: Failure, request: str, *, began: bool
) -> ErrorBody:
    """`began`: the caller has seen the beginning of the last one's answer."""
    named = [f"`{step.model}` at `{step.endpoint}`" for step in tried]
    why = failure.message or failure.kind.value
    message = f"no vendor answered ({', '.join(named)}): {why}"
    if began:
        message = f"{named[-1]} did not end its answer: {why}"
    if failure.kind is FailureKind.DECLINED:
        message = f"{named[-1]} refuses this: {why}"
    reason = _REASONS.get(failure.kind, "vendor_error")
    code = _CODES.get(failure.kind)
    return ErrorBody(reason=reason, code=code, message=message, request_id=request)


def _unavailable(plan: Plan, request: str) -> ErrorBody:
    asked = plan.target.asked
    message = f"`{asked}` is permitted, but withdrawn everywhere at present: try again later"
    return ErrorBody(reason="model_unavailable", message=message, param="model", request_id=request)
