"""Values and tests on them: two-valued, once everything is known.

A value is a tuple of elements (words, numbers, ids) or of rows (records); an attribute that
holds one thing is a tuple of one. What is not known is a `Seen` that is not complete. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from licet.policy.directives import Condition, View
from licet.policy.naive.dates import BEGINNING
from licet.terms import ConfigurationFault, Standing

PLACES = frozenset({
    "subject.place", "subject.nationality", "country", "place", "organisation.place",
    "organisation.ultimate_parent.place", "model.developer.place", "model.origin",
    "endpoint.place", "endpoint.operator.controlled_from", "workload.data_origin",
})  # fmt: skip
US_STANDINGS = frozenset({Standing.CITIZEN, Standing.PERMANENT_RESIDENT, Standing.PROTECTED})
RESIDENT_STANDINGS = frozenset({Standing.CITIZEN, Standing.PERMANENT_RESIDENT})


@dataclass(frozen=True, slots=True)
class Other:
    """Somebody or somewhere that nobody names, the lists that contain it, and those that may.

    `uncertain`: what is left to the lists where only the attribute is attested (section 4).
    """

    lists: frozenset[str] = frozenset()
    uncertain: frozenset[str] = frozenset()


Element = bool | int | str | Other


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a set: an engagement, an owner, or a nationality status."""

    relation: str | None = None
    organisation: str | Other | None = None
    percent: int | None = None
    country: str | Other | None = None
    standing: Standing | None = None
    since: datetime | None = None
    until: datetime | None = None
    last: bool = False
    """In a completion: it has no date, and began after everything that has one."""

    def in_effect(self, at: datetime) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)

    def field(self, attribute: str) -> Element:
        """Fields of records, section 2; whatever else is asked for is a fault."""
        name = "organisation" if attribute.startswith("organisation.") else attribute
        value = getattr(self, name, None) if name in _FIELDS else None
        if value is None:
            raise ConfigurationFault("unknown_attribute", f"a record has no `{attribute}`")
        element: Element = value
        return element


