"""JSON Schemas of the configuration's files, made from the structs that read them.

What a schema accepts may still be wrong: that names lead somewhere and times are in order shows
only when everything is read (`licet check`). What it refuses is wrong in any case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from licet.catalog import CATALOG_SHAPES
from licet.identity import IDENTITY_SHAPES
from licet.policy.parse import DIRECTIVE_SHAPE, VERSION_SHAPE
from licet.policy.questions import DeclaredAttribute
from licet.policy.schema_conditions import condition_schema, form_schemas, presumption_schema
from licet.policy.schema_words import WORDS
from licet.terms import Duration, Identifier, PlaceCode, When, pattern_of, places

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = "#/$defs/{name}"
_TIME = r"^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d))?$"
_LITERALS = {
    pattern_of(Identifier): "identifier",
    pattern_of(PlaceCode): "place",
    pattern_of(Duration): "duration",
    _TIME: "time",
}
_SHAPES: dict[str, type] = {**CATALOG_SHAPES, **IDENTITY_SHAPES, "directive": DIRECTIVE_SHAPE}

SCHEMAS: Mapping[str, str] = {
    "licet": "How a node runs: `licet.toml`",
    "catalog": "Models, endpoints, organisations, availability: `catalog/*.toml`",
    "directive": "One directive: `directives/*.toml`",
    "list": "One list: `lists/*.toml`",
    "facts": "Statements on which licences depend: `facts/*.toml`",
    "workload": "One use: `workloads/*.toml`",
    "key": "One key, as its hash: `keys/*.toml`",
    "revocations": "What nobody accepts any more: `revocations/*.toml`",
}
"""Every schema by name, with what it is of."""

_TABLES = {
    "catalog": ("Catalogue", ("model", "endpoint", "organisation", "availability")),
    "facts": ("Facts", ("fact",)),
    "revocations": ("Revocations", ("revoked",)),
}
"""Files that are arrays of tables, with the name of each table's struct."""


def schema_of(name: str, declared: Mapping[str, DeclaredAttribute] | None = None) -> Schema:
    """The schema called `name`, one of `SCHEMAS`, of draft 2020-12.

    `declared`: the attributes of one's own that conditions may test besides the vocabulary.
    """
    defs = _literals()
    if name in _TABLES:
        title, tables = _TABLES[name]
        root = _tables(title, tables, defs)
    else:
        root = _shape("settings" if name == "licet" else name, defs)
    _finish(name, defs, declared or {})
    return {
        "$schema": DIALECT,
        "title": SCHEMAS[name],
        **_described(root),
        "$defs": {key: _described(one) for key, one in sorted(_used(root, defs).items())},
    }


def schema_text(name: str, declared: Mapping[str, DeclaredAttribute] | None = None) -> bytes:
    """The schema as a file, for `docs/schema/NAME.json`."""
    encoded = msgspec.json.encode(schema_of(name, declared), order="deterministic")
    return msgspec.json.format(encoded, indent=2) + b"\n"


def _shape(name: str, defs: Schema, shape: type | None = None) -> Schema:
    """The schema of a struct; those inside it go to `defs`."""
    (root,), inner = msgspec.json.schema_components(
        (shape or _SHAPES[name],), schema_hook=_hook, ref_template=_REFERENCE
    )
    defs.update({_plain(key): _tidied(one) for key, one in inner.items()})
    found: Schema = defs[_plain(root["$ref"].rpartition("/")[2])]
    return found


