"""A fault that names the wrong line is worse than one that names none.

Documents are drawn together with the literal that each key path was written as; at the position
that is found for a path, exactly that literal must stand.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from licet.terms.positions import Path, Positions

Tree = dict[str, Any]

keys = st.text("abcé -.\"'#", min_size=1, max_size=3)
leaves = st.one_of(st.booleans(), st.integers(0, 999), st.text("añ]}#=,\"' \\\n", max_size=6))
arrays = st.lists(leaves, max_size=3)


def tables(depth: int) -> st.SearchStrategy[Tree]:
    """Tables of leaves, arrays, tables and arrays of tables, nested so deep."""
    values: st.SearchStrategy[Any] = leaves | arrays
    if depth:
        inner = tables(depth - 1)
        values = values | inner | st.lists(inner, min_size=1, max_size=3)
    return st.dictionaries(keys, values, max_size=4)


class Writer:
    """Writes a tree as TOML in one of the ways that the language allows, and keeps notes."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self.lines: list[str] = []
        self.values: dict[Path, str] = {}
        self.keys: dict[Path, str] = {}

    def table(self, tree: Tree, path: Path, header: tuple[str, ...]) -> None:
        """Pairs first: whatever follows a header belongs to it."""
        later = {key: value for key, value in tree.items() if self._has_header(value)}
        for key, value in tree.items():
            if key not in later:
                self._pair(key, value, path)
        for key, value in later.items():
            name = self._key(key, (*path, key))
            if isinstance(value, dict):
                self._line(f"[{'.'.join((*header, name))}]")
                self.table(value, (*path, key), (*header, name))
            for index, element in enumerate(value if isinstance(value, list) else ()):
                self._line(f"[[{'.'.join((*header, name))}]]")
                self.table(element, (*path, key, index), (*header, name))

    def _has_header(self, value: object) -> bool:
        is_tables = isinstance(value, list) and bool(value) and isinstance(value[0], dict)
        return (isinstance(value, dict) or is_tables) and self._draw(st.booleans())

    def _pair(self, key: str, value: object, path: Path) -> None:
        name = self._key(key, (*path, key))
        equals = self._draw(st.sampled_from(["=", " = ", "  ="]))
        if isinstance(value, dict) and value and self._draw(st.booleans()):
            for inner, element in value.items():
                inner_name = self._key(inner, (*path, key, inner))
                literal = self._literal(element, (*path, key, inner))
                self._line(f"{name}.{inner_name}{equals}{literal}")
        else:
            self._line(f"{name}{equals}{self._literal(value, (*path, key))}")

    def _key(self, key: str, path: Path) -> str:
        bare = key.isascii() and key.replace("-", "").isalnum()
        name = key if bare and self._draw(st.booleans()) else _quoted(key)
        self.keys[path] = name
        return name

    def _literal(self, value: object, path: Path) -> str:
        match value:
            case dict():
                pairs = [
                    f"{self._key(key, (*path, key))} = {self._literal(element, (*path, key))}"
                    for key, element in value.items()
                ]
                literal = "{ " + ", ".join(pairs) + " }" if pairs else "{}"
            case list():
                each = [self._literal(part, (*path, index)) for index, part in enumerate(value)]
                literal = "[" + ", ".join(each) + "]"
            case bool():
                literal = "true" if value else "false"
            case int():
                literal = str(value)
            case _:
                literal = _quoted(str(value))
        self.values[path] = literal
        return literal

    def _line(self, text: str) -> None:
        self.lines += self._draw(st.sampled_from([[], [""], ["# é = 1"]]))
        indent = self._draw(st.sampled_from(["", "  ", "\t"]))
        self.lines.append(indent + text + self._draw(st.sampled_from(["", " # a = 2"])))


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, Tree, Writer]:
    tree = draw(tables(2))
    writer = Writer(draw)
    writer.table(tree, (), ())
    return "\n".join(writer.lines) + "\n", tree, writer


@given(documents())
def test_at_the_position_of_a_value_or_key_stands_what_was_written_there(
    document: tuple[str, Tree, Writer],
) -> None:
    text, tree, written = document
    assert tomllib.loads(text) == tree
    found = Positions.of(text.encode())
    lines = text.split("\n")
    for path, literal in written.values.items():
        line, column = found.value(path)
        assert lines[line - 1][column - 1 :].startswith(literal), (path, literal)
    for path, name in written.keys.items():
        line, column = found.key(path)
        assert name in lines[line - 1][column - 1 :], (path, name)


@given(documents())
def test_every_key_path_has_a_position_of_its_own(document: tuple[str, Tree, Writer]) -> None:
    text, tree, _ = document
    found = Positions.of(text.encode())
    assert not [path for path in _paths(tree, ()) if path not in found.keys | found.values]


def _paths(value: object, path: Path) -> Iterator[Path]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _paths(inner, (*path, index))


def _quoted(text: str) -> str:
    """A basic string: JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False)
