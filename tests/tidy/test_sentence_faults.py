"""Every sentence of docs/policy.md has a fault that makes it false, and the faults still apply.

Whether tests notice them is what `make mutation` finds out; this is what can be held cheaply.
"""

from __future__ import annotations

import ast

from tests.mutation.sentence_faults import FAULTS, NO_CLAIM, texts
from tests.tidy.rules_page import HEADS, rows
from tests.tidy.tree import ROOT


def test_every_sentence_has_a_fault_or_a_reason_why_it_has_none() -> None:
    sentences = [row.sentence for row in rows()]
    words = [*dict.fromkeys(fault.of for fault in FAULTS), *NO_CLAIM]
    ambiguous = [one for one in words if sum(one in each for each in sentences) != 1]
    assert ambiguous == []
    without = [each for each in sentences if sum(one in each for one in words) != 1]
    assert without == []


def test_sentences_without_a_claim_are_those_without_tests() -> None:
    heads = [row.sentence for row in rows() if row.cell == HEADS]
    assert [one for each in heads for one in NO_CLAIM if one in each] == list(NO_CLAIM)


def test_every_fault_still_applies_and_leaves_programs() -> None:
    wrong = []
    for fault in FAULTS:
        try:
            for path, text in texts(ROOT, fault.edits).items():
                if text == path.read_text(encoding="utf-8"):
                    wrong.append(f"{fault.of}: {fault.what}: changes nothing")
                if path.suffix == ".py":
                    ast.parse(text)
        except (ValueError, SyntaxError) as error:
            wrong.append(f"{fault.of}: {fault.what}: {error}")
    assert wrong == []


def test_faults_of_one_sentence_have_names_of_their_own() -> None:
    names = [(fault.of, fault.what) for fault in FAULTS]
    assert [one for one in dict.fromkeys(names) if names.count(one) > 1] == []
