"""`licet evidence`."""

from __future__ import annotations

import os
from pathlib import Path

import click
import msgspec

from licet.cli.digests import compare, rotate_digest_key
from licet.cli.expiring import expire
from licet.cli.exporting import derive_tables, export_table
from licet.cli.holding import hold
from licet.cli.opening import open_request
from licet.cli.options import (
    EVIDENCE_FOLDER,
    MOMENT,
    config_option,
    evidence_of,
    json_option,
    show_json,
)
from licet.cli.privacy import access, erase, rotate
from licet.cli.progress import Steps
from licet.cli.proving import check_receipt, consistency, prove, tiles
from licet.cli.replaying import replay
from licet.cli.reporting import report_period
from licet.cli.showing import content
from licet.cli.witnessing import publish_checkpoint
from licet.cli.wording import counted
from licet.evidence import KINDS, Leaf, parse_verifier
from licet.gateway import Folder
from licet.storage import (
    Filters,
    Finding,
    Report,
    show,
    signed_size,
    verifier_keys,
    verify,
)
from licet.terms import Instant, format_instant


@click.group()
def evidence() -> None:
    """Verify, prove, replay, show and open the evidence log."""


for command in (
    open_request,
    content,
    access,
    erase,
    hold,
    expire,
    compare,
    rotate_digest_key,
    tiles,
    prove,
    consistency,
    replay,
    publish_checkpoint,
    derive_tables,
    export_table,
    report_period,
    rotate,
):
    evidence.add_command(command)


@evidence.command("verify")
@click.option(
    "--vkey",
    "vkeys",
    multiple=True,
    help="The public key that you trust; without it, those beside the log. Of several each must"
    " have signed.",
)
@click.option("--without-openings", is_flag=True, help="Leave out what only the operator can read.")
@click.option(
    "--processes",
    type=click.IntRange(1),
    default=lambda: len(os.sched_getaffinity(0)),
    show_default="one per core",
    help="How many segments are checked at a time.",
)
@click.option(
    "--receipt",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A receipt of `licet evidence prove` instead of a log; needs --vkey and nothing else.",
)
@EVIDENCE_FOLDER
@config_option
@json_option
@click.pass_context
def verify_log(
    ctx: click.Context,
    vkeys: tuple[str, ...],
    without_openings: bool,
    processes: int,
    receipt: Path | None,
    evidence_folder: Path | None,
    folder: Folder,
    as_json: bool,
) -> None:
    """Read everything and say what of it holds. The exit code is 1 when anything is damaged."""
    if receipt is not None:
        if not vkeys:
            raise click.UsageError("--receipt needs --vkey: the public key that you trust")
        click.echo("\n".join(check_receipt(receipt, vkeys)))
        return
    path = evidence_of(evidence_folder, folder)
    key, *also = map(parse_verifier, vkeys) if vkeys else verifier_keys(path)
    with Steps("leaves", total=signed_size(path)) as steps:
        report = verify(
            path,
            key,
            also=also,
            openings=not without_openings,
            progress=steps.reach,
            processes=processes,
        )
    if as_json:
        show_json(msgspec.to_builtins(report))
    else:
        click.echo("\n".join(_lines(report)))
    ctx.exit(0 if report.ok else 1)


@evidence.command("show")
@click.option("--request", default="", help="Only what is about this request.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    metavar="KIND",
    type=click.Choice(sorted(KINDS)),
    help="Only such records: `decision`, `adopted`.",
)
@click.option("--from", "from_at", type=MOMENT, help="From this instant on.")
@click.option("--to", "until_at", type=MOMENT, help="Before this instant.")
@EVIDENCE_FOLDER
@config_option
@json_option
def show_log(
    request: str,
    kinds: tuple[str, ...],
    from_at: Instant | None,
    until_at: Instant | None,
    evidence_folder: Path | None,
    folder: Folder,
    as_json: bool,
) -> None:
    """Print records, the oldest first; with --json one object per line."""
    filters = Filters(
        kinds=frozenset(kinds),
        request=request,
        from_at=format_instant(from_at) if from_at is not None else "",
        until_at=format_instant(until_at) if until_at is not None else "",
    )
    found = 0
    for index, leaf in show(evidence_of(evidence_folder, folder), filters):
        found += 1
        if as_json:
            record = {"index": index, **msgspec.to_builtins(leaf)}
            click.echo(msgspec.json.encode(record).decode())
        else:
            click.echo(_line(index, leaf))
    if not found:
        click.echo("no record is what was asked for", err=True)


def _lines(report: Report) -> list[str]:
    records, events = counted(report.leaves, "record"), counted(report.registered, "event")
    decisions, sendings = counted(report.decisions, "decision"), counted(report.attempts, "sending")
    snapshots = counted(report.snapshots, "snapshot")
    lines = [
        f"{'sound' if report.ok else 'DAMAGED'}: {records} of log `{report.log}`",
        f"signed     {report.signed}, root {report.root}",
        f"traffic    {decisions}, {sendings}",
        f"outcomes   {report.outcomes}, of them {report.unknown} unknown; {report.open} open",
        f"register   {events}, {snapshots} kept",
        *([f"served     {report.served} records as tiles"] if report.served else []),
        *(f"rotated    to {key}" for key in report.keys[1:]),
        *(f"signed too by {_brief(key)}" for key in report.second_keys[-1:]),
        f"openings   {report.openings} fit, {report.erased} erased or absent",
    ]
    for one in report.findings:
        where = _where(one)
        lines.append(f"{one.severity:<10} {one.code}: {one.message}{where}")
    if report.findings_left_out:
        lines.append(f"and {report.findings_left_out} more")
    return lines


def _where(one: Finding) -> str:
    """File, byte and leaf, as far as they are known."""
    place = f"{one.path}:{one.offset}" if one.offset >= 0 else one.path
    leaf = f"leaf {one.index}" if one.index >= 0 else ""
    told = ", ".join(part for part in (place, leaf) if part)
    return f" ({told})" if told else ""


def _line(index: int, leaf: Leaf) -> str:
    """A record in one line: what it is, and what is particular to it."""
    fields = msgspec.to_builtins(leaf)
    kind = fields.pop("kind")
    at = fields.pop("at")
    for name in ("log", "schema", "wall"):
        fields.pop(name, None)
    told = " ".join(f"{name}={_brief(value)}" for name, value in fields.items())
    return f"{index:>8} {at} {kind:<11} {told}"


def _brief(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= 80 else text[:77] + "..."
