"""Subject tokens: signed JWTs (RFC 7519, RFC 8725) that name the person behind a request.

Verified against known keys of configured issuers only. A credential that a wallet presents
comes in the same header and is told apart by its form (`licet.identity.credentials`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from licet.identity.claims import read_claims
from licet.identity.credentials import SEPARATOR, present
from licet.identity.nouns import Issuer, TokenProblem, VerifiedToken
from licet.identity.registered import (
    Registered,
    Trusted,
    check_status,
    check_times,
    read_registered,
)
from licet.identity.signatures import check_signature, open_signed, sign
from licet.identity.verified_claims import ClaimProblem
from licet.terms import Profile

TOKEN_BYTES_MAX = 16 * 1024

_TYPES = ("", "jwt", "at+jwt")
"""What `typ` of a subject token may say (RFC 8725 §3.11): no token of another kind is one."""


class TokenVerifier:
    """Verifies tokens of the configured issuers; pure, so the caller says what time it is."""

    def __init__(self, issuers: Iterable[Issuer]) -> None:
        self._trusted = {one.id: Trusted.of(one) for one in issuers}

    def verify(self, token: str, now_s: int) -> VerifiedToken | TokenProblem:
        """The person that `token` names at `now_s` (Unix seconds, of the real clock: a
        scripted decision clock does not move it). Never raises, whatever the token is."""
        if len(token) > TOKEN_BYTES_MAX:
            return TokenProblem("token_too_large", f"longer than {TOKEN_BYTES_MAX} bytes")
        try:
            if SEPARATOR in token:
                return present(token, self._trusted, now_s)
            return self._verify(token, now_s)
        except ClaimProblem as cause:
            return TokenProblem("claim_malformed", str(cause))

    def _verify(self, token: str, now_s: int) -> VerifiedToken | TokenProblem:
        try:
            opened = open_signed(token)
        except ValueError:
            return _malformed(token)
        registered = read_registered(opened.claims, Registered)
        trusted = self._trusted.get(registered.iss)
        if trusted is None:
            return TokenProblem("issuer_unknown", "its issuer is not configured here")
        issuer = trusted.issuer
        if issuer.format != "jwt":
            return TokenProblem("format_wrong", "its issuer is trusted for credentials only")
        if opened.type not in _TYPES:
            return TokenProblem("type_wrong", "it is a token of another kind")
        problem = (
            trusted.check_keys(now_s)
            or trusted.named(check_signature(opened, trusted.keys, issuer.algorithms))
            or _check_audience(issuer, opened.claims)
            or check_status(opened.claims, issuer)
            or check_times(registered, issuer.leeway_s, now_s)
            or trusted.check_revoked(registered, registered.sub)
        )
        if problem is not None:
            return problem
        subject = None if registered.sub is None else f"{issuer.id}:{registered.sub}"
        claimed = read_claims(opened.claims, issuer, subject)
        return VerifiedToken(
            profile=claimed.profile,
            issuer=issuer.id,
            expires_s=trusted.until(int(registered.exp) + issuer.leeway_s),
            ignored=claimed.ignored,
        )


def _malformed(token: str) -> TokenProblem:
    """Says a little more about a token whose shape is right and whose claims are not."""
    if token.count(".") == 4:
        return TokenProblem("token_encrypted", "an encrypted token cannot be read here")
    return TokenProblem("token_malformed", "not a signed JSON Web Token")


def _check_audience(issuer: Issuer, claims: Mapping[str, Any]) -> TokenProblem | None:
    audience = claims.get("aud")
    meant = [audience] if isinstance(audience, str) else audience
    if not isinstance(meant, list) or issuer.audience not in meant:
        return TokenProblem("audience_wrong", "it is not meant for this gateway")
    return None


def sign_subject(claims: Mapping[str, Any], private_key: str) -> str:
    """A token with these claims, signed by a private JSON Web Key of `new_signing_key`."""
    written = msgspec.json.decode(private_key, type=dict[str, str | list[str]])
    header = {"alg": "Ed25519", "typ": "JWT", "kid": written["kid"]}
    return sign(header, msgspec.json.encode(dict(claims)), written)


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