def _tables(title: str, tables: tuple[str, ...], defs: Schema) -> Schema:
    properties: Schema = {}
    for table in tables:
        items = {"$ref": _REFERENCE.format(name=_shape(table, defs)["title"])}
        properties[table] = {"type": "array", "items": items}
    return {
        "title": title,
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def _finish(name: str, defs: Schema, declared: Mapping[str, DeclaredAttribute]) -> None:
    """What structs leave open, because it is read by hand, and the shared definitions."""
    if name == "directive":
        _shape("version", defs, VERSION_SHAPE)
        version = defs["Version"]["properties"]
        for part in ("applies", "unless"):
            version[part]["items"] = {"$ref": "#/$defs/Alternative"}
        version["presume"] = {"$ref": "#/$defs/Presumption"}
        defs["Directive"]["properties"]["version"]["items"] = {"$ref": "#/$defs/Version"}
        defs.update(form_schemas())
        defs["Alternative"] = condition_schema(declared)
        defs["Presumption"] = presumption_schema(declared)
    if name == "list":
        defs["Version"]["dependentRequired"] = {"max_age": ["as_of"]}
        members = {"members": {"items": {"$ref": "#/$defs/place"}}}
        versions = {"version": {"items": {"properties": members}}}
        defs["List"]["if"] = {"properties": {"kind": {"const": "places"}}, "required": ["kind"]}
        defs["List"]["then"] = {"properties": versions}
    if name == "licet":
        _shape("issuer", defs)
        defs["Settings"]["properties"]["issuer"]["items"] = {"$ref": "#/$defs/Issuer"}
    if name == "catalog":
        reference = _shape("credential", defs)
        reference["oneOf"] = [{"required": ["env"]}, {"required": ["file"]}]
        defs["Endpoint"]["properties"]["credential"] = {"$ref": "#/$defs/Reference"}


def _literals() -> Schema:
    return {
        "identifier": {
            "description": "Lower case letters, digits, `.`, `_`, `-`; at most 128.",
            "type": "string",
            "pattern": pattern_of(Identifier),
        },
        "place": {
            "description": "A country or territory: ISO 3166-1 alpha-2.",
            "enum": sorted(places()),
        },
        "duration": {
            "description": "ISO 8601 in weeks, days, hours, minutes, seconds: `P365D`, `PT72H`.",
            "type": "string",
            "pattern": pattern_of(Duration),
        },
        "time": {
            "description": "A date, or a time with an offset, without quotes.",
            "type": "string",
            "pattern": _TIME,
        },
    }


def _hook(shape: type) -> Schema:
    if shape is When:
        return {"type": "string", "pattern": _TIME}
    raise NotImplementedError(shape)


def _plain(name: str) -> str:
    """`_ModelFile` is told as `Model`."""
    return name.strip("_").removesuffix("File")


def _tidied(value: Any) -> Any:
    """References and titles by plain names, literals by their definitions."""
    if isinstance(value, list):
        return [_tidied(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {key: _tidied(one) for key, one in value.items() if not _says_nothing(key, one)}
    if "$ref" in found:
        found["$ref"] = _REFERENCE.format(name=_plain(found["$ref"].rpartition("/")[2]))
    if isinstance(found.get("title"), str):
        found["title"] = _plain(found["title"])
    literal = _LITERALS.get(str(found.get("pattern")))
    if literal is not None:
        return {"$ref": _REFERENCE.format(name=literal)}
    forms = [one for one in found.get("anyOf", ()) if one != {"type": "null"}]
    if len(forms) == 1:
        # TOML has no null: what may be left out is left out.
        found = {**{key: one for key, one in found.items() if key != "anyOf"}, **forms[0]}
    return found


def _says_nothing(key: str, value: Any) -> bool:
    return key == "default" and value in (None, {}, [], ())


def _described(schema: Schema) -> Schema:
    """With a line on each key, and without what editors have no use for."""
    words = WORDS.get(schema.get("title", ""), {})
    properties = {
        key: {**one, **({"description": words[key]} if key in words else {})}
        for key, one in schema.get("properties", {}).items()
    }
    return {**schema, "properties": properties} if properties else schema


def _used(root: Schema, defs: Schema) -> Schema:
    """The definitions that the schema refers to, directly or not."""
    found: Schema = {}
    waiting = [root]
    while waiting:
        text = msgspec.json.encode(waiting.pop()).decode()
        for name in re.findall(r'"#/\$defs/([A-Za-z_]+)"', text):
            if name not in found:
                found[name] = defs[name]
                waiting.append(defs[name])
    return found
