"""Faults that a compiler or selector of rules might have, each in several instances.

Where `sites.py` changes one operator, a fault here changes what the engine *means*: it drops a
rule, a condition or an exception, flips a country, shifts a boundary, ignores relief, takes a
wrong version, or takes what is unknown for an answer. Each is put in place in the running
engine, and taken out again, by setting attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zlib import crc32

import msgspec

from licet.policy import Alternative, Condition, Kind, Presumption, rules, selection, snapshot
from licet.policy.columns import Column
from licet.policy.directives import View
from licet.policy.holdings import Holding, Span
from licet.policy.rules import Compiler, Rule
from licet.policy.selection import NEVER, Dated
from licet.policy.vocabulary import ATTRIBUTES, Element

Patch = Callable[[Any, str, Any], None]
"""`monkeypatch.setattr`, or what does the same."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to be wrong. `apply` puts it in place."""

    kind: str
    instance: str
    apply: Callable[[Patch], None]


def faults() -> Iterator[Fault]:
    """All of them, in the order of their kinds."""
    yield from _dropped_rules()
    yield from _dropped_conditions()
    yield from _flipped_countries()
    yield from _shifted_boundaries()
    yield from _ignored_relief()
    yield from _ignored_exceptions()
    yield from _wrong_versions()
    yield from _two_valued()


def _after_add(change: Callable[[Rule], None]) -> Callable[[Patch], None]:
    """Changes each rule as soon as it has been compiled."""

    def apply(patch: Patch) -> None:
        sound = Compiler.add

        def add(self: Compiler, *arguments: Any) -> None:
            before = len(self.rules)
            sound(self, *arguments)
            for rule in self.rules[before:]:
                change(rule)

        patch(Compiler, "add", add)

    return apply


def _set(rule: Rule, name: str, value: Any) -> None:
    object.__setattr__(rule, name, value)


def _dropped_rules() -> Iterator[Fault]:
    which: dict[str, Callable[[Rule], bool]] = {
        "restrictions": lambda rule: rule.directive.kind is Kind.RESTRICTION,
        "authorisations": lambda rule: rule.directive.kind is Kind.AUTHORISATION,
        "obligations that restrict": lambda rule: (
            rule.directive.kind is Kind.OBLIGATION and rule.restricts
        ),
        "second versions": lambda rule: rule.number == 2,
        "those with exceptions": lambda rule: bool(rule.exceptions),
        "those with several alternatives": lambda rule: rule.applies.bit_count() > 1,
        "those without alternatives": lambda rule: not rule.version.applies,
    }
    for start in range(4):

        def fourth(rule: Rule, start: int = start) -> bool:
            return crc32(rule.id.encode()) % 4 == start

        which[f"every fourth, from {start}"] = fourth
    for name, chosen in which.items():

        def drop(rule: Rule, chosen: Callable[[Rule], bool] = chosen) -> None:
            if chosen(rule):
                _set(rule, "applies", 0)

        yield Fault("dropped rule", name, _after_add(drop))
    for name, bits in (
        ("first alternative", lambda mask: mask & (mask - 1) or mask),
        ("last alternative", lambda mask: mask & ~(1 << (mask.bit_length() - 1)) or mask),
        ("all alternatives but one", lambda mask: mask & -mask),
    ):

        def shrink(rule: Rule, bits: Callable[[int], int] = bits) -> None:
            _set(rule, "applies", bits(rule.applies))

        yield Fault("dropped rule", name, _after_add(shrink))


Change = Callable[[tuple[Condition, ...]], tuple[Condition, ...]]


def _in_tables(change: Change) -> Callable[[Patch], None]:
    """Changes the conditions of every table before it is compiled."""

    def apply(patch: Patch) -> None:
        sound = Compiler._row

        def row(self: Compiler, alternative: Alternative, presume: tuple[Presumption, ...]) -> None:
            sound(self, Alternative(conditions=change(alternative.conditions)), presume)

        patch(Compiler, "_row", row)

    return apply


