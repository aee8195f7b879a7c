"""The registered claims (RFC 7519 §4.1) and who is trusted for them.

Everything that a token and a wallet's credential have in common: whose keys vouch for it, when
it counts, and whether it was revoked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self, TypeVar

import msgspec
from msgspec import Meta

from licet.identity.key_sets import VerificationKey, read_key_set
from licet.identity.nouns import Issuer, TokenProblem
from licet.identity.verified_claims import ClaimProblem

SUBJECT_BYTES_MAX = 256

Seconds = Annotated[float, Meta(ge=0, le=2**53)]
"""NumericDate (RFC 7519 §2): Unix seconds, fractions allowed; an integer is read as well."""

R = TypeVar("R", bound="Credential")


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """Of a credential: it is meant for nobody in particular until it is presented."""

    iss: str
    exp: Seconds
    sub: str | None = None
    nbf: Seconds | None = None
    iat: Seconds | None = None
    jti: str | None = None


class Registered(Credential, frozen=True, kw_only=True):
    """Of a subject token, which names whom it is meant for."""

    aud: str | list[str]


@dataclass(frozen=True, slots=True)
class Trusted:
    """A configured issuer with its keys read, and its revocations ready to be looked up."""

    issuer: Issuer
    keys: tuple[VerificationKey, ...]
    tokens: frozenset[str]
    subjects: frozenset[str]

    @classmethod
    def of(cls, issuer: Issuer) -> Self:
        keys = read_key_set(issuer.jwks) if issuer.jwks else ()
        revoked = issuer.revoked
        return cls(issuer, keys, frozenset(revoked.tokens), frozenset(revoked.subjects))

    def check_keys(self, now_s: int) -> TokenProblem | None:
        """Whether there are keys, fetched recently enough to count."""
        if not self.keys:
            message = "the keys of its issuer are not known here yet"
            return TokenProblem("keys_missing", message, self.issuer.id)
        until_s = self.issuer.keys_until_s
        if until_s is not None and now_s >= until_s:
            message = "the keys of its issuer were fetched too long ago to count"
            return TokenProblem("keys_stale", message, self.issuer.id)
        return None

    def named(self, problem: TokenProblem | None) -> TokenProblem | None:
        """The problem, with the issuer where its keys may have changed since they were fetched."""
        if problem is None or problem.code != "key_unknown" or self.issuer.source is None:
            return problem
        return msgspec.structs.replace(problem, issuer=self.issuer.id)

    def check_revoked(self, registered: Credential, subject: str | None) -> TokenProblem | None:
        """INVARIANT (revoked): what was revoked attests nothing, whatever its signature says."""
        if registered.jti is not None and registered.jti in self.tokens:
            return TokenProblem("token_revoked", "it was revoked")
        if subject is not None and subject in self.subjects:
            return TokenProblem("subject_revoked", "its subject was revoked")
        before_s = self.issuer.revoked.issued_before_s
        # Without `iat` nobody can tell, and who may have been revoked is not let in.
        if before_s is not None and (registered.iat is None or registered.iat < before_s):
            return TokenProblem("token_revoked", "it was issued before all were revoked")
        return None

    def until(self, expires_s: int) -> int:
        """When what counts until `expires_s` must be looked at again: no later than the keys."""
        until_s = self.issuer.keys_until_s
        return expires_s if until_s is None else min(expires_s, until_s)


def check_status(claims: Mapping[str, Any], issuer: Issuer) -> TokenProblem | None:
    """Whether its issuer says that somebody has to be asked whether it still counts (the claim
    `status`, draft-ietf-oauth-status-list §6.1, an object in tokens and credentials alike)."""
    said = claims.get("status")
    if said is None or issuer.status_unchecked:
        return None
    # A word under this name is some issuer's own: who signs tokens has used it for all kinds.
    if issuer.format == "jwt" and not isinstance(said, dict):
        return None
    message = "its status would have to be looked up, which is not done here"
    return TokenProblem("status_unchecked", message)


def read_registered(claims: Mapping[str, Any], shape: type[R]) -> R:
    """The registered claims; `ClaimProblem` for those that are missing or of a wrong shape."""
    try:
        found = msgspec.convert(claims, shape)
    except msgspec.ValidationError as cause:
        words = str(cause)
        message = f"its claims cannot be read: {words[:1].lower()}{words[1:]}"
        raise ClaimProblem(message) from None
    if found.sub is not None and not 0 < len(found.sub) <= SUBJECT_BYTES_MAX:
        raise ClaimProblem("the claim `sub` is empty or too long")
    return found


def check_times(registered: Credential, leeway_s: int, now_s: int) -> TokenProblem | None:
    """Whether it counts now, by a clock that may be off from the issuer's by `leeway_s`."""
    if now_s >= registered.exp + leeway_s:
        return TokenProblem("token_expired", "it has expired")
    if registered.nbf is not None and now_s + leeway_s < registered.nbf:
        return TokenProblem("token_early", "it is not valid yet")
    if registered.iat is not None and now_s + leeway_s < registered.iat:
        return TokenProblem("token_early", "it was issued in the future")
    return None
