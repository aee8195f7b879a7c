"""The schema of a condition table, made from the vocabulary: nested as conditions are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from licet.policy.directives import View
from licet.policy.parse_conditions import BOUNDED, RECORDS, WORDS
from licet.policy.questions import DeclaredAttribute
from licet.policy.vocabulary import ATTRIBUTES, Attribute, Element, find_attribute
from licet.terms import Assurance

Schema = dict[str, Any]

_IDENTIFIER: Schema = {"$ref": "#/$defs/identifier"}
_PLACE_OR_LIST: Schema = {"anyOf": [{"$ref": "#/$defs/place"}, _IDENTIFIER]}
_MODIFIERS: Schema = {
    "assurance": {
        "description": "An attestation that was given with less is unknown.",
        "type": "object",
        "properties": {"at_least": {"enum": [one.value for one in Assurance]}},
        "required": ["at_least"],
        "additionalProperties": False,
    },
    "max_age": {
        "description": "An attestation on older evidence is unknown.",
        "$ref": "#/$defs/duration",
    },
}


def condition_schema(declared: Mapping[str, DeclaredAttribute]) -> Schema:
    """One `[[version.applies]]` or `[[version.unless]]` table: everything in it must hold."""
    vocabulary = _vocabulary(declared)
    found = _nested({name: _referred(one) for name, one in vocabulary.items()})
    return {**found, "minProperties": 1}


def form_schemas() -> Schema:
    """What conditions refer to: each form of a test once, however many attributes have it."""
    attributes = [*ATTRIBUTES.values(), *(one for own in RECORDS.values() for one in own.values())]
    return {
        **{_form(one): _test(one) for one in attributes},
        **{_form(one): _test(one) for one in _DECLARABLE},
    }


def presumption_schema(declared: Mapping[str, DeclaredAttribute]) -> Schema:
    """`presume`: a value of an attested attribute that has exactly one."""
    return _nested(
        {
            name: _value(one)
            for name, one in _vocabulary(declared).items()
            if one.scalar and one.attested and not one.only_lists
        }
    )


def _vocabulary(declared: Mapping[str, DeclaredAttribute]) -> dict[str, Attribute]:
    own = sorted(f"{one.party}.{name}" for name, one in declared.items())
    found = ATTRIBUTES | {name: find_attribute(name, dict(declared)) for name in own}
    for name in ("model.developer", "endpoint.operator"):
        found = {**found, f"{name}.id": ATTRIBUTES[name]}
    return found


def _nested(tests: Mapping[str, Schema]) -> Schema:
    """Dotted names as tables in tables; a name may be tested itself and have names below it."""
    heads: dict[str, dict[str, Schema]] = {}
    for name, test in tests.items():
        head, _, rest = name.partition(".")
        heads.setdefault(head, {})[rest] = test
    properties: dict[str, Schema] = {}
    for head, below in heads.items():
        own = below.pop("", None)
        inner = _nested(below) if below else None
        both = [one for one in (own, inner) if one is not None]
        properties[head] = both[0] if len(both) == 1 else {"anyOf": both}
    return {"type": "object", "properties": properties, "additionalProperties": False}


_DECLARABLE = tuple(
    Attribute("own", element, True, True)
    for element in (Element.FLAG, Element.NUMBER, Element.WORD, Element.PLACE)
)


def _referred(attribute: Attribute) -> Schema:
    reference = f"#/$defs/{_form(attribute)}"
    return {"description": _described(attribute), "$ref": reference}


def _form(attribute: Attribute) -> str:
    """The name of the form of its test."""
    if attribute.element in RECORDS:
        return f"test_{attribute.element}"
    if attribute.name in BOUNDED:
        return "test_share"
    kind = "list" if attribute.only_lists else str(attribute.element)
    if attribute.name in WORDS:
        kind = attribute.name
    return f"test_attested_{kind}" if attribute.attested else f"test_{kind}"


def _test(attribute: Attribute) -> Schema:
    if attribute.element in RECORDS:
        return _record(attribute)
    if attribute.name in BOUNDED:
        return _bounds({})
    modifiers = _MODIFIERS if attribute.attested else {}
    forms = [_any_of(attribute), _object({"any_of": _any_of(attribute)}, modifiers)]
    if attribute.element is Element.PLACE:
        outside = {"type": "array", "items": _PLACE_OR_LIST, "minItems": 1}
        forms.append(_object({"outside": outside}, modifiers))
    if attribute.element is Element.NUMBER:
        forms.append(_bounds(modifiers))
    return {"anyOf": forms}


def _record(attribute: Attribute) -> Schema:
    """One single record of the set meets all of the tests."""
    tests = _nested({name: _referred(one) for name, one in RECORDS[attribute.element].items()})
    modifiers = dict(_MODIFIERS)
    if attribute.element is Element.STATUS:
        modifiers["view"] = {
            "description": "Which statuses count.",
            "enum": [one.value for one in View],
        }
    names = list(tests["properties"])
    return {
        "type": "object",
        "properties": {**tests["properties"], **modifiers},
        "anyOf": [{"required": [name]} for name in names],
        "additionalProperties": False,
    }


def _any_of(attribute: Attribute) -> Schema:
    value = _value(attribute)
    return {"anyOf": [value, {"type": "array", "items": value, "minItems": 1}]}


def _value(attribute: Attribute) -> Schema:
    match attribute.element:
        case Element.FLAG:
            return {"type": "boolean"}
        case Element.NUMBER:
            return {"type": "integer"}
        case Element.PLACE:
            return _PLACE_OR_LIST
        case _:
            if attribute.only_lists:
                return _IDENTIFIER
            words = WORDS.get(attribute.name)
            return {"type": "string"} if words is None else {"enum": [str(one) for one in words]}


def _bounds(modifiers: Schema) -> Schema:
    bounds: Schema = {"at_least": {"type": "integer"}, "at_most": {"type": "integer"}}
    return {
        "type": "object",
        "properties": {**bounds, **modifiers},
        "anyOf": [{"required": ["at_least"]}, {"required": ["at_most"]}],
        "additionalProperties": False,
    }


def _object(tests: Schema, modifiers: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {**tests, **modifiers},
        "required": _sorted(tests),
        "additionalProperties": False,
    }


def _sorted(names: Iterable[str]) -> list[str]:
    return sorted(names)


def _described(attribute: Attribute) -> str:
    what = _WHAT[attribute.element]
    if attribute.only_lists:
        what = f"is in one of these lists of {attribute.listed}"
    elif attribute.name in WORDS:
        what = "any of " + ", ".join(f"`{one}`" for one in WORDS[attribute.name])
    elif not attribute.scalar and attribute.element not in RECORDS:
        what = f"one of its values: {what}"
    return f"`{attribute.name}`: {what}"


_WHAT = {
    Element.FLAG: "true or false",
    Element.NUMBER: "an integer, or bounds",
    Element.WORD: "any of these words",
    Element.PLACE: "any of these places and lists of places, or `outside` of them",
    Element.STATUS: "statuses of a person: one of them meets all tests",
    Element.ENGAGEMENT: "engagements of a person: one of them meets all tests",
    Element.OWNERS: "owners of an organisation: one of them meets all tests",
}
