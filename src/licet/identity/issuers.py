"""`[[issuer]]` of `licet.toml`: whose subject tokens count, and for what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from licet.identity.key_sets import KeySetProblem, read_key_set
from licet.identity.nouns import Issuer
from licet.terms import Assurance, ConfigurationFault, Document, Entry, Path, Text, gather

ATTESTABLE = ("us_person", "nationality", "place", "engagement", "tier")
"""Attributes of the subject that every issuer may be trusted for; declared ones come on top."""


Algorithm = Literal["EdDSA", "Ed25519", "ES256", "RS256"]
"""What may sign a subject token. No shared secret can, and nothing goes unsigned."""


class _IssuerFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Text
    audience: Text
    jwks: Text | None = None
    jwks_file: Text | None = None
    algorithms: Annotated[tuple[Algorithm, ...], Meta(min_length=1)] = get_args(Algorithm)
    may_attest: tuple[Text, ...] = ()
    engagement_with: tuple[Text, ...] = ()
    assurance: Assurance = Assurance.EMPLOYER
    leeway_s: Annotated[int, Meta(ge=0, le=300)] = 30


def parse_issuers(
    document: Document, files: Mapping[str, bytes], declared: Mapping[str, str]
) -> tuple[list[Entry[Issuer]], list[ConfigurationFault]]:
    """Reads every `[[issuer]]`; a `jwks_file` is looked up in `files`, by path in the folder.

    `declared`: the type of each attribute that is declared for the subject.
    """
    return gather(document, "issuer", lambda path: _issuer(document, path, files, declared))


def _issuer(
    document: Document, path: Path, files: Mapping[str, bytes], declared: Mapping[str, str]
) -> Issuer:
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
        remedy = "key sets are read from files that end in `.jwks.json`"
        raise document.fault("no_such_file", message, (*path, name), remedy=remedy)
    data = files[written.jwks_file] if written.jwks_file is not None else None
    text = _key_set(document, (*path, name), data if data is not None else written.jwks or "")
    return Issuer(
        id=written.id,
        audience=written.audience,
        jwks=text,
        algorithms=written.algorithms,
        may_attest=written.may_attest,
        declared={name: declared[name] for name in written.may_attest if name in declared},
        engagement_with=written.engagement_with,
        assurance=written.assurance,
        leeway_s=written.leeway_s,
    )


def _key_set(document: Document, path: Path, data: bytes | str) -> str:
    """The key set as a text, checked to hold usable public keys only."""
    try:
        read_key_set(data)
        return data if isinstance(data, str) else data.decode()
    except KeySetProblem as cause:
        remedy = (
            "keep only the public part of each key" if cause.code == "credential_value" else None
        )
        raise document.fault(cause.code, str(cause), path, remedy=remedy) from None
