"""Subject tokens: signed JWTs (RFC 7519, RFC 7515) that name the person behind a request.

Verified against configured keys only: nothing in a token says where its key is. `alg` is one
of those that the issuer is configured for; `none` and shared secrets are none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry
from msgspec import Meta

from licet.identity.claims import ClaimProblem, read_claims
from licet.identity.key_sets import VerificationKey, read_key_set
from licet.identity.nouns import Issuer
from licet.terms import Profile

TOKEN_BYTES_MAX = 16 * 1024
SUBJECT_BYTES_MAX = 256


class TokenProblem(msgspec.Struct, frozen=True):
    """Why a token does not count: a stable code and a message for the caller."""

    code: str
    message: str


class VerifiedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token that counts until `expires_s` (Unix seconds, leeway included).

    The profile's subject is `ISSUER:SUB`, so that two issuers never mean the same person by
    accident. `ignored`: what was claimed without the issuer being trusted for it.
    """

    profile: Profile
    issuer: str
    expires_s: int
    ignored: tuple[str, ...] = ()


_Seconds = Annotated[float, Meta(ge=0, le=2**53)]
"""NumericDate (RFC 7519 §2): Unix seconds, fractions allowed; an integer is read as well."""


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    aud: str | tuple[str, ...]
    exp: _Seconds
    sub: str | None = None
    nbf: _Seconds | None = None
    iat: _Seconds | None = None


class _Registry(JWSRegistry):
    """`EdDSA` with an Ed25519 key is what RFC 9864 renamed to `Ed25519`; both verify alike."""

    max_header_length = 4096

    def get_alg(self, name: str) -> JWSAlgModel:
        return super().get_alg("Ed25519" if name == "EdDSA" else name)


_REGISTRY = _Registry(algorithms=("Ed25519", "ES256", "RS256"))
_MALFORMED = TokenProblem("token_malformed", "not a signed JSON Web Token")


@dataclass(frozen=True, slots=True)
class _Trusted:
    issuer: Issuer
    keys: tuple[VerificationKey, ...]


class TokenVerifier:
    """Verifies tokens of the configured issuers; pure, so the caller says what time it is."""

    def __init__(self, issuers: Iterable[Issuer]) -> None:
        self._trusted = {one.id: _Trusted(one, read_key_set(one.jwks)) for one in issuers}

    def verify(self, token: str, now_s: int) -> VerifiedToken | TokenProblem:
        """The person that `token` names at `now_s` (Unix seconds, of the real clock: a
        scripted decision clock does not move it). Never raises, whatever the token is."""
        if len(token) > TOKEN_BYTES_MAX:
            return TokenProblem("token_too_large", f"longer than {TOKEN_BYTES_MAX} bytes")
        try:
            compact = jws.extract_compact(token.encode("ascii"), registry=_REGISTRY)
            header = compact.headers()
            claims = msgspec.json.decode(compact.payload, type=_Claims)
        except msgspec.ValidationError as cause:
            words = str(cause)
            return TokenProblem(
                "claim_malformed", f"its claims cannot be read: {words[:1].lower()}{words[1:]}"
            )
        except (JoseError, msgspec.DecodeError, UnicodeError, ValueError, TypeError):
            return _malformed(token)
        trusted = self._trusted.get(claims.iss)
        if trusted is None:
            return TokenProblem("issuer_unknown", "its issuer is not configured here")
        problem = _check_signature(trusted, header, token) or _check_claims(
            trusted.issuer, claims, now_s
        )
        if problem is not None:
            return problem
        subject = None if claims.sub is None else f"{claims.iss}:{claims.sub}"
        try:
            claimed = read_claims(msgspec.json.decode(compact.payload), trusted.issuer, subject)
        except ClaimProblem as cause:
            return TokenProblem("claim_malformed", str(cause))
        return VerifiedToken(
            profile=claimed.profile,
            issuer=claims.iss,
            expires_s=int(claims.exp) + trusted.issuer.leeway_s,
            ignored=claimed.ignored,
        )


def _malformed(token: str) -> TokenProblem:
    """Says a little more about a token whose shape is right and whose claims are not."""
    if token.count(".") == 4:
        return TokenProblem("token_encrypted", "an encrypted token cannot be read here")
    return _MALFORMED


def _check_signature(
    trusted: _Trusted, header: Mapping[str, Any], token: str
) -> TokenProblem | None:
    algorithm = header.get("alg")
    if algorithm not in trusted.issuer.algorithms:
        return TokenProblem("algorithm_refused", "its algorithm is not accepted from its issuer")
    kid = header.get("kid")
    keys = [
        one.key
        for one in trusted.keys
        if algorithm in one.algorithms and (kid is None or one.kid in (None, kid))
    ]
    if not keys:
        return TokenProblem("key_unknown", "its issuer has no such key")
    for key in keys:
        try:
            jws.deserialize_compact(token.encode("ascii"), key, registry=_REGISTRY)
        except (JoseError, ValueError, TypeError):
            continue
        return None
    return TokenProblem("signature_invalid", "its signature does not verify")


def _check_claims(issuer: Issuer, claims: _Claims, now_s: int) -> TokenProblem | None:
    audience = (claims.aud,) if isinstance(claims.aud, str) else claims.aud
    leeway_s = issuer.leeway_s
    if issuer.audience not in audience:
        return TokenProblem("audience_wrong", "it is not meant for this gateway")
    if now_s >= claims.exp + leeway_s:
        return TokenProblem("token_expired", "it has expired")
    if claims.nbf is not None and now_s + leeway_s < claims.nbf:
        return TokenProblem("token_early", "it is not valid yet")
    if claims.iat is not None and now_s + leeway_s < claims.iat:
        return TokenProblem("token_early", "it was issued in the future")
    if claims.sub is not None and not 0 < len(claims.sub) <= SUBJECT_BYTES_MAX:
        return TokenProblem("claim_malformed", "the claim `sub` is empty or too long")
    return None


def sign_subject(claims: Mapping[str, Any], private_key: str) -> str:
    """A token with these claims, signed by a private JSON Web Key of `new_signing_key`."""
    written = msgspec.json.decode(private_key, type=dict[str, str | list[str]])
    header = {"alg": "Ed25519", "typ": "JWT", "kid": written["kid"]}
    return jws.serialize_compact(
        header, msgspec.json.encode(dict(claims)), OKPKey.import_key(written), registry=_REGISTRY
    )


def subject_claims(
    profile: Profile, *, subject: str, issuer: str, audience: str, now_s: int, lifetime_s: int
) -> dict[str, Any]:
    """The claims by which an issuer would attest `profile`, for test subjects.

    One assurance and one evidence date cover all claims: those of the first attestation.
    """
    attested = {
        name: one
        for name in ("us_person", "nationality", "place", "engagement", "tier")
        if (one := getattr(profile, name)) is not None
    }
    own: dict[str, Any] = {name: msgspec.to_builtins(one.value) for name, one in attested.items()}
    if profile.declared:
        own["declared"] = {name: one.value for name, one in profile.declared.items()}
    backing = [*attested.values(), *profile.declared.values()]
    if backing:
        own["complete"] = [name for name, one in attested.items() if one.complete]
        own["assurance"] = backing[0].assurance
        if backing[0].evidence_date is not None:
            own["evidence_date"] = backing[0].evidence_date.isoformat()
    return {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "iat": now_s,
        "exp": now_s + lifetime_s,
        "licet": own,
    }
