"""Attested attributes: a value, who says so, on what assurance, when, until when.

An absent attestation is *unknown*, which is neither true nor false. An attribute that is a
set of records is a lower bound unless its issuer attests that it is `complete`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Assurance(StrEnum):
    """How much stands behind an attestation, weakest first."""

    SELF = "self"
    EMPLOYER = "employer"
    DOCUMENT = "document"
    GOVERNMENT = "government"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {level: rank for rank, level in enumerate(Assurance)}


class Standing(StrEnum):
    """What ties a person to a country."""

    CITIZEN = "citizen"
    FORMER = "former"
    PERMANENT_RESIDENT = "permanent_resident"
    PROTECTED = "protected"


class Relation(StrEnum):
    """What ties a person to an organisation."""

    EMPLOYEE = "employee"
    CONTRACTOR = "contractor"
    MEMBER = "member"
    SELF = "self"


class Status(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One dated nationality status; `since`/`until` half-open, `None` is unbounded."""

    country: str
    standing: Standing
    since: datetime | None = None
    until: datetime | None = None


class Engagement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One dated relation of a person to an organisation (by its id in the catalogue)."""

    relation: Relation
    organisation: str
    since: datetime | None = None
    until: datetime | None = None


class Owner(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One owner of an organisation and its share in whole percent."""

    organisation: str
    percent: int


class Attested(msgspec.Struct, Generic[T], frozen=True, kw_only=True, omit_defaults=True):
    """A value and what stands behind it; in effect before `expires` (exclusive)."""

    value: T
    issuer: str
    assurance: Assurance = Assurance.SELF
    evidence_date: datetime | None = None
    expires: datetime | None = None
    complete: bool = False


Scalar = bool | int | str | tuple[str, ...]


class Profile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is attested of one natural person, or of everybody in an audience.

    `subject` is an opaque id (None: nobody is named). `conflicts` names the attributes on
    which attestations contradicted each other: they are unknown, and reported.
    """

    subject: str | None = None
    us_person: Attested[bool] | None = None
    nationality: Attested[tuple[Status, ...]] | None = None
    place: Attested[str] | None = None
    engagement: Attested[tuple[Engagement, ...]] | None = None
    tier: Attested[tuple[str, ...]] | None = None
    declared: dict[str, Attested[Scalar]] = msgspec.field(default_factory=dict)
    conflicts: tuple[str, ...] = ()


UNKNOWN_PERSON = Profile()
"""Nobody is named and nothing is attested."""
