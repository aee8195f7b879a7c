"""A folder of files becomes one value: what decisions read, how the node runs, who has keys.

`parse` never stops at the first fault: it reads every file, leaves out what is broken, checks
what files say about each other, and names every fault with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from licet.catalog import (
    Availability,
    CredentialReference,
    Endpoint,
    Fact,
    List,
    Model,
    OperatorSettings,
    Organisation,
    Settings,
    Workload,
    parse_attributes,
    parse_catalogue,
    parse_facts,
    parse_list,
    parse_settings,
    parse_workload,
)
from licet.identity import (
    Issuer,
    Key,
    Revocation,
    check_revocations,
    parse_issuers,
    parse_key,
    parse_revocations,
    with_revocations,
)
from licet.policy.cross_checks import (
    check_declared,
    check_issuers,
    check_keys,
    check_parties,
    declared_in,
)
from licet.policy.directives import Directive, Kind
from licet.policy.parse import parse_directive
from licet.policy.questions import DeclaredAttribute, Rules, Sources
from licet.policy.references import Known, Named
from licet.policy.witness_keys import check_witness_keys
from licet.terms import ConfigurationFault, Document, Entry, Place, did_you_mean, read

T = TypeVar("T")

SETTINGS_FILE = "licet.toml"
FOLDERS = ("catalog", "directives", "lists", "facts", "workloads", "keys", "revocations")

READINGS = "readings"
"""Beside the folders that are read: other readings of a directive, ready to be chosen."""

VersionKey = tuple[str, str, int]
"""`directive` or `list`, its id, and the number of the version, from 1."""

_NO_SETTINGS = Settings(
    operator=OperatorSettings(name="unnamed", url="https://invalid.example", contact="nobody")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What a configuration folder says.

    `sources`: what decisions read, `recorded_at` not yet set. `credentials`: by endpoint id;
    `filled`: also, what the preset of its vendor filled in, for people.
    With `faults`, the rest is what reads without them: it must not be adopted as it is.
    """

    settings: Settings
    sources: Sources
    keys: tuple[Key, ...] = ()
    issuers: tuple[Issuer, ...] = ()
    credentials: Mapping[str, CredentialReference] = field(default_factory=dict)
    filled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    faults: tuple[ConfigurationFault, ...] = ()
    places: Mapping[VersionKey, Place] = field(default_factory=dict)
    """Where each version of a directive or list is written."""


def belongs(path: str) -> bool:
    """Whether the file at `path` in the folder is read: TOML, and key sets of issuers."""
    return path.endswith((".toml", ".jwks.json"))


def parse(files: Mapping[str, bytes]) -> Configuration:
    """Reads a folder: `files` by path relative to it, with `/`, as `belongs` chooses them."""
    return _Reader(files).configuration()


