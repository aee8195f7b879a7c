"""Documents know where everything is written, and say it in the words of whoever writes TOML."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from licet.terms import (
    ConfigurationFault,
    Duration,
    Identifier,
    Path,
    PlaceCode,
    When,
    gather,
    read,
)
from licet.terms.documents import DOCUMENT_BYTES_MAX


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Identifier
    place: PlaceCode | None = None
    lasts: Duration | None = None
    seen: When | None = None
    colour: Colour = Colour.RED
    size: Annotated[int, Meta(ge=1, le=9)] = 1


class Whole(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    part: tuple[Part, ...] = ()
    nested: Part | None = None


def said(text: str) -> str:
    with pytest.raises(ConfigurationFault) as caught:
        read("f.toml", text.encode()).convert(Whole)
    return str(caught.value)


def test_a_value_in_the_second_table_of_an_array_is_found_there() -> None:
    text = '[[part]]\nname = "a"\n\n[[part]]\nname = "b"\nsize = 12\n'
    assert said(text) == "f.toml:6:8: expected an integer of at most 9"


def test_a_value_in_an_inline_table_is_found_there() -> None:
    text = 'part = [{ name = "a" }, { name = "b", colour = "gren" }]\n'
    assert said(text) == (
        "f.toml:1:48: `gren` is not among the values\n  help: did you mean `green`?"
    )


def test_a_value_under_a_dotted_key_is_found_there() -> None:
    assert said('nested.name = "a"\nnested.place = "EU"\n').startswith("f.toml:2:16: `EU`")


def test_an_unknown_key_is_shown_where_the_key_is() -> None:
    text = '[nested]\nname = "a"\nplcae = "FR"\n'
    assert said(text) == "f.toml:3:1: unknown key `plcae`\n  help: did you mean `place`?"


def test_columns_count_characters_and_not_bytes() -> None:
    text = 'part = [{ name = "a", lasts = "é" }, { name = "é" }]\n'
    assert said(text).startswith("f.toml:1:31: `é` is not a duration")


def test_a_missing_key_is_shown_at_its_table() -> None:
    assert said("[[part]]\nsize = 2\n") == "f.toml:1:3: `name` is missing"


def test_a_comment_between_elements_does_not_shift_them() -> None:
    text = 'part = [\n  # first\n  { name = "a" },\n  # second\n  { name = "B" },\n]\n'
    assert said(text).startswith("f.toml:5:12: `B` is not an identifier")


def test_lines_that_end_as_on_windows_are_counted_as_such() -> None:
    assert said('[nested]\r\nname = "a"\r\nsize = 0\r\n').startswith("f.toml:3:8:")


def test_elements_are_read_one_by_one() -> None:
    document = read("f.toml", b'[[part]]\nname = "a"\n[[part]]\nname = 1\n[[part]]\nname = "c"\n')

    def part(path: Path) -> Part:
        return document.convert(Part, path)

    entries, faults = gather(document, "part", part)
    assert [entry.value.name for entry in entries] == ["a", "c"]
    assert [str(fault) for fault in faults] == [
        "f.toml:4:8: expected a text in quotes, got an integer"
    ]


def test_a_file_beyond_the_bound_is_not_read() -> None:
    with pytest.raises(ConfigurationFault, match="at most"):
        read("f.toml", b"#" * (DOCUMENT_BYTES_MAX + 1))


def test_nesting_without_end_is_a_fault_and_no_crash() -> None:
    assert read("f.toml", f"a = {'[' * 50}{']' * 50}\n".encode()).place("a").column == 5
    with pytest.raises(ConfigurationFault, match="nested too deeply"):
        read("f.toml", f"a = {'[' * 5_000}{']' * 5_000}\n".encode())
