"""Where code can be made wrong: each mutant differs from its source by one operator."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.LShift: ast.RShift,
}

_SILENT: dict[type[ast.AST], tuple[str, ...]] = {
    ast.AnnAssign: ("annotation",),
    ast.arg: ("annotation",),
    ast.FunctionDef: ("returns", "decorator_list"),
    ast.AsyncFunctionDef: ("returns", "decorator_list"),
    ast.ClassDef: ("keywords", "decorator_list"),
}


class Mutant(NamedTuple):
    """One wrong version of a module: where, what it says there instead, and its whole text."""

    line: int
    column: int
    before: str
    after: str
    text: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of the source; annotations are left alone."""
    tree = ast.parse(source)
    for node in _deciding(tree):
        for wrong in _wrongs(node):
            yield _mutant(source, node, wrong)


def _deciding(tree: ast.AST) -> Iterator[ast.expr]:
    """The expressions that decide something: annotations, decorators and class options do not.

    Neither does the text of an f-string, whose parts have no positions before Python 3.12.
    """
    for field, value in ast.iter_fields(tree):
        if field in _SILENT.get(type(tree), ()) or isinstance(tree, ast.JoinedStr):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.expr):
                yield child
            if isinstance(child, ast.AST):
                yield from _deciding(child)


def _wrongs(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Compare(left=left, ops=ops, comparators=others):
            for place, operator in enumerate(ops):
                if (other := _COMPARISONS.get(type(operator))) is not None:
                    changed = [*ops[:place], other(), *ops[place + 1 :]]
                    yield ast.Compare(left=left, ops=changed, comparators=others)
        case ast.BoolOp(op=ast.And(), values=values):
            yield ast.BoolOp(op=ast.Or(), values=values)
        case ast.BoolOp(op=ast.Or(), values=values):
            yield ast.BoolOp(op=ast.And(), values=values)
        case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
            yield operand
        case ast.BinOp(left=left, op=operator, right=right):
            if (swapped := _OPERATORS.get(type(operator))) is not None:
                yield ast.BinOp(left=left, op=swapped(), right=right)
        case ast.Constant(value=bool() as truth):
            yield ast.Constant(value=not truth)
        case ast.Constant(value=int() as number):
            yield ast.Constant(value=number + 1)
        case _:
            pass


def _mutant(source: str, node: ast.expr, wrong: ast.expr) -> Mutant:
    lines = source.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    first = starts[node.lineno - 1] + node.col_offset
    last = starts[node.end_lineno - 1] + node.end_col_offset
    whole = source.encode()
    # In parentheses, so that the mutant binds as the node did.
    after = f"({ast.unparse(wrong)})"
    text = whole[:first] + after.encode() + whole[last:]
    before = whole[first:last].decode()
    return Mutant(node.lineno, node.col_offset + 1, before, after[1:-1], text.decode())
