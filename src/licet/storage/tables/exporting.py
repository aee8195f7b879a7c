"""One table of a period as one file: Parquet, CSV or JSON Lines, written as the log is read."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, Literal, assert_never

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from licet.account import TABLES, Column, Row, Table, Workloads, candidate, rows
from licet.evidence import TRAFFIC_KINDS, AttemptLeaf, DecisionLeaf, OutcomeLeaf, decode, glance
from licet.storage.reading import leaves
from licet.storage.tables.columns import batch_of, schema_of
from licet.storage.tables.finding import workload_of

ExportFormat = Literal["parquet", "csv", "jsonl"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = ("parquet", "csv", "jsonl")
_GROUP_ROWS = 1 << 15
# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """What to export: rows of `table` whose `at` is in [`since`, `until`), of these workloads;
    what is empty does not restrict. Instants as leaves write them."""

    table: str
    format: ExportFormat
    since: str = ""
    until: str = ""
    workloads: frozenset[str] = frozenset()


def export(folder: Path, wanted: Export, sink: IO[bytes], *, log: str) -> int:
    """Writes the rows of a log's folder to `sink`, in the order of the log; how many.

    Bounded in memory. Raises what reading raises, and `OSError` of the sink.
    """
    table = TABLES[wanted.table]
    found = _rows(folder, wanted)
    match wanted.format:
        case "parquet":
            return _parquet(table, found, sink, log)
        case "csv":
            return _csv(table, found, sink)
        case "jsonl":
            return _json_lines(table, found, sink)
        case _:
            assert_never(wanted.format)


def _rows(folder: Path, wanted: Export) -> Iterator[Row]:
    workloads = Workloads(lambda request: workload_of(folder, request))
    for index, data in leaves(folder):
        seen = glance(data)
        if seen.kind not in TRAFFIC_KINDS:
            continue
        leaf = decode(data)
        assert isinstance(leaf, DecisionLeaf | AttemptLeaf | OutcomeLeaf)
        workload = workloads.of(leaf)
        if wanted.workloads and workload not in wanted.workloads:
            continue
        if seen.at < wanted.since or (wanted.until and seen.at >= wanted.until):
            continue
        for name, row in rows(index, leaf, workload):
            if name == wanted.table:
                yield row


def _parquet(table: Table, found: Iterator[Row], sink: IO[bytes], log: str) -> int:
    schema = schema_of(table, log)
    count = 0
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        while some := list(itertools.islice(found, _GROUP_ROWS)):
            writer.write_table(pa.Table.from_batches([batch_of(table, some, schema)]))
            count += len(some)
    return count


def _csv(table: Table, found: Iterable[Row], sink: IO[bytes]) -> int:
    text = TextIOWrapper(sink, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(column.name for column in table.columns)
    count = 0
    for row in found:
        writer.writerow(_cell(*pair) for pair in zip(table.columns, row, strict=True))
        count += 1
    text.flush()
    text.detach()
    return count


def _json_lines(table: Table, found: Iterable[Row], sink: IO[bytes]) -> int:
    names = [column.name for column in table.columns]
    candidates = {place for place, one in enumerate(table.columns) if one.type == "candidates"}
    count = 0
    for row in found:
        values = [
            list(map(candidate, value)) if place in candidates else value
            for place, value in enumerate(row)
        ]
        sink.write(msgspec.json.encode(dict(zip(names, values, strict=True))) + b"\n")
        count += 1
    return count


def _cell(column: Column, value: Any) -> Any:
    match column.type:
        case "text":
            # Callers and vendors choose some of these: no spreadsheet shall run them.
            return f"'{value}" if value.startswith(_FORMULA) else value
        case "boolean":
            return str(value).lower()
        case "integer" | "instant":
            return value
        case "texts" | "sets":
            return msgspec.json.encode(value).decode()
        case "candidates":
            return msgspec.json.encode([candidate(one) for one in value]).decode()
        case _:
            assert_never(column.type)
