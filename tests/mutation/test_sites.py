"""A mutation score is worth what its mutants are: each differs, in one place, and can run."""

from __future__ import annotations

import ast

from tests.mutation.sites import mutants

SOURCE = """
def admits(age: int | None, masks: int) -> bool:
    if age is None or not age < 18:
        return False
    return masks & 3 == 0
"""


def test_each_mutant_says_something_else_and_parses() -> None:
    found = list(mutants(SOURCE))
    trees = {ast.dump(ast.parse(mutant.text)) for mutant in found}
    assert ast.dump(ast.parse(SOURCE)) not in trees
    assert len(trees) == len(found)


def test_every_operator_that_decides_has_a_mutant_and_annotations_have_none() -> None:
    assert [(mutant.before, mutant.after) for mutant in mutants(SOURCE)] == [
        ("age is None or not age < 18", "age is None and (not age < 18)"),
        ("age is None", "age is not None"),
        ("not age < 18", "age < 18"),
        ("age < 18", "age <= 18"),
        ("18", "19"),
        ("False", "True"),
        ("masks & 3 == 0", "masks & 3 != 0"),
        ("masks & 3", "masks | 3"),
        ("3", "4"),
        ("0", "1"),
    ]
