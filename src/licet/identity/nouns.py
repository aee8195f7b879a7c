"""Keys, issuers and who asks."""

from __future__ import annotations

from datetime import datetime

import msgspec

from licet.terms import Assurance, Profile


class Key(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A gateway key. Only its SHA-256 (hex) is kept: keys are 256 random bits.

    `subject`: the one person who holds it, if it is personal. `speaks_for_others`: whether
    `Licet-Subject` is honoured. `attests`: what the organisation attests of every person
    who uses the key.
    """

    id: str
    hash: str
    organisation: str
    workloads: tuple[str, ...]
    subject: str | None = None
    speaks_for_others: bool = True
    attests: Profile | None = None
    created: datetime | None = None
    expires: datetime | None = None
    revoked: datetime | None = None


class Issuer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who signs subject tokens, by which public keys, and what it is trusted to attest.

    `jwks`: JSON Web Key Set as a JSON text. `may_attest`: attribute names of the subject
    (`us_person`, `nationality`, `place`, `engagement`, `tier`, declared ones); claims about
    anything else are left out and reported. `engagement_with`: the organisations whose
    engagements it may attest (empty: any). `declared`: the types of those attributes that are
    declared. `assurance`: the most that it can give.
    """

    id: str
    audience: str
    jwks: str
    algorithms: tuple[str, ...] = ("EdDSA", "Ed25519", "ES256", "RS256")
    may_attest: tuple[str, ...] = ()
    engagement_with: tuple[str, ...] = ()
    declared: dict[str, str] = {}
    assurance: Assurance = Assurance.EMPLOYER
    leeway_s: int = 30
