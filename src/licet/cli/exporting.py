"""`licet evidence tables, export`: the log as tables, for tools that read columns."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import IO

import click

from licet.account import TABLES
from licet.cli.options import (
    EVIDENCE_FOLDER,
    MOMENT,
    config_option,
    evidence_of,
    not_installed,
    told_of,
)
from licet.cli.progress import Steps
from licet.gateway import Folder
from licet.storage import signed_size, verifier_key
from licet.terms import Instant, format_instant

FORMATS = ("parquet", "csv", "jsonl")


@click.command("tables")
@click.option(
    "--to",
    "target",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the tables are; without it, `tables` in the evidence folder.",
)
@EVIDENCE_FOLDER
@config_option
def derive_tables(target: Path | None, evidence_folder: Path | None, folder: Folder) -> None:
    """Bring tables of decisions, attempts and outcomes up to the newest checkpoint.

    Parquet files in folders by day and workload. Only what is new is read; repeated, or cut short
    and repeated, it comes to the same. Docs: tables.md.
    """
    path = evidence_of(evidence_folder, folder)
    target = target or path / "tables"
    derive = _tables().derive
    with Steps("leaves", total=signed_size(path)) as steps:
        derived = derive(path, target, verifier_key(path), progress=steps.reach)
    click.echo(
        f"{target}: {derived.checkpoint.size} leaves, signed;"
        f" new: {derived.leaves} leaves, {derived.rows} rows, in {derived.files} files"
    )


@click.command("export")
@click.argument("table", type=click.Choice(list(TABLES)))
@click.option("--format", "form", type=click.Choice(FORMATS), default="csv", show_default=True)
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to; without it, to standard output.",
)
@click.option("--from", "from_at", type=MOMENT, help="Rows from this instant on.")
@click.option("--to", "until_at", type=MOMENT, help="Rows before this instant.")
@click.option("--workload", "workloads", multiple=True, help="Only this workload; repeatable.")
@EVIDENCE_FOLDER
@config_option
def export_table(
    table: str,
    form: str,
    output: Path | None,
    from_at: Instant | None,
    until_at: Instant | None,
    workloads: tuple[str, ...],
    evidence_folder: Path | None,
    folder: Folder,
) -> None:
    """Write TABLE as one file: every row with `at` between two instants.

    In CSV, what has several values is JSON, and a text that a spreadsheet would run has an
    apostrophe before it. Docs: tables.md.
    """
    path = evidence_of(evidence_folder, folder)
    if output is None and form == "parquet" and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for a terminal: name a file with --output")
    tables = _tables()
    wanted = tables.Export(
        table=table,
        format=form,
        since="" if from_at is None else format_instant(from_at),
        until="" if until_at is None else format_instant(until_at),
        workloads=frozenset(workloads),
    )
    with _sink(output) as sink:
        count = tables.export(path, wanted, sink, log=verifier_key(path).name)
    click.echo(f"{count} rows", err=True)


def _tables() -> ModuleType:
    try:
        from licet.storage import tables
    except ImportError as error:
        raise not_installed("tables need", "tables", error) from error
    return tables


@contextmanager
def _sink(output: Path | None) -> Iterator[IO[bytes]]:
    """Standard output, or a file that is there once it is whole."""
    if output is None:
        yield sys.stdout.buffer
        return
    fresh = output.with_name(f"{output.name}.new")
    try:
        with fresh.open("wb") as sink:
            yield sink
            sink.flush()
            os.fsync(sink.fileno())
        fresh.rename(output)
    except OSError as error:
        raise told_of(error, output) from error
    finally:
        fresh.unlink(missing_ok=True)
