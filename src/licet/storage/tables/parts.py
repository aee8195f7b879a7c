"""The files of one table, day and workload: `0000.parquet`, full, and so on; the last takes more.

Nothing can be appended to a Parquet file, so the last one is written anew. Of what it has, only
rows of leaves that are known to be settled are kept: what a run that was cut short has left
goes, and comes again. Which rows are in which file follows from the rows alone, and not from
the runs in which they came.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from licet.account import DAY, WORKLOAD, Row, Table
from licet.storage.disk import RealDisk
from licet.storage.tables.columns import batch_of, schema_of

ROWS_MAX = 1 << 17
"""Rows of a file, which has them as one row group."""
_BATCH_ROWS = 256
_SUFFIX = ".parquet"
_UNFINISHED = ".new"
_FOLDERS = frozenset({DAY, WORKLOAD})


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where rows belong."""

    table: str
    day: str
    workload: str


class Part:
    """Rows that are added to one place. Nothing is open before `finish`."""

    def __init__(self, *, folder: Path, table: Table, log: str, rows_max: int = ROWS_MAX) -> None:
        self._folder = folder
        self._table = table
        self._schema = schema_of(table, log, without=_FOLDERS)
        self._rows_max = rows_max
        self._rows: list[Row] = []
        self._batches: list[Any] = []
        self._unplaced: list[Path] = []

    def add(self, row: Row) -> None:
        self._rows.append(row)
        if len(self._rows) >= _BATCH_ROWS:
            self._gather()

    def finish(self, known: int) -> int:
        """Writes the rows durably beside what is there, behind those of leaves before `known`;
        the number of files."""
        self._gather()
        RealDisk().make_folder(self._folder)
        number, settled = self._settled(known)
        whole = pa.concat_tables([*settled, pa.Table.from_batches(self._batches, self._schema)])
        for start in range(0, whole.num_rows, self._rows_max):
            path = self._folder / f"{number:04}{_SUFFIX}{_UNFINISHED}"
            some = whole.slice(start, self._rows_max).combine_chunks()
            pq.write_table(some, path, compression="zstd", row_group_size=self._rows_max)
            _sync(path)
            self._unplaced.append(path)
            number += 1
        return len(self._unplaced)

    def put_in_place(self) -> None:
        """Names the finished files as readers look for them."""
        for path in self._unplaced:
            path.rename(path.with_suffix(""))
        RealDisk().sync_folder(self._folder)

    def _gather(self) -> None:
        if self._rows:
            self._batches.append(batch_of(self._table, self._rows, self._schema))
            self._rows.clear()

    def _settled(self, known: int) -> tuple[int, list[Any]]:
        """The number of the first file to write, and the rows to begin it with."""
        names = sorted(path.name for path in self._folder.glob(f"*{_SUFFIX}"))
        for number, name in enumerate(names):
            leaf = pq.read_table(self._folder / name, columns=["leaf"])["leaf"]
            settled = pc.sum(pc.less(leaf, known)).as_py() or 0
            if settled < self._rows_max:
                # What lies behind it is not settled either, and will be written over.
                found = pq.ParquetFile(self._folder / name).read()
                return number, [found.slice(0, settled).cast(self._schema)]
        return len(names), []


def discard_unfinished(folder: Path) -> None:
    """Removes what a run that was cut short had not put in place."""
    for path in folder.rglob(f"*{_SUFFIX}{_UNFINISHED}"):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
