"""However a configuration is broken, reading it ends in a value with faults that have places."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from licet.policy import Configuration, belongs, parse

EXAMPLE = Path(__file__).parents[2] / "examples" / "june-2026"
FILES = {
    path.relative_to(EXAMPLE).as_posix(): path.read_bytes()
    for path in sorted(EXAMPLE.rglob("*.toml"))
    if belongs(path.name) and path.parent.name != "readings"
}
# Whole literals are put into each other's places, since what is no TOML at all is soon told.
LITERALS = (
    b'"US"', b'"us-annex"', b"true", b"7", b"-1", b"[]", b"{}", b'[["a"]]', b'[{ id = "a" }]',
    b"2026-06-12", b"2026-06-12T00:00:00", b"12:00:00", b"1e400", b"nan", b'""', b'{ id = ["a"] }',
    b"{ at_least = 1 }", b'{ country = "FR" }', b"{ any_of = [true], assurance = 3 }",
)  # fmt: skip
VALUE = re.compile(rb"(?<== )[^\n#]+")
KEY = re.compile(rb"^[a-z_.]+(?= =)", re.MULTILINE)

paths = st.sampled_from(sorted(FILES))


def check(configuration: Configuration) -> None:
    for fault in configuration.faults:
        assert fault.place is not None
        assert fault.place.path in FILES
        assert str(fault)
        text = FILES[fault.place.path]
        assert 0 <= fault.place.line <= text.count(b"\n") + 3


@settings(max_examples=60)
@given(paths, st.data())
def test_a_value_in_the_place_of_another(path: str, data: st.DataObject) -> None:
    text = FILES[path]
    value = data.draw(st.sampled_from(list(VALUE.finditer(text))))
    other = data.draw(st.sampled_from(LITERALS))
    changed = text[: value.start()] + other + text[value.end() :]
    check(parse(FILES | {path: changed}))


@settings(max_examples=60)
@given(paths, st.data())
def test_a_key_in_the_place_of_another(path: str, data: st.DataObject) -> None:
    text = FILES[path]
    key = data.draw(st.sampled_from(list(KEY.finditer(text))))
    other = data.draw(st.sampled_from(sorted({one[0] for one in KEY.finditer(text)} | {b"x.y"})))
    changed = text[: key.start()] + other + text[key.end() :]
    check(parse(FILES | {path: changed}))


@settings(max_examples=60)
@given(paths, st.data(), st.binary(max_size=4))
def test_bytes_in_the_place_of_others(path: str, data: st.DataObject, other: bytes) -> None:
    text = FILES[path]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    check(parse(FILES | {path: text[:start] + other + text[end:]}))


@settings(max_examples=20)
@given(st.sets(paths))
def test_files_that_are_gone(gone: set[str]) -> None:
    configuration = parse({path: text for path, text in FILES.items() if path not in gone})
    check(configuration)
    if "licet.toml" in gone:
        assert configuration.faults
