"""`verified_claims` (OpenID Connect for Identity Assurance 1.0, §5): claims with their evidence.

Each part says under which trust framework its claims were verified, perhaps at which level, when,
and on which documents. What a framework is worth is for the configuration to say: claims under
one that it does not name are left out, which makes them unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from licet.terms import Assurance

PARTS_MAX = 16


class ClaimProblem(ValueError):
    """A claim that does not have its shape; the message names it."""


@dataclass(frozen=True, slots=True)
class Backing:
    """What stands behind claims: the most assurance they have, since when, until when."""

    assurance: Assurance
    evidence_date: datetime | None = None
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Claims that were verified together."""

    claims: Mapping[str, Any]
    backing: Backing


@dataclass(frozen=True, slots=True)
class Verified:
    """What counts, and the names of what does not."""

    parts: tuple[Part, ...]
    ignored: tuple[str, ...]


def read_verified(claim: object, frameworks: Mapping[str, Assurance]) -> Verified:
    """One part or a list of them; `ClaimProblem` for one of a wrong shape."""
    written = [] if claim is None else claim if isinstance(claim, list) else [claim]
    if len(written) > PARTS_MAX:
        raise ClaimProblem(f"the claim `verified_claims` has more than {PARTS_MAX} parts")
    parts: list[Part] = []
    ignored: list[str] = []
    for one in written:
        verification, claims = _member(one, "verification"), _member(one, "claims")
        framework = _framework(verification)
        assurance = frameworks.get(framework)
        if assurance is None:
            ignored.append(f"verified_claims under {framework}")
            continue
        backing = Backing(
            assurance,
            moment(verification.get("time"), "verified_claims.verification.time"),
            _first_expiry(verification.get("evidence")),
        )
        parts.append(Part(claims, backing))
    return Verified(tuple(parts), tuple(ignored))


def _framework(verification: Mapping[str, Any]) -> str:
    """`NAME`, or `NAME/LEVEL` where a level is given: a level is never worth what another is."""
    name, level = verification.get("trust_framework"), verification.get("assurance_level")
    if not isinstance(name, str) or not isinstance(level, str | None):
        raise ClaimProblem("the claim `verified_claims` names no trust framework")
    return name if level is None else f"{name}/{level}"


def _first_expiry(evidence: object) -> datetime | None:
    """When the first of the documents expires that the claims rest on."""
    if evidence is None:
        return None
    if not isinstance(evidence, list) or not all(isinstance(one, dict) for one in evidence):
        raise ClaimProblem(
            "the claim `verified_claims.verification.evidence` is no list of objects"
        )
    found = []
    for one in evidence:
        # `document` is what `document_details` was called in earlier drafts.
        for name in ("document_details", "document"):
            details = one.get(name)
            written = details.get("date_of_expiry") if isinstance(details, dict) else None
            until = moment(written, "verified_claims.verification.evidence")
            found += [] if until is None else [until]
    return min(found, default=None)


def _member(part: object, name: str) -> Mapping[str, Any]:
    found = part.get(name) if isinstance(part, dict) else None
    if not isinstance(found, dict):
        raise ClaimProblem(f"the claim `verified_claims` has no object `{name}`")
    return found


def moment(written: object, name: str) -> datetime | None:
    """RFC 3339 with an offset, or a date: the start of that day, UTC."""
    if written is None:
        return None
    message = f"the claim `{name}` has no date or time with an offset"
    if not isinstance(written, str):
        raise ClaimProblem(message)
    try:
        if len(written) == 10:
            return datetime.combine(date.fromisoformat(written), time(), tzinfo=UTC)
        found = datetime.fromisoformat(written)
        if found.tzinfo is None:
            raise ClaimProblem(f"the claim `{name}` has a time without an offset")
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ClaimProblem(message) from None
