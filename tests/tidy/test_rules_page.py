"""docs/internals/rules.md links every sentence of docs/policy.md to tests that there are."""

from __future__ import annotations

from tests.tidy.rules_page import HEADS, rows
from tests.tidy.sentences import sentences
from tests.tidy.tree import ROOT


def test_every_sentence_is_there_as_it_is_written() -> None:
    page = (ROOT / "docs/policy.md").read_text(encoding="utf-8")
    assert [row.sentence for row in rows()] == sentences(page)
    assert [row.number for row in rows()] == list(range(1, len(rows()) + 1))


def test_every_sentence_has_tests() -> None:
    heads = [row.number for row in rows() if row.cell == HEADS]
    assert len(heads) == 4
    assert [row.number for row in rows() if row.number not in heads and not row.tests] == []


def test_every_test_that_is_named_exists() -> None:
    named = {test for row in rows() for test in row.tests}
    missing = []
    for test in sorted(named):
        path, _, name = test.partition("::")
        file = ROOT / "tests" / path
        if not file.is_file() or f"def {name}(" not in file.read_text(encoding="utf-8"):
            missing.append(test)
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
