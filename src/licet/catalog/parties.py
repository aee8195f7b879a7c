"""`catalog/*.toml`: models, endpoints, organisations and availability as written.

Each file struct has the keys of the file and turns itself into the noun; faults of values
are found by `Document.convert`, faults between files by `licet.policy.configuration`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from licet.catalog.credentials import CredentialReference, read_credential
from licet.catalog.intervals import read_interval
from licet.catalog.nouns import (
    OPERATIONS_OF_DIALECT,
    Availability,
    Developer,
    Endpoint,
    EndUser,
    Model,
    Operation,
    Operator,
    Organisation,
    TokenLimit,
)
from licet.terms import (
    AttestationFile,
    ConfigurationFault,
    Document,
    Entry,
    Identifier,
    Owner,
    Path,
    PlaceCode,
    Text,
    When,
    declared_values,
    gather,
)

OPERATOR_ISSUER = "operator"
"""Who attests what the configuration says without naming an issuer."""

Declared = dict[str, bool | int | str | tuple[str, ...]]


class _DeveloperFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Identifier
    place: PlaceCode | None = None


class _ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Identifier
    name: Text | None = None
    lineage: tuple[Identifier, ...] | None = None
    developer: _DeveloperFile | None = None
    origin: PlaceCode | None = None
    capability: tuple[Text, ...] | None = None
    weights: Text | None = None
    safeguards: Text | None = None
    cleared: bool | None = None
    declared: Declared = {}
    attested: AttestationFile = AttestationFile()

    def model(self) -> Model:
        developer = self.developer
        return Model(
            id=self.id,
            name=self.name or self.id,
            lineage=self.lineage,
            developer=Developer(id=developer.id, place=developer.place) if developer else None,
            origin=self.origin,
            capability=self.capability,
            weights=self.weights,
            safeguards=self.safeguards,
            cleared=self.cleared,
            declared=declared_values(self.declared, self.attested, OPERATOR_ISSUER),
        )


class _OperatorFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Identifier
    controlled_from: PlaceCode | None = None


class _EndpointFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Identifier
    operator: _OperatorFile
    base_url: Text
    dialect: Literal["chat", "messages", "responses"]
    models: dict[str, str] | Annotated[tuple[str, ...], Meta(min_length=1)]
    place: PlaceCode | None = None
    self_hosted: bool | None = None
    ca_file: Text | None = None
    offers: Annotated[tuple[Operation, ...], Meta(min_length=1)] | None = None
    end_user: EndUser = "keep"
    token_limit: TokenLimit | None = None
    inference_geo: dict[PlaceCode, Text] = {}
    credential: Any = None
    declared: Declared = {}
    attested: AttestationFile = AttestationFile()

    def endpoint(self) -> Endpoint:
        models = self.models
        return Endpoint(
            id=self.id,
            operator=Operator(id=self.operator.id, controlled_from=self.operator.controlled_from),
            base_url=self.base_url.rstrip("/"),
            dialect=self.dialect,
            models=models if isinstance(models, dict) else {name: name for name in models},
            place=self.place,
            self_hosted=self.self_hosted,
            ca_file=self.ca_file,
            offers=self.offers,
            end_user=self.end_user,
            token_limit=self.token_limit,
            inference_geo=dict(self.inference_geo),
            declared=declared_values(self.declared, self.attested, OPERATOR_ISSUER),
        )


class _OwnerFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    organisation: Identifier
    percent: Annotated[int, Meta(ge=0, le=100)]


class _ParentFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    place: PlaceCode


class _OrganisationFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Identifier
    name: Text | None = None
    us_person: bool | None = None
    place: PlaceCode | None = None
    ultimate_parent: _ParentFile | None = None
    owners: tuple[_OwnerFile, ...] | None = None
    sector: tuple[Text, ...] | None = None
    declared: Declared = {}
    attested: AttestationFile = AttestationFile()

    def organisation(self) -> Organisation:
        parent = self.ultimate_parent.place if self.ultimate_parent else None
        owners = None
        if self.owners is not None:
            owners = tuple(
                Owner(organisation=one.organisation, percent=one.percent) for one in self.owners
            )
        attest = self.attested.of
        return Organisation(
            id=self.id,
            name=self.name or self.id,
            us_person=attest("us_person", self.us_person, OPERATOR_ISSUER),
            place=attest("place", self.place, OPERATOR_ISSUER),
            ultimate_parent=attest("ultimate_parent", parent, OPERATOR_ISSUER),
            owners=attest("owners", owners, OPERATOR_ISSUER),
            sector=attest("sector", self.sector, OPERATOR_ISSUER),
            declared=declared_values(self.declared, self.attested, OPERATOR_ISSUER),
        )


class _AvailabilityFile(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}
):
    model: Identifier | None = None
    endpoint: Identifier | None = None
    start: When | None = None
    until: When | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueFile:
    """What one file of `catalog/` gives: what reads, and the faults of what does not."""

    models: list[Entry[Model]]
    endpoints: list[Entry[Endpoint]]
    organisations: list[Entry[Organisation]]
    availability: list[Entry[Availability]]
    credentials: dict[str, CredentialReference]
    faults: list[ConfigurationFault]


def parse_catalogue(document: Document) -> CatalogueFile:
    """Reads `[[model]]`, `[[endpoint]]`, `[[organisation]]` and `[[availability]]`."""
    document.only(("model", "endpoint", "organisation", "availability"))
    credentials: dict[str, CredentialReference] = {}

    def model(path: Path) -> Model:
        return document.convert(_ModelFile, path).model()

    def endpoint(path: Path) -> Endpoint:
        written = document.convert(_EndpointFile, path)
        _check_url(document, path, written.base_url)
        _check_offers(document, path, written)
        if written.credential is not None:
            credentials[written.id] = read_credential(document, (*path, "credential"))
        return written.endpoint()

    def organisation(path: Path) -> Organisation:
        return document.convert(_OrganisationFile, path).organisation()

    models, model_faults = gather(document, "model", model)
    endpoints, endpoint_faults = gather(document, "endpoint", endpoint)
    organisations, organisation_faults = gather(document, "organisation", organisation)
    availability, availability_faults = gather(
        document, "availability", lambda path: _availability(document, path)
    )
    return CatalogueFile(
        models=models,
        endpoints=endpoints,
        organisations=organisations,
        availability=availability,
        credentials=credentials,
        faults=model_faults + endpoint_faults + organisation_faults + availability_faults,
    )


def _availability(document: Document, path: Path) -> Availability:
    written = document.convert(_AvailabilityFile, path)
    holds = read_interval(document, path, written.start, written.until)
    return Availability(
        model=written.model,
        endpoint=written.endpoint,
        start=holds.start,
        end=holds.end,
        reason=written.reason,
    )


def _check_offers(document: Document, path: Path, written: _EndpointFile) -> None:
    sayable = OPERATIONS_OF_DIALECT.get(written.dialect, ())
    for index, one in enumerate(written.offers or ()):
        if one not in sayable:
            raise document.fault(
                "not_offered",
                f"`{one}` cannot be asked for in the dialect `{written.dialect}`",
                (*path, "offers", index),
                remedy=f"it has {', '.join(f'`{name}`' for name in sayable)}",
            )
    for name, dialect in (("token_limit", "chat"), ("inference_geo", "messages")):
        if getattr(written, name) and written.dialect != dialect:
            raise document.fault(
                "not_offered",
                f"`{name}` is about the dialect `{dialect}`, and this endpoint has another",
                (*path, name),
                remedy="leave it out",
            )


def _check_url(document: Document, path: Path, url: str) -> None:
    where = (*path, "base_url")
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        raise document.fault("wrong_url", f"`{url}` is not a URL", where) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_valid:
        raise document.fault(
            "wrong_url",
            f"`{url}` is not the URL of an endpoint",
            where,
            remedy="write an origin such as `https://api.vendor.example`",
        )
    if parts.username or parts.password:
        raise document.fault(
            "credential_value",
            "a credential in a URL",
            where,
            remedy='refer to it: `credential = { env = "NAME" }`',
        )
    if parts.query or parts.fragment:
        raise document.fault("wrong_url", f"`{url}` has a query or a fragment", where)
