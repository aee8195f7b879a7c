"""`licet check`."""

from __future__ import annotations

import time

import click

from licet.cli.options import config_option
from licet.cli.snapshots import snapshot_of
from licet.gateway import Folder
from licet.policy import Configuration, cautions
from licet.terms import Fault, Faults, Instant


@click.command()
@config_option
@click.pass_context
def check(ctx: click.Context, folder: Folder) -> None:
    """Validate everything, with file, line and a suggestion.

    Needs no running gateway. The exit code is 1 when anything is wrong. Warnings name what is
    sound and refuses all the same: duties that nothing carries out, duties that contradict
    each other, and refusals by what an obligation says that nobody may be refused by.
    """
    configuration = folder.configuration()
    faults: list[Fault] = list(configuration.faults)
    if not faults:
        faults = _together(folder)
    for fault in faults:
        click.echo(f"error: {fault}", err=True)
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        click.echo(f"{count}; only what restricts would be adopted", err=True)
        ctx.exit(1)
    for caution in cautions(configuration.sources):
        place = configuration.places.get(("directive", caution.directive, caution.version))
        where = f"{place}: " if place is not None else ""
        click.echo(f"warning: {where}{caution.message}", err=True)
    for name, filled in configuration.filled.items():
        click.echo(f"endpoint `{name}`, as its vendor is known: {'; '.join(filled)}")
    click.echo(_summary(configuration))


def _together(folder: Folder) -> list[Fault]:
    """What only shows when everything is put together, also with what is recorded already."""
    try:
        snapshot_of(folder, Instant(time.time_ns() // 1000))
    except Faults as found:
        return list(found.faults)
    except Fault as fault:
        return [fault]
    return []


def _summary(configuration: Configuration) -> str:
    sources = configuration.sources
    counts = {
        "directives": len(sources.directives),
        "lists": len(sources.lists),
        "models": len(sources.models),
        "endpoints": len(sources.endpoints),
        "organisations": len(sources.organisations),
        "workloads": len(sources.workloads),
        "keys": len(configuration.keys),
    }
    return "sound: " + ", ".join(f"{count} {what}" for what, count in counts.items())
