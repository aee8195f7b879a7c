"""`licet evidence hold`: what must stay although its time is over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from licet import __version__
from licet.cli.options import (
    EVIDENCE_FOLDER,
    MOMENT,
    config_option,
    evidence_of,
    json_option,
    show_json,
    who,
)
from licet.cli.viewing import system_time
from licet.evidence import HeldLeaf, Hold, RegisterLeaf, ReleasedLeaf
from licet.gateway import Folder
from licet.storage import RealDisk, SideReader, record_leaf, standing_holds, verifier_key
from licet.terms import Instant, OperationFault, format_instant


@click.group()
def hold() -> None:
    """Legal holds: what is under one is neither erased nor let go of."""


@hold.command("add")
@click.argument("name")
@click.option("--why", required=True, help="The reason, which is recorded.")
@click.option("--subject", default="", help="Decisions on this person, `ISSUER:ID` or `key:ID`.")
@click.option("--workload", default="", help="Decisions of this workload.")
@click.option("--from", "from_at", type=MOMENT, help="Decisions from this instant on.")
@click.option("--to", "until_at", type=MOMENT, help="Decisions before this instant.")
@EVIDENCE_FOLDER
@config_option
def add(
    name: str,
    why: str,
    subject: str,
    workload: str,
    from_at: Instant | None,
    until_at: Instant | None,
    evidence_folder: Path | None,
    folder: Folder,
) -> None:
    """Begin a hold, called NAME. Of what is given, all must fit; nothing given holds everything.

    It is recorded with who began it and why; a person is named by slot alone. From then on
    `licet evidence erase` refuses, and `licet evidence expire` keeps, what is under it.
    """
    path = evidence_of(evidence_folder, folder)
    if any(one.id == name for one in standing_holds(path)):
        raise OperationFault(
            "hold_stands", f"a hold `{name}` stands already", remedy="choose another name"
        )
    slot = SideReader(path, RealDisk()).find(subject) if subject else None
    if slot is not None and slot < 0:
        raise OperationFault("nothing_held", f"nothing is held on `{subject}`")
    leaf = HeldLeaf(
        **_envelope(path, folder),
        id=name,
        why=why,
        slot=slot,
        workload=workload,
        from_at=None if from_at is None else format_instant(from_at),
        until_at=None if until_at is None else format_instant(until_at),
    )
    index = _record(path, evidence_folder, folder, leaf)
    click.echo(f"held: `{name}`, record {index}")


@hold.command("release")
@click.argument("name")
@click.option("--why", required=True, help="The reason, which is recorded.")
@EVIDENCE_FOLDER
@config_option
def release(name: str, why: str, evidence_folder: Path | None, folder: Folder) -> None:
    """End the hold NAME."""
    path = evidence_of(evidence_folder, folder)
    if all(one.id != name for one in standing_holds(path)):
        raise OperationFault(
            "no_hold", f"no hold `{name}` stands", remedy="`licet evidence hold list` names them"
        )
    leaf = ReleasedLeaf(**_envelope(path, folder), id=name, why=why)
    index = _record(path, evidence_folder, folder, leaf)
    click.echo(f"released: `{name}`, record {index}")


@hold.command("list")
@EVIDENCE_FOLDER
@config_option
@json_option
def list_holds(evidence_folder: Path | None, folder: Folder, as_json: bool) -> None:
    """The holds that stand."""
    standing = standing_holds(evidence_of(evidence_folder, folder))
    if as_json:
        show_json([msgspec.to_builtins(one) for one in standing])
        return
    for one in standing:
        click.echo(told_hold(one))
    if not standing:
        click.echo("no hold stands")


def told_hold(one: Hold) -> str:
    """A hold in one line."""
    slot = "" if one.slot is None else f" of slot {one.slot}"
    workload = f" of workload `{one.workload}`" if one.workload else ""
    since = f" from {one.since}" if one.since else ""
    until = f" until {one.until}" if one.until else ""
    what = f"decisions{slot}{workload}{since}{until}"
    return f"{one.id}: {what}; since {one.at} by {one.by or 'somebody'}: {one.why}"


def _envelope(path: Path, folder: Folder) -> dict[str, Any]:
    at = system_time(folder.configuration().settings)
    return {"at": at, "log": verifier_key(path).name, "by": who()}


def _record(path: Path, evidence_folder: Path | None, folder: Folder, leaf: RegisterLeaf) -> int:
    recorder = None
    if evidence_folder is None:
        recorder = folder.recorder(folder.configuration().settings)
    return record_leaf(path, recorder, leaf, __version__)
