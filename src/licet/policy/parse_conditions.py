"""`[[version.applies]]` and `[[version.unless]]`: nested tables become flat conditions.

    subject.engagement = { relation = ["employee"], organisation.list = ["annex-a"] }

is one condition on `subject.engagement` with two conditions on one record of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from licet.catalog import ListKind
from licet.policy.directives import Alternative, Condition, Presumption, View
from licet.policy.questions import Action, DeclaredAttribute
from licet.policy.references import Named, Reference
from licet.policy.vocabulary import ATTRIBUTES, Attribute, Element, find_attribute
from licet.terms import (
    Assurance,
    Document,
    Duration,
    Path,
    Relation,
    Standing,
    duration_s,
    is_identifier,
    is_place,
    place_remedy,
)

_NAMES = {
    "model.id": Named.MODEL,
    "model.lineage": Named.LINEAGE,
    "model.developer": Named.ORGANISATION,
    "endpoint.id": Named.ENDPOINT,
    "endpoint.operator": Named.ORGANISATION,
    "organisation.id": Named.ORGANISATION,
    "workload.id": Named.WORKLOAD,
}

WORDS: dict[str, tuple[str, ...]] = {
    "action": tuple(Action),
    "relation": tuple(Relation),
    "standing": tuple(Standing),
}

BOUNDED = ("percent", "percent_sum")
"""Shares are tested by bounds: of exactly half, nobody can be sure."""

_ORGANISATIONS = ListKind.ORGANISATIONS
RECORDS: dict[Element, dict[str, Attribute]] = {
    Element.STATUS: {
        "country": Attribute("country", Element.PLACE, True, False, ListKind.PLACES),
        "standing": Attribute("standing", Element.WORD, True, False),
    },
    Element.ENGAGEMENT: {
        "relation": Attribute("relation", Element.WORD, True, False),
        "organisation.id": Attribute("organisation.id", Element.WORD, True, False),
        "organisation.list": Attribute(
            "organisation.list", Element.WORD, True, False, _ORGANISATIONS, True
        ),
    },
    Element.OWNERS: {
        "organisation.id": Attribute("organisation.id", Element.WORD, True, False),
        "organisation.list": Attribute(
            "organisation.list", Element.WORD, True, False, _ORGANISATIONS, True
        ),
        "percent": Attribute("percent", Element.NUMBER, True, False),
        "percent_sum": Attribute("percent_sum", Element.NUMBER, True, False),
    },
}


class _AssuranceFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    at_least: Assurance


@dataclass(frozen=True, slots=True)
class ConditionReader:
    """Reads the tables of one directive; collects what they name in `references`."""

    document: Document
    declared: Mapping[str, DeclaredAttribute]
    references: list[Reference] = field(default_factory=list)

    def alternative(self, path: Path) -> Alternative:
        """One table, all of whose conditions must hold."""
        table = self.document.convert(dict[str, Any], path)
        if not table:
            raise self.document.fault(
                "empty_table",
                "a table without a condition would hold for everything",
                path,
                remedy="leave it out: without `applies`, a version applies to everything",
            )
        leaves = self._leaves(table, path, "", self._vocabulary())
        return Alternative(
            conditions=tuple(self._condition(attribute, where) for attribute, where in leaves)
        )

    def presumptions(self, path: Path) -> tuple[Presumption, ...]:
        """`presume = { subject.us_person = true }`: a value per attested attribute."""
        table = self.document.convert(dict[str, Any], path)
        found = []
        for attribute, where in self._leaves(table, path, "", self._vocabulary()):
            if not (attribute.scalar and attribute.attested) or attribute.only_lists:
                message = f"`{attribute.name}` is not an attested value that could be presumed"
                raise self.document.fault("wrong_presumption", message, where)
            value = self._value(attribute, where)
            found.append(Presumption(attribute=attribute.name, value=value))
        return tuple(found)

    def _vocabulary(self) -> dict[str, Attribute]:
        own = {f"{one.party}.{name}" for name, one in self.declared.items()}
        declared = dict(self.declared)
        return ATTRIBUTES | {name: find_attribute(name, declared) for name in sorted(own)}

    def _leaves(
        self, table: dict[str, Any], path: Path, prefix: str, names: Mapping[str, Attribute]
    ) -> Iterator[tuple[Attribute, Path]]:
        """The attributes that nested tables test, each with the path of its test."""
        parents = _parents(names)
        for key, value in table.items():
            name, where = prefix + key, (*path, key)
            if isinstance(value, dict) and name in parents:
                # `model.developer` is an attribute and has attributes: its keys tell which.
                inner = any(f"{name}.{step}" in parents | names.keys() for step in value)
                if inner or name not in names:
                    yield from self._leaves(value, where, f"{name}.", names)
                    continue
            attribute = names.get(name) or names.get(name.removesuffix(".id"))
            if attribute is None:
                depth = len(prefix)
                rest = {full[depth:] for full in names if full.startswith(prefix)}
                known = {inner.partition(".")[0] for inner in rest}
                raise self.document.unknown_key(where, known)
            yield attribute, where

    def _condition(self, attribute: Attribute, path: Path) -> Condition:
        value = self.document.at(path)
        if attribute.element in RECORDS:
            return self._record(attribute, path)
        if not isinstance(value, dict) and attribute.name in BOUNDED:
            message = f"`{attribute.name}` is tested by a bound"
            remedy = f"`{attribute.name} = {{ at_least = 50 }}`"
            raise self.document.fault("wrong_test", message, path, remedy=remedy)
        if not isinstance(value, dict):
            return Condition(attribute=attribute.name, any_of=self._any_of(attribute, path))
        allowed = self._tests(attribute)
        for key in value:
            if key not in allowed:
                raise self.document.unknown_key((*path, key), allowed)
        tests = {"any_of", "outside", "at_least", "at_most"} & value.keys()
        if not tests or (len(tests) > 1 and tests != {"at_least", "at_most"}):
            message = f"`{attribute.name}` takes exactly one test"
            remedy = "one of " + ", ".join(f"`{one}`" for one in allowed)
            raise self.document.fault("wrong_test", message, path, remedy=remedy)
        return Condition(
            attribute=attribute.name,
            any_of=self._any_of(attribute, (*path, "any_of")) if "any_of" in value else (),
            outside=self._outside((*path, "outside")) if "outside" in value else (),
            at_least=self._number(path, "at_least"),
            at_most=self._number(path, "at_most"),
            assurance=self._assurance(path),
            max_age_s=self._max_age_s(path),
        )

    def _tests(self, attribute: Attribute) -> tuple[str, ...]:
        if attribute.name in BOUNDED:
            return ("at_least", "at_most")
        tests: tuple[str, ...] = ("any_of",)
        if attribute.element is Element.PLACE:
            tests += ("outside",)
        if attribute.element is Element.NUMBER:
            tests += ("at_least", "at_most")
        return (*tests, "assurance", "max_age") if attribute.attested else tests

    def _record(self, attribute: Attribute, path: Path) -> Condition:
        table = self.document.at(path)
        fields = RECORDS[attribute.element]
        if not isinstance(table, dict):
            raise self.document.fault(
                "wrong_type",
                f"`{attribute.name}` is a set of records: expected a table",
                path,
                remedy="one of " + ", ".join(f"`{name}`" for name in fields),
            )
        modifiers = {"assurance", "max_age"}
        if attribute.element is Element.STATUS:
            modifiers.add("view")
        tests = {key: value for key, value in table.items() if key not in modifiers}
        names = dict(fields)
        for key in tests:
            if key not in {name.partition(".")[0] for name in names}:
                raise self.document.unknown_key((*path, key), {*fields, *modifiers})
        record = tuple(
            self._condition(field_, where) for field_, where in self._leaves(tests, path, "", names)
        )
        if not record:
            message = f"`{attribute.name}` without a test on its records"
            raise self.document.fault("wrong_test", message, path)
        view = View.CURRENT
        if "view" in table and "view" in modifiers:
            view = self.document.convert(View, (*path, "view"))
        return Condition(
            attribute=attribute.name,
            record=record,
            view=view,
            assurance=self._assurance(path),
            max_age_s=self._max_age_s(path),
        )

    def _any_of(self, attribute: Attribute, path: Path) -> tuple[bool | int | str, ...]:
        value = self.document.at(path)
        if not isinstance(value, list):
            return (self._value(attribute, path),)
        if not value:
            message = f"`{attribute.name}` is none of an empty list"
            raise self.document.fault("empty_list", message, path)
        return tuple(self._value(attribute, (*path, index)) for index in range(len(value)))

    def _value(self, attribute: Attribute, path: Path) -> bool | int | str:
        match attribute.element:
            case Element.FLAG:
                return self.document.convert(bool, path)
            case Element.NUMBER:
                return self.document.convert(int, path)
            case Element.PLACE:
                return self._place_or_list(path)
            case _:
                return self._word(attribute, self.document.convert(str, path), path)

    def _word(self, attribute: Attribute, word: str, path: Path) -> str:
        if attribute.only_lists:
            self._refer(Named.LIST, word, path, attribute.listed)
        elif attribute.name in WORDS:
            if word not in WORDS[attribute.name]:
                known = ", ".join(f"`{one}`" for one in WORDS[attribute.name])
                message = f"`{word}` is not among the values of `{attribute.name}`"
                raise self.document.fault("unknown_value", message, path, remedy=f"one of {known}")
        elif attribute.name in _NAMES:
            self._refer(_NAMES[attribute.name], word, path, None)
        return word

    def _outside(self, path: Path) -> tuple[str, ...]:
        value = self.document.convert(tuple[str, ...], path)
        if not value:
            raise self.document.fault("empty_list", "outside of nothing is everywhere", path)
        return tuple(self._place_or_list((*path, index)) for index in range(len(value)))

    def _place_or_list(self, path: Path) -> str:
        """Codes are capitals and ids of lists are not, so that neither is taken for the other."""
        word = self.document.convert(str, path)
        if is_place(word):
            return word
        if not is_identifier(word):
            message = f"`{word}` is neither a place nor a list of places"
            raise self.document.fault("unknown_place", message, path, remedy=place_remedy(word))
        self._refer(Named.LIST, word, path, ListKind.PLACES)
        return word

    def _refer(self, named: Named, name: str, path: Path, kind: ListKind | None) -> None:
        self.references.append(Reference(named, name, self.document, path, kind))

    def _number(self, path: Path, key: str) -> int | None:
        if key not in self.document.at(path):
            return None
        return self.document.convert(int, (*path, key))

    def _assurance(self, path: Path) -> Assurance | None:
        if "assurance" not in self.document.at(path):
            return None
        return self.document.convert(_AssuranceFile, (*path, "assurance")).at_least

    def _max_age_s(self, path: Path) -> int | None:
        if "max_age" not in self.document.at(path):
            return None
        return duration_s(self.document.convert(Duration, (*path, "max_age")))


def _parents(names: Mapping[str, Attribute]) -> frozenset[str]:
    """Every proper beginning of a dotted name: `organisation`, `model.developer`."""
    return frozenset(
        ".".join(parts[:depth])
        for parts in (name.split(".") for name in names)
        for depth in range(1, len(parts))
    )
