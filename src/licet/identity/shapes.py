"""The file structs of this package by what they describe, for the published schemas."""

from __future__ import annotations

from licet.identity.issuers import _IssuerFile
from licet.identity.keys import _KeyFile
from licet.identity.revocations import _RevokedFile

IDENTITY_SHAPES: dict[str, type] = {
    "issuer": _IssuerFile,
    "key": _KeyFile,
    "revoked": _RevokedFile,
}
