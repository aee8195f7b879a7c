"""What is long is read by nobody: lines, functions and files have limits."""

from __future__ import annotations

import ast

from tests.tidy.tree import Module, modules, texts

LINE = 100
# An inline table of TOML cannot be broken, and its strings are sentences.
DATA_LINE = 140
PROSE_LINE = 120
FUNCTION = 60
SOURCE_FILE = 450
TEST_FILE = 700


def test_lines_of_code_end_by_column_100_and_of_data_by_140() -> None:
    assert not [
        f"{path}:{number}: {len(line)} columns"
        for path, text in texts(".py", ".toml", ".sh")
        for number, line in enumerate(text.splitlines(), 1)
        if len(line) > (LINE if path.endswith((".py", ".sh")) else DATA_LINE)
    ]


def test_lines_of_prose_end_by_column_120() -> None:
    assert not [
        f"{path}:{number}: {len(line)} columns"
        for path, text in texts(".md")
        for number, line in _prose(text)
        if len(line) > PROSE_LINE
    ]


def test_functions_have_at_most_60_lines() -> None:
    assert not [
        f"{module.path}:{node.lineno}: `{node.name}` has {length} lines"
        for module in modules("src")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := _length(node)) > FUNCTION
    ]


def test_source_files_have_at_most_450_lines_and_tests_700() -> None:
    limits = [(modules("src"), SOURCE_FILE), (modules("tests"), TEST_FILE)]
    assert not [
        f"{module.path}: {lines} lines"
        for group, limit in limits
        for module in group
        if (lines := _lines(module)) > limit
    ]


def _prose(text: str) -> list[tuple[int, str]]:
    """The lines that could have been broken: no tables, code blocks or lines made of a link."""
    kept = []
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and not line.lstrip().startswith("|") and "://" not in line:
            kept.append((number, line))
    return kept


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _lines(module: Module) -> int:
    return module.text.count("\n")
