"""The parties of requests as Cedar entities: who they are, and which lists they are on.

Everything is read anew from the nouns by the letter of docs/policy.md, section 1, as of one
instant; nothing of the engine's code is used. A party of which something that the policies
read is unknown is left out, so that Cedar errs where it would need to know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from licet.catalog import Fact, List, ListKind, ListVersion, SubjectRule
from licet.policy.cedar.attributes import PRESENT, TYPES, Shape, Use
from licet.policy.cedar.export import Export
from licet.policy.cedar.expressions import ALWAYS_KNOWN, LIST_TYPES, fact_name
from licet.policy.cedar.persons import attested_value, person_value
from licet.policy.directives import FactCondition
from licet.policy.questions import Moment, Sources
from licet.terms import UNKNOWN_PERSON, ConfigurationFault, Profile, places, to_datetime

_MEMBERS = {
    ListKind.PLACES: "Place",
    ListKind.ORGANISATIONS: "Organisation",
    ListKind.MODELS: "ModelName",
    ListKind.OPERATORS: "Operator",
}

Json = dict[str, Any]


class Entities(msgspec.Struct, frozen=True, kw_only=True):
    """`document`: Cedar's JSON form of entities. `left_out`: (entity type, id) of the parties
    of which something is unknown that the policies read."""

    document: tuple[Json, ...]
    left_out: frozenset[tuple[str, str]]


def entities(
    export: Export, sources: Sources, persons: Mapping[str, Profile], moment: Moment
) -> Entities:
    """The lists' members and all parties, as known at `moment` (its clock error aside).

    `ConfigurationFault` if a list that the policies read does not answer for everybody, or a
    set has more records than the export has slots.
    """
    at = to_datetime(moment.valid_at)
    known_at = None if moment.known_at is None else to_datetime(moment.known_at)
    document = list(_members(export, sources, at, known_at))
    left_out = set()
    for party, name, holder in _parties(sources, persons):
        attributes = _attributes(export, party, holder, at)
        if attributes is None:
            left_out.add((TYPES[party], name))
        else:
            document.append({"uid": _uid(TYPES[party], name), "attrs": attributes, "parents": []})
    return Entities(document=tuple(document), left_out=frozenset(left_out))


def request(
    export: Export,
    sources: Sources,
    *,
    person: str,
    organisation: str,
    workload: str,
    model: str,
    endpoint: str,
    action: str,
    moment: Moment,
) -> Json:
    """One request; `person` is a key of the mapping that `entities` was given."""
    use = next((one for one in sources.workloads if one.id == workload), None)
    if use is not None and use.subject is SubjectRule.NONE:
        person = audience_of(workload)
    return {
        "principal": _uid(TYPES["subject"], person),
        "action": _uid("Action", action),
        "resource": _uid(TYPES["endpoint"], endpoint),
        "context": {
            "organisation": _reference(TYPES["organisation"], organisation),
            "workload": _reference(TYPES["workload"], workload),
            "model": _reference(TYPES["model"], model),
            "valid_at": moment.valid_at,
            "known_at": ALWAYS_KNOWN if moment.known_at is None else moment.known_at,
            "met": sorted(
                fact_name(one)
                for one in export.facts
                if _is_met(one, sources.facts, to_datetime(moment.valid_at))
            ),
        },
    }


def audience_of(workload: str) -> str:
    """The id of the person that stands for everybody who sees a workload's output."""
    return f"audience of {workload}"


def _parties(sources: Sources, persons: Mapping[str, Profile]) -> Iterator[tuple[str, str, Any]]:
    for name, profile in persons.items():
        yield "subject", name, profile
    for workload in sources.workloads:
        yield "workload", workload.id, workload
        if workload.subject is SubjectRule.NONE:
            yield "subject", audience_of(workload.id), workload.audience or UNKNOWN_PERSON
    for organisation in sources.organisations:
        yield "organisation", organisation.id, organisation
    for model in sources.models:
        yield "model", model.id, model
    for endpoint in sources.endpoints:
        yield "endpoint", endpoint.id, endpoint


def _attributes(export: Export, party: str, holder: Any, at: datetime) -> Json | None:
    """The attributes of one party that the policies read; None if one is not known."""
    found: Json = {msgspec.json.decode(PRESENT): True}
    for use in export.uses:
        if use.party != party:
            continue
        value, attested = value_of(use, holder, at)
        if value is None:
            if use.optional and not attested:
                continue
            return None
        found[msgspec.json.decode(use.member)] = _json(value, use.shape, export.slots)
    return found


