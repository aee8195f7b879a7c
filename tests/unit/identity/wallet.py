"""An issuer of credentials and a person's wallet, for tests: RFC 9901 from the other side."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from licet.identity import Issuer, new_signing_key
from licet.identity.signatures import sign

NOW_S = 1_781_300_000
VCT = "urn:eudi:pid:1"
PRIVATE, JWKS = new_signing_key("pid-1", b"\x01" * 32)
HOLDER, HOLDER_SET = new_signing_key("wallet-1", b"\x02" * 32)
HOLDER_KEY = json.loads(HOLDER_SET)["keys"][0]
PID = Issuer(
    id="https://pid.example",
    audience="licet",
    jwks=JWKS,
    format="sd-jwt-vc",
    vct=(VCT,),
    may_attest=("nationality", "us_person"),
)


def b64(data: bytes | str) -> str:
    whole = data.encode() if isinstance(data, str) else data
    return urlsafe_b64encode(whole).rstrip(b"=").decode()


def digest(text: str) -> str:
    return b64(sha256(text.encode()).digest())


def disclosure(*parts: Any) -> str:
    return b64(json.dumps(["salt", *parts]))


def credential(claims: Mapping[str, Any], *, key: str = PRIVATE, typ: str = "dc+sd-jwt") -> str:
    """A credential that the issuer signed; a claim that is None is left out."""
    whole = {
        "iss": PID.id,
        "iat": NOW_S - 3600,
        "exp": NOW_S + 86_400,
        "vct": VCT,
        "cnf": {"jwk": HOLDER_KEY},
    } | dict(claims)
    written = json.dumps({name: one for name, one in whole.items() if one is not None})
    header = {"alg": "Ed25519", "typ": typ, "kid": "pid-1"}
    return sign(header, written.encode(), json.loads(key))


def presented(
    signed: str,
    *disclosures: str,
    key: str = HOLDER,
    typ: str = "kb+jwt",
    header: Mapping[str, Any] | None = None,
    **changed: Any,
) -> str:
    """A presentation for this gateway, bound to its holder."""
    first = "~".join((signed, *disclosures)) + "~"
    bound = {"iat": NOW_S, "aud": "licet", "nonce": "n-1", "sd_hash": digest(first)} | changed
    written = json.dumps({name: one for name, one in bound.items() if one is not None})
    head = {"alg": "Ed25519", "typ": typ} | dict(header or {})
    return first + sign(head, written.encode(), json.loads(key))


def with_claims(disclosed: Mapping[str, Any], **open_claims: Any) -> tuple[str, list[str]]:
    """A credential with these claims behind digests, and their disclosures."""
    found = [disclosure(name, value) for name, value in disclosed.items()]
    return credential({"_sd": [digest(one) for one in found], **open_claims}), found
