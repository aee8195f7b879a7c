"""`licet directive`."""

from __future__ import annotations

import textwrap
from typing import Any

import click
import msgspec

from licet.cli.options import MOMENT, config_option, json_option, show_json, who
from licet.cli.snapshots import snapshot_of
from licet.gateway import Folder, Selected, ask, stand
from licet.policy import (
    Configuration,
    Directive,
    Moment,
    Ruleset,
    Snapshot,
    Version,
    applicable,
    cedar,
    difference_sentence,
    differences,
    directive_text,
    read_directive,
)
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


@directive.command("export")
@click.argument("name", required=False)
@click.option("--cedar", "to_cedar", is_flag=True, required=True, help="As Cedar policies.")
@click.option("--schema", is_flag=True, help="The schema to pass with every request.")
@click.option("--entities", is_flag=True, help="Lists and parties as entities, as of `--at`.")
@click.option("--at", type=MOMENT, default="now", help="As of when.")
@config_option
@json_option
def export(
    name: str | None,
    to_cedar: bool,
    schema: bool,
    entities: bool,
    at: Instant,
    folder: Folder,
    as_json: bool,
) -> None:
    """All directives as enforced, or the directive NAME alone, for another engine.

    For comparison, not for enforcement: what Cedar cannot say is in docs/internals/cedar.md.
    """
    del to_cedar  # required, and so far the only form that there is
    snapshot, _, _ = snapshot_of(folder, at)
    sources = snapshot.sources
    if name is None:
        exported = cedar.export_all(sources)
    else:
        exported = cedar.export_directive(sources, _directive(snapshot, name).id)
    parts: dict[str, Any] = {}
    if as_json or not (schema or entities):
        parts["policies"] = exported.policies
    if as_json or schema:
        parts["schema"] = exported.schema
    if as_json or entities:
        parts["entities"] = cedar.entities(exported, sources, {}, Moment(valid_at=at)).document
    if as_json:
        show_json(parts)
        return
    for part in parts.values():
        click.echo(part if isinstance(part, str) else msgspec.json.encode(part), nl=False)


@directive.command("diff")
@click.argument("one", required=False)
@click.argument("other", required=False)
@click.option("--at", type=MOMENT, default="now", help="As of when ONE and OTHER are compared.")
@click.option("--from", "before", type=MOMENT, help="The earlier instant.")
@click.option("--to", "after", type=MOMENT, default="now", help="The later one.")
@config_option
@json_option
@click.pass_context
def diff(
    ctx: click.Context,
    one: str | None,
    other: str | None,
    at: Instant,
    before: Instant | None,
    after: Instant,
    folder: Folder,
    as_json: bool,
) -> None:
    """What is different between ONE and OTHER, or between two instants.

    ONE and OTHER: ids of directives, versions of them as `id@2`, or files of directives in the
    configuration folder, such as another reading. With `--from`, every directive that came into
    force, changed or ended. Exit code 1: there is a difference.
    """
    if one is not None and other is not None and before is None:
        rows = [row for row in [_between(folder, one, other, at)] if row["differences"]]
    elif one is None and before is not None:
        rows = _over_time(folder, before, after)
    else:
        raise click.UsageError("name two directives, or a time with `--from`")
    if as_json:
        show_json(msgspec.to_builtins(rows))
    for row in rows if not as_json else ():
        click.echo(_change(row["id"], row["before"], row["after"]))
        for found in row["differences"]:
            click.echo(wrapped(f"  {difference_sentence(found)}"))
    ctx.exit(1 if rows else 0)


_Side = tuple[Directive, int, Version]


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


def _between(folder: Folder, one: str, other: str, at: Instant) -> dict[str, Any]:
    snapshot, configuration, _ = snapshot_of(folder, at)
    first, second = (_side(folder, snapshot, configuration, name, at) for name in (one, other))
    return {
        "id": first[0].id,
        "before": _named(one, first),
        "after": _named(other, second),
        "differences": differences((first[0], first[2]), (second[0], second[2])),
    }


def _side(
    folder: Folder, snapshot: Snapshot, configuration: Configuration, name: str, at: Instant
) -> _Side:
    """The version that `name` means as of then."""
    path = folder.path / name
    wanted = ""
    if name.endswith(".toml"):
        if not path.is_file():
            raise OperationFault("no_file", f"there is no file `{name}` in the folder")
        found = read_directive(name, path.read_bytes(), configuration.sources.rules.attributes)
    else:
        own, _, wanted = name.partition("@")
        found = _directive(snapshot, own)
    if wanted:
        if not (wanted.isdecimal() and 0 < int(wanted) <= len(found.versions)):
            raise OperationFault("unknown_version", f"there is no version `{name}`")
        return found, int(wanted), found.versions[int(wanted) - 1]
    number = applicable(found, at)
    if number is None:
        raise OperationFault("not_in_force", f"no version of `{name}` applies {format_instant(at)}")
    return found, number, found.versions[number - 1]


def _named(name: str, side: _Side) -> str:
    return name if "@" in name else f"{name}@{side[1]}"


def _over_time(folder: Folder, before: Instant, after: Instant) -> list[dict[str, Any]]:
    snapshot, _, _ = snapshot_of(folder, after)
    was, is_now = (_versions(snapshot.select(one)) for one in (before, after))
    rows = []
    for name in sorted(was.keys() | is_now.keys()):
        old, new = was.get(name), is_now.get(name)
        if old != new:
            row: dict[str, Any] = {"id": name, "before": None, "after": None, "differences": ()}
            row |= {"before": _numbered(old)} if old else {}
            row |= {"after": _numbered(new)} if new else {}
            if old and new:
                found = _directive(snapshot, name)
                sides = [(found, found.versions[number - 1]) for number, _ in (old, new)]
                row["differences"] = differences(*sides)
            rows.append(row)
    return rows


def _directive(snapshot: Snapshot, name: str) -> Directive:
    found = snapshot.directive(name)
    if found is None:
        known = [one.id for one in snapshot.sources.directives]
        raise OperationFault(
            "unknown_directive",
            f"there is no directive `{name}`",
            remedy=did_you_mean(name, known) or "`licet directive list` names them",
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


def _versions(ruleset: Ruleset) -> dict[str, tuple[int, str]]:
    return {name: (number, mode.value) for name, number, mode in ruleset.in_force}


def _numbered(version: tuple[int, str]) -> str:
    return f"v{version[0]} ({version[1]})"


def _change(name: str, old: str | None, new: str | None) -> str:
    if "@" in (old or ""):
        return f"{old} -> {new}"
    if old is None:
        return f"came into force  {name} {new}"
    if new is None:
        return f"ended            {name} {old}"
    return f"changed          {name} {old} -> {new}"
