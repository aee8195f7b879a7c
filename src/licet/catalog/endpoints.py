"""`[[endpoint]]` of `catalog/*.toml`: as written, and filled in for a vendor that is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from licet.catalog.credentials import CredentialReference, read_credential
from licet.catalog.nouns import (
    OPERATIONS_OF_DIALECT,
    OPERATOR_ISSUER,
    Auth,
    Carriage,
    Declared,
    Dialect,
    Endpoint,
    EndUser,
    Operation,
    Operator,
    Organisation,
    TokenLimit,
)
from licet.catalog.presets import PRESETS, Preset, Way
from licet.terms import (
    AttestationFile,
    ConfigurationFault,
    Document,
    Identifier,
    Path,
    PlaceCode,
    Text,
    declared_values,
    did_you_mean,
)

_REGION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class _OperatorFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Identifier
    controlled_from: PlaceCode | None = None


class _EndpointFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Identifier
    vendor: Text | None = None
    operator: _OperatorFile | None = None
    base_url: Text | None = None
    dialect: Dialect | None = None
    model: Text | None = None
    models: dict[str, str] | Annotated[tuple[str, ...], Meta(min_length=1)] | None = None
    region: Text | None = None
    project: Text | None = None
    resource: Text | None = None
    place: PlaceCode | None = None
    self_hosted: bool | None = None
    ca_file: Text | None = None
    version: str | None = None
    auth: Auth | None = None
    carriage: Carriage | None = None
    offers: Annotated[tuple[Operation, ...], Meta(min_length=1)] | None = None
    end_user: EndUser | None = None
    token_limit: TokenLimit | None = None
    inference_geo: dict[PlaceCode, Text] | None = None
    credential: Any = None
    continues: dict[str, Literal["prefill", "prefix", "final_message"]] = {}
    declared: Declared = {}
    attested: AttestationFile = AttestationFile()


@dataclass(frozen=True, kw_only=True)
class ReadEndpoint:
    """An endpoint, with what stands beside it: its credential's reference, the organisation that
    a preset names as its operator, and what else the preset filled in, for people."""

    endpoint: Endpoint
    credential: CredentialReference | None
    vendor: Organisation | None
    filled: tuple[str, ...]


def read_endpoint(document: Document, path: Path) -> ReadEndpoint:
    """The endpoint at `path`; raises its first fault."""
    written = document.convert(_EndpointFile, path)
    credential = None
    if written.credential is not None:
        credential = read_credential(document, (*path, "credential"))
    return _Filling(document, path, written).read(credential)


class _Filling:
    """Takes each value from the file, else from the vendor's preset, else from the default."""

    def __init__(self, document: Document, path: Path, written: _EndpointFile) -> None:
        self._document = document
        self._path = path
        self._written = written
        self._filled: list[str] = []
        self._preset = self._find_preset()
        self._dialect = self._find_dialect()
        self._way = self._find_way()

    def read(self, credential: CredentialReference | None) -> ReadEndpoint:
        written, preset = self._written, self._preset
        self._check_needed()
        operator, vendor = self._operator()
        base_url = self._base_url()
        check_url(self._document, self._path, base_url)
        if credential is None and preset is not None and preset.credential:
            self._note("credential", f'{{ env = "{preset.credential}" }}')
            credential = CredentialReference(env=preset.credential)
        endpoint = Endpoint(
            id=written.id,
            operator=operator,
            base_url=base_url.rstrip("/"),
            dialect=self._dialect,
            models=self._models(),
            place=written.place,
            self_hosted=written.self_hosted,
            ca_file=written.ca_file,
            version=self._value("version", "v1").strip("/"),
            auth=self._value("auth", None),
            carriage=self._value("carriage", "plain"),
            region=written.region or "",
            offers=self._value("offers", None),
            end_user=self._value("end_user", "keep"),
            token_limit=self._value("token_limit", None),
            inference_geo=dict(self._value("inference_geo", {})),
            continues=dict(written.continues),
            declared=declared_values(written.declared, written.attested, OPERATOR_ISSUER),
        )
        self._check_sayable(endpoint)
        self._check_carriage(endpoint)
        return ReadEndpoint(
            endpoint=endpoint,
            credential=credential,
            vendor=vendor,
            filled=tuple(self._filled),
        )

    def _find_preset(self) -> Preset | None:
        name = self._written.vendor
        if name is None:
            return None
        if name not in PRESETS:
            raise self._fault(
                "unknown_vendor",
                f"`{name}` is no vendor that is known here",
                "vendor",
                _meant(name),
            )
        return PRESETS[name]

    def _find_dialect(self) -> Dialect:
        dialect = self._written.dialect
        if dialect is not None:
            return dialect
        if self._preset is None:
            raise self._missing("dialect")
        found = next(iter(self._preset.ways))
        self._note("dialect", f'"{found}"')
        return found

    def _find_way(self) -> Way | None:
        if self._preset is None:
            return None
        way = self._preset.ways.get(self._dialect)
        if way is None:
            raise self._fault(
                "not_spoken",
                f"`{self._written.vendor}` is not known to speak `{self._dialect}`",
                "dialect",
                f"it speaks {_listed(self._preset.ways)}",
            )
        return way

    def _check_needed(self) -> None:
        """In the order of the reference, so that the same mistake is always told alike."""
        written, preset = self._written, self._preset
        if written.operator is None and not (preset is not None and preset.operator):
            raise self._missing("operator", 'such as `operator = { id = "acme" }`: whoever runs it')
        if written.base_url is None and not (self._way is not None and self._way.base_url):
            raise self._missing("base_url")
        if (written.models is None) == (written.model is None):
            if written.models is None:
                remedy = "which models it serves; or `model`, where it is one"
                raise self._missing("models", remedy)
            raise self._fault("two_keys", "`model` and `models` say the same", "model", None)

    def _operator(self) -> tuple[Operator, Organisation | None]:
        written, preset = self._written.operator, self._preset
        if written is not None:
            return Operator(id=written.id, controlled_from=written.controlled_from), None
        assert preset is not None, "checked before"
        place = preset.controlled_from
        self._note("operator", f'{{ id = "{preset.operator}", controlled_from = "{place}" }}')
        found = Operator(id=preset.operator, controlled_from=place)
        return found, Organisation(id=preset.operator, name=preset.title)

    def _base_url(self) -> str:
        if self._written.base_url is not None:
            return self._written.base_url
        assert self._way is not None, "checked before"
        named = re.findall(r"\{(\w+)\}", self._way.base_url)
        given: dict[str, str] = {}
        for name in named:
            value = getattr(self._written, name)
            if value is None:
                raise self._fault(
                    "missing_key",
                    f"`{name}` is missing: it is part of the address of `{self._written.vendor}`",
                    None,
                    f"say `{name}`, or the whole `base_url`",
                )
            if not _REGION.fullmatch(value):
                raise self._fault(
                    "wrong_value", f"`{value}` cannot be part of an address", name, None
                )
            given[name] = value
        found = self._way.base_url.format_map(given)
        self._note("base_url", f'"{found}"')
        return found

    def _models(self) -> dict[str, str]:
        models = self._written.models
        if isinstance(models, dict):
            return models
        names = models if models is not None else (self._written.model or "",)
        return {name: name for name in names}

    def _value(self, name: str, default: Any) -> Any:
        value = getattr(self._written, name)
        if value is not None:
            return value
        if self._way is None:
            return default
        value = getattr(self._way, name)
        if value not in (default, None) and value != {}:
            self._note(name, _shown(value))
        return value

    def _check_sayable(self, endpoint: Endpoint) -> None:
        sayable = OPERATIONS_OF_DIALECT[endpoint.dialect]
        for index, one in enumerate(self._written.offers or ()):
            if one not in sayable:
                raise self._document.fault(
                    "not_offered",
                    f"`{one}` cannot be asked for in the dialect `{endpoint.dialect}`",
                    (*self._path, "offers", index),
                    remedy=f"it has {_listed(sayable)}",
                )
        for name in self._written.continues:
            if name not in endpoint.models:
                message = f"`{endpoint.id}` does not serve `{name}`"
                remedy = did_you_mean(name, endpoint.models)
                raise self._fault("not_served", message, "continues", remedy)
        for name, dialect in (("token_limit", "chat"), ("inference_geo", "messages")):
            if getattr(self._written, name) and endpoint.dialect != dialect:
                raise self._fault(
                    "not_offered",
                    f"`{name}` is about the dialect `{dialect}`, and this endpoint has another",
                    name,
                    "leave it out",
                )

    def _check_carriage(self, endpoint: Endpoint) -> None:
        """What goes with signatures, and with ways of asking that are not the dialect's own."""
        if endpoint.auth == "sigv4" and not endpoint.region:
            raise self._fault(
                "missing_key",
                "`region` is missing: signatures name it",
                None,
                'such as "eu-west-1"',
            )
        if endpoint.auth == "sigv4" and endpoint.carriage != "bedrock":
            raise self._fault(
                "not_spoken", "only Bedrock takes signatures", "auth", 'say `carriage = "bedrock"`'
            )
        if endpoint.carriage != "plain" and endpoint.dialect != "messages":
            raise self._fault(
                "not_spoken",
                f"nobody is asked in `{endpoint.dialect}` in this way",
                "carriage",
                "leave it out: what is compatible there is asked as everywhere",
            )
        if endpoint.carriage != "plain" and endpoint.serves("count_tokens"):
            raise self._fault(
                "not_offered", "tokens are not counted in this way", "offers", 'say `["answer"]`'
            )

    def _note(self, name: str, value: str) -> None:
        self._filled.append(f"{name} = {value}")

    def _missing(self, name: str, remedy: str | None = None) -> ConfigurationFault:
        return self._document.fault(
            "missing_key", f"`{name}` is missing", self._path, remedy=remedy
        )

    def _fault(
        self, code: str, message: str, key: str | None, remedy: str | None
    ) -> ConfigurationFault:
        path = self._path if key is None else (*self._path, key)
        return self._document.fault(code, message, path, remedy=remedy)


def _meant(vendor: str) -> str:
    lower = vendor.lower()
    if lower in PRESETS:
        return f"write it `{lower}`"
    return did_you_mean(lower, PRESETS) or f"known: {_listed(PRESETS)}"


def check_url(document: Document, path: Path, url: str) -> None:
    """Raises where `url` is not the address of an endpoint, or holds a credential."""
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


def _listed(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _shown(value: Any) -> str:
    """A value as a catalogue would say it."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f'{key} = "{one}"' for key, one in value.items()) + " }"
    return "[" + ", ".join(f'"{one}"' for one in value) + "]"
