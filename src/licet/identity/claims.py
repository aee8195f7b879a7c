"""What a subject token claims, and the profile that an issuer is trusted to make of it.

Beside the registered claims (RFC 7519), our claim `licet` is an object:

    us_person      true or false
    nationality    [{"country": "FR", "standing": "citizen", "since": ..., "until": ...}]
    place          "FR"
    engagement     [{"relation": "employee", "organisation": "acme-grid", "since": ...}]
    tier           ["red-team"]
    declared       {"clearance": 2}
    complete       true, or the names of the sets of which every member is given
    assurance      "self" | "employer" | "document" | "government"; never more than the
                   issuer is trusted for, which is also what counts where it is left out
    evidence_date  when the evidence was looked at; a date, or a time with an offset
    expires        until when the attestations hold; the token itself ends by `exp`
    backing        the last three of single attributes, where they differ from the rest:
                   {"us_person": {"evidence_date": "2026-01-31", "expires": "2027-01-31"}}

The standard claim `nationalities` (OpenID Connect for Identity Assurance 1.0) is read as
citizenships, and never as all of them. What stands in `verified_claims` of the same standard is
read in the same way, on the assurance of its trust framework. docs/identity.md has the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import pycountry

from licet.identity.nouns import Issuer
from licet.identity.profiles import merge
from licet.identity.verified_claims import Backing, ClaimProblem, moment, read_verified
from licet.terms import (
    Assurance,
    Attested,
    Engagement,
    Identifier,
    PlaceCode,
    Profile,
    Relation,
    Scalar,
    Standing,
    Status,
    is_of_type,
    is_place,
)

T = TypeVar("T")

SET_SIZE_MAX = 64
"""Members of one claimed set; nobody has that many, and merging compares them."""


class _StatusClaim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    country: PlaceCode
    standing: Standing
    since: str | None = None
    until: str | None = None


class _BackingClaim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    assurance: Assurance | None = None
    evidence_date: str | None = None
    expires: str | None = None


class _EngagementClaim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    relation: Relation
    organisation: Identifier
    since: str | None = None
    until: str | None = None


_SHAPES: dict[str, Any] = {
    "us_person": bool,
    "nationality": tuple[_StatusClaim, ...],
    "place": PlaceCode,
    "engagement": tuple[_EngagementClaim, ...],
    "tier": tuple[str, ...],
    "declared": dict[str, bool | int | str | tuple[str, ...]],
    "complete": bool | tuple[str, ...],
    "assurance": Assurance,
    "evidence_date": str,
    "expires": str,
    "backing": dict[str, _BackingClaim],
}


@dataclass(frozen=True, slots=True)
class Claimed:
    """A profile, and the names of what was claimed without being trusted or understood."""

    profile: Profile
    ignored: tuple[str, ...]


def read_claims(claims: Mapping[str, Any], issuer: Issuer, subject: str | None) -> Claimed:
    """What `issuer` attests by these claims; `ClaimProblem` for one of a wrong shape.

    A value that is claimed in two places differently is unknown, as if two issuers differed.
    """
    found = _Reader(claims, issuer, _plain_backing(claims, issuer)).read(subject)
    verified = read_verified(claims.get("verified_claims"), issuer.trust_frameworks)
    for part in verified.parts:
        more = _Reader(part.claims, issuer, part.backing).read(subject)
        found = Claimed(merge(found.profile, more.profile), (*found.ignored, *more.ignored))
    return Claimed(found.profile, tuple(sorted({*found.ignored, *verified.ignored})))


def _plain_backing(claims: Mapping[str, Any], issuer: Issuer) -> Backing:
    """What stands behind claims that nothing more is said about."""
    if issuer.format == "jwt":
        return Backing(issuer.assurance)
    # The metadata of person identification data (ARF, PID Rulebook): of the document itself.
    return Backing(
        issuer.assurance,
        moment(claims.get("date_of_issuance"), "date_of_issuance"),
        moment(claims.get("date_of_expiry"), "date_of_expiry"),
    )


class _Reader:
    def __init__(self, claims: Mapping[str, Any], issuer: Issuer, backing: Backing) -> None:
        own = claims.get("licet", {})
        if not isinstance(own, dict):
            raise ClaimProblem("the claim `licet` is not an object")
        self.issuer = issuer
        self.backing = backing
        self.ignored = sorted(f"licet.{name}" for name in own.keys() - _SHAPES.keys())
        self.own = {
            name: _convert(own[name], shape, f"licet.{name}")
            for name, shape in _SHAPES.items()
            if own.get(name) is not None
        }
        self.nationalities = _citizenships(claims.get("nationalities"))

    def read(self, subject: str | None) -> Claimed:
        profile = Profile(
            subject=subject,
            us_person=self._attested("us_person", self.own.get("us_person")),
            nationality=self._nationality(),
            place=self._attested("place", self.own.get("place")),
            engagement=self._engagement(),
            tier=self._attested("tier", self.own.get("tier")),
            declared=self._declared(),
        )
        return Claimed(profile, tuple(self.ignored))

    def _attested(
        self, name: str, value: T | None, *, complete: bool | None = None
    ) -> Attested[T] | None:
        """INVARIANT (trusted-issuer): an issuer attests only what it `may_attest`."""
        if value is None:
            return None
        if name not in self.issuer.may_attest:
            self.ignored.append(name)
            return None
        if isinstance(value, tuple) and len(value) > SET_SIZE_MAX:
            raise ClaimProblem(f"the claim `licet.{name}` has more than {SET_SIZE_MAX} members")
        backing = self._backing(name)
        return Attested(
            value=value,
            issuer=self.issuer.id,
            assurance=backing.assurance,
            evidence_date=backing.evidence_date,
            expires=backing.expires,
            complete=self._complete(name) if complete is None else complete,
        )

    def _backing(self, name: str) -> Backing:
        """What stands behind one attribute: the nearest word on it, and never more assurance
        than the issuer can give, nor for longer than the document that it rests on."""
        each: _BackingClaim = self.own.get("backing", {}).get(name, _BackingClaim())
        most = self.backing.assurance
        claimed: Assurance = each.assurance or self.own.get("assurance") or most
        date = each.evidence_date or self.own.get("evidence_date")
        until = each.expires or self.own.get("expires")
        expires = (moment(until, "licet.expires"), self.backing.expires)
        return Backing(
            assurance=min(claimed, most, key=lambda level: level.rank),
            evidence_date=moment(date, "licet.evidence_date") or self.backing.evidence_date,
            expires=min((one for one in expires if one is not None), default=None),
        )

    def _complete(self, name: str) -> bool:
        complete = self.own.get("complete", False)
        return complete if isinstance(complete, bool) else name in complete

    def _nationality(self) -> Attested[tuple[Status, ...]] | None:
        own = self.own.get("nationality")
        statuses = tuple(
            Status(
                country=one.country,
                standing=one.standing,
                since=moment(one.since, "licet.nationality"),
                until=moment(one.until, "licet.nationality"),
            )
            for one in own or ()
        )
        held = {one.country for one in statuses if one.standing is Standing.CITIZEN}
        more = tuple(one for one in self.nationalities or () if one.country not in held)
        if own is None and self.nationalities is None:
            return None
        complete = self._complete("nationality") and own is not None
        if complete and more:
            message = "`licet.nationality` is complete and `nationalities` says more"
            raise ClaimProblem(f"the claims contradict each other: {message}")
        return self._attested("nationality", statuses + more, complete=complete)

    def _engagement(self) -> Attested[tuple[Engagement, ...]] | None:
        own = self.own.get("engagement")
        if own is None:
            return None
        trusted = self.issuer.engagement_with
        kept = tuple(one for one in own if not trusted or one.organisation in trusted)
        if "engagement" in self.issuer.may_attest:
            self.ignored += [
                f"engagement with {one.organisation}" for one in own if one not in kept
            ]
        found = tuple(
            Engagement(
                relation=one.relation,
                organisation=one.organisation,
                since=moment(one.since, "licet.engagement"),
                until=moment(one.until, "licet.engagement"),
            )
            for one in kept
        )
        # An issuer that is trusted for some organisations does not know of all engagements.
        complete = self._complete("engagement") and not trusted
        return self._attested("engagement", found, complete=complete)

    def _declared(self) -> dict[str, Attested[Scalar]]:
        found: dict[str, Attested[Scalar]] = {}
        values: dict[str, Scalar] = self.own.get("declared", {})
        for name, value in values.items():
            kind = self.issuer.declared.get(name)
            if kind is None:
                self.ignored.append(f"licet.declared.{name}")
                continue
            if not is_of_type(kind, value):
                raise ClaimProblem(f"the claim `licet.declared.{name}` is not of type `{kind}`")
            attested: Attested[Scalar] | None = self._attested(name, value)
            if attested is not None:
                found[name] = attested
        return found


def _convert(value: object, shape: Any, name: str) -> Any:
    try:
        return msgspec.convert(value, shape, strict=True)
    except msgspec.ValidationError:
        # The library's words hold patterns of a thousand letters; the name says enough.
        raise ClaimProblem(f"the claim `{name}` does not have its shape") from None


def _citizenships(claim: object) -> tuple[Status, ...] | None:
    """`nationalities`: ISO 3166-1 codes of two letters, or ICAO ones of three."""
    if claim is None:
        return None
    if not isinstance(claim, list) or len(claim) > SET_SIZE_MAX:
        raise ClaimProblem("the claim `nationalities` is not a list of countries")
    return tuple(Status(country=_country(code), standing=Standing.CITIZEN) for code in claim)


def _country(code: object) -> str:
    if isinstance(code, str) and is_place(code):
        return code
    found = pycountry.countries.get(alpha_3=code) if isinstance(code, str) else None
    # ICAO 9303 has one letter for Germany, and is ISO 3166-1 for nearly everybody else.
    if found is None and code != "D":
        raise ClaimProblem("the claim `nationalities` is not a list of countries")
    return "DE" if found is None else str(found.alpha_2)
