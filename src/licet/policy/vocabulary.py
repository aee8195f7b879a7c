"""The closed vocabulary: every attribute that a condition may test, and what it is made of.

An attribute's value is always a set of *elements*, complete or a lower bound; a scalar is a
complete set of one element, and an unknown scalar an incomplete set of none. That one form
serves flags, words, places, records and statuses alike.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from licet.catalog import ListKind
from licet.policy.questions import DeclaredAttribute
from licet.terms import ConfigurationFault


class Element(StrEnum):
    """What one element of an attribute is."""

    FLAG = "flag"
    NUMBER = "number"
    WORD = "word"
    PLACE = "place"
    STATUS = "status"
    ENGAGEMENT = "engagement"
    OWNERS = "owners"


class Attribute(msgspec.Struct, frozen=True):
    """One attribute of one party.

    `scalar`: it has exactly one value. `attested`: it carries issuer, assurance and dates, so
    that `assurance` and `max_age` mean something. `listed`: the kind of list that can hold its
    elements. `only_lists`: the values of a condition are ids of lists and nothing else.
    """

    name: str
    element: Element
    scalar: bool
    attested: bool
    listed: ListKind | None = None
    only_lists: bool = False

    @property
    def party(self) -> str:
        return self.name.partition(".")[0]

    @property
    def held(self) -> str:
        """The attribute whose value is tested: `model.developer` for `model.developer.list`."""
        return self.name.removesuffix(".list")


def _attributes() -> dict[str, Attribute]:
    flag, word, place = Element.FLAG, Element.WORD, Element.PLACE
    organisations, operators = ListKind.ORGANISATIONS, ListKind.OPERATORS
    places, models = ListKind.PLACES, ListKind.MODELS
    rows = (
        Attribute("subject.us_person", flag, True, True),
        Attribute("subject.nationality", Element.STATUS, False, True, places),
        Attribute("subject.place", place, True, True, places),
        Attribute("subject.engagement", Element.ENGAGEMENT, False, True, organisations),
        Attribute("subject.tier", word, False, True),
        Attribute("organisation.id", word, True, False),
        Attribute("organisation.list", word, True, False, organisations, True),
        Attribute("organisation.us_person", flag, True, True),
        Attribute("organisation.place", place, True, True, places),
        Attribute("organisation.ultimate_parent.place", place, True, True, places),
        Attribute("organisation.owners", Element.OWNERS, False, True, organisations),
        Attribute("organisation.sector", word, False, True),
        Attribute("workload.id", word, True, False),
        Attribute("workload.purpose", word, True, False),
        Attribute("workload.end_use", word, True, False),
        Attribute("workload.data", word, False, False),
        Attribute("workload.data_origin", place, False, False, places),
        Attribute("model.id", word, True, False),
        Attribute("model.list", word, True, False, models, True),
        Attribute("model.lineage", word, False, False),
        Attribute("model.developer", word, True, False),
        Attribute("model.developer.list", word, True, False, organisations, True),
        Attribute("model.developer.place", place, True, False, places),
        Attribute("model.origin", place, True, False, places),
        Attribute("model.capability", word, False, False),
        Attribute("model.weights", word, True, False),
        Attribute("model.safeguards", word, True, False),
        Attribute("model.cleared", flag, True, False),
        Attribute("endpoint.id", word, True, False),
        Attribute("endpoint.operator", word, True, False),
        Attribute("endpoint.operator.list", word, True, False, operators, True),
        Attribute("endpoint.operator.controlled_from", place, True, False, places),
        Attribute("endpoint.place", place, True, False, places),
        Attribute("endpoint.self_hosted", flag, True, False),
        Attribute("action", word, True, False),
    )
    return {row.name: row for row in rows}


ATTRIBUTES = _attributes()

_ALIASES = {"model.developer.id": "model.developer", "endpoint.operator.id": "endpoint.operator"}

_TYPES: dict[str, tuple[Element, bool]] = {
    "boolean": (Element.FLAG, True),
    "integer": (Element.NUMBER, True),
    "text": (Element.WORD, True),
    "texts": (Element.WORD, False),
    "place": (Element.PLACE, True),
    "places": (Element.PLACE, False),
}
"""Type of a declared attribute -> (what its elements are, whether it has exactly one)."""


def find_attribute(name: str, declared: dict[str, DeclaredAttribute]) -> Attribute:
    """The attribute that a condition names; `ConfigurationFault` if there is none."""
    name = _ALIASES.get(name, name)
    if name in ATTRIBUTES:
        return ATTRIBUTES[name]
    party, _, own = name.partition(".")
    own = own.removeprefix("declared.")
    declaration = declared.get(own)
    if declaration is None or declaration.party != party:
        raise ConfigurationFault(
            "unknown_attribute",
            f"`{name}` is not an attribute",
            remedy="declare it as `[attribute.NAME]` in `licet.toml`, or correct its name",
        )
    if declaration.type not in _TYPES:
        raise ConfigurationFault(
            "unknown_type", f"attribute `{own}`: `{declaration.type}` is not a type"
        )
    element, scalar = _TYPES[declaration.type]
    listed = ListKind.PLACES if element is Element.PLACE else None
    return Attribute(f"{party}.{own}", element, scalar, True, listed)


# Least intrusive first: one derived bit about a person before where the person works, before
# where the person is, before anything about others that an operator would have to find out; and
# a passport last of all.
_INTRUSION = (
    "us_person",
    "engagement",
    "place",
    "tier",
    "organisation.",
    "workload.",
    "model.",
    "endpoint.",
    "list.",
)
_LAST = "nationality"


def missing_name(attribute: str) -> str:
    """How a refusal names it: attributes of the subject go without their party."""
    return attribute.removeprefix("subject.")


def intrusion(name: str) -> tuple[int, str]:
    """The order in which attestations are asked for, as a sort key of missing names."""
    if name == _LAST:
        return len(_INTRUSION) + 1, name
    for rank, prefix in enumerate(_INTRUSION):
        if name == prefix or (prefix.endswith(".") and name.startswith(prefix)):
            return rank, name
    # A declared attribute of the person: after the named ones of its party.
    return len(_INTRUSION), name