def value_of(use: Use, holder: Any, at: datetime) -> tuple[Any, bool]:
    """(what is known of an attribute at an instant, None if nothing; whether anybody spoke)."""
    if isinstance(holder, Profile):
        return person_value(use, holder, at)
    own = use.own
    demands = use.assurance is not None or use.max_age_s is not None
    if own in holder.declared:
        return attested_value(holder.declared[own], use, at)
    if use.party == "organisation" and own != "id":
        name = "ultimate_parent" if own == "ultimate_parent.place" else own
        return attested_value(getattr(holder, name, None), use, at)
    value = holder
    for part in own.split("."):
        value = getattr(value, part, None)
    if own in ("developer", "operator") and value is not None:
        value = value.id
    # What is configured was not attested: it meets no demand on attestations.
    return (None, True) if demands else (value, value is not None)


def _json(value: Any, shape: Shape, slots: int) -> Any:
    if shape.slotted:
        if len(value) > slots:
            raise ConfigurationFault(
                "too_many_records", f"{len(value)} records in a set, and {slots} slots for them"
            )
        return {f"s{number}": _record(one, shape) for number, one in enumerate(value)}
    if shape in (Shape.PLACE, Shape.ORGANISATION, Shape.OPERATOR, Shape.MODEL):
        return _reference(shape.value, value)
    return list(value) if shape is Shape.WORDS else value


def _record(one: Any, shape: Shape) -> Any:
    match shape:
        case Shape.PLACES:
            return _reference("Place", one)
        case Shape.ENGAGEMENTS:
            return {
                "relation": one.relation.value,
                "organisation": _reference("Organisation", one.organisation),
            }
        case Shape.OWNERS:
            return {
                "organisation": _reference("Organisation", one.organisation),
                "percent": one.percent,
            }
        case _:
            status, current, latest = one
            return {
                "country": _reference("Place", status.country),
                "standing": status.standing.value,
                "current": current,
                "latest": latest,
            }


def _members(
    export: Export, sources: Sources, at: datetime, known_at: datetime | None
) -> Iterator[Json]:
    """Everybody whom a list names, with the lists as parents; and all places."""
    parents: dict[tuple[str, str], list[Json]] = {("Place", one): [] for one in places()}
    named = {one.id: one for one in sources.lists}
    for name in sorted(export.lists):
        listed = named.get(name)
        version = None if listed is None else _selected(listed, at, known_at)
        if listed is None or version is None or not _is_whole(version, at):
            raise ConfigurationFault(
                "open_list", f"list `{name}` does not answer for everybody: Cedar cannot be asked"
            )
        for member in version.members:
            of_it = parents.setdefault((_MEMBERS[listed.kind], member), [])
            of_it.append(_uid(LIST_TYPES[listed.kind], name))
    for (kind, name), lists in sorted(parents.items()):
        if lists:
            yield {"uid": _uid(kind, name), "attrs": {}, "parents": lists}


def _selected(listed: List, at: datetime, known_at: datetime | None) -> ListVersion | None:
    """Of the versions known and in effect the last recorded, or the later in the file."""
    found: ListVersion | None = None
    for version in listed.versions:
        begun = version.effective_from <= at
        over = version.effective_until is not None and at >= version.effective_until
        if begun and not over and _is_known(version, known_at):
            found = version if found is None or _prevails(version, found) else found
    return found


def _is_known(version: ListVersion, known_at: datetime | None) -> bool:
    recorded = version.recorded_at
    return recorded is None or known_at is None or recorded <= known_at


def _prevails(later: ListVersion, earlier: ListVersion) -> bool:
    """Recorded no earlier; what is not recorded counts as recorded before everything."""
    if earlier.recorded_at is None:
        return True
    return later.recorded_at is not None and later.recorded_at >= earlier.recorded_at


def _is_whole(version: ListVersion, at: datetime) -> bool:
    if not version.complete or version.max_age_s is None:
        return version.complete
    if version.as_of is None:
        return False
    # "Fresher than its max_age": at that very age it no longer is.
    return at - version.as_of < timedelta(seconds=version.max_age_s)


def _is_met(condition: FactCondition, facts: tuple[Fact, ...], at: datetime) -> bool:
    """Entries of the fact are in effect and all true, now or within the grace before."""
    entries = [one for one in facts if one.id == condition.fact]
    tick = timedelta(microseconds=1)
    earliest = at - timedelta(seconds=condition.grace_s)
    # Truth changes only where an entry begins or ends, so the last instants of each stretch,
    # as far as they lie within the grace, are all that need to be looked at.
    ends = [edge - tick for one in entries for edge in (one.start, one.end) if edge is not None]
    instants = [at, *(end for end in ends if earliest <= end <= at)]
    return any(_is_true(entries, one) for one in instants)


def _is_true(entries: list[Fact], at: datetime) -> bool:
    saying = [
        one.value
        for one in entries
        if (one.start is None or one.start <= at) and (one.end is None or at < one.end)
    ]
    return bool(saying) and all(saying)


def _uid(kind: str, name: str) -> Json:
    return {"type": kind, "id": name}


def _reference(kind: str, name: str) -> Json:
    return {"__entity": _uid(kind, name)}
