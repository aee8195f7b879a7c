"""Conditions, dates and relief as Cedar expressions.

Nothing is evaluated here: list membership is left to the entity hierarchy, dates to the
instants in the context, so that Cedar decides all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from licet.catalog import ListKind
from licet.policy.cedar.attributes import Shape, Use, quoted, use_of
from licet.policy.directives import Alternative, Condition, FactCondition, Presumption, View
from licet.policy.directives import Version as DirectiveVersion
from licet.policy.questions import Sources
from licet.terms import ConfigurationFault, Standing, to_instant

LIST_TYPES = {
    ListKind.PLACES: "PlaceList",
    ListKind.ORGANISATIONS: "OrganisationList",
    ListKind.MODELS: "ModelList",
    ListKind.OPERATORS: "OperatorList",
}
_LISTED = {
    Shape.PLACE: ListKind.PLACES,
    Shape.ORGANISATION: ListKind.ORGANISATIONS,
    Shape.MODEL: ListKind.MODELS,
    Shape.OPERATOR: ListKind.OPERATORS,
}
ALWAYS_KNOWN = 1 << 62
"""`known_at` of a request that asks of everything that is recorded."""


class Writer:
    """Writes expressions, and remembers what they read.

    `uses`: the attributes that are read; `lists` and `facts` likewise.
    """

    def __init__(self, sources: Sources, slots: int) -> None:
        self._declared = sources.rules.attributes
        self._slots = slots
        self.uses: set[Use] = set()
        self.lists: set[str] = set()
        self.facts: set[FactCondition] = set()

    def matches(self, version: DirectiveVersion) -> str:
        """One alternative holds, or there is none, and no exception does."""
        applies = self.tables(version.applies, version.presume) if version.applies else "true"
        if not version.unless:
            return applies
        return f"({applies}) && !({self.tables(version.unless, version.presume)})"

    def tables(self, tables: Iterable[Alternative], presume: tuple[Presumption, ...] = ()) -> str:
        return "\n  || ".join(
            _all(self.condition(one, presume) for one in table.conditions) for table in tables
        )

    def condition(self, condition: Condition, presume: tuple[Presumption, ...]) -> str:
        if condition.attribute == "action":
            actions = ", ".join(f"Action::{quoted(str(one))}" for one in condition.any_of)
            return f"action in [{actions}]"
        use = use_of(condition, self._declared)
        for one in presume:
            named = use_of(Condition(attribute=one.attribute), self._declared).name
            if named == use.name and not use.shape.slotted:
                return self.presumed(condition, one.value)
        self.uses.add(use)
        if use.shape is Shape.OWNERS:
            return self._owners(condition, use)
        if use.shape.slotted:
            test = self._record_test(condition, use)
            filled = self._each_slot(use)
            return f"({_any(f'{guard} && {test(slot)}' for guard, slot in filled)})"
        return self._test(condition, use.path, use.shape)

    def presumed(self, condition: Condition, instead: bool | int | str) -> str:
        """A condition on what is taken for granted where nothing is attested."""
        use = use_of(condition, self._declared, optional=True)
        self.uses.add(use)
        value = f"(if {use.is_attested} then {use.path} else {_literal(instead, use.shape)})"
        return self._test(condition, value, use.shape)

    def _each_slot(self, use: Use) -> list[tuple[str, str]]:
        """(whether the slot is filled, what is in it) of every slot."""
        return [
            (f'{use.path} has "s{number}"', f'{use.path}["s{number}"]')
            for number in range(self._slots)
        ]

    def _record_test(self, condition: Condition, use: Use) -> Callable[[str], str]:
        """A condition on one element or record of a set, as a function of where that is."""
        match use.shape:
            case Shape.PLACES:
                return lambda slot: self._test(condition, slot, Shape.PLACE)
            case Shape.STATUSES:
                return lambda slot: self._status(condition, slot)
            case _:
                return lambda slot: _all(self._part(part, slot) for part in condition.record)

    def _status(self, condition: Condition, slot: str) -> str:
        tests = []
        if condition.view is View.CURRENT:
            tests.append(f'{slot}["current"]')
            if not any(part.attribute == "standing" for part in condition.record):
                citizen = quoted(str(Standing.CITIZEN))
                tests.append(f'{slot}["standing"] == {citizen}')
        elif condition.view is View.MOST_RECENT:
            tests.append(f'{slot}["latest"]')
        if condition.record:
            tests += [self._part(part, slot) for part in condition.record]
        else:
            tests.append(self._test(condition, f'{slot}["country"]', Shape.PLACE))
        return _all(tests)

    def _part(self, part: Condition, slot: str) -> str:
        """One test in a table on records."""
        field, _, rest = part.attribute.partition(".")
        shapes = {
            "relation": Shape.WORD,
            "standing": Shape.WORD,
            "country": Shape.PLACE,
            "organisation": Shape.ORGANISATION,
            "percent": Shape.NUMBER,
        }
        if field not in shapes or rest not in ("", "id", "list"):
            raise ConfigurationFault(
                "unknown_attribute", f"a record's `{part.attribute}` has no form in Cedar"
            )
        return self._test(part, f"{slot}[{quoted(field)}]", shapes[field])

    def _owners(self, condition: Condition, use: Use) -> str:
        sums = [part for part in condition.record if part.attribute == "percent_sum"]
        others = [part for part in condition.record if part.attribute != "percent_sum"]
        meeting = [
            (_all([guard, *(self._part(part, slot) for part in others)]), slot)
            for guard, slot in self._each_slot(use)
        ]
        if not sums:
            return f"({_any(met for met, _ in meeting)})"
        shares = [f'(if {met} then {slot}["percent"] else 0)' for met, slot in meeting]
        total = f"({' + '.join(shares)})"
        return _all(self._test(one, total, Shape.NUMBER) for one in sums)

    def _test(self, condition: Condition, value: str, shape: Shape) -> str:
        """One test on one value."""
        if condition.outside:
            return f"!{self._among(condition, condition.outside, value, shape)}"
        if condition.any_of:
            return self._among(condition, condition.any_of, value, shape)
        bounds = []
        if condition.at_least is not None:
            bounds.append(f"{value} >= {condition.at_least}")
        if condition.at_most is not None:
            bounds.append(f"{value} <= {condition.at_most}")
        return f"({_all(bounds)})"

    def _among(
        self, condition: Condition, values: Sequence[bool | int | str], value: str, shape: Shape
    ) -> str:
        if shape is Shape.WORDS:
            return f"{value}.containsAny([{_literals(values, Shape.WORD)}])"
        kind = _LISTED.get(shape)
        if kind is None:
            if len(values) == 1:
                return f"({value} == {_literals(values, shape)})"
            return f"[{_literals(values, shape)}].contains({value})"
        lists = [
            str(one)
            for one in values
            if condition.attribute.endswith(".list")
            or (kind is ListKind.PLACES and not _is_code(str(one)))
        ]
        self.lists.update(lists)
        named = [one for one in values if one not in lists]
        tests = []
        if named:
            tests.append(f"{value} in [{_literals(named, shape)}]")
        if lists:
            groups = ", ".join(f"{LIST_TYPES[kind]}::{quoted(one)}" for one in lists)
            tests.append(f"{value} in [{groups}]")
        return f"({' || '.join(tests)})"

    def met(self, condition: FactCondition) -> str:
        """A condition of a licence: whoever asks says which facts are met."""
        self.facts.add(condition)
        return f"context.met.contains({quoted(fact_name(condition))})"


def fact_name(condition: FactCondition) -> str:
    return f"{condition.fact}, grace {condition.grace_s} s"


def in_force(versions: Sequence[DirectiveVersion], index: int) -> str:
    """Selected at `context.valid_at` of what is recorded by `context.known_at`: known, in
    effect, and no version that prevails over it is both."""

    def rank(number: int) -> tuple[bool, datetime | None, int]:
        # What no log has recorded counts as recorded before everything, in the file's order.
        recorded = versions[number].recorded_at
        return recorded is not None, recorded, number

    own = rank(index)
    over = [n for n in range(len(versions)) if n != index and _prevails(rank(n), own)]
    return _all(
        [
            _in_effect(versions[index]),
            *(f"!({_in_effect(versions[number])})" for number in over),
        ]
    )


def _prevails(
    one: tuple[bool, datetime | None, int], other: tuple[bool, datetime | None, int]
) -> bool:
    if one[1] is None or other[1] is None or one[1] == other[1]:
        return (one[0], one[2]) > (other[0], other[2])
    return one[1] > other[1]


def _in_effect(version: DirectiveVersion) -> str:
    terms = [f"context.valid_at >= {to_instant(version.effective_from)}"]
    if version.effective_until is not None:
        terms.append(f"context.valid_at < {to_instant(version.effective_until)}")
    if version.recorded_at is not None:
        terms.append(f"context.known_at >= {to_instant(version.recorded_at)}")
    return _all(terms)


def _is_code(value: str) -> bool:
    """Among places, whatever is no code is the id of a list, whether there is one or not: a list
    that does not exist says nothing, and is no place where nobody is."""
    return len(value) == 2 and value.isalpha() and value.isupper()


def _literals(values: Iterable[bool | int | str], shape: Shape) -> str:
    return ", ".join(_literal(one, shape) for one in values)


def _literal(value: bool | int | str, shape: Shape) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if shape is Shape.WORD:
        return quoted(value)
    return f"{shape.element}::{quoted(value)}"


def _all(terms: Iterable[str]) -> str:
    return " && ".join(terms) or "true"


def _any(terms: Iterable[str]) -> str:
    return " || ".join(terms) or "false"
