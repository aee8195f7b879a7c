"""`licet status`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from licet.cli.options import config_option, json_option, show_json
from licet.gateway import Folder, ask

MIB = 1 << 20


@click.command()
@config_option
@json_option
def status(folder: Folder, as_json: bool) -> None:
    """What runs, is in force, is only observed, is overdue for review."""
    settings = folder.configuration().settings
    found = ask(folder.control(settings), "status", timeout_s=10.0)
    if as_json:
        show_json(found)
    else:
        click.echo("\n".join(describe(found)))


def describe(found: Mapping[str, Any]) -> list[str]:
    """The lines of a status, most important first."""
    lines = [f"gateway    {found['address']}, as of {found['at']}"]
    if found["scripted"]:
        lines.append("CLOCK      SCRIPTED: decisions are not as of the real time")
    lines.append(f"snapshot   {found['snapshot'][:16]}")
    lines += [_worker(row, found["snapshot"]) for row in found["workers"]]
    breaches = sum(row.get("breaches", 0) for row in found["workers"])
    if breaches:
        lines.append(f"BREACHES   {breaches} answers were inferred elsewhere than asked")
    others = sum(row.get("other_models", 0) for row in found["workers"])
    if others:
        lines.append(f"BREACHES   {others} answers were by another model than asked")
    recorder = found["recorder"]
    state = "FAILING: " + recorder["fault"] if recorder["fault"] else "writing"
    lines.append(f"recorder   process {recorder['pid']}, {state}, {recorder['restarts']} restarts")
    lines.append(f"evidence   {found['evidence']}")
    lines += [_published(one, found["wall_s"]) for one in found.get("published", ())]
    lines += [_issuer(one) for one in found.get("issuers", ())]
    lines += [_token(one) for one in found.get("tokens", ())]
    lines += _partial(found.get("partial"))
    lines += [_directive("in force", one) for one in found.get("in_force", ())]
    lines += [_directive("OBSERVED", one) for one in found.get("observed", ())]
    if found.get("upcoming"):
        lines.append(f"upcoming   {found['upcoming']}: something changes by itself")
    lines += [_contested(one) for one in found.get("contested", ())]
    lines += [f"OVERDUE    {one['id']}: review was due {one['due']}" for one in found["overdue"]]
    return lines


def _contested(one: Mapping[str, Any]) -> str:
    """A refusal that stands although an obligation says that it may not be."""
    by = ", ".join(one["by"])
    return (
        f"CONTESTED  {one['restriction']} v{one['version']} refuses by {by}, against "
        f"{one['duty_of']} v{one['duty_version']}: an officer has to decide between the two"
    )


def _issuer(one: Mapping[str, Any]) -> str:
    """An issuer whose keys are fetched; what is out of the ordinary is loud."""
    if one["age_s"] is None:
        keys = "NO KEYS"
    elif one["age_s"] >= one["max_age_s"]:
        keys = f"KEYS TOO OLD, of {one['age_s']} s ago"
    else:
        keys = f"{one['keys']} keys, of {one['age_s']} s ago"
    failing = f", FAILING: {one['fault']}" if one["fault"] else ""
    return f"issuer     {one['id']}: {keys}{failing}"


def _token(one: Mapping[str, Any]) -> str:
    """An access token that is fetched, and for which endpoints."""
    state = f"for {one['left_s']} s more" if one["left_s"] else "NONE"
    failing = f", FAILING: {one['fault']}" if one["fault"] else ""
    return f"token      {', '.join(one['endpoints'])}: {state}{failing}"


def _published(one: Mapping[str, Any], now_s: int) -> str:
    """A place where the log is published."""
    if one["size"] is None:
        state = "NOTHING YET"
    else:
        state = f"{one['size']} leaves, {max(0, now_s - one['at_s'])} s ago"
    failing = f", FAILING: {one['fault']}" if one["fault"] else ""
    return f"published  {one['place']}: {state}{failing}"


def _partial(partial: Mapping[str, Any] | None) -> list[str]:
    """What is broken, and what waits for it: nothing of it was relaxed."""
    if partial is None:
        return []
    lines = ["PARTIAL    files are broken: of what changed, only what restricts is in force"]
    lines += [f"BROKEN     {fault}" for fault in partial["faults"]]
    lines += [f"left out   {one}" for one in partial["left"]]
    lines += [f"REMOVED    {one} is in no file and stays in force" for one in partial["removed"]]
    return lines


def _worker(row: Mapping[str, Any], latest: str) -> str:
    head = f"worker {row['index']:<4}"
    if row["state"] != "serving":
        why = f": {row['failure']}" if row["failure"] else ""
        return f"{head}NOT ANSWERING, {row['restarts']} restarts{why}"
    stale = "" if row["snapshot"] == latest else ", STALE SNAPSHOT"
    open_ = ", ".join(row["breakers_open"])
    return (
        f"{head}process {row['pid']}, {row['in_flight']} in flight, {row['requests']} requests,"
        f" {row['refused']} refused, {row['memory_bytes'] // MIB} MiB,"
        f" {row['restarts']} restarts{stale}"
        + (f", breakers open: {open_}" if open_ else "")
        + ("" if row["recorder_connected"] else ", NO RECORDER")
    )


def _directive(word: str, one: Mapping[str, Any]) -> str:
    until = f" until {one['until']}" if one.get("until") else ""
    return f"{word:<11}{one['id']} v{one['version']}: {one['title']}, since {one['since']}{until}"