_FIELDS = frozenset({"relation", "organisation", "percent", "country", "standing"})
Value = tuple[Element | Row, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of an attribute: all of it, or (`complete` false) a lower bound."""

    values: Value = ()
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """An attribute as some conditions see it; `us_person` belongs to `PERSON` alone.

    The status of a US person and nationality are completed together, for the axioms tie them.
    """

    attribute: str
    seen: Seen
    us_person: bool | None = None


PERSON = "subject.nationality"
"""The cell of nationality and `us_person`: its value is the set of statuses."""

Membership = Callable[[str, Element], bool]


def is_us_person(statuses: Value, at: datetime) -> bool:
    """The axioms, section 1, on a complete set of statuses."""
    return any(
        isinstance(each, Row)
        and each.country == "US"
        and each.standing in US_STANDINGS
        and each.in_effect(at)
        for each in statuses
    )


def eligible(statuses: Value, at: datetime) -> list[Row]:
    """The citizenships and permanent residencies in effect, among which the latest is sought."""
    rows = [each for each in statuses if isinstance(each, Row)]
    return [row for row in rows if row.standing in RESIDENT_STANDINGS and row.in_effect(at)]


def beginning(row: Row) -> tuple[bool, datetime]:
    """By which statuses are ordered; in a completion, no date is the earliest or the last."""
    return (row.last, row.since or BEGINNING)


def most_recent(statuses: Value, at: datetime) -> list[Row]:
    """The citizenships or permanent residencies that began last, several if on one date."""
    rows = eligible(statuses, at)
    latest = max(map(beginning, rows), default=None)
    return [row for row in rows if beginning(row) == latest]


def is_dated(statuses: Value, at: datetime) -> bool:
    """Whether it is known which is the most recent: of several, all have a date."""
    rows = eligible(statuses, at)
    return len(rows) < 2 or all(row.since for row in rows)


@dataclass(frozen=True, slots=True)
class Lens:
    """How tests are applied: which attributes are places, and when."""

    places: frozenset[str]
    at: datetime

    def lists_of(self, condition: Condition) -> frozenset[str]:
        """The lists that a condition (or its record table) consults."""
        named = [*condition.any_of, *condition.outside]
        own = {str(each) for each in named if self.is_list(condition.attribute, each)}
        return frozenset(own.union(*(self.lists_of(test) for test in condition.record)))

    def is_list(self, attribute: str, constant: Element) -> bool:
        """In `*.list` every constant is a list; among places, whatever is no code of a place."""
        if attribute == "list" or attribute.endswith(".list"):
            return True
        return attribute in self.places and isinstance(constant, str) and not _is_code(constant)

    def passes(self, test: Condition, element: Element, member: Membership) -> bool:
        """One test on one element, section 2."""

        def covers(constant: Element) -> bool:
            if self.is_list(test.attribute, constant):
                return member(str(constant), element)
            # Python takes True for 1; the rules do not.
            return isinstance(constant, bool) == isinstance(element, bool) and constant == element

        if test.any_of:
            return any(covers(constant) for constant in test.any_of)
        if test.outside:
            return not any(covers(constant) for constant in test.outside)
        if test.at_least is None and test.at_most is None:
            raise ConfigurationFault("empty_condition", f"`{test.attribute}` is not tested")
        if isinstance(element, bool) or not isinstance(element, int):
            raise ConfigurationFault("not_a_number", f"`{test.attribute}` is not a number")
        return (test.at_least is None or element >= test.at_least) and (
            test.at_most is None or element <= test.at_most
        )

    def holds(self, condition: Condition, value: Value, member: Membership) -> bool:
        """A condition on a complete value, section 2: one element or one record suffices."""
        if condition.attribute == "subject.us_person" and _are_rows(value):
            return self.passes(condition, is_us_person(value, self.at), member)
        if condition.attribute == "subject.nationality":
            return self._nationality_holds(condition, value, member)
        if condition.record:
            rows = [each for each in value if isinstance(each, Row)]
            return self._table_holds(condition.record, rows, member)
        return any(
            self.passes(condition, each, member) for each in value if not isinstance(each, Row)
        )

    def _nationality_holds(self, condition: Condition, value: Value, member: Membership) -> bool:
        """Views of nationality, section 2."""
        rows = [each for each in value if isinstance(each, Row)]
        counted = self.counted(condition, rows)
        if condition.record:
            return self._table_holds(condition.record, counted, member)
        return any(self.passes(condition, row.field("country"), member) for row in counted)

    def counted(self, condition: Condition, rows: list[Row]) -> list[Row]:
        """The statuses that a view counts; a table that tests `standing` chooses for itself."""
        if condition.view is View.ALL_EVER:
            return [row for row in rows if row.since is None or row.since <= self.at]
        if condition.view is View.MOST_RECENT:
            return most_recent(tuple(rows), self.at)
        chooses = any(test.attribute == "standing" for test in condition.record)
        return [
            row
            for row in rows
            if row.in_effect(self.at) and (chooses or row.standing is Standing.CITIZEN)
        ]

    def _table_holds(
        self, tests: tuple[Condition, ...], rows: list[Row], member: Membership
    ) -> bool:
        """One record meets every test; `percent_sum` adds up those that meet the others."""
        sums = [test for test in tests if test.attribute == "percent_sum"]
        others = [test for test in tests if test.attribute != "percent_sum"]
        meeting = [
            row
            for row in rows
            if all(self.passes(test, row.field(test.attribute), member) for test in others)
        ]
        if not sums:
            return bool(meeting)
        total = sum(row.percent or 0 for row in meeting)
        return all(self.passes(test, total, member) for test in sums)


def _are_rows(value: Value) -> bool:
    return all(isinstance(each, Row) for each in value)


def _is_code(constant: str) -> bool:
    """Codes of places are two capitals, and ids of lists are not."""
    return len(constant) == 2 and constant.isupper()
