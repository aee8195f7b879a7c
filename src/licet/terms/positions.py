"""Where each key and value of a TOML document is written.

`tomllib` gives values without positions; the syntax tree of tree-sitter gives positions.
Both read the same bytes; whatever tomllib accepts decides, the tree only says where.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

Path = tuple[str | int, ...]
"""Keys and array indices from the root, e.g. `("version", 0, "effective_from")`."""

_KEYS = ("bare_key", "quoted_key", "dotted_key")


@dataclass(slots=True)
class Positions:
    """(line, column) of keys and of values by path; counted from 1, columns in characters."""

    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    values: dict[Path, tuple[int, int]] = field(default_factory=dict)
    _lines: list[bytes] = field(default_factory=list)
    _elements: dict[Path, int] = field(default_factory=dict)

    @classmethod
    def of(cls, data: bytes) -> Positions:
        """Of a document that `tomllib` has accepted."""
        found = cls(_lines=data.split(b"\n"))
        found._document(Parser(Language(tree_sitter_toml.language())).parse(data).root_node)
        return found

    def value(self, path: Path) -> tuple[int, int]:
        """Of the value at `path`, or of the nearest thing around it that is written."""
        while path:
            found = self.values.get(path) or self.keys.get(path)
            if found:
                return found
            path = path[:-1]
        return (1, 1)

    def key(self, path: Path) -> tuple[int, int]:
        """Of the key at `path`, or as `value`."""
        return self.keys.get(path) or self.value(path)

    def _document(self, root: Node) -> None:
        for node in root.named_children:
            if node.type == "pair":
                self._pair(node, ())
            elif node.type in ("table", "table_array_element"):
                self._table(node)

    def _table(self, node: Node) -> None:
        header = next(child for child in node.named_children if child.type in _KEYS)
        path: Path = ()
        for name, at in _segments(header):
            if path in self._elements:
                path = (*path, self._elements[path])
            path = (*path, name)
            self.keys.setdefault(path, self._at(at))
        if node.type == "table_array_element":
            self._elements[path] = self._elements.get(path, -1) + 1
            path = (*path, self._elements[path])
        self.keys[path] = self._at(header)
        for child in node.named_children:
            if child.type == "pair":
                self._pair(child, path)

    def _pair(self, node: Node, table: Path) -> None:
        key, value = (child for child in node.named_children if child.type != "comment")
        path = table
        for name, at in _segments(key):
            path = (*path, name)
            self.keys.setdefault(path, self._at(at))
        self._value(value, path)

    def _value(self, node: Node, path: Path) -> None:
        self.values[path] = self._at(node)
        if node.type == "array":
            items = (child for child in node.named_children if child.type != "comment")
            for index, child in enumerate(items):
                self._value(child, (*path, index))
        elif node.type == "inline_table":
            for child in node.named_children:
                if child.type == "pair":
                    self._pair(child, path)

    def _at(self, node: Node) -> tuple[int, int]:
        row, column = node.start_point
        before = self._lines[row][:column].decode("utf-8", "replace")
        return (row + 1, len(before) + 1)


def _segments(key: Node) -> list[tuple[str, Node]]:
    """The names of a bare, quoted or dotted key, each with its node."""
    if key.type == "dotted_key":
        return [segment for child in key.named_children for segment in _segments(child)]
    text = (key.text or b"").decode()
    if key.type == "bare_key":
        return [(text, key)]
    return [(next(iter(tomllib.loads(f"{text}=0"))), key)]
