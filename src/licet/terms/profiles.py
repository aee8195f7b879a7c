"""How attestations are written in files: plain values, and one table on what backs them.

us_person = true
engagement = [{ relation = "employee", organisation = "acme-grid" }]
attested = { issuer = "acme-grid", assurance = "document", date = 2026-01-10, complete = true }
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from licet.terms.attestations import (
    Assurance,
    Attested,
    Engagement,
    Profile,
    Relation,
    Scalar,
    Standing,
    Status,
)
from licet.terms.literals import Identifier, PlaceCode, Text, When

T = TypeVar("T")


class AttestationFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands behind the values beside it; a date alone is the start of that day, UTC.

    `complete`: true, or the names of the sets of which every member is given.
    """

    issuer: Text | None = None
    assurance: Assurance = Assurance.SELF
    date: When | None = None
    expires: When | None = None
    complete: bool | tuple[str, ...] = False

    def of(self, name: str, value: T | None, issuer: str) -> Attested[T] | None:
        """The attestation of one named value; `issuer` where the file names none."""
        if value is None:
            return None
        return Attested(
            value=value,
            issuer=self.issuer or issuer,
            assurance=self.assurance,
            evidence_date=_moment(self.date),
            expires=_moment(self.expires),
            complete=self.complete if isinstance(self.complete, bool) else name in self.complete,
        )


class StatusFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    country: PlaceCode
    standing: Standing
    since: When | None = None
    until: When | None = None

    def status(self) -> Status:
        return Status(
            country=self.country,
            standing=self.standing,
            since=_moment(self.since),
            until=_moment(self.until),
        )


class EngagementFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    relation: Relation
    organisation: Identifier
    since: When | None = None
    until: When | None = None

    def engagement(self) -> Engagement:
        return Engagement(
            relation=self.relation,
            organisation=self.organisation,
            since=_moment(self.since),
            until=_moment(self.until),
        )


class ProfileFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person's, or a whole audience's, attributes as written."""

    us_person: bool | None = None
    nationality: tuple[StatusFile, ...] | None = None
    place: PlaceCode | None = None
    engagement: tuple[EngagementFile, ...] | None = None
    tier: tuple[Text, ...] | None = None
    declared: dict[str, bool | int | str | tuple[str, ...]] = {}
    attested: AttestationFile = AttestationFile()

    def profile(self, issuer: str, subject: str | None = None) -> Profile:
        """The profile, attested by `issuer` where the file names none."""
        nationality = engagement = None
        if self.nationality is not None:
            nationality = tuple(one.status() for one in self.nationality)
        if self.engagement is not None:
            engagement = tuple(one.engagement() for one in self.engagement)
        return Profile(
            subject=subject,
            us_person=self.attested.of("us_person", self.us_person, issuer),
            nationality=self.attested.of("nationality", nationality, issuer),
            place=self.attested.of("place", self.place, issuer),
            engagement=self.attested.of("engagement", engagement, issuer),
            tier=self.attested.of("tier", self.tier, issuer),
            declared=declared_values(self.declared, self.attested, issuer),
        )


def declared_values(
    declared: dict[str, Scalar], attested: AttestationFile, issuer: str
) -> dict[str, Attested[Scalar]]:
    """Values of declared attributes, each with what stands behind it."""
    found: dict[str, Attested[Scalar]] = {}
    for name, value in declared.items():
        attestation: Attested[Scalar] | None = attested.of(name, value, issuer)
        if attestation is not None:
            found[name] = attestation
    return found


def _moment(when: When | None) -> datetime | None:
    return None if when is None else when.first(UTC)
