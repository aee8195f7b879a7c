"""Configuration files: TOML values that know where they are written.

`read` gives a `Document`; `Document.convert` makes a file struct of it (or of a part), and
turns whatever is wrong into a `ConfigurationFault` with file, line, column and a remedy.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import inspect

from licet.terms.faults import ConfigurationFault, Place
from licet.terms.literals import When
from licet.terms.places import place_remedy
from licet.terms.positions import Path, Positions
from licet.terms.suggestions import did_you_mean

T = TypeVar("T")

DOCUMENT_BYTES_MAX = 1 << 20
"""One file; a list of every organisation of an annex fits in a hundredth of it."""


@dataclass(frozen=True, slots=True)
class Document:
    """One TOML file: its path in the configuration folder, its values, its positions."""

    path: str
    values: dict[str, Any]
    positions: Positions

    def place(self, *path: str | int) -> Place:
        """Where the value at `path` is written."""
        return Place(self.path, *self.positions.value(path))

    def key_place(self, *path: str | int) -> Place:
        """Where the key at `path` is written."""
        return Place(self.path, *self.positions.key(path))

    def fault(
        self, code: str, message: str, path: Path = (), *, remedy: str | None = None
    ) -> ConfigurationFault:
        """A fault about the value at `path`."""
        return ConfigurationFault(code, message, place=self.place(*path), remedy=remedy)

    def unknown_key(self, path: Path, known: Iterable[str]) -> ConfigurationFault:
        """The fault of a key that means nothing where it stands, with the nearest that does."""
        names = sorted(known)
        remedy = did_you_mean(str(path[-1]), names) or f"known here: {_quoted(names)}"
        return ConfigurationFault(
            "unknown_key", f"unknown key `{path[-1]}`", place=self.key_place(*path), remedy=remedy
        )

    def at(self, path: Path) -> Any:
        """The value at `path`, as tomllib gave it."""
        value: Any = self.values
        for step in path:
            value = value[step]
        return value

    def elements(self, name: str) -> list[Path]:
        """The paths of the elements of the array of tables `[[name]]`; empty without one.

        Converted one by one, each element has its own fault, and the others still count.
        """
        value = self.values.get(name, [])
        if not isinstance(value, list):
            raise self.fault("wrong_type", f"expected an array of tables `[[{name}]]`", (name,))
        return [(name, index) for index in range(len(value))]

    def only(self, known: Iterable[str]) -> None:
        """Refuses a key at the top of the file that is not `known`."""
        names = frozenset(known)
        for key in self.values:
            if key not in names:
                raise self.unknown_key((key,), names)

    def convert(self, shape: type[T], path: Path = ()) -> T:
        """The value at `path` as a `shape`, strictly; a `ConfigurationFault` if it is none."""
        value = self.at(path)
        try:
            return msgspec.convert(value, shape, strict=True, dec_hook=_read_literal)
        except msgspec.ValidationError as cause:
            raise self._explain(str(cause), shape, path) from None

    def _explain(self, error: str, shape: type[Any], start: Path) -> ConfigurationFault:
        problem, _, where = error.partition(" - at `")
        node: inspect.Type | None = inspect.type_info(shape)
        path = start
        for step in _steps(where.rstrip("`")):
            if step == "...":
                break
            path = (*path, step)
            node = _inside(node, step)
        value = self.at(path)
        if match := re.match(r"Object contains unknown field `(.*)`", problem):
            return self.unknown_key((*path, match[1]), _fields(node))
        if match := re.match(r"Object missing required field `(.*)`", problem):
            return self.fault("missing_key", f"`{match[1]}` is missing", path)
        return self._wrong_value(problem, node, value, path)

    def _wrong_value(
        self, problem: str, node: inspect.Type | None, value: Any, path: Path
    ) -> ConfigurationFault:
        if problem.startswith("Invalid enum value"):
            known = _choices(node)
            remedy = did_you_mean(str(value), known) or f"one of {_quoted(known)}"
            return self.fault(
                "unknown_value", f"`{value}` is not among the values", path, remedy=remedy
            )
        match _expects(node) if "matching regex" in problem else None:
            case "identifier":
                return self.fault(
                    "not_an_identifier",
                    f"`{value}` is not an identifier",
                    path,
                    remedy="lower case letters, digits, `.`, `_` and `-`, at most 128",
                )
            case "place":
                return self.fault(
                    "unknown_place", f"`{value}` is not a place", path, remedy=place_remedy(value)
                )
            case "duration":
                return self.fault(
                    "not_a_duration",
                    f"`{value}` is not a duration",
                    path,
                    remedy="ISO 8601 in weeks, days, hours, minutes or seconds, such as `P30D`",
                )
        return self.fault("wrong_value", _in_words(problem), path)


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """A value and where it is written, for faults that show only beside other files."""

    value: T
    document: Document
    path: Path = ()

    def fault(
        self, code: str, message: str, *steps: str | int, remedy: str | None = None
    ) -> ConfigurationFault:
        """A fault about what is at `steps` within the entry."""
        return self.document.fault(code, message, (*self.path, *steps), remedy=remedy)


def gather(
    document: Document, name: str, read_one: Callable[[Path], T]
) -> tuple[list[Entry[T]], list[ConfigurationFault]]:
    """Every element of `[[name]]` that reads, and the faults of those that do not."""
    entries: list[Entry[T]] = []
    faults: list[ConfigurationFault] = []
    for path in document.elements(name):
        try:
            entries.append(Entry(read_one(path), document, path))
        except ConfigurationFault as fault:
            faults.append(fault)
    return entries, faults


def read(path: str, data: bytes) -> Document:
    """Reads one TOML file; a `ConfigurationFault` for what is no TOML, UTF-8 or too large."""
    if len(data) > DOCUMENT_BYTES_MAX:
        raise ConfigurationFault(
            "too_large",
            f"{len(data)} bytes, at most {DOCUMENT_BYTES_MAX} are read",
            place=Place(path),
            remedy="split the file",
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as cause:
        line = data.count(b"\n", 0, cause.start) + 1
        column = cause.start - data.rfind(b"\n", 0, cause.start)
        raise ConfigurationFault("not_utf8", "not UTF-8", place=Place(path, line, column)) from None
    try:
        return Document(path, tomllib.loads(text), Positions.of(data))
    except tomllib.TOMLDecodeError as cause:
        raise _syntax_fault(path, text, str(cause)) from None
    except RecursionError:
        raise ConfigurationFault(
            "not_toml", "not TOML: nested too deeply", place=Place(path)
        ) from None


def _syntax_fault(path: str, text: str, error: str) -> ConfigurationFault:
    problem, _, where = error.rstrip(")").partition(" (at ")
    numbers = re.fullmatch(r"line (\d+), column (\d+)", where)
    if numbers:
        place = Place(path, int(numbers[1]), int(numbers[2]))
    else:
        lines = text.rstrip("\n").split("\n")
        place = Place(path, len(lines), len(lines[-1]) + 1)
    words = problem[:1].lower() + problem[1:]
    return ConfigurationFault("not_toml", f"not TOML: {words}", place=place)


def _read_literal(shape: type[Any], value: object) -> Any:
    if shape is When:
        return When.read(value)
    raise TypeError(f"no file holds a `{shape.__name__}`")


def _steps(where: str) -> list[str | int]:
    """`$.version[0].mode` as steps; `...` is a key that the library does not tell."""
    found = re.findall(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]", where)
    return [name or (index if index == "..." else int(index)) for name, index in found]


def _unions(node: inspect.Type | None) -> list[inspect.Type]:
    match node:
        case None:
            return []
        case inspect.UnionType(types=types):
            return [inner for one in types for inner in _unions(one)]
        case inspect.Metadata(type=inner):
            return _unions(inner)
        case _:
            return [node]


def _inside(node: inspect.Type | None, step: str | int) -> inspect.Type | None:
    for one in _unions(node):
        match one:
            case inspect.StructType(fields=fields):
                for candidate in fields:
                    if candidate.encode_name == step:
                        return candidate.type
            case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
                return item
    return None


def _fields(node: inspect.Type | None) -> list[str]:
    return [
        candidate.encode_name
        for one in _unions(node)
        if isinstance(one, inspect.StructType)
        for candidate in one.fields
    ]


def _choices(node: inspect.Type | None) -> list[str]:
    found: list[str] = []
    for one in _unions(node):
        if isinstance(one, inspect.EnumType):
            found += [str(member.value) for member in one.cls]
        elif isinstance(one, inspect.LiteralType):
            found += [str(value) for value in one.values]
    return found


def _expects(node: inspect.Type | None) -> str | None:
    match node:
        case inspect.Metadata(extra={"expects": str(expects)}):
            return expects
        case inspect.UnionType(types=types):
            return next((found for one in types if (found := _expects(one))), None)
        case _:
            return None


_WORDS = {
    "bool": "true or false",
    "int": "an integer",
    "float": "a number",
    "str": "a text in quotes",
    "array": "an array",
    "object": "a table",
    "date": "a date",
    "datetime": "a time",
    "null": "nothing",
}


def _in_words(problem: str) -> str:
    """The library's `Expected `int`, got `str`` in the words of whoever writes TOML."""

    def kinds(match: re.Match[str]) -> str:
        parts = [one for one in match[1].split(" | ") if one != "null"]
        return " or ".join(_WORDS.get(one, f"`{one}`") for one in parts)

    if not problem.startswith("Expected"):
        return problem[:1].lower() + problem[1:]
    words = re.sub(r"`([a-z| ]+)`", kinds, problem)
    words = (
        words.replace(" of length", "")
        .replace(" >= ", " of at least ")
        .replace(" <= ", " of at most ")
    )
    return words[:1].lower() + words[1:]


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
