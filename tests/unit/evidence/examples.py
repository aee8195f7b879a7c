"""Leaves that the tests of log and recorder write."""

from __future__ import annotations

from licet.evidence import (
    AdoptedLeaf,
    AttemptLeaf,
    Candidate,
    DecisionLeaf,
    Observed,
    OutcomeLeaf,
    RecordedVersion,
    Sending,
    Usage,
    digest_of,
)

LOG = "operator.example/licet/node-1"
AT = "2026-06-12T21:21:00.000000Z"
SNAPSHOT = digest_of(b"{}")


def sending(endpoint: str = "vendor-eu") -> Sending:
    return Sending(endpoint=endpoint, model="claude-opus-4.8", snapshot=SNAPSHOT)


def decision(
    request: str, *, at: str = AT, sent: bool = True, commitment: str = "0" * 64
) -> DecisionLeaf:
    return DecisionLeaf(
        at=at,
        log=LOG,
        request=request,
        key="key-1",
        organisation="acme",
        workload="code-review",
        asked="claude-fable-5",
        snapshot=SNAPSHOT,
        valid_at=at,
        known_at=at,
        verdict="permitted",
        commitment=commitment,
        relieving=("us-commerce-2026-06-26",),
        missing=(("us_person",), ("nationality",)),
        observed=Observed(verdict="refused", deciding=("company-rule",)),
        candidates=(
            Candidate(endpoint="a", model="claude-fable-5", verdict="refused", deciding=("x",)),
            Candidate(endpoint="vendor-eu", model="claude-opus-4.8"),
        ),
        sending=sending() if sent else None,
    )


def attempt(request: str, number: int = 2, *, at: str = AT) -> AttemptLeaf:
    return AttemptLeaf(
        at=at, log=LOG, request=request, attempt=number, sending=sending("b"), reason="failover"
    )


def outcome(request: str, number: int = 1, *, at: str = AT) -> OutcomeLeaf:
    return OutcomeLeaf(
        at=at,
        log=LOG,
        request=request,
        attempt=number,
        outcome="answered",
        status=200,
        usage=Usage(input=17, output=40),
    )


def adoption(*versions: RecordedVersion, at: str = AT) -> AdoptedLeaf:
    return AdoptedLeaf(
        at=at,
        log=LOG,
        by="compliance",
        snapshot=SNAPSHOT,
        catalogue="c" * 64,
        directives=tuple(versions),
    )


def recorded(name: str, number: int = 1, *, content: str = "", at: str = AT) -> RecordedVersion:
    digest = digest_of((content or name).encode())
    return RecordedVersion(id=name, version=number, digest=digest, recorded_at=at)
