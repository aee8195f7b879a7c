"""What files say about each other, apart from directives: names that have to exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from licet.catalog import Availability, Endpoint, List, ListKind, Model
from licet.identity import ATTESTABLE, Issuer, Key
from licet.policy.questions import DeclaredAttribute
from licet.policy.references import Known, Named, Reference
from licet.terms import ConfigurationFault, Entry, did_you_mean, is_place


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
        references += [
            _refer(Named.MODEL, name, endpoint, "models", name) for name in endpoint.value.models
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


def check_declared(
    attributes: Mapping[str, DeclaredAttribute], **parties: Iterable[Entry[Any]]
) -> list[ConfigurationFault]:
    """Values under `declared` are of attributes declared for that party, in their type."""
    faults = []
    for party, entries in parties.items():
        names = [name for name, one in attributes.items() if one.party == party]
        for entry in entries:
            for name, attested in entry.value.declared.items():
                if name not in names:
                    fault = entry.fault(
                        "unknown_attribute",
                        f"`{name}` is not a declared attribute of {_ARTICLED[party]}",
                        "declared",
                        name,
                        remedy=did_you_mean(name, names)
                        or f"declare it in `licet.toml`: `[attribute.{name}]`",
                    )
                    faults.append(fault)
                elif not _is_a(attributes[name].type, attested.value):
                    message = f"`{name}` is declared as `{attributes[name].type}`"
                    faults.append(entry.fault("wrong_value", message, "declared", name))
    return faults


_ARTICLED = {
    "model": "a model",
    "endpoint": "an endpoint",
    "organisation": "an organisation",
    "workload": "a workload",
}


def _is_a(kind: str, value: object) -> bool:
    match kind:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "texts":
            return isinstance(value, tuple)
        case "places":
            return isinstance(value, tuple) and all(is_place(one) for one in value)
        case "place":
            return isinstance(value, str) and is_place(value)
        case _:
            return isinstance(value, str)


def _refer(named: Named, name: str, entry: Entry[Any], *steps: str | int) -> Reference:
    return Reference(named, name, entry.document, (*entry.path, *steps))
