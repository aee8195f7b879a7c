"""Rows as columns of Arrow, which is what Parquet is written from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from licet.account import CANDIDATE, FORMAT, Column, ColumnType, Row, Table, candidate

_TEXTS = pa.list_(pa.string())
_INSTANT = pa.timestamp("us", tz="UTC")
_CANDIDATE = pa.struct(
    [(name, _TEXTS if name == "deciding" else pa.string()) for name in CANDIDATE]
)
_TYPES: dict[ColumnType, Any] = {
    "integer": pa.int64(),
    "text": pa.string(),
    "boolean": pa.bool_(),
    "instant": _INSTANT,
    "texts": _TEXTS,
    "sets": pa.list_(_TEXTS),
    "candidates": pa.list_(_CANDIDATE),
}


def schema_of(table: Table, log: str, *, without: frozenset[str] = frozenset()) -> Any:
    """The Arrow schema of a table, without the columns that folders say. The descriptions go
    with it, and so do the format, the table and the log."""
    fields = [
        pa.field(one.name, _TYPES[one.type], nullable=False, metadata={"about": one.about})
        for one in table.columns
        if one.name not in without
    ]
    return pa.schema(fields, metadata={"format": FORMAT, "table": table.name, "log": log})


def batch_of(table: Table, rows: Sequence[Row], schema: Any) -> Any:
    """The rows as a record batch of the schema."""
    kept = set(schema.names)
    arrays = [
        _array(column, [row[place] for row in rows])
        for place, column in enumerate(table.columns)
        if column.name in kept
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(column: Column, values: list[Any]) -> Any:
    match column.type:
        case "instant":
            # Leaves write RFC 3339, which Arrow reads by the column.
            return pa.array(values, pa.string()).cast(_INSTANT)
        case "candidates":
            values = [[candidate(one) for one in row] for row in values]
        case _:
            pass
    return pa.array(values, _TYPES[column.type])
