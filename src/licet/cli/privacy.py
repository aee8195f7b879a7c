"""`licet evidence access, erase, rotate`: what is held on a person, its end, and the log's key."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import click
import msgspec

from licet import __version__
from licet.cli.options import EVIDENCE_FOLDER, config_option, evidence_of, show_json, who
from licet.cli.persons import Person, person_options
from licet.cli.showing import Shelf
from licet.cli.viewing import REFUSED, Viewing, reading_time, record_reading, system_time
from licet.evidence import TRAFFIC_KINDS, Leaf
from licet.gateway import Folder
from licet.storage import (
    Filters,
    Log,
    RealDisk,
    SideReader,
    erase_alone,
    erase_by_recorder,
    holds_on,
    show,
    verifier_key,
)
from licet.terms import OperationFault


@click.command()
@click.argument("subject")
@person_options
@EVIDENCE_FOLDER
@config_option
@click.pass_context
def access(
    ctx: click.Context,
    /,
    subject: str,
    evidence_folder: Path | None,
    folder: Folder,
    **attributes: Any,
) -> None:
    """Print all that is held on SUBJECT as JSON: profiles, decisions, outcomes, kept content.

    SUBJECT is the issuer and the id in the person's tokens, `ISSUER:ID`, as profiles name it;
    `key:ID` is everybody who used a key without a token. Reading is an act that directives can
    restrict (`action = ["view_output"]`), decided now, for you as the person whom the options
    describe: what they do not let you see is left out, counted under `withheld`, and makes the
    exit code 3. The reading is recorded before anything is shown, by slot and not by name.
    """
    path = evidence_of(evidence_folder, folder)
    reader = SideReader(path, RealDisk())
    slot = reader.find(subject)
    if slot < 0:
        click.echo(f"nothing is held on `{subject}`")
        return
    viewing = Viewing(folder, Person(**attributes).profile(who()))
    openings = list(reader.openings(slot))
    shelf = Shelf(path, reading_time(folder, path), slot=slot)
    opened = {found.request for found in openings}
    records = _records_of(path, opened | shelf.requests)
    barred = {one: viewing.barred(leaf for _, leaf in kept) for one, kept in records.items()}
    seen = [found for found in openings if not barred.get(found.request)]
    # Content may outlive the openings of the same request.
    later = [one for one in records if one not in opened and not barred.get(one)]
    withheld = Counter(why for several in barred.values() for why in several)
    record_reading(folder, path, _what(slot, len(seen), len(openings)))
    show_json(
        {
            "subject": subject,
            "slot": slot,
            "profiles": [
                msgspec.json.decode(part)
                for part in dict.fromkeys(part for found in seen for part in found.parts)
            ],
            "requests": [
                *(
                    {
                        "request": found.request,
                        "inputs": msgspec.json.decode(found.inputs),
                        **_told(shelf, found.request, records.pop(found.request, [])),
                    }
                    for found in seen
                ),
                *({"request": one, **_told(shelf, one, records[one])} for one in later),
            ],
            "withheld": len(openings) - len(seen),
        }
    )
    for why, times in withheld.items():
        click.echo(f"error: {why}: {times} requests are left out", err=True)
    if withheld:
        ctx.exit(REFUSED)


def _told(shelf: Shelf, request: str, records: list[tuple[int, Leaf]]) -> dict[str, Any]:
    """The records of a request, and what is kept of its content."""
    content = shelf.of(request, [leaf for _, leaf in records])
    return {
        "records": [{"index": index, **msgspec.to_builtins(leaf)} for index, leaf in records],
        **({"content": content} if content else {}),
    }


def _records_of(path: Path, wanted: set[str]) -> dict[str, list[tuple[int, Leaf]]]:
    records: dict[str, list[tuple[int, Leaf]]] = defaultdict(list)
    for index, leaf in show(path, Filters(kinds=TRAFFIC_KINDS)):
        request = getattr(leaf, "request", "")
        if request in wanted:
            records[request].append((index, leaf))
    return records


def _what(slot: int, seen: int, held: int) -> str:
    if seen == held:
        return f"all that is held in slot {slot}"
    return f"{seen} of {held} openings that are held in slot {slot}"


@click.command()
@click.argument("subject")
@click.option("--yes", is_flag=True, help="Do not ask.")
@EVIDENCE_FOLDER
@config_option
def erase(subject: str, yes: bool, evidence_folder: Path | None, folder: Folder) -> None:
    """Destroy the key under which everything on SUBJECT lies. It cannot be undone.

    The log stays as it is and still verifies; that a slot was erased is recorded. Decisions on
    SUBJECT can then not be opened, nor decided again, by anybody. Copies of the side store
    elsewhere have the key until they are erased too. What is under a legal hold (`licet evidence
    hold list`) is not erased.
    """
    path = evidence_of(evidence_folder, folder)
    _require_unheld(path, subject)
    if not yes:
        click.confirm(f"Erase everything that is held on `{subject}`?", abort=True)
    settings = folder.configuration().settings
    slot = None
    if evidence_folder is None:
        slot = erase_by_recorder(folder.recorder(settings), subject, who())
    if slot is None:
        slot = erase_alone(
            path, verifier_key(path).name, subject, who(), system_time(settings), __version__
        )
    if slot < 0:
        click.echo(f"nothing is held on `{subject}`")
    else:
        click.echo(f"erased: slot {slot}; what lay under its key can be read by nobody")


def _require_unheld(path: Path, subject: str) -> None:
    slot = SideReader(path, RealDisk()).find(subject)
    standing = holds_on(path, slot) if slot >= 0 else ()
    if standing:
        names = ", ".join(f"`{one.id}`" for one in standing)
        raise OperationFault(
            "held",
            f"what is held on `{subject}` is under a legal hold: {names}",
            remedy="when it is over, `licet evidence hold release`",
        )


@click.command()
@click.option(
    "--ml-dsa-44",
    "second",
    is_flag=True,
    help="From now on sign with a key of ML-DSA-44 too, as every log does that has once begun.",
)
@EVIDENCE_FOLDER
@config_option
def rotate(second: bool, evidence_folder: Path | None, folder: Folder) -> None:
    """Replace the keys that sign the log, while no gateway runs.

    The old key signs the handover once more, together with the new one, so that whoever trusts
    the old key can verify everything that the new one signs. Prints the new public key; where
    ML-DSA-44 signs too, which withstands quantum computers, a second one.
    """
    path = evidence_of(evidence_folder, folder)
    settings = folder.configuration().settings
    at = system_time(settings)
    log = Log(path, RealDisk(), verifier_key(path).name, os.urandom)
    with log.session(at, __version__):
        fresh = log.rotate(os.urandom, at, __version__, who(), second=second)
    for key in fresh:
        click.echo(str(key.verifier()))
