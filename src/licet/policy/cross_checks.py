"""What files say about each other, apart from directives: names that have to exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from licet.catalog import Availability, Endpoint, List, ListKind, Model, Workload
from licet.identity import ATTESTABLE, Issuer, Key
from licet.policy.questions import DeclaredAttribute
from licet.policy.references import Known, Named, Reference
from licet.terms import (
    Attested,
    ConfigurationFault,
    Entry,
    Scalar,
    did_you_mean,
    is_of_type,
)


def check_parties(
    known: Known,
    *,
    models: Iterable[Entry[Model]],
    endpoints: Iterable[Entry[Endpoint]],
    availability: Iterable[Entry[Availability]],
    lists: Iterable[Entry[List]],
) -> list[ConfigurationFault]:
    """Developers, operators, served models, unavailable ones and members exist."""
    references = [
        _refer(Named.ORGANISATION, developer.id, model, "developer", "id")
        for model in models
        if (developer := model.value.developer)
    ]
    for endpoint in endpoints:
        operator = endpoint.value.operator.id
        references.append(_refer(Named.ORGANISATION, operator, endpoint, "operator", "id"))
        written = endpoint.document.at(endpoint.path)
        references += [
            _refer(
                Named.MODEL,
                name,
                endpoint,
                *(("models", name) if "models" in written else ("model",)),
            )
            for name in endpoint.value.models
        ]
    for one in availability:
        if one.value.model is not None:
            references.append(_refer(Named.MODEL, one.value.model, one, "model"))
        if one.value.endpoint is not None:
            references.append(_refer(Named.ENDPOINT, one.value.endpoint, one, "endpoint"))
    for entry in lists:
        if entry.value.kind is ListKind.MODELS:
            references += [
                _refer(Named.MODEL, member, entry, "version", number, "members", index)
                for number, version in enumerate(entry.value.versions)
                for index, member in enumerate(version.members)
            ]
    return [fault for reference in references if (fault := known.check(reference))]


def check_issuers(
    known: Known, issuers: Iterable[Entry[Issuer]], attributes: Mapping[str, DeclaredAttribute]
) -> list[ConfigurationFault]:
    """What an issuer may attest are attributes of a person; organisations that it names exist."""
    return [fault for one in issuers for fault in _check_issuer(known, one, attributes)]


def _check_issuer(
    known: Known, issuer: Entry[Issuer], attributes: Mapping[str, DeclaredAttribute]
) -> list[ConfigurationFault]:
    own = [name for name, one in attributes.items() if one.party == "subject"]
    attestable = (*ATTESTABLE, *own)
    faults = [
        issuer.fault(
            "unknown_attribute",
            f"`{name}` is not an attribute of a person",
            "may_attest",
            index,
            remedy=did_you_mean(name, attestable),
        )
        for index, name in enumerate(issuer.value.may_attest)
        if name not in attestable
    ]
    references = [
        _refer(Named.ORGANISATION, name, issuer, "engagement_with", index)
        for index, name in enumerate(issuer.value.engagement_with)
    ]
    return faults + [fault for one in references if (fault := known.check(one))]


def check_keys(known: Known, keys: Sequence[Entry[Key]]) -> list[ConfigurationFault]:
    """A key's organisation and workloads exist, and no two keys are the same."""
    faults: list[ConfigurationFault] = []
    hashes: dict[str, Entry[Key]] = {}
    for key in keys:
        references = [_refer(Named.ORGANISATION, key.value.organisation, key, "organisation")]
        references += [
            _refer(Named.WORKLOAD, name, key, "workloads", index)
            for index, name in enumerate(key.value.workloads)
        ]
        faults += [fault for one in references if (fault := known.check(one))]
        earlier = hashes.setdefault(key.value.hash, key)
        if earlier is not key:
            message = f"the same key as `{earlier.value.id}`"
            faults.append(key.fault("twice", message, "hash"))
    return faults


Declared = tuple[str, Entry[Any], Mapping[str, Attested[Scalar]], tuple[str, ...]]
"""Whose attributes, the entry that they are written in, they themselves, and where in it."""


def check_declared(
    attributes: Mapping[str, DeclaredAttribute], written: Iterable[Declared]
) -> list[ConfigurationFault]:
    """Values under `declared` are of attributes declared for that party, in their type."""
    faults = []
    for party, entry, values, path in written:
        names = [name for name, one in attributes.items() if one.party == party]
        for name, attested in values.items():
            if name not in names:
                fault = entry.fault(
                    "unknown_attribute",
                    f"`{name}` is not a declared attribute of {_ARTICLED[party]}",
                    *path,
                    name,
                    remedy=did_you_mean(name, names)
                    or f"declare it in `licet.toml`: `[attribute.{name}]`",
                )
                faults.append(fault)
            elif not is_of_type(attributes[name].type, attested.value):
                message = f"`{name}` is declared as `{attributes[name].type}`"
                faults.append(entry.fault("wrong_value", message, *path, name))
    return faults


def declared_in(
    keys: Iterable[Entry[Key]],
    workloads: Iterable[Entry[Workload]],
    **parties: Iterable[Entry[Any]],
) -> list[Declared]:
    """Every `declared` table of a configuration; `parties` by what they are."""
    found: list[Declared] = [
        (party, entry, entry.value.declared, ("declared",))
        for party, entries in parties.items()
        for entry in entries
    ]
    for key in keys:
        if key.value.attests:
            found.append(("subject", key, key.value.attests.declared, ("attests", "declared")))
    for one in workloads:
        found.append(("workload", one, one.value.declared, ("declared",)))
        if one.value.audience:
            found.append(("subject", one, one.value.audience.declared, ("audience", "declared")))
    return found


_ARTICLED = {
    "subject": "a person",
    "organisation": "an organisation",
    "workload": "a workload",
    "model": "a model",
    "endpoint": "an endpoint",
}


def _refer(named: Named, name: str, entry: Entry[Any], *steps: str | int) -> Reference:
    return Reference(named, name, entry.document, (*entry.path, *steps))
