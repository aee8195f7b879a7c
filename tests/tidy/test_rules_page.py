"""docs/internals/rules.md links every sentence of docs/policy.md to tests that there are."""

from __future__ import annotations

import re

from tests.tidy.sentences import sentences
from tests.tidy.tree import ROOT

_ROW = re.compile(r"^\| (\d+) \| (.*) \| ([^|]*) \|$")
_TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
HEADS = "says what follows"
"""Of a sentence that says nothing by itself: the head of a table, the word that opens a page."""


def rows() -> list[tuple[str, str, str]]:
    page = (ROOT / "docs/internals/rules.md").read_text(encoding="utf-8")
    found = [_ROW.match(line) for line in page.splitlines()]
    return [(one[1], one[2], one[3]) for one in found if one]


def test_every_sentence_is_there_as_it_is_written() -> None:
    page = (ROOT / "docs/policy.md").read_text(encoding="utf-8")
    assert [text for _, text, _ in rows()] == sentences(page)
    assert [int(number) for number, _, _ in rows()] == list(range(1, len(rows()) + 1))


def test_every_sentence_has_tests() -> None:
    heads = [number for number, _, cell in rows() if cell == HEADS]
    assert len(heads) == 4
    assert [n for n, _, cell in rows() if n not in heads and not _TEST.search(cell)] == []


def test_every_test_that_is_named_exists() -> None:
    named = {pair for _, _, cell in rows() for pair in _TEST.findall(cell)}
    missing = [
        f"{path}::{name}"
        for path, name in sorted(named)
        if not (ROOT / "tests" / path).is_file()
        or f"def {name}(" not in (ROOT / "tests" / path).read_text(encoding="utf-8")
    ]
    assert missing == []


def test_sentences_are_split_as_a_reader_would() -> None:
    page = "# Head\n\nOne. Two of `a.b`\nlines.\n\n- item one: x\n- item\n  two\n\n"
    page += "| a | b |\n|---|---|\n```\nno. No.\n```\n**Bold.** Last.\n"
    assert sentences(page) == [
        "One.",
        "Two of `a.b` lines.",
        "item one: x",
        "item two",
        "a: b",
        "**Bold.** Last.",
    ]
