"""Every way in which the unknown may turn out, as far as the rules can tell (section 4).

A completion gives every unknown attribute a complete value, and every uncertain membership an
answer. Values that no condition tells apart are one class; each class keeps one value as its
representative. The classes are found by brute force: from what is attested, every element or
record that the constants of the conditions (and one of nobody's) suggest is added, and added
again, until nothing new is told apart. Pure; bounded by `BOUND`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, combinations, product
from math import prod

from licet.policy.directives import Condition, View
from licet.policy.naive.sight import Sight
from licet.policy.naive.values import (
    PERSON,
    Cell,
    Element,
    Other,
    Row,
    Value,
    beginning,
    eligible,
    is_dated,
    is_us_person,
    most_recent,
)
from licet.policy.questions import Sources
from licet.terms import Relation, Standing

BOUND = 4096
"""Completions beyond which a verdict is undetermined without looking (section 4)."""

MEMBERSHIPS = 256
"""The same for the answers that lists leave open alone: each value is tried under them all."""

Use = tuple[Cell, Condition]
Pair = tuple[str, Element]
Truths = dict[Use, bool]

RECORDS = ("subject.engagement", "organisation.owners", PERSON)
SETS = (
    "subject.tier", "organisation.sector", "workload.data", "workload.data_origin",
    "model.lineage", "model.capability",
)  # fmt: skip
SET_TYPES = ("texts", "places")
BOOLS = ("organisation.us_person", "model.cleared", "endpoint.self_hosted")


@dataclass(frozen=True, slots=True)
class Completion:
    """One way: the truth of every use, and a label for the value of every unknown attribute."""

    truths: Truths
    labels: dict[str, object]


def completions(sight: Sight, uses: set[Use]) -> list[Completion] | None:
    """All completions of what these uses see; None beyond `BOUND`."""
    space = _Space(sight, uses)
    return None if space.size > BOUND else list(space.completions())


@dataclass(frozen=True, slots=True)
class _Class:
    """Values of one cell that no use tells apart; truths by membership world, then by use."""

    value: Value
    truths: tuple[tuple[bool, ...], ...]


class _Space:
    """The unknown around one question: membership worlds times the classes of each cell."""

    def __init__(self, sight: Sight, uses: set[Use]) -> None:
        self.sight = sight
        self.conditions: dict[Cell, list[Condition]] = {}
        for cell, condition in sorted(uses, key=repr):
            self.conditions.setdefault(cell, []).append(condition)
        self.pairs = self._uncertain_memberships()
        self.size = 2 ** len(self.pairs)
        if self.size > MEMBERSHIPS:
            self.size = BOUND + 1
            return
        self.memberships: list[dict[Pair, bool]] = [
            dict(zip(self.pairs, answers, strict=True))
            for answers in product((False, True), repeat=len(self.pairs))
        ]
        self.classes = {cell: self._classes(cell) for cell in self.conditions}
        self.size *= prod(len(classes) for classes in self.classes.values())

    def completions(self) -> Iterator[Completion]:
        for number, membership in enumerate(self.memberships):
            for chosen in product(*(enumerate(classes) for classes in self.classes.values())):
                picked = dict(zip(self.classes, chosen, strict=True))
                yield Completion(
                    {
                        (cell, condition): truth
                        for cell, (_, each) in picked.items()
                        for condition, truth in zip(
                            self.conditions[cell], each.truths[number], strict=True
                        )
                    },
                    self._labels(membership, picked),
                )

    def _labels(
        self, membership: dict[Pair, bool], picked: dict[Cell, tuple[int, _Class]]
    ) -> dict[str, object]:
        """What an attestation of each attribute (or a whole list) would tell apart."""
        labels: dict[str, tuple[object, ...]] = {}
        for (list_id, element), answer in membership.items():
            name = f"list.{list_id}"
            labels[name] = (*labels.get(name, ()), element, answer)
        for cell, (index, each) in picked.items():
            name = cell.attribute.removeprefix("subject.")
            labels[name] = (*labels.get(name, ()), index)
            if cell.attribute == PERSON:
                us_person = is_us_person(each.value, self.sight.window.first)
                labels["us_person"] = (*labels.get("us_person", ()), us_person)
        return dict(labels)

    def _uncertain_memberships(self) -> list[Pair]:
        """(list, element) that a condition asks about and that the list does not answer."""
        pairs: set[Pair] = set()
        for cell, conditions in self.conditions.items():
            for list_id in self._lists(conditions):
                for element in self._named(cell, conditions):
                    if self.sight.membership(list_id, element) is None:
                        pairs.add((list_id, element))
        return sorted(pairs, key=repr)

    def _lists(self, conditions: list[Condition]) -> list[str]:
        lens = self.sight.lens
        return sorted({each for condition in conditions for each in lens.lists_of(condition)})

    def _named(self, cell: Cell, conditions: list[Condition]) -> set[str | Other]:
        """Who is attested, and (where more may be) who is named by a test."""
        elements: set[Element | None] = set()
        if not cell.seen.complete:
            elements |= self._constants(conditions)
            elements |= {"US"} if cell.attribute == PERSON else set()
            elements |= set(self._others(conditions))
        for each in cell.seen.values:
            if isinstance(each, Row):
                elements |= {each.organisation, each.country}
            else:
                elements.add(each)
        return {each for each in elements if isinstance(each, str | Other)}

    def _constants(self, conditions: list[Condition]) -> set[Element]:
        """The constants of the tests on what is itself compared (never the ids of lists)."""
        lens = self.sight.lens
        return {
            constant
            for test in _tests(conditions)
            if test.attribute not in ("relation", "standing", "percent", "percent_sum")
            for constant in (*test.any_of, *test.outside)
            if not lens.is_list(test.attribute, constant)
        }

    def _elements(self, conditions: list[Condition]) -> list[Element]:
        """Whoever is named, and for every combination of lists somebody who is not."""
        return [*sorted(self._constants(conditions), key=repr), *self._others(conditions)]

    def _others(self, conditions: list[Condition]) -> list[Other]:
        lists = self._lists(conditions)
        members = set[str]().union(*(self.sight.members(each) for each in lists))
        others: set[Other] = set()
        # The empty name stands for whoever is on no list at all.
        for person in {"", *members}:
            answers = {each: self.sight.membership(each, person) for each in lists}
            known = frozenset(each for each, answer in answers.items() if answer)
            uncertain = frozenset(each for each, answer in answers.items() if answer is None)
            others.add(Other(known, uncertain))
            others |= {Other(known | set(extra)) for extra in _subsets(sorted(uncertain))}
        return sorted(others, key=lambda each: (sorted(each.lists), sorted(each.uncertain)))

    def _classes(self, cell: Cell) -> list[_Class]:
        conditions = self.conditions[cell]
        if cell.attribute == PERSON:
            more = [] if cell.seen.complete else self._statuses(cell, conditions)
            values: list[Value] = self._grown(cell, more)
            if cell.us_person is not None:
                at = self.sight.window.first
                values = [each for each in values if is_us_person(each, at) == cell.us_person]
        elif cell.seen.complete:
            values = [cell.seen.values]
        elif cell.attribute == "subject.engagement":
            values = self._grown(cell, self._engagements(conditions))
        elif cell.attribute == "organisation.owners":
            values = self._grown(cell, self._owners(cell, conditions))
        elif is_set(self.sight.sources, cell.attribute):
            values = self._grown(cell, self._elements(conditions))
        else:
            values = [(each,) for each in self._scalars(cell, conditions)]
        distinct: dict[object, _Class] = {}
        for value in values:
            truths = self._truths(cell, value)
            us_person = cell.attribute == PERSON and is_us_person(value, self.sight.window.first)
            distinct.setdefault((truths, us_person), _Class(value, truths))
        return list(distinct.values())

    def _grown(self, cell: Cell, more: list[Element] | list[Row]) -> list[Value]:
        """Every value that is told apart, reached by adding one element or record at a time."""
        found = {self._key(cell, value): value for value in self._dated(cell)}
        fresh = list(found.values())
        while fresh and len(found) <= BOUND:
            grown = [(*value, each) for value in fresh for each in more]
            fresh = []
            for value in grown:
                key = self._key(cell, value)
                if key not in found:
                    found[key] = value
                    fresh.append(value)
        self.size = max(self.size, len(found))
        return list(found.values())

    def _dated(self, cell: Cell) -> list[Value]:
        """What is attested; of several statuses, with every date that one without may have."""
        at = self.sight.window.first
        if cell.attribute != PERSON or is_dated(cell.seen.values, at):
            return [cell.seen.values]
        counted = eligible(cell.seen.values, at)
        dates = {row.since for row in counted}

        def ways(each: Element | Row) -> list[Element | Row]:
            if not isinstance(each, Row) or each not in counted or each.since:
                return [each]
            return [replace(each, last=True), *(replace(each, since=date) for date in dates)]

        return list(product(*map(ways, cell.seen.values)))

    def _key(self, cell: Cell, value: Value) -> object:
        """What tells values apart, now and after further additions.

        Besides the truths: who is a US person, when the most recent status began (a later one
        may take its place), and for owners what each table has added up so far.
        """
        at = self.sight.window.first
        more: tuple[object, ...] = ()
        if cell.attribute == PERSON:
            last = most_recent(value, at)
            more = (is_us_person(value, at), *map(beginning, last[:1]))
        elif cell.attribute == "organisation.owners":
            more = tuple(self._sums(cell, value))
        return (self._truths(cell, value), more)

    def _truths(self, cell: Cell, value: Value) -> tuple[tuple[bool, ...], ...]:
        lens = self.sight.lens
        return tuple(
            tuple(lens.holds(each, value, self._member(world)) for each in self.conditions[cell])
            for world in self.memberships
        )

    def _member(self, world: dict[Pair, bool]) -> Callable[[str, Element], bool]:
        def member(list_id: str, element: Element) -> bool:
            known = self.sight.membership(list_id, element)
            return world[list_id, element] if known is None else known

        return member

    def _sums(self, cell: Cell, value: Value) -> Iterator[int]:
        """The sums behind `percent_sum`, up to just above the largest number they meet."""
        lens = self.sight.lens
        for condition in self.conditions[cell]:
            others = tuple(t for t in condition.record if t.attribute != "percent_sum")
            limits = [t for t in condition.record if t.attribute == "percent_sum"]
            for world in self.memberships if limits else []:
                total = sum(
                    row.percent or 0
                    for row in value
                    if isinstance(row, Row)
                    and all(
                        lens.passes(t, row.field(t.attribute), self._member(world)) for t in others
                    )
                )
                yield min(total, 1 + max(chain(*(_numbers(limit) for limit in limits)), default=0))

    def _scalars(self, cell: Cell, conditions: list[Condition]) -> list[Element]:
        declared = self.sight.sources.rules.attributes.get(cell.attribute.partition(".")[2])
        constants = self._constants(conditions)
        numbers = [n for test in _tests(conditions) for n in _numbers(test)]
        if cell.attribute in BOOLS or (declared and declared.type.startswith("bool")):
            return [False, True]
        if numbers or (declared and declared.type in ("integer", "int", "number")):
            return [0, *sorted({near for n in numbers for near in (n - 1, n, n + 1)})]
        if any(isinstance(each, bool) for each in constants):
            return [False, True]
        return self._elements(conditions)

    def _engagements(self, conditions: list[Condition]) -> list[Row]:
        return [
            Row(relation=relation, organisation=each)
            for relation in Relation
            for each in self._elements(conditions)
            if isinstance(each, str | Other)
        ]

    def _owners(self, cell: Cell, conditions: list[Condition]) -> list[Row]:
        """Shares at, just under and just over every number, and one percent to make up sums."""
        numbers = {n for test in _tests(conditions) for n in _numbers(test)}
        shares = {1} | {near for n in numbers for near in (n - 1, n, n + 1) if 0 <= near <= 100}
        return [
            Row(organisation=each, percent=share)
            for share in sorted(shares)
            for each in self._elements(conditions)
            if isinstance(each, str | Other)
        ]

    def _statuses(self, cell: Cell, conditions: list[Condition]) -> list[Row]:
        """Statuses held since ever, since the attested ones began, or since after; or ended."""
        at = self.sight.window.first
        begun = {row.since for row in cell.seen.values if isinstance(row, Row) and row.since}
        since: list[datetime | None] = [None, *sorted(each for each in begun if each <= at)]
        ever = any(condition.view is View.ALL_EVER for condition in conditions)
        spans: list[tuple[datetime | None, datetime | None, bool]]
        spans = [*((each, None, False) for each in since), (None, None, True)]
        spans += [(None, at, False)] if ever else []
        countries = [*self._elements(conditions), "US"]
        return [
            Row(country=country, standing=standing, since=begin, until=end, last=last)
            for begin, end, last in spans
            for standing in Standing
            for country in countries
            if isinstance(country, str | Other)
        ]


def is_set(sources: Sources, attribute: str) -> bool:
    """Whether several values may hold at once; an attribute of one's own says so by its type."""
    declared = sources.rules.attributes.get(attribute.partition(".")[2])
    return attribute in SETS or (declared is not None and declared.type in SET_TYPES)


def _tests(conditions: list[Condition]) -> Iterator[Condition]:
    for condition in conditions:
        yield condition
        yield from condition.record


def _numbers(test: Condition) -> list[int]:
    stated = [each for each in test.any_of if isinstance(each, int) and not isinstance(each, bool)]
    limits = [each for each in (test.at_least, test.at_most) if each is not None]
    return [*stated, *limits]


def _subsets(items: list[str]) -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(combinations(items, size) for size in range(len(items) + 1))
