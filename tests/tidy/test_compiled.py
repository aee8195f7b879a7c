"""The modules that are compiled into the wheel: what mypyc would get wrong in silence."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

LISTED: list[str] = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["licet"]["compiled"]


def test_compiled_modules_exist_and_are_in_order() -> None:
    assert LISTED
    assert sorted(set(LISTED)) == LISTED
    assert not [path for path in LISTED if not Path("src", path).is_file()]


def test_compiled_modules_define_no_class_with_arguments() -> None:
    # `class Value(msgspec.Struct, frozen=True)` would lose its `frozen=True`.
    assert not [
        f"{path}: {node.name} has arguments that mypyc drops"
        for path in LISTED
        for node in ast.walk(ast.parse(Path("src", path).read_text()))
        if isinstance(node, ast.ClassDef) and node.keywords
    ]


def test_compiled_modules_define_no_struct() -> None:
    assert not [
        f"{path}: {node.name} is a msgspec Struct"
        for path in LISTED
        for node in ast.walk(ast.parse(Path("src", path).read_text()))
        if isinstance(node, ast.ClassDef)
        and any("Struct" in ast.unparse(base) for base in node.bases)
    ]
