"""Keys, issuers and who asks."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

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


class KeySource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where an issuer publishes its keys.

    `url`: of a JSON Web Key Set, or with `discovery` of a document that names one. `ca_file`:
    certificates to trust besides the system's, by path in the folder. Keys are fetched anew
    every `refresh_s`, and count for `max_age_s` after they were last fetched.
    """

    url: str
    discovery: bool = False
    ca_file: str | None = None
    refresh_s: int = 3600
    max_age_s: int = 86400


class Revoked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an issuer signed and nobody accepts any more: tokens by `jti`, subjects by `sub`,
    and all that was issued before an instant (Unix seconds)."""

    tokens: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    issued_before_s: float | None = None


Format = Literal["jwt", "sd-jwt-vc"]
"""What an issuer signs: subject tokens, or credentials that a person's wallet presents."""


class Issuer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who signs subject tokens, by which public keys, and what it is trusted to attest.

    `jwks`: JSON Web Key Set as a JSON text; empty while those of its `source` are not known.
    `keys_until_s` (Unix seconds): when fetched keys no longer count.

    `may_attest`: attribute names of the subject (`us_person`, `nationality`, `place`,
    `engagement`, `tier`, declared ones); claims about anything else are left out and reported.
    `engagement_with`: the organisations whose engagements it may attest (empty: any).
    `declared`: the types of those attributes that are declared. `assurance`: the most that it
    can give by itself. `trust_frameworks`: what `verified_claims` are worth, by the name of
    their trust framework, or `NAME/LEVEL` where they say an assurance level.

    For credentials, `vct` are the types that are accepted, and `presentation_s` is for how long a
    presentation counts. `status_unchecked` accepts what refers to a list that nobody reads.
    """

    id: str
    audience: str
    jwks: str = ""
    source: KeySource | None = None
    keys_until_s: int | None = None
    algorithms: tuple[str, ...] = ("EdDSA", "Ed25519", "ES256", "RS256")
    may_attest: tuple[str, ...] = ()
    engagement_with: tuple[str, ...] = ()
    declared: dict[str, str] = {}
    assurance: Assurance = Assurance.EMPLOYER
    trust_frameworks: dict[str, Assurance] = {}
    leeway_s: int = 30
    format: Format = "jwt"
    vct: tuple[str, ...] = ()
    presentation_s: int = 300
    status_unchecked: bool = False
    revoked: Revoked = Revoked()


class TokenProblem(msgspec.Struct, frozen=True):
    """Why a token does not count: a stable code and a message for the caller.

    `issuer` is told where a look at its present keys may settle the problem.
    """

    code: str
    message: str
    issuer: str | None = None


class VerifiedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token that counts until `expires_s` (Unix seconds, leeway included).

    The profile's subject is `ISSUER:SUB`, so that two issuers never mean the same person by
    accident. `ignored`: what was claimed without the issuer being trusted for it.
    """

    profile: Profile
    issuer: str
    expires_s: int
    ignored: tuple[str, ...] = ()
