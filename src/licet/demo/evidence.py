"""The evidence log of a pass, read as an auditor reads it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from licet.storage import verifier_key, verify
from licet.terms import Fault


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A log as `licet.storage.verify` found it, and what was wrong with it."""

    records: int
    verified: bool
    findings: tuple[str, ...] = ()


def read_evidence(folder: Path, *, requests: int) -> Evidence:
    """Verifies the log in `folder`, in which each of the `requests` must have its decision."""
    try:
        report = verify(folder, verifier_key(folder))
    except Fault as fault:
        return Evidence(records=0, verified=False, findings=(str(fault),))
    findings = [f"{one.code}: {one.message}" for one in report.findings if one.severity == "damage"]
    if report.decisions < requests:
        findings.append(f"{report.decisions} decisions for {requests} requests")
    return Evidence(
        records=report.leaves, verified=report.ok and not findings, findings=tuple(findings)
    )
