"""A condition becomes a test on one element of one attribute; what cannot is refused loudly.

Nothing here is skipped: a condition that this version of Licet does not understand stops the
whole compilation, because leaving out a condition of a restriction or of an authorisation
would change verdicts without a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from licet.catalog import ListKind
from licet.policy.columns import ColumnKey
from licet.policy.directives import Condition, Presumption, View
from licet.policy.holdings import NO_THRESHOLD, Threshold
from licet.policy.matching import (
    Among,
    Between,
    ElementTest,
    OneEngagement,
    OneStatus,
    OwnersTest,
    Resolve,
)
from licet.policy.questions import Action, Rules
from licet.policy.vocabulary import Attribute, Element, find_attribute
from licet.terms import ConfigurationFault, Relation, Standing

_PLACE = re.compile(r"[A-Z]{2}")


def compile_condition(
    condition: Condition, rules: Rules, resolve: Resolve, presume: tuple[Presumption, ...] = ()
) -> tuple[ColumnKey, ElementTest]:
    """The column and the test of one condition; raises `ConfigurationFault`."""
    attribute = find_attribute(condition.attribute, rules.attributes)
    _check_form(condition, attribute)
    threshold = NO_THRESHOLD
    if condition.assurance is not None or condition.max_age_s is not None:
        if not attribute.attested:
            raise _fault(condition, "is configured, not attested: it has no assurance and no age")
        threshold = Threshold(condition.assurance, condition.max_age_s)
    presumed = None
    for presumption in presume:
        if find_attribute(presumption.attribute, rules.attributes).name == attribute.name:
            if not attribute.scalar:
                raise _fault(condition, "is a set: only a single value can be presumed")
            presumed = presumption.value
    return ColumnKey(attribute, threshold, presumed), _test(condition, attribute, resolve)


def _check_form(condition: Condition, attribute: Attribute) -> None:
    forms = (
        bool(condition.any_of),
        bool(condition.outside),
        condition.at_least is not None or condition.at_most is not None,
        bool(condition.record),
    )
    if sum(forms) != 1:
        raise _fault(condition, "needs exactly one test: values, `outside`, bounds or a record")
    if condition.view is not View.CURRENT and attribute.element is not Element.STATUS:
        raise _fault(condition, "has no `view`: only nationality has")


def _test(condition: Condition, attribute: Attribute, resolve: Resolve) -> ElementTest:
    match attribute.element:
        case Element.FLAG:
            return _flags(condition)
        case Element.NUMBER:
            return _numbers(condition)
        case Element.WORD | Element.PLACE:
            return _among(condition, attribute, resolve)
        case Element.ENGAGEMENT:
            return _engagement(condition, resolve)
        case Element.STATUS:
            return _status(condition, attribute, resolve)
        case Element.OWNERS:
            return _owners(condition, resolve)


def _flags(condition: Condition) -> ElementTest:
    if not condition.any_of or not all(isinstance(value, bool) for value in condition.any_of):
        raise _fault(condition, "is tested by true or false")
    return Among(frozenset(condition.any_of))


def _numbers(condition: Condition) -> ElementTest:
    if condition.at_least is not None or condition.at_most is not None:
        return Between(condition.at_least, condition.at_most)
    if not all(type(value) is int for value in condition.any_of) or not condition.any_of:
        raise _fault(condition, "is tested by whole numbers")
    return Among(frozenset(condition.any_of))


def _among(condition: Condition, attribute: Attribute, resolve: Resolve) -> ElementTest:
    outside = bool(condition.outside)
    values = _words(condition, condition.outside or condition.any_of)
    if outside and attribute.element is not Element.PLACE:
        raise _fault(condition, "has no `outside`: only places have")
    if attribute.name == "action" and not set(values) <= {action.value for action in Action}:
        raise _fault(condition, "is tested by actions")
    return _names(condition, values, attribute, resolve, outside=outside)


def _names(
    condition: Condition,
    values: tuple[str, ...],
    attribute: Attribute,
    resolve: Resolve,
    *,
    outside: bool = False,
) -> Among:
    """Values as written: literal ones, and for places and `*.list` the ids of lists."""
    plain: set[bool | int | str] = set()
    rolls = []
    for value in values:
        is_list = attribute.only_lists or (
            attribute.listed is ListKind.PLACES and not _PLACE.fullmatch(value)
        )
        if not is_list:
            plain.add(value)
            continue
        roll = resolve(value)
        if roll.kind not in (None, attribute.listed):
            raise _fault(condition, f"is tested by a list of {attribute.listed}: `{value}` is not")
        rolls.append(roll)
    return Among(frozenset(plain), tuple(rolls), outside)


_ORGANISATION_LIST = Attribute(
    "organisation.list", Element.WORD, True, False, ListKind.ORGANISATIONS, True
)
_COUNTRY = Attribute("country", Element.PLACE, True, False, ListKind.PLACES)


def _on_organisation(condition: Condition, part: Condition, resolve: Resolve) -> Among | None:
    """The test of a record on its organisation; None if it is on something else."""
    if part.attribute not in ("organisation.list", "organisation.id", "organisation"):
        return None
    if part.outside:
        raise _unknown_part(condition, part)
    values = _words(condition, part.any_of)
    if part.attribute == "organisation.list":
        return _names(condition, values, _ORGANISATION_LIST, resolve)
    return Among(frozenset(values))


def _engagement(condition: Condition, resolve: Resolve) -> ElementTest:
    relations: frozenset[str] | None = None
    organisation: list[Among] = []
    for part in _parts(condition):
        test = _on_organisation(condition, part, resolve)
        if test is not None:
            organisation.append(test)
        elif part.attribute == "relation":
            relations = frozenset(_words(condition, part.any_of))
            if not relations <= {relation.value for relation in Relation}:
                raise _fault(condition, "has a relation that there is not")
        else:
            raise _unknown_part(condition, part)
    return OneEngagement(relations, tuple(organisation))


def _status(condition: Condition, attribute: Attribute, resolve: Resolve) -> ElementTest:
    if condition.any_of or condition.outside:
        outside = bool(condition.outside)
        values = _words(condition, condition.outside or condition.any_of)
        country = _names(condition, values, attribute, resolve, outside=outside)
        return OneStatus((country,), None, condition.view)
    standings: frozenset[str] | None = None
    countries: list[Among] = []
    for part in _parts(condition, outside=True):
        if part.attribute == "country":
            values = _words(condition, part.outside or part.any_of)
            outside = bool(part.outside)
            countries.append(_names(condition, values, _COUNTRY, resolve, outside=outside))
        elif part.attribute == "standing":
            standings = frozenset(_words(condition, part.any_of))
            if not standings <= {standing.value for standing in Standing}:
                raise _fault(condition, "has a standing that there is not")
        else:
            raise _unknown_part(condition, part)
    return OneStatus(tuple(countries), standings, condition.view)


def _owners(condition: Condition, resolve: Resolve) -> ElementTest:
    organisation: list[Among] = []
    percent, summed = Between(None, None), False
    if not condition.record:
        raise _fault(condition, "is tested by a record of its owners")
    for part in condition.record:
        test = _on_organisation(condition, part, resolve)
        if test is not None:
            organisation.append(test)
        elif part.attribute in ("percent", "percent_sum") and not part.any_of:
            percent = Between(part.at_least, part.at_most)
            summed = part.attribute == "percent_sum"
        else:
            raise _unknown_part(condition, part)
    return OwnersTest(tuple(organisation), percent, summed)


def _parts(condition: Condition, *, outside: bool = False) -> Iterable[Condition]:
    """The conditions on one record; each of them tests by values (or, allowed, `outside`)."""
    if not condition.record:
        raise _fault(condition, "is a set of records: it is tested by a table")
    for part in condition.record:
        plain = Condition(
            attribute=part.attribute,
            any_of=part.any_of,
            outside=part.outside if outside else (),
        )
        if part != plain or bool(part.any_of) == bool(plain.outside):
            raise _unknown_part(condition, part)
    return condition.record


def _words(condition: Condition, values: tuple[bool | int | str, ...]) -> tuple[str, ...]:
    words = tuple(value for value in values if isinstance(value, str))
    if not words or len(words) != len(values):
        raise _fault(condition, "is tested by names")
    return words


def _unknown_part(condition: Condition, part: Condition) -> ConfigurationFault:
    return _fault(condition, f"cannot be tested by `{part.attribute}` so")


def _fault(condition: Condition, what: str) -> ConfigurationFault:
    return ConfigurationFault("unsupported_condition", f"`{condition.attribute}` {what}")
