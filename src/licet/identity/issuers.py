"""`[[issuer]]` of `licet.toml`: whose subject tokens count, and for what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from licet.identity.key_sets import KeySetProblem, read_key_set
from licet.identity.nouns import Format, Issuer, KeySource
from licet.identity.publication import check_url
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
    jwks_url: Text | None = None
    discovery: Text | None = None
    ca_file: Text | None = None
    keys_refresh_s: Annotated[int, Meta(ge=10, le=86_400)] = 3_600
    keys_max_age_s: Annotated[int, Meta(ge=60, le=30 * 86_400)] = 86_400
    algorithms: Annotated[tuple[Algorithm, ...], Meta(min_length=1)] = get_args(Algorithm)
    may_attest: tuple[Text, ...] = ()
    engagement_with: tuple[Text, ...] = ()
    assurance: Assurance = Assurance.EMPLOYER
    trust_frameworks: dict[Text, Text] = {}
    leeway_s: Annotated[int, Meta(ge=0, le=300)] = 30
    format: Format = "jwt"
    vct: tuple[Text, ...] = ()
    presentation_s: Annotated[int, Meta(ge=30, le=86_400)] = 300
    status_unchecked: bool = False


_KEYS = ("jwks", "jwks_file", "jwks_url", "discovery")
_OF_CREDENTIALS = ("vct", "presentation_s")
_OF_SOURCES = ("ca_file", "keys_refresh_s", "keys_max_age_s")


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
    given = [name for name in _KEYS if getattr(written, name) is not None]
    if len(given) != 1:
        raise document.fault(
            "wrong_jwks",
            "an issuer's keys are given by one of `jwks`, `jwks_file`, `jwks_url` and `discovery`",
            path,
            remedy='a JSON Web Key Set in the folder: `jwks_file = "issuers/acme.jwks.json"`',
        )
    _check_settings(document, path, written)
    return Issuer(
        id=written.id,
        audience=written.audience,
        jwks=_local_keys(document, path, files, written),
        source=_source(document, path, written),
        algorithms=written.algorithms,
        may_attest=written.may_attest,
        declared={name: declared[name] for name in written.may_attest if name in declared},
        engagement_with=written.engagement_with,
        assurance=written.assurance,
        trust_frameworks=_frameworks(document, path, written),
        leeway_s=written.leeway_s,
        format=written.format,
        vct=written.vct,
        presentation_s=written.presentation_s,
        status_unchecked=written.status_unchecked,
    )


def _check_settings(document: Document, path: Path, written: _IssuerFile) -> None:
    """Settings that would do nothing are a mistake about what does something."""
    is_wallet = written.format == "sd-jwt-vc"
    if is_wallet and not written.vct:
        raise document.fault(
            "missing_field",
            "an issuer of credentials needs `vct`, the types that are accepted",
            path,
            remedy='for instance `vct = ["urn:eudi:pid:1"]`',
        )
    is_remote = written.jwks_url is not None or written.discovery is not None
    idle = [name for name in _OF_CREDENTIALS if not is_wallet and _is_set(written, name)]
    idle += [name for name in _OF_SOURCES if not is_remote and _is_set(written, name)]
    if idle:
        about = "credentials" if idle[0] in _OF_CREDENTIALS else "keys that are fetched"
        raise document.fault(
            "idle_field", f"`{idle[0]}` is about {about}, of which there are none", (*path, idle[0])
        )


def _is_set(written: _IssuerFile, name: str) -> bool:
    defaults = {field.name: field.default for field in msgspec.structs.fields(_IssuerFile)}
    return bool(getattr(written, name) != defaults[name])


def _source(document: Document, path: Path, written: _IssuerFile) -> KeySource | None:
    url = written.jwks_url or written.discovery
    if url is None:
        return None
    name = "jwks_url" if written.jwks_url is not None else "discovery"
    problem = check_url(url)
    if problem is not None:
        raise document.fault(
            "wrong_url", f"`{url}` {problem}", (*path, name), remedy="an address with `https://`"
        )
    return KeySource(
        url=url,
        discovery=name == "discovery",
        ca_file=written.ca_file,
        refresh_s=written.keys_refresh_s,
        max_age_s=written.keys_max_age_s,
    )


def _frameworks(document: Document, path: Path, written: _IssuerFile) -> dict[str, Assurance]:
    found = {}
    for name, worth in written.trust_frameworks.items():
        if worth not in set(Assurance):
            raise document.fault(
                "wrong_value",
                f"`{worth}` is not an assurance",
                (*path, "trust_frameworks", name),
                remedy=f"one of {', '.join(f'`{one}`' for one in Assurance)}",
            )
        found[name] = Assurance(worth)
    return found


def _local_keys(
    document: Document, path: Path, files: Mapping[str, bytes], written: _IssuerFile
) -> str:
    if written.jwks is not None:
        return _key_set(document, (*path, "jwks"), written.jwks)
    name = written.jwks_file
    if name is None:
        return ""
    if name not in files:
        message = f"there is no file `{name}` in the configuration folder"
        remedy = "key sets are read from files that end in `.jwks.json`"
        raise document.fault("no_such_file", message, (*path, "jwks_file"), remedy=remedy)
    return _key_set(document, (*path, "jwks_file"), files[name])


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
