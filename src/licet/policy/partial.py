"""Partial adoption: what of a broken folder only restricts, and what has to wait.

INVARIANT (nothing relaxes): whatever the files say, the result is what was in force before,
unchanged, and directives beside it that only ever add to what is refused. So there is no
question that is permitted afterwards and was not before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from licet.policy.adoption import Instrument, Newly, Recording, content_digest
from licet.policy.configuration import Configuration, VersionKey
from licet.policy.directives import Alternative, Condition, Directive, Kind
from licet.policy.questions import Rules, Sources
from licet.policy.snapshot import Snapshot
from licet.terms import ConfigurationFault, Instant, Place, to_datetime

PENDING = "pending"
"""What begins the ids of amendments that are in force beside what they amend."""

_REST = ("models", "endpoints", "organisations", "facts", "workloads")


@dataclass(frozen=True, slots=True, kw_only=True)
class Restricted:
    """`sources`: what is in force now. `newly`: new directives, recorded for the first time.

    `left`: what is sound and waits all the same, because it might relax; a line each, with its
    place. `faults`: sound by itself, and impossible beside what is in force.
    """

    sources: Sources
    newly: tuple[Newly, ...] = ()
    left: tuple[str, ...] = ()
    faults: tuple[ConfigurationFault, ...] = ()


def restrict(
    configuration: Configuration,
    recorded: Mapping[VersionKey, Recording],
    now: Instant,
    before: Sources,
) -> Restricted:
    """Of files that must not be adopted as they are, what only restricts, beside `before`.

    A restriction or obligation that is new is recorded at `now` like any other. A version that
    amends one is in force beside the versions that it was to replace, under an id of its own,
    until the folder can be adopted whole: nothing is said here of which of both is stricter.
    Authorisations, versions that lift, changed lists, the catalogue, facts and workloads wait.
    """
    return _Restricting(configuration, recorded, now, before).restricted()


@dataclass(slots=True)
class _Restricting:
    configuration: Configuration
    recorded: Mapping[VersionKey, Recording]
    now: Instant
    before: Sources
    newly: list[Newly] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    faults: list[ConfigurationFault] = field(default_factory=list)

    def restricted(self) -> Restricted:
        additions = self._additions()
        sources = self._grounds(additions)
        sources = self._with(sources, self._possible(sources, additions))
        self._name_the_rest()
        present = {one.id for one in sources.directives} | {one.id for one in sources.lists}
        return Restricted(
            sources=sources,
            newly=tuple(one for one in self.newly if one.key[1] in present),
            left=tuple(self.left),
            faults=tuple(self.faults),
        )

    def _additions(self) -> list[Directive]:
        known = {one.id for one in self.before.directives}
        known |= {name for kind, name, _ in self.recorded if kind == "directive"}
        additions: list[Directive] = []
        for written in self.configuration.sources.directives:
            if written.kind is Kind.AUTHORISATION:
                self._leave_unrecorded(written)
            elif written.id in known:
                additions += self._amendments(written)
            else:
                additions.append(self._record(written))
        there = {one.id for one in self.before.directives}
        return [one for one in additions if one.id not in there]

    def _record(self, written: Directive) -> Directive:
        """A directive of which nothing is recorded, with all its versions: what a later one
        lifts was not in force before either."""
        for number, version in enumerate(written.versions, 1):
            recording = Recording(content_digest(written, number), self.now)
            source, reading = version.source.digest or "", version.reading.text
            key = ("directive", written.id, number)
            self.newly.append(Newly(key, recording, source=source, reading=reading))
        return _recorded_at(written, self.now)

    def _amendments(self, written: Directive) -> Iterator[Directive]:
        for number, version in enumerate(written.versions, 1):
            if ("directive", written.id, number) in self.recorded:
                continue
            if version.nothing:
                self._leave("directive", written.id, number, "a lift")
                continue
            digest = content_digest(written, number)
            alone = msgspec.structs.replace(
                written, id=f"{PENDING}.{written.id}.{digest[:12]}", versions=(version,)
            )
            yield _recorded_at(alone, self.now)

    def _grounds(self, additions: Iterable[Directive]) -> Sources:
        """What was before, with what nothing in it refers to and the additions may need: lists
        that are new, attributes that were not declared, clearances that are demanded now."""
        before, written = self.before, self.configuration.sources
        there = {one.id for one in before.lists}
        named = {name for one in additions for name in _names(one)}
        new = [one for one in written.lists if one.id not in there and one.id in named]
        for one in new:
            for number in range(1, len(one.versions) + 1):
                recording = Recording(content_digest(one, number), self.now)
                self.newly.append(Newly(("list", one.id, number), recording))
        rules = Rules(
            refuse_uncleared=tuple(
                dict.fromkeys((*before.rules.refuse_uncleared, *written.rules.refuse_uncleared))
            ),
            attributes=written.rules.attributes | before.rules.attributes,
        )
        unavailable = (one for one in written.availability if one not in before.availability)
        return msgspec.structs.replace(
            before,
            lists=(*before.lists, *(_recorded_at(one, self.now) for one in new)),
            availability=(*before.availability, *unavailable),
            rules=rules,
        )

    def _possible(self, sources: Sources, additions: list[Directive]) -> list[Directive]:
        """The additions that can be compiled; what cannot be is a fault, and the rest counts."""
        if _fault_of(self._with(sources, additions)) is None:
            return additions
        possible: list[Directive] = []
        for one in additions:
            fault = _fault_of(self._with(sources, [*possible, one]))
            if fault is None:
                possible.append(one)
                continue
            place = self._place("directive", one.id, 1)
            self.faults.append(
                ConfigurationFault(fault.code, fault.message, place=place, remedy=fault.remedy)
            )
        return possible

    def _with(self, sources: Sources, additions: Iterable[Directive]) -> Sources:
        return msgspec.structs.replace(sources, directives=(*sources.directives, *additions))

    def _name_the_rest(self) -> None:
        before, written = self.before, self.configuration.sources
        there = {one.id for one in before.lists}
        for one in written.lists:
            for number in range(1, len(one.versions) + 1):
                if one.id in there and ("list", one.id, number) not in self.recorded:
                    self._leave("list", one.id, number, "a changed list")
        changed = [
            name
            for name in _REST
            if _by_id(getattr(written, name)) != _by_id(getattr(before, name))
        ]
        if any(one not in written.availability for one in before.availability):
            changed.append("availability")
        self.left += [f"what changed of {name} waits" for name in changed]

    def _leave_unrecorded(self, written: Directive) -> None:
        for number in range(1, len(written.versions) + 1):
            if ("directive", written.id, number) not in self.recorded:
                self._leave("directive", written.id, number, "an authorisation")

    def _leave(self, kind: str, name: str, number: int, what: str) -> None:
        place = self._place(kind, name, number)
        where = f"{place}: " if place is not None else ""
        self.left.append(f"{where}version {number} of `{name}`, {what}")

    def _place(self, kind: str, name: str, number: int) -> Place | None:
        return self.configuration.places.get((kind, name, number))


def _recorded_at(one: Instrument, now: Instant) -> Instrument:
    """The directive or list with every version recorded at `now`."""
    moment = to_datetime(now)
    written: tuple[Any, ...] = one.versions
    versions = tuple(msgspec.structs.replace(each, recorded_at=moment) for each in written)
    return msgspec.structs.replace(one, versions=versions)


def _names(directive: Directive) -> Iterator[str]:
    """Every text that conditions of the directive compare with: ids of lists are among them."""
    for version in directive.versions:
        for alternative in (*version.applies, *version.unless):
            yield from _texts(alternative)


def _texts(of: Alternative) -> Iterator[str]:
    waiting: list[Condition] = list(of.conditions)
    while waiting:
        condition = waiting.pop()
        yield from (one for one in condition.any_of if isinstance(one, str))
        yield from condition.outside
        waiting += condition.record


def _by_id(entries: Iterable[Any]) -> list[Any]:
    return sorted(entries, key=lambda one: str(one.id))


def _fault_of(sources: Sources) -> ConfigurationFault | None:
    try:
        Snapshot.of(sources)
    except ConfigurationFault as fault:
        return fault
    return None