def _each(change: Callable[[Condition], Condition]) -> Callable[[Patch], None]:
    return _in_tables(lambda conditions: tuple(change(one) for one in conditions))


def _with(condition: Condition, **fields: Any) -> Condition:
    return msgspec.structs.replace(condition, **fields)


def _dropped_conditions() -> Iterator[Fault]:
    for name in ATTRIBUTES:

        def rest(found: tuple[Condition, ...], name: str = name) -> tuple[Condition, ...]:
            return tuple(one for one in found if one.attribute != name)

        yield Fault("dropped condition", name, _in_tables(rest))
    yield Fault("dropped condition", "first of each table", _in_tables(lambda found: found[1:]))
    yield Fault("dropped condition", "last of each table", _in_tables(lambda found: found[:-1]))
    for part in ("relation", "organisation.list", "organisation.id", "country", "standing"):

        def without(condition: Condition, part: str = part) -> Condition:
            kept = tuple(one for one in condition.record if one.attribute != part)
            return _with(condition, record=kept) if kept else condition

        yield Fault("dropped condition", f"`{part}` of records", _each(without))
    yield Fault("dropped condition", "assurance", _each(lambda one: _with(one, assurance=None)))
    yield Fault("dropped condition", "max_age", _each(lambda one: _with(one, max_age_s=None)))
    yield Fault(
        "dropped condition",
        "all values but the first",
        _each(lambda one: _with(one, any_of=one.any_of[:1])),
    )
    for view in View:

        def seen(condition: Condition, view: View = view) -> Condition:
            nationality = condition.attribute == "subject.nationality"
            return _with(condition, view=view) if nationality else condition

        yield Fault("dropped condition", f"every view is {view}", _each(seen))


_ASKED = ("US", "FR", "DE", "GB", "NO", "CN", "IN", "CA", "AD", "ZW", "KP", "TW")


def _flipped_countries() -> Iterator[Fault]:
    for country in _ASKED:

        def flip(condition: Condition, country: str = country) -> Condition:
            if condition.record:
                return _with(condition, record=tuple(flip(one) for one in condition.record))
            attribute = ATTRIBUTES.get(condition.attribute)
            of_places = condition.attribute in ("country", "subject.home") or (
                attribute is not None and attribute.element in (Element.PLACE, Element.STATUS)
            )
            name = "outside" if condition.outside else "any_of"
            values = getattr(condition, name)
            if not of_places or not values:
                return condition
            kept = tuple(one for one in values if one != country)
            changed = kept if len(kept) < len(values) and kept else (*kept, country)
            return _with(condition, **{name: changed})

        yield Fault("flipped country", country, _each(flip))
    for name, cut in (("first", slice(1, None)), ("last", slice(None, -1))):

        def shortened(patch: Patch, cut: slice = cut) -> None:
            sound = selection.call_roll

            def call(named: Any, *arguments: Any) -> Any:
                versions = tuple(
                    msgspec.structs.replace(one, members=one.members[cut]) for one in named.versions
                )
                return sound(msgspec.structs.replace(named, versions=versions), *arguments)

            patch(snapshot, "call_roll", call)

        yield Fault("flipped country", f"the {name} member of each list", shortened)

    def swapped(condition: Condition) -> Condition:
        if not condition.outside:
            return condition
        return _with(condition, outside=(), any_of=condition.outside)

    yield Fault("flipped country", "outside is inside", _each(swapped))


def _dated(change: Callable[[Dated], Dated]) -> Callable[[Patch], None]:
    def apply(patch: Patch) -> None:
        sound = selection.date_versions

        def date(versions: Any) -> tuple[Dated, ...]:
            return tuple(change(one) for one in sound(versions))

        patch(snapshot, "date_versions", date)

    return apply


