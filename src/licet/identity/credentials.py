"""Credentials that a wallet presents: SD-JWT VC (RFC 9901; draft-ietf-oauth-sd-jwt-vc).

    ISSUER-SIGNED JWT ~ disclosure ~ ... ~ KEY BINDING JWT

The issuer signed digests of claims; the holder discloses those that are needed and signs, with
the key that the issuer put into the credential, for whom, when, and exactly what is disclosed.
What is not disclosed is unknown. A credential without its holder's signature is no presentation:
whoever once saw it could present it again.

A request is one message, so nobody can be asked to sign a nonce first. Freshness is therefore by
time: a presentation counts for `presentation_s` after it was signed, for one audience, and on
the request of whoever has a key of this gateway. docs/identity.md says what that leaves open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from joserfc.errors import JoseError

from licet.identity.claims import read_claims
from licet.identity.disclosures import digest, disclose
from licet.identity.key_sets import KeySetProblem, VerificationKey, read_key
from licet.identity.nouns import Issuer, TokenProblem, VerifiedToken
from licet.identity.registered import (
    Credential,
    Seconds,
    Trusted,
    check_status,
    check_times,
    read_registered,
)
from licet.identity.signatures import Opened, check_signature, open_signed

SEPARATOR = "~"

_CREDENTIAL_TYPES = ("dc+sd-jwt", "vc+sd-jwt")
"""What `typ` says; the second is what it was called until November 2024."""
_BINDING_TYPE = "kb+jwt"
_MALFORMED = TokenProblem("token_malformed", "not a credential with selective disclosure")
_UNBOUND = TokenProblem("binding_missing", "its holder has not signed for this presentation")


class _Binding(msgspec.Struct, frozen=True, kw_only=True):
    iat: Seconds
    aud: str
    nonce: str
    sd_hash: str


def present(
    presentation: str, trusted: Mapping[str, Trusted], now_s: int
) -> VerifiedToken | TokenProblem:
    """Who presents this at `now_s`, or why it does not count; `ClaimProblem` for claims of a
    wrong shape."""
    signed, *disclosures, binding = presentation.split(SEPARATOR)
    try:
        opened = open_signed(signed)
    except ValueError:
        return _MALFORMED
    known = trusted.get(read_registered(opened.claims, Credential).iss)
    if known is None:
        return TokenProblem("issuer_unknown", "its issuer is not configured here")
    issuer = known.issuer
    if issuer.format != "sd-jwt-vc":
        return TokenProblem("format_wrong", "its issuer is not trusted for credentials")
    problem = known.check_keys(now_s) or known.named(
        check_signature(opened, known.keys, issuer.algorithms)
    )
    if problem is not None:
        return problem
    try:
        claims = disclose(opened.claims, disclosures)
    except ValueError:
        return _MALFORMED
    registered = read_registered(claims, Credential)
    problem = _check_kind(opened, claims, issuer) or check_times(registered, issuer.leeway_s, now_s)
    if problem is not None:
        return problem
    key = _holder_key(claims)
    if key is None:
        return TokenProblem("binding_missing", "it is bound to no key of its holder")
    bound_s = _check_binding(presentation, binding, key, issuer, now_s)
    if isinstance(bound_s, TokenProblem):
        return bound_s
    name = registered.sub or f"cnf:{key.key.thumbprint()}"
    problem = known.check_revoked(registered, name)
    if problem is not None:
        return problem
    claimed = read_claims(claims, issuer, f"{issuer.id}:{name}")
    ends_s = min(int(registered.exp), int(bound_s) + issuer.presentation_s) + issuer.leeway_s
    return VerifiedToken(
        profile=claimed.profile,
        issuer=issuer.id,
        expires_s=known.until(ends_s),
        ignored=claimed.ignored,
    )


def _check_kind(opened: Opened, claims: Mapping[str, Any], issuer: Issuer) -> TokenProblem | None:
    if opened.type not in _CREDENTIAL_TYPES:
        return TokenProblem("type_wrong", "it is a token of another kind")
    if claims.get("vct") not in issuer.vct:
        return TokenProblem("credential_wrong", "credentials of its type are not accepted here")
    return check_status(claims, issuer)


def _holder_key(claims: Mapping[str, Any]) -> VerificationKey | None:
    """The key in `cnf` (RFC 7800) that the credential was issued to."""
    confirmation = claims.get("cnf")
    written = confirmation.get("jwk") if isinstance(confirmation, dict) else None
    if not isinstance(written, dict):
        return None
    try:
        key = read_key(written)
    except (KeySetProblem, JoseError):
        return None
    # The holder's signature names no key: whatever `kid` the wallet uses, it is this one.
    return VerificationKey(key.key, None, key.algorithms)


def _check_binding(
    presentation: str, binding: str, key: VerificationKey, issuer: Issuer, now_s: int
) -> float | TokenProblem:
    """When the holder signed exactly this for this gateway (RFC 9901 §7.3)."""
    if not binding:
        return _UNBOUND
    try:
        opened = open_signed(binding)
        bound = msgspec.convert(opened.claims, _Binding)
    except (ValueError, msgspec.ValidationError):
        return TokenProblem("binding_malformed", "its holder's signature cannot be read")
    if opened.type != _BINDING_TYPE:
        return TokenProblem("binding_malformed", "its holder's signature is of another kind")
    if check_signature(opened, (key,), issuer.algorithms) is not None:
        return TokenProblem("binding_invalid", "its holder's signature does not verify")
    if bound.sd_hash != digest(presentation[: -len(binding)]):
        return TokenProblem("binding_invalid", "its holder signed for something else")
    if bound.aud != issuer.audience:
        return TokenProblem("audience_wrong", "it is not meant for this gateway")
    if not bound.nonce:
        return TokenProblem("binding_malformed", "its holder's signature has an empty nonce")
    if now_s + issuer.leeway_s < bound.iat:
        return TokenProblem("token_early", "it was presented in the future")
    if now_s >= bound.iat + issuer.presentation_s + issuer.leeway_s:
        return TokenProblem("presentation_old", "it was presented too long ago")
    return bound.iat
