"""docs/tables.md names every column as it is: what a reader builds on.

`python -m tests.golden.test_tables_page` writes that part of the page anew.
"""

from __future__ import annotations

from pathlib import Path

from licet.account import CANDIDATE, FORMAT, TABLES, ColumnType

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"
BEGIN, END = "<!-- columns: made from the code -->\n", "<!-- end of columns -->\n"
TYPES: dict[ColumnType, str] = {
    "integer": "int64",
    "text": "string",
    "boolean": "bool",
    "instant": "timestamp, µs, UTC",
    "texts": "list of string",
    "sets": "list of lists of string",
    "candidates": f"list of struct ({', '.join(CANDIDATE)})",
}


def columns() -> str:
    parts = [f"Version: `{FORMAT}`.\n"]
    for table in TABLES.values():
        head = f"### {table.name}: {table.about}\n\n| column | type | |\n|---|---|---|\n"
        rows = (f"| `{one.name}` | {TYPES[one.type]} | {one.about} |\n" for one in table.columns)
        parts.append(head + "".join(rows))
    return "\n".join(parts)


def parted() -> tuple[str, str, str]:
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    shown, _, tail = rest.partition(END)
    return head, shown, tail


def test_the_page_names_the_columns_that_there_are() -> None:
    assert parted()[1] == columns()


if __name__ == "__main__":
    head, _, tail = parted()
    PAGE.write_text(f"{head}{BEGIN}{columns()}{END}{tail}", encoding="utf-8")
