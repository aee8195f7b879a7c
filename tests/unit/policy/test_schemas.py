"""The published schemas: as the code makes them, true of every example, false of wrong inputs.

`python -m tests.unit.policy.test_schemas` writes them anew.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from licet.policy import SCHEMAS, belongs, parse, schema_of, schema_text
from licet.policy.schema_words import WORDS
from tests.golden.test_config_faults import GOLDEN, Case, read_cases

ROOT = Path(__file__).parents[3]
PUBLISHED = ROOT / "docs" / "schema"
FOLDERS = {
    "june-2026": ROOT / "examples" / "june-2026",
    "rules": ROOT / "examples" / "rules",
    "init": ROOT / "src" / "licet" / "cli" / "example",
}
OF_FOLDER = {
    "catalog": "catalog",
    "directives": "directive",
    "readings": "directive",
    "lists": "list",
    "facts": "facts",
    "workloads": "workload",
    "keys": "key",
    "revocations": "revocations",
}
# Faults that one file shows by itself and a schema can say: types, keys, words, bounds.
OF_SCHEMA = re.compile(
    r"unknown key|is missing$|^expected|is not among the values|is not a duration"
    r"|is not an identifier|, without quotes|a time needs an offset|is not a place"
    r"|is neither a place nor|an array of tables|an empty list|a table without a condition"
    r"|is tested by a bound|takes exactly one test"
    r"|a credential is never written|is a set of records|without a test on its records"
)
# What a text in JSON cannot show.
BEYOND = (
    "a time in quotes",
    # What an endpoint needs depends on what is known of its vendor.
    "a vendor's endpoint without a model",
    "a server that anybody may run, and nobody runs",
)


def as_json(value: Any) -> Any:
    """What a reader of TOML hands to a validator: dates and times as texts."""
    if isinstance(value, dict):
        return {key: as_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [as_json(one) for one in value]
    return value.isoformat() if isinstance(value, date | datetime) else value


def name_of(path: str) -> str:
    return "licet" if path == "licet.toml" else OF_FOLDER[path.partition("/")[0]]


def problems(path: str, text: bytes, files: dict[str, bytes]) -> list[str]:
    declared = parse(files).sources.rules.attributes
    validator = Draft202012Validator(schema_of(name_of(path), declared))
    found = validator.iter_errors(as_json(tomllib.loads(text.decode())))
    return [f"{path}: {one.json_path}: {one.message}" for one in found]


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if belongs(path.name)
    }


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_and_is_published_as_the_code_makes_it(name: str) -> None:
    Draft202012Validator.check_schema(schema_of(name))
    assert (PUBLISHED / f"{name}.json").read_bytes() == schema_text(name), (
        "write it anew: python -m tests.unit.policy.test_schemas"
    )


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_example_is_as_its_schema_says(folder: str) -> None:
    files = files_of(FOLDERS[folder])
    found = {path: text for path, text in files.items() if path.endswith(".toml")}
    assert len(found) >= 5
    assert [one for path, text in found.items() for one in problems(path, text, files)] == []


def test_the_files_of_the_configuration_page_are_as_their_schemas_say() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    files: dict[str, bytes] = {}
    for path, text in re.findall(r"```toml\n# (\S+)\n(.*?)```", page, re.DOTALL):
        files[path] = files.get(path, b"") + text.encode()
    assert {name_of(path) for path in files} >= {"licet", "catalog", "directive", "key"}
    assert [one for path, text in files.items() for one in problems(path, text, files)] == []


def wrong_inputs() -> Iterator[tuple[Case, str]]:
    """Cases whose only fault is one that a schema can say, and the file that has it."""
    for case in read_cases(GOLDEN.read_text(encoding="utf-8")):
        faults = parse(case.files()).faults
        if len(faults) != 1:
            continue
        (fault,) = faults
        if fault.place is None or case.title in BEYOND:
            continue
        if OF_SCHEMA.search(fault.message) and fault.code != "not_toml":
            yield case, fault.place.path


def test_wrong_inputs_that_a_schema_can_see_are_wrong_by_it() -> None:
    passing = []
    count = 0
    for case, path in wrong_inputs():
        files = case.files()
        count += 1
        if not problems(path, files[path], files):
            passing.append(case.title)
    assert passing == []
    assert count >= 25


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_key_of_every_table_is_described(name: str) -> None:
    schema = schema_of(name)
    tables = [schema, *schema["$defs"].values()]
    bare = [
        f"{table.get('title')}.{key}"
        for table in tables
        if table.get("title") in WORDS or ("properties" in table and "title" in table)
        for key, one in table.get("properties", {}).items()
        if "description" not in one
    ]
    assert bare == []


def test_nothing_is_described_that_is_not_there() -> None:
    there: dict[str, set[str]] = {}
    for name in SCHEMAS:
        schema = schema_of(name)
        for key, table in schema["$defs"].items():
            there.setdefault(key, set()).update(table.get("properties", {}))
        root = {"licet": "Settings", "catalog": "Catalogue", "list": "List", "facts": "Facts"}
        title = root.get(name, name.capitalize())
        there.setdefault(title, set()).update(schema["properties"])
    described = {(title, key) for title, words in WORDS.items() for key in words}
    assert described - {(title, key) for title, keys in there.items() for key in keys} == set()


if __name__ == "__main__":
    for schema_name in SCHEMAS:
        (PUBLISHED / f"{schema_name}.json").write_bytes(schema_text(schema_name))