def _shifted_boundaries() -> Iterator[Fault]:
    kind = "shifted boundary"
    for step in (-1, 1):
        for field in ("start", "end", "recorded"):

            def move(one: Dated, field: str = field, step: int = step) -> Dated:
                value = getattr(one, field)
                moved = value + step if abs(value) < NEVER else value
                return msgspec.structs.replace(one, **{field: moved})

            yield Fault(kind, f"{field} of versions by {step} us", _dated(move))
        for field in ("at_least", "at_most", "max_age_s"):

            def bound(condition: Condition, field: str = field, step: int = step) -> Condition:
                record = tuple(bound(one, field, step) for one in condition.record)
                value = getattr(condition, field)
                moved = {} if value is None else {field: value + step}
                return _with(condition, record=record, **moved)

            yield Fault(kind, f"{field} by {step}", _each(bound))
        yield Fault(kind, f"expiry by {step} us", _shifted_expiry(step))
        yield Fault(kind, f"grace by {step} s", _shifted_grace(step))
        for place in (0, 1):
            end = ("beginning", "end")[place]
            yield Fault(kind, f"{end} of records by {step} us", _shifted_records(place, step))


def _shifted_expiry(step: int) -> Callable[[Patch], None]:
    def apply(patch: Patch) -> None:
        sound = Span.counts

        def counts(self: Span, attested: Any, threshold: Any) -> Any:
            if attested is not None and attested.expires is not None:
                later = attested.expires + timedelta(microseconds=step)
                attested = msgspec.structs.replace(attested, expires=later)
            return sound(self, attested, threshold)

        patch(Span, "counts", counts)

    return apply


def _shifted_grace(step: int) -> Callable[[Patch], None]:
    def apply(patch: Patch) -> None:
        sound = selection.condition_met
        patch(
            snapshot,
            "condition_met",
            lambda facts, grace_s, window: sound(facts, max(0, grace_s + step), window),
        )

    return apply


def _shifted_records(place: int, step: int) -> Callable[[Patch], None]:
    def apply(patch: Patch) -> None:
        sound = Span.lies_in

        def lies_in(self: Span, *ends: Any) -> bool | None:
            moved = list(ends)
            if moved[place] is not None:
                moved[place] += timedelta(microseconds=step)
            return sound(self, *moved)

        patch(Span, "lies_in", lies_in)

    return apply


def _after_link(change: Callable[[list[Rule]], None]) -> Callable[[Patch], None]:
    def apply(patch: Patch) -> None:
        sound = rules.link

        def link(found: Any, *arguments: Any, **named: Any) -> Any:
            linked = sound(found, *arguments, **named)
            change(list(found))
            return linked

        patch(snapshot, "link", link)

    return apply


def _ignored_relief() -> Iterator[Fault]:
    kind = "ignored relief"

    def cut(keep: slice) -> Callable[[list[Rule]], None]:
        def change(found: list[Rule]) -> None:
            for rule in found:
                rule.reliefs[:] = rule.reliefs[keep]

        return change

    yield Fault(kind, "all", _after_link(cut(slice(0))))
    yield Fault(kind, "the first", _after_link(cut(slice(1, None))))
    yield Fault(kind, "the last", _after_link(cut(slice(None, -1))))

    def beyond_names(found: list[Rule]) -> None:
        reliefs = [(one,) for one in found if one.directive.kind is Kind.AUTHORISATION]
        for rule in found:
            if rule.directive.kind is Kind.RESTRICTION:
                rule.reliefs[:] = reliefs

    yield Fault(kind, "what is not named is relieved too", _after_link(beyond_names))

    def of_first_versions(found: list[Rule]) -> None:
        for rule in found:
            if rule.number == 1:
                rule.reliefs.clear()

    yield Fault(kind, "of first versions", _after_link(of_first_versions))
    yield Fault(
        kind,
        "conditions always met",
        lambda patch: patch(snapshot, "condition_met", lambda *_: True),
    )
    yield Fault(
        kind,
        "conditions never met",
        lambda patch: patch(snapshot, "condition_met", lambda *_: False),
    )
    yield Fault(kind, "never confirmed", lambda patch: patch(rules, "confirmed", lambda *_: False))
    yield Fault(kind, "always confirmed", lambda patch: patch(rules, "confirmed", lambda *_: True))


