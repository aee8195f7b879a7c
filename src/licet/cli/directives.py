"""`licet directive`."""

from __future__ import annotations

import textwrap
from typing import Any

import click
import msgspec

from licet.cli.options import MOMENT, config_option, json_option, show_json, who
from licet.cli.snapshots import snapshot_of
from licet.gateway import Folder, Selected, ask, stand
from licet.policy import Directive, Ruleset, Snapshot, directive_text
from licet.terms import (
    Instant,
    OperationFault,
    did_you_mean,
    format_instant,
)

WIDTH = 96


@click.group()
def directive() -> None:
    """Directives as data and in English."""


@directive.command("list")
@click.option("--at", type=MOMENT, default="now", help="As of when.")
@config_option
@json_option
def list_directives(at: Instant, folder: Folder, as_json: bool) -> None:
    """Every directive, and which of its versions applies."""
    snapshot, _, history = snapshot_of(folder, at)
    standing = stand(snapshot, at, history)
    if as_json:
        show_json(msgspec.to_builtins(standing))
        return
    selected = {one.id: ("in force", one) for one in standing.in_force}
    selected |= {one.id: ("observed", one) for one in standing.observed}
    for one in snapshot.sources.directives:
        word, applies = selected.get(one.id, ("no effect", None))
        click.echo(_row(one, word, applies))


@directive.command("show")
@click.argument("name")
@config_option
@json_option
def show(name: str, folder: Folder, as_json: bool) -> None:
    """All versions of the directive NAME, and what each says."""
    snapshot, _, _ = snapshot_of(folder, MOMENT.convert("now", None, None))
    found = _directive(snapshot, name)
    if as_json:
        show_json(msgspec.to_builtins(found))
        return
    for line in directive_text(found, snapshot.sources.directives):
        click.echo(wrapped(line))


@directive.command("diff")
@click.option("--from", "before", type=MOMENT, required=True, help="The earlier instant.")
@click.option("--to", "after", type=MOMENT, default="now", help="The later one.")
@config_option
@json_option
@click.pass_context
def diff(
    ctx: click.Context, before: Instant, after: Instant, folder: Folder, as_json: bool
) -> None:
    """What came into force, changed and ended between two instants. Exit code 1: anything did."""
    snapshot, _, _ = snapshot_of(folder, after)
    was, is_now = (_versions(snapshot.select(one)) for one in (before, after))
    rows = []
    for name in sorted(was.keys() | is_now.keys()):
        old, new = was.get(name), is_now.get(name)
        if old != new:
            rows.append({"id": name, "before": old, "after": new})
    if as_json:
        show_json(rows)
    for row in rows if not as_json else ():
        click.echo(_change(row["id"] or "", row["before"], row["after"]))
    ctx.exit(1 if rows else 0)


@directive.command("review")
@click.argument("name")
@click.option("--next", "due", type=MOMENT, help="When it is to be looked at again.")
@config_option
def review(name: str, due: Instant | None, folder: Folder) -> None:
    """Record that the directive NAME was looked at again and is still in force."""
    arguments: dict[str, Any] = {"directive": name, "by": who()}
    if due is not None:
        arguments["next"] = format_instant(due)
    control = folder.control(folder.configuration().settings)
    ask(control, "review", **arguments)
    after = f"; to be looked at again {format_instant(due)}" if due is not None else ""
    click.echo(f"recorded: `{name}` was reviewed{after}")


def _directive(snapshot: Snapshot, name: str) -> Directive:
    found = snapshot.directive(name)
    if found is None:
        known = [one.id for one in snapshot.sources.directives]
        raise OperationFault(
            "unknown_directive",
            f"there is no directive `{name}`",
            remedy=did_you_mean(name, known),
        )
    return found


def _row(one: Directive, word: str, applies: Selected | None) -> str:
    since = f" v{applies.version} since {applies.since}" if applies is not None else ""
    return f"{word:<10} {one.id}{since}: {one.title or one.id}"


def wrapped(line: str) -> str:
    """A line of prose in lines of a terminal's width, all as deep as the first."""
    depth = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(
        line.strip(),
        width=WIDTH,
        initial_indent=depth,
        subsequent_indent=depth,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _versions(ruleset: Ruleset) -> dict[str, str]:
    return {name: f"v{number} ({mode.value})" for name, number, mode in ruleset.in_force}


def _change(name: str, old: str | None, new: str | None) -> str:
    if old is None:
        return f"came into force  {name} {new}"
    if new is None:
        return f"ended            {name} {old}"
    return f"changed          {name} {old} -> {new}"
