"""`licet evidence access, erase, rotate`: what is held on a person, its end, and the log's key."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import click
import msgspec

from licet import __version__
from licet.catalog import Settings
from licet.cli.options import EVIDENCE_FOLDER, config_option, evidence_of, show_json, who
from licet.evidence import TRAFFIC_KINDS
from licet.gateway import Folder, ask
from licet.storage import (
    Filters,
    Log,
    RealDisk,
    SideReader,
    erase_alone,
    erase_by_recorder,
    record_alone,
    show,
    verifier_key,
)
from licet.terms import Instant, OperationFault, format_instant


@click.command()
@click.argument("subject")
@EVIDENCE_FOLDER
@config_option
def access(subject: str, evidence_folder: Path | None, folder: Folder) -> None:
    """Print all that is held on SUBJECT as JSON: attested profiles, decisions, what came of them.

    SUBJECT is the issuer and the id in the person's tokens, `ISSUER:ID`, as profiles name it;
    `key:ID` is everybody who used a key without a token. The reading is recorded before anything
    is shown, by slot and not by name.
    """
    path = evidence_of(evidence_folder, folder)
    reader = SideReader(path, RealDisk())
    slot = reader.find(subject)
    if slot < 0:
        click.echo(f"nothing is held on `{subject}`")
        return
    _record_reading(folder, path, f"all that is held in slot {slot}")
    openings = list(reader.openings(slot))
    records: dict[str, list[Any]] = defaultdict(list)
    wanted = {found.request for found in openings}
    for index, leaf in show(path, Filters(kinds=TRAFFIC_KINDS)):
        request = getattr(leaf, "request", "")
        if request in wanted:
            records[request].append({"index": index, **msgspec.to_builtins(leaf)})
    parts = {part: None for found in openings for part in found.parts}
    show_json(
        {
            "subject": subject,
            "slot": slot,
            "profiles": [msgspec.json.decode(part) for part in parts],
            "requests": [
                {
                    "request": found.request,
                    "inputs": msgspec.json.decode(found.inputs),
                    "records": records.pop(found.request, []),
                }
                for found in openings
            ],
        }
    )


@click.command()
@click.argument("subject")
@click.option("--yes", is_flag=True, help="Do not ask.")
@EVIDENCE_FOLDER
@config_option
def erase(subject: str, yes: bool, evidence_folder: Path | None, folder: Folder) -> None:
    """Destroy the key under which everything on SUBJECT lies. It cannot be undone.

    The log stays as it is and still verifies; that a slot was erased is recorded. Decisions on
    SUBJECT can then not be opened, nor decided again, by anybody. Copies of the side store
    elsewhere have the key until they are erased too.
    """
    path = evidence_of(evidence_folder, folder)
    if not yes:
        click.confirm(f"Erase everything that is held on `{subject}`?", abort=True)
    settings = folder.configuration().settings
    slot = None
    if evidence_folder is None:
        slot = erase_by_recorder(folder.recorder(settings), subject, who())
    if slot is None:
        slot = erase_alone(
            path, verifier_key(path).name, subject, who(), _now(settings), __version__
        )
    if slot < 0:
        click.echo(f"nothing is held on `{subject}`")
    else:
        click.echo(f"erased: slot {slot}; what lay under its key can be read by nobody")


@click.command()
@EVIDENCE_FOLDER
@config_option
def rotate(evidence_folder: Path | None, folder: Folder) -> None:
    """Replace the key that signs the log, while no gateway runs.

    The old key signs the handover once more, together with the new one, so that whoever trusts
    the old key can verify everything that the new one signs. Prints the new public key.
    """
    path = evidence_of(evidence_folder, folder)
    settings = folder.configuration().settings
    at = _now(settings)
    log = Log(path, RealDisk(), verifier_key(path).name, os.urandom)
    try:
        log.begin(at, __version__)
        fresh = log.rotate(os.urandom, at, __version__, who())
    except BaseException:
        log.abandon()
        raise
    log.close(at)
    click.echo(str(fresh.verifier()))


def _record_reading(folder: Folder, path: Path, what: str) -> None:
    """By the gateway where one runs, and in the log itself where none does."""
    settings = folder.configuration().settings
    try:
        ask(folder.control(settings), "read", what=what, by=who())
    except OperationFault as fault:
        if fault.code != "gateway_not_running":
            raise
        record_alone(path, verifier_key(path).name, what, who(), _now(settings), __version__)


def _now(settings: Settings) -> str:
    """The system's clock; where the decision clock is scripted, wherever the log stands."""
    if settings.clock.scripted:
        return ""
    return format_instant(Instant(time.time_ns() // 1000))
