"""`catalog/*.toml`: models, endpoints, organisations and availability as written.

Each file struct has the keys of the file and turns itself into the noun; faults of values
are found by `Document.convert`, faults between files by `licet.policy.configuration`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from licet.catalog.credentials import CredentialReference
from licet.catalog.endpoints import read_endpoint
from licet.catalog.intervals import read_interval
from licet.catalog.nouns import (
    OPERATOR_ISSUER,
    Availability,
    Declared,
    Developer,
    Endpoint,
    Model,
    Organisation,
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
    """What one file of `catalog/` gives: what reads, and the faults of what does not.

    `vendors`: organisations that presets name as operators. `filled`: by endpoint, what its
    preset filled in.
    """

    models: list[Entry[Model]]
    endpoints: list[Entry[Endpoint]]
    organisations: list[Entry[Organisation]]
    availability: list[Entry[Availability]]
    credentials: dict[str, CredentialReference]
    vendors: list[Entry[Organisation]]
    filled: dict[str, tuple[str, ...]]
    faults: list[ConfigurationFault]


def parse_catalogue(document: Document) -> CatalogueFile:
    """Reads `[[model]]`, `[[endpoint]]`, `[[organisation]]` and `[[availability]]`."""
    document.only(("model", "endpoint", "organisation", "availability"))
    credentials: dict[str, CredentialReference] = {}
    vendors: list[Entry[Organisation]] = []
    filled: dict[str, tuple[str, ...]] = {}

    def model(path: Path) -> Model:
        return document.convert(_ModelFile, path).model()

    def endpoint(path: Path) -> Endpoint:
        found = read_endpoint(document, path)
        name = found.endpoint.id
        if found.credential is not None:
            credentials[name] = found.credential
        if found.vendor is not None:
            vendors.append(Entry(found.vendor, document, path))
        if found.filled:
            filled[name] = found.filled
        return found.endpoint

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
        vendors=vendors,
        filled=filled,
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
