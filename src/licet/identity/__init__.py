"""Who asks: keys, issuers, tokens and the profile that is made of them."""

from licet.identity.issuers import ATTESTABLE, parse_issuers
from licet.identity.keys import KEY_BYTES, hash_key, new_key, parse_key, write_key
from licet.identity.nouns import Issuer, Key

__all__ = [
    "ATTESTABLE",
    "KEY_BYTES",
    "Issuer",
    "Key",
    "hash_key",
    "new_key",
    "parse_issuers",
    "parse_key",
    "write_key",
]