class _Reader:
    """Collects over all files; faults end up in the order of paths and lines."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.faults: list[ConfigurationFault] = []
        self.documents: dict[str, Document] = {}
        self.settings = _NO_SETTINGS
        self.issuers: list[Entry[Issuer]] = []
        self.revocations: list[Entry[Revocation]] = []
        self.models: list[Entry[Model]] = []
        self.endpoints: list[Entry[Endpoint]] = []
        self.organisations: list[Entry[Organisation]] = []
        self.availability: list[Entry[Availability]] = []
        self.credentials: dict[str, CredentialReference] = {}
        self.vendors: list[Entry[Organisation]] = []
        self.filled: dict[str, tuple[str, ...]] = {}
        self.keys: list[Entry[Key]] = []
        self.lists: list[Entry[List]] = []
        self.facts: list[Entry[Fact]] = []
        self.workloads: list[Entry[Workload]] = []
        self.directives: list[Entry[Directive]] = []

    def configuration(self) -> Configuration:
        self._check_folders()
        self._read_documents()
        self._read_settings()
        rules = self._rules()
        self._each("catalog", self._read_catalogue)
        self.models = self._unique(self.models, "a model")
        self.endpoints = self._unique(self.endpoints, "an endpoint")
        self.organisations = self._unique(self.organisations, "an organisation")
        self._add_vendors()
        self.issuers = self._unique(self.issuers, "an issuer")
        self.keys = self._unique(self._each("keys", parse_key), "a key")
        self._read_revocations()
        self.lists = self._unique(self._each("lists", parse_list), "a list")
        self._read_facts()
        self._read_workloads()
        self._read_directives(rules)
        self._check_each_other(rules)
        return Configuration(
            settings=self.settings,
            sources=self._sources(rules),
            keys=_values(self.keys),
            issuers=self._present_issuers(),
            credentials=self.credentials,
            filled=self.filled,
            faults=tuple(sorted(self.faults, key=_order)),
            places=self._places(),
        )

    def _present_issuers(self) -> tuple[Issuer, ...]:
        revocations = _values(self.revocations)
        return tuple(with_revocations(one.value, revocations) for one in self.issuers)

    def _sources(self, rules: Rules) -> Sources:
        return Sources(
            directives=_values(self.directives),
            lists=_values(self.lists),
            models=_values(self.models),
            endpoints=_values(self.endpoints),
            organisations=_values(self.organisations),
            availability=_values(self.availability),
            facts=_values(self.facts),
            workloads=_values(self.workloads),
            rules=rules,
        )

    def _places(self) -> dict[VersionKey, Place]:
        versioned: dict[str, list[Entry[Any]]] = {
            "directive": [*self.directives],
            "list": [*self.lists],
        }
        return {
            (kind, entry.value.id, number + 1): entry.document.key_place("version", number)
            for kind, entries in versioned.items()
            for entry in entries
            for number in range(len(entry.value.versions))
        }

    def _check_folders(self) -> None:
        for path in self.files:
            folder, _, inside = path.partition("/")
            if (
                path == SETTINGS_FILE
                or folder in (*FOLDERS, READINGS)
                or not path.endswith(".toml")
            ):
                continue
            # A restriction in a folder that nobody reads would not be in force.
            near = did_you_mean(folder, FOLDERS) if inside else None
            self.faults.append(
                ConfigurationFault(
                    "unread_file",
                    f"`{path}` is in no folder that is read",
                    place=Place(path),
                    remedy=near or f"one of {', '.join(f'`{name}/`' for name in FOLDERS)}",
                )
            )

    def _read_documents(self) -> None:
        for path in sorted(self.files):
            if path != SETTINGS_FILE and not path.startswith(tuple(f"{one}/" for one in FOLDERS)):
                continue
            if path.endswith(".toml"):
                try:
                    self.documents[path] = read(path, self.files[path])
                except ConfigurationFault as fault:
                    self.faults.append(fault)

    def _read_settings(self) -> None:
        if SETTINGS_FILE not in self.files:
            within = [path for path in sorted(self.files) if path.endswith(f"/{SETTINGS_FILE}")]
            near = within[0].removesuffix(f"/{SETTINGS_FILE}") if within else None
            self.faults.append(
                ConfigurationFault(
                    "no_settings",
                    f"there is no `{SETTINGS_FILE}` in the configuration folder",
                    place=Place(SETTINGS_FILE),
                    remedy=f"there is one in `{near}`: name that folder with `--config`"
                    if near
                    else "`licet init DIR` writes a working configuration",
                )
            )
            return
        document = self.documents.get(SETTINGS_FILE)
        if document is None:
            return
        try:
            self.settings = parse_settings(document)
            self.faults += check_witness_keys(document, self.settings)
        except ConfigurationFault as fault:
            self.faults.append(fault)
            # What other files refer to is read all the same, or each would have a fault more.
            self.settings = msgspec.structs.replace(
                _NO_SETTINGS, attribute=parse_attributes(document)
            )
        own = {
            name: one.type
            for name, one in self.settings.attribute.items()
            if one.party == "subject"
        }
        try:
            self.issuers, faults = parse_issuers(document, self.files, own)
            self.faults += faults
        except ConfigurationFault as fault:
            self.faults.append(fault)

    def _rules(self) -> Rules:
        return Rules(
            refuse_uncleared=tuple(
                name for name, one in self.settings.capability.items() if one.default == "refuse"
            ),
            attributes={
                name: DeclaredAttribute(party=one.party, type=one.type)
                for name, one in self.settings.attribute.items()
            },
        )

    def _each(self, folder: str, parse_one: Callable[[Document], T]) -> list[T]:
        """Every file of a folder that reads, in the order of their paths."""
        found: list[T] = []
        for document in self._in(folder):
            try:
                found.append(parse_one(document))
            except ConfigurationFault as fault:
                self.faults.append(fault)
        return found

    def _in(self, folder: str) -> list[Document]:
        return [one for path, one in self.documents.items() if path.startswith(f"{folder}/")]

    def _written(
        self, folder: str, table: str | None = None, kind: str | None = None
    ) -> frozenset[str]:
        """Ids that the files of a folder define, broken ones too: whoever names a thing that
        is broken is told of the one fault, not of two."""
        found: set[str] = set()
        for document in self._in(folder):
            tables = [document.values] if table is None else document.values.get(table)
            for one in tables if isinstance(tables, list) else ():
                if isinstance(one, dict) and kind in (None, one.get("kind")):
                    identity = one.get("id")
                    if isinstance(identity, str):
                        found.add(identity)
        return frozenset(found)

    def _read_catalogue(self, document: Document) -> None:
        found = parse_catalogue(document)
        self.models += found.models
        self.endpoints += found.endpoints
        self.organisations += found.organisations
        self.availability += found.availability
        self.credentials |= found.credentials
        self.vendors += found.vendors
        self.filled |= found.filled
        self.faults += found.faults

    def _add_vendors(self) -> None:
        """Operators that presets name, where no file says more of them."""
        known = {one.value.id for one in self.organisations}
        known |= self._written("catalog", "organisation")
        for one in self.vendors:
            if one.value.id not in known:
                known.add(one.value.id)
                self.organisations.append(one)

    def _read_revocations(self) -> None:
        for found, faults in self._each("revocations", parse_revocations):
            self.revocations += found
            self.faults += faults
        named = self._issuers_written()
        self.faults += check_revocations(self.revocations, named)

    def _issuers_written(self) -> tuple[str, ...]:
        """Those that `licet.toml` names, broken ones too."""
        document = self.documents.get(SETTINGS_FILE)
        written = [] if document is None else document.values.get("issuer")
        tables = written if isinstance(written, list) else ()
        return tuple(str(one.get("id")) for one in tables if isinstance(one, dict))

    def _read_facts(self) -> None:
        """One fact may have several entries, each for a time of its own."""
        for found, faults in self._each("facts", parse_facts):
            self.facts += found
            self.faults += faults

    def _unique(self, entries: list[Entry[T]], what: str) -> list[Entry[T]]:
        """The first of each id, with a fault for every other one."""
        first: dict[str, Entry[T]] = {}
        for entry in entries:
            identity = _id(entry.value)
            earlier = first.setdefault(identity, entry)
            if earlier is not entry:
                where = earlier.document.place(*earlier.path, "id")
                message = f"`{identity}` is already {what}, at {where}"
                self.faults.append(entry.fault("twice", message, "id"))
        return list(first.values())

    def _read_workloads(self) -> None:
        models = self._written("catalog", "model")
        endpoints = {one.value.id: one.value for one in self.endpoints}
        broken = self._written("catalog", "endpoint") - endpoints.keys()
        found: list[Entry[Workload]] = []
        for one in self._each("workloads", parse_workload):
            entry, faults = one.resolve(models, endpoints, broken)
            self.faults += faults
            if not faults:
                found.append(entry)
        self.workloads = self._unique(found, "a workload")

    def _read_directives(self, rules: Rules) -> None:
        """Directives without faults of their own, with references that lead somewhere."""
        parsed = self._each("directives", lambda one: parse_directive(one, rules.attributes))
        known = self._known()
        whole: list[Entry[Directive]] = []
        for one in parsed:
            broken = [fault for ref in one.references if (fault := known.check(ref))]
            self.faults += [*one.faults, *broken]
            if not one.faults and not broken:
                whole.append(one.entry)
        self.directives = self._unique(whole, "a directive")

    def _check_each_other(self, rules: Rules) -> None:
        known = self._known()
        self.faults += check_parties(
            known,
            models=self.models,
            endpoints=self.endpoints,
            availability=self.availability,
            lists=self.lists,
        )
        self.faults += check_issuers(known, self.issuers, rules.attributes)
        self.faults += check_keys(known, self.keys)
        declared = declared_in(
            self.keys,
            self.workloads,
            model=self.models,
            endpoint=self.endpoints,
            organisation=self.organisations,
        )
        self.faults += check_declared(rules.attributes, declared)

    def _known(self) -> Known:
        lineage = {base for one in self.models for base in one.value.lineage or ()}
        models = self._written("catalog", "model")
        return Known(
            names={
                Named.MODEL: models,
                Named.LINEAGE: models | lineage,
                Named.ENDPOINT: self._written("catalog", "endpoint"),
                Named.ORGANISATION: (
                    self._written("catalog", "organisation")
                    | {one.value.id for one in self.vendors}
                ),
                Named.WORKLOAD: self._written("workloads"),
                Named.FACT: self._written("facts", "fact"),
                Named.RESTRICTION: self._written("directives", kind=Kind.RESTRICTION),
                Named.LIST: self._written("lists"),
            },
            lists={entry.value.id: entry.value.kind for entry in self.lists},
            unread=frozenset(
                named
                for path in self.files.keys() - self.documents.keys()
                for named in _DEFINED_IN.get(path.partition("/")[0], ())
                if path.endswith(".toml")
            ),
        )


_DEFINED_IN: dict[str, tuple[Named, ...]] = {
    "catalog": (Named.MODEL, Named.LINEAGE, Named.ENDPOINT, Named.ORGANISATION),
    "workloads": (Named.WORKLOAD,),
    "facts": (Named.FACT,),
    "directives": (Named.RESTRICTION,),
    "lists": (Named.LIST,),
}
"""What the files of a folder give names to."""


def _id(value: Any) -> str:
    identity: str = value.id
    return identity


def _ids(entries: Iterable[Entry[Any]]) -> frozenset[str]:
    return frozenset(_id(entry.value) for entry in entries)


def _values(entries: Iterable[Entry[T]]) -> tuple[T, ...]:
    return tuple(entry.value for entry in entries)


def _order(fault: ConfigurationFault) -> tuple[str, int, int, str]:
    place = fault.place or Place("")
    return (place.path, place.line, place.column, fault.message)