def _ignored_exceptions() -> Iterator[Fault]:
    kind = "ignored unless"
    keeps: dict[str, Callable[[Rule], int]] = {
        "all": lambda _: 0,
        "the first": lambda rule: rule.exceptions & (rule.exceptions - 1),
        "all but the first": lambda rule: rule.exceptions & -rule.exceptions,
        "of restrictions": lambda rule: (
            0 if rule.directive.kind is Kind.RESTRICTION else rule.exceptions
        ),
        "of authorisations": lambda rule: (
            0 if rule.directive.kind is Kind.AUTHORISATION else rule.exceptions
        ),
        "of second versions": lambda rule: 0 if rule.number == 2 else rule.exceptions,
        "of those with alternatives": lambda rule: (
            0 if rule.applies.bit_count() > 1 else rule.exceptions
        ),
    }
    for name, keep in keeps.items():

        def change(rule: Rule, keep: Callable[[Rule], int] = keep) -> None:
            _set(rule, "exceptions", keep(rule))

        yield Fault(kind, name, _after_add(change))


def _wrong_versions() -> Iterator[Fault]:
    kind = "wrong version"

    def ordered(key: Callable[[Dated], Any]) -> Callable[[Patch], None]:
        def apply(patch: Patch) -> None:
            sound = selection.date_versions
            patch(snapshot, "date_versions", lambda many: tuple(sorted(sound(many), key=key)))

        return apply

    yield Fault(kind, "the first recorded", ordered(lambda one: (-one.recorded, -one.index)))
    yield Fault(kind, "the last in the file", ordered(lambda one: one.index))
    yield Fault(kind, "the first in the file", ordered(lambda one: -one.index))
    yield Fault(kind, "of equals the earlier", ordered(lambda one: (one.recorded, -one.index)))
    yield Fault(kind, "the last to begin", ordered(lambda one: (one.start, one.index)))
    for name, fields in (
        ("never ends", {"end": NEVER}),
        ("always known", {"recorded": -NEVER}),
        ("always begun", {"start": -NEVER}),
    ):

        def set_ends(one: Dated, fields: dict[str, int] = fields) -> Dated:
            return msgspec.structs.replace(one, **fields)

        yield Fault(kind, name, _dated(set_ends))

    def with_lifted(patch: Patch) -> None:
        sound = selection.in_force

        def in_force(directive: Any, *arguments: Any) -> Any:
            versions = tuple(
                msgspec.structs.replace(one, nothing=False) for one in directive.versions
            )
            return sound(msgspec.structs.replace(directive, versions=versions), *arguments)

        patch(snapshot, "in_force", in_force)

    yield Fault(kind, "a lift restricts", with_lifted)


def _two_valued() -> Iterator[Fault]:
    kind = "two-valued unknown"
    names = [
        name
        for name, one in ATTRIBUTES.items()
        if not one.only_lists
        and name not in ("action", "organisation.id", "model.id")
        and name not in ("workload.id", "endpoint.id", "endpoint.operator")
    ]
    for name in names:
        yield Fault(kind, f"{name}: unknown is no", _masked(name, lambda silent, _: silent))
        yield Fault(kind, f"{name}: unknown is yes", _masked(name, lambda _, every: every))
    for word, closed in (("closed", True), ("open", False)):

        def called(patch: Patch, closed: bool = closed) -> None:
            sound = selection.call_roll
            patch(
                snapshot,
                "call_roll",
                lambda *given: msgspec.structs.replace(sound(*given), closed=closed),
            )

        yield Fault(kind, f"every list is {word}", called)


def _masked(name: str, answer: Callable[[int, int], int]) -> Callable[[Patch], None]:
    """What is not known of one attribute is taken for the answer."""

    def apply(patch: Patch) -> None:
        sound = Column.masks

        def masks(self: Column, holding: Holding, all_rows: int) -> tuple[int, int]:
            must, may = sound(self, holding, all_rows)
            if self.key.attribute.held != name or must == may:
                return must, may
            taken = answer(must, may)
            return taken, taken

        patch(Column, "masks", masks)

    return apply
