"""Who asks: keys, issuers, tokens and the profile that is made of them."""

from licet.identity.issuers import ATTESTABLE, parse_issuers
from licet.identity.key_sets import SEED_BYTES, new_signing_key
from licet.identity.keys import KEY_BYTES, hash_key, new_key, parse_key, write_key
from licet.identity.nouns import Issuer, Key
from licet.identity.profiles import resolve
from licet.identity.tokens import (
    TokenProblem,
    TokenVerifier,
    VerifiedToken,
    sign_subject,
    subject_claims,
)

__all__ = [
    "ATTESTABLE",
    "KEY_BYTES",
    "SEED_BYTES",
    "Issuer",
    "Key",
    "TokenProblem",
    "TokenVerifier",
    "VerifiedToken",
    "hash_key",
    "new_key",
    "new_signing_key",
    "parse_issuers",
    "parse_key",
    "resolve",
    "sign_subject",
    "subject_claims",
    "write_key",
]
