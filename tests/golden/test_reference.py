"""docs/reference.md is made from the schemas: every key of every file, what it is, its default.

`python -m tests.golden.test_reference` writes it anew.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from licet.policy import SCHEMAS, schema_of

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"
WIDTH = 118
HEAD = """\
# Reference of the configuration

Every key of every file, made from the schemas in `schema/`, which `licet schema NAME` prints.
Editors that read `#:schema` comments, as `licet init` writes them, complete and check while one
types. [Configuration](configuration.md) explains the files with examples, [policy](policy.md) what
directives mean.

A key in **bold** must be there. `licet check` also sees what shows only when everything is read:
that names lead somewhere, and times are in order.
"""
LITERALS = ("identifier", "place", "duration", "time")


def page() -> str:
    parts = [HEAD]
    defs = schema_of("directive")["$defs"]
    parts += [_item(f"*{name}*", defs[name]["description"]) for name in LITERALS]
    for name, what in SCHEMAS.items():
        schema = schema_of(name)
        title, _, path = what.partition(": ")
        parts += ["", f"## {title}: {path}", "", *_keys(schema, schema["$defs"])]
        for key, table in schema["$defs"].items():
            if "title" in table and "properties" in table:
                parts += ["", f"### {key}", "", *_keys(table, schema["$defs"])]
        if name == "directive":
            parts += ["", "### Conditions: `[[version.applies]]`, `[[version.unless]]`", ""]
            parts += dict.fromkeys(_conditions(defs["Alternative"]))
    return "\n".join(parts) + "\n"


def _item(head: str, text: str) -> str:
    return textwrap.fill(f"- {head}: {text}", WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _keys(table: dict[str, Any], defs: dict[str, Any]) -> Iterator[str]:
    for key, one in table["properties"].items():
        name = f"**`{key}`**" if key in table.get("required", ()) else f"`{key}`"
        default = one.get("default")
        shown = ""
        if default is not None and not isinstance(default, dict):
            shown = f", `{msgspec.json.encode(default).decode()}`"
        yield _item(f"{name} ({_type(one, defs)}{shown})", one["description"])


def _type(one: dict[str, Any], defs: dict[str, Any]) -> str:
    if "$ref" in one:
        name = one["$ref"].rpartition("/")[2]
        return _type(defs[name], defs) if "enum" in defs[name] and name != "place" else str(name)
    if "anyOf" in one:
        return " or ".join(dict.fromkeys(_type(form, defs) for form in one["anyOf"]))
    if "enum" in one:
        return " | ".join(f"`{value}`" for value in one["enum"])
    match one.get("type"):
        case "array":
            return f"array of {_type(one.get('items', {}), defs)}"
        case "object" if isinstance(one.get("additionalProperties"), dict):
            return f"table of {_type(one['additionalProperties'], defs)}"
        case "integer":
            bounds = [str(one[name]) for name in ("minimum", "maximum") if name in one]
            return f"integer {' to '.join(bounds)}".strip()
        case "string":
            return "text"
        case other:
            return str(other or "anything")


def _conditions(schema: dict[str, Any]) -> Iterator[str]:
    for one in schema.get("anyOf", (schema,)):
        if "description" in one:
            yield _item(*one["description"].split(": ", 1))
        for inner in one.get("properties", {}).values():
            yield from _conditions(inner)


def test_the_reference_is_as_the_schemas_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_the_reference_has_every_key() -> None:
    text = page()
    for name in SCHEMAS:
        schema = schema_of(name)
        for table in (schema, *schema["$defs"].values()):
            for key in table["properties"] if "title" in table and "properties" in table else ():
                assert f"`{key}`" in text, f"{name}: {key}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
