"""Who asks: keys, issuers, tokens and the profile that is made of them."""

from licet.identity.nouns import Issuer, Key

__all__ = ["Issuer", "Key"]
