"""Habits that hide failures: swallowed exceptions, sleeping in tests, skipped tests."""

from __future__ import annotations

import ast

from tests.tidy.tree import Module, modules

Function = ast.FunctionDef | ast.AsyncFunctionDef

BROAD = {"Exception", "BaseException"}
SLEEPS = {"sleep", "usleep"}
ASSERTING = {"raises", "warns", "run_state_machine_as_test"}
SKIPS = {"skip", "skipif", "importorskip", "xfail"}


def test_broad_excepts_raise_again_or_say_why_not() -> None:
    assert not [
        f"{module.path}:{node.lineno}: catches everything, and does not say why"
        for module in (*modules("src"), *modules("tests"), *modules("bench"))
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler)
        and _is_broad(node)
        and not _raises(node)
        and not _is_explained(module, node)
    ]


def test_no_exception_is_swallowed_without_a_word() -> None:
    assert not [
        f"{module.path}:{node.lineno}: swallows an exception, and does not say why"
        for module in modules("src")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler)
        and all(isinstance(part, ast.Pass) for part in node.body)
        and not _is_explained(module, node)
    ]


def test_tests_wait_for_events_and_never_for_time() -> None:
    assert not [
        f"{module.path}:{line}: sleeps"
        for module in modules("tests")
        for line, name in _calls(module)
        if name in SLEEPS
    ]


def test_no_test_is_skipped() -> None:
    assert not [
        f"{module.path}:{node.lineno}: `{node.attr}`"
        for module in modules("tests")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and node.attr in SKIPS
        and ast.unparse(node.value) in ("pytest", "pytest.mark", "unittest")
    ]


def test_every_test_asserts_something() -> None:
    asserting = _asserting()
    assert not [
        f"{module.path}:{node.lineno}: `{node.name}` asserts nothing"
        for module in modules("tests")
        for node in _functions(module)
        if node.name.startswith("test_") and not _called(node) & asserting and not _asserts(node)
    ]


def _is_broad(node: ast.ExceptHandler) -> bool:
    if node.type is None:
        return True
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(isinstance(kind, ast.Name) and kind.id in BROAD for kind in kinds)


def _raises(node: ast.ExceptHandler) -> bool:
    return any(isinstance(part, ast.Raise) for part in ast.walk(node))


def _is_explained(module: Module, node: ast.ExceptHandler) -> bool:
    """A comment on the line, just above it, or above the first statement of the handler."""
    lines = module.text.splitlines()
    around = lines[max(node.lineno - 2, 0) : node.body[0].end_lineno]
    return any("# " in line and "# noqa" not in line.split("# ", 1)[1][:6] for line in around)


def _calls(module: Module) -> list[tuple[int, str]]:
    return [
        (node.lineno, node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)
    ]


def _functions(module: Module) -> list[Function]:
    return [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def _asserts(node: Function) -> bool:
    return any(isinstance(part, ast.Assert) for part in ast.walk(node))


def _called(node: Function) -> set[str]:
    """The last names of what is called: `raises` of `pytest.raises`, `play` of `play`."""
    return {
        ast.unparse(part.func).rpartition(".")[2]
        for part in ast.walk(node)
        if isinstance(part, ast.Call)
    }


def _asserting() -> set[str]:
    """Names of what asserts on behalf of a test: pytest's own, and our functions that do."""
    functions = [node for module in modules("tests") for node in _functions(module)]
    found = set(ASSERTING) | {node.name for node in functions if _asserts(node)}
    while more := {n.name for n in functions if n.name not in found and _called(n) & found}:
        found |= more
    return found
