"""Who asks: keys, issuers, tokens and the profile that is made of them."""

from licet.identity.attesting import ATTESTABLE_OF_ALL, attest
from licet.identity.issuers import ATTESTABLE, parse_issuers
from licet.identity.key_sets import SEED_BYTES, KeySetProblem, new_signing_key, read_key_set
from licet.identity.keys import KEY_BYTES, hash_key, new_key, parse_key, write_key
from licet.identity.nouns import Issuer, Key, KeySource, Revoked, TokenProblem, VerifiedToken
from licet.identity.profiles import resolve
from licet.identity.publication import (
    PublicationProblem,
    metadata_url,
    read_metadata,
    read_published_keys,
    with_keys,
)
from licet.identity.revocations import (
    Revocation,
    check_revocations,
    parse_revocations,
    with_revocations,
)
from licet.identity.shapes import IDENTITY_SHAPES
from licet.identity.tokens import TokenVerifier, sign_subject, subject_claims

__all__ = [
    "ATTESTABLE",
    "ATTESTABLE_OF_ALL",
    "IDENTITY_SHAPES",
    "KEY_BYTES",
    "SEED_BYTES",
    "Issuer",
    "Key",
    "KeySetProblem",
    "KeySource",
    "PublicationProblem",
    "Revocation",
    "Revoked",
    "TokenProblem",
    "TokenVerifier",
    "VerifiedToken",
    "attest",
    "check_revocations",
    "hash_key",
    "metadata_url",
    "new_key",
    "new_signing_key",
    "parse_issuers",
    "parse_key",
    "parse_revocations",
    "read_key_set",
    "read_metadata",
    "read_published_keys",
    "resolve",
    "sign_subject",
    "subject_claims",
    "with_keys",
    "with_revocations",
    "write_key",
]
