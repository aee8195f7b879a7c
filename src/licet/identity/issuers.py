"""`[[issuer]]` of `licet.toml`: whose subject tokens count, and for what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from licet.identity.nouns import Issuer
from licet.terms import Assurance, ConfigurationFault, Document, Entry, Path, Text, gather

ATTESTABLE = ("us_person", "nationality", "place", "engagement", "tier")
"""Attributes of the subject that every issuer may be trusted for; declared ones come on top."""

_PRIVATE = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))


class _IssuerFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Text
    audience: Text
    jwks: Text | None = None
    jwks_file: Text | None = None
    algorithms: Annotated[tuple[Literal["EdDSA", "ES256", "RS256"], ...], Meta(min_length=1)] = (
        "EdDSA",
        "ES256",
        "RS256",
    )
    may_attest: tuple[Text, ...] = ()
    engagement_with: tuple[Text, ...] = ()
    assurance: Assurance = Assurance.EMPLOYER
    leeway_s: Annotated[int, Meta(ge=0, le=300)] = 30


def parse_issuers(
    document: Document, files: Mapping[str, bytes]
) -> tuple[list[Entry[Issuer]], list[ConfigurationFault]]:
    """Reads every `[[issuer]]`; a `jwks_file` is looked up in `files`, by path in the folder."""
    return gather(document, "issuer", lambda path: _issuer(document, path, files))


def _issuer(document: Document, path: Path, files: Mapping[str, bytes]) -> Issuer:
    written = document.convert(_IssuerFile, path)
    if (written.jwks is None) == (written.jwks_file is None):
        raise document.fault(
            "wrong_jwks",
            "an issuer's keys are given by one of `jwks` and `jwks_file`",
            path,
            remedy='a JSON Web Key Set in the folder: `jwks_file = "issuers/acme.jwks.json"`',
        )
    name = "jwks" if written.jwks is not None else "jwks_file"
    if written.jwks_file is not None and written.jwks_file not in files:
        message = f"there is no file `{written.jwks_file}` in the configuration folder"
        raise document.fault("no_such_file", message, (*path, name))
    data = files[written.jwks_file] if written.jwks_file is not None else None
    text = _key_set(document, (*path, name), data if data is not None else written.jwks or "")
    return Issuer(
        id=written.id,
        audience=written.audience,
        jwks=text,
        algorithms=written.algorithms,
        may_attest=written.may_attest,
        engagement_with=written.engagement_with,
        assurance=written.assurance,
        leeway_s=written.leeway_s,
    )


def _key_set(document: Document, path: Path, data: bytes | str) -> str:
    """The JSON Web Key Set (RFC 7517) as a text, checked to hold public keys only."""
    try:
        keys = msgspec.json.decode(data, type=dict[str, list[dict[str, object]]])["keys"]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError):
        raise document.fault("wrong_jwks", "not a JSON Web Key Set", path) from None
    if not keys:
        raise document.fault("wrong_jwks", "a key set without keys verifies nothing", path)
    for key in keys:
        if key.get("kty") == "oct" or _PRIVATE & key.keys():
            raise document.fault(
                "credential_value",
                "the key set holds a private or shared key",
                path,
                remedy="keep only the public part of each key",
            )
        if key.get("kty") not in ("OKP", "EC", "RSA"):
            message = f"a key of type `{key.get('kty')}` verifies none of the algorithms"
            raise document.fault("wrong_jwks", message, path)
    return msgspec.json.encode({"keys": keys}).decode()
