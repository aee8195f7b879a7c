"""`licet evidence open`: what one decision was made from, read under the rules."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import msgspec

from licet.cli.options import EVIDENCE_FOLDER, config_option, show_json, who
from licet.cli.persons import Person, person_options
from licet.cli.snapshots import snapshot_of
from licet.evidence import AttemptLeaf, DecisionLeaf, Leaf, Sending, commit
from licet.gateway import Folder, ask
from licet.policy import Action, Decision, Snapshot
from licet.storage import Filters, Found, RealDisk, SideReader, show
from licet.terms import Instant, OperationFault, Profile

REFUSED = 3


@click.command("open")
@click.argument("request")
@person_options
@EVIDENCE_FOLDER
@config_option
@click.pass_context
def open_request(
    ctx: click.Context,
    /,
    request: str,
    evidence_folder: Path | None,
    folder: Folder,
    **attributes: Any,
) -> None:
    """Print what the decision on REQUEST was made from: the attested profile, as JSON.

    Reading is an act that directives can restrict (`action = ["view_output"]`), decided now, for
    you as the person whom the options describe, on every model that the request was sent to.
    It is recorded where the gateway runs. The exit code is 3 when it is not permitted.
    """
    path = evidence_folder or folder.evidence(folder.configuration().settings)
    records = [leaf for _, leaf in show(path, Filters(request=request))]
    decision = next((leaf for leaf in records if isinstance(leaf, DecisionLeaf)), None)
    if decision is None:
        raise OperationFault("unknown_request", f"no decision on `{request}` is recorded")
    now = Instant(time.time_ns() // 1000)
    snapshot, configuration, _ = snapshot_of(folder, now)
    viewer = Person(**attributes).profile(who())
    barred = [
        (sending, found)
        for sending in _sent(records)
        if not (found := _verdict(snapshot, now, viewer, decision, sending)).permitted
    ]
    for sending, found in barred:
        click.echo(f"error: {_told(sending, found)}", err=True)
    if barred:
        ctx.exit(REFUSED)
    opening = _opening(path, decision)
    _record(folder.control(configuration.settings), request)
    show_json(opening)


def _sent(records: list[Leaf]) -> list[Sending]:
    """Every model at every endpoint that the request went to, each once."""
    sent = [
        leaf.sending
        for leaf in records
        if isinstance(leaf, DecisionLeaf | AttemptLeaf) and leaf.sending is not None
    ]
    return list({(one.model, one.endpoint): one for one in sent}.values())


def _verdict(
    snapshot: Snapshot, now: Instant, viewer: Profile, decision: DecisionLeaf, sending: Sending
) -> Decision:
    ruleset = snapshot.select(now)
    known = ruleset.know(viewer, decision.organisation, decision.workload, now)
    return ruleset.decide(known, sending.model, sending.endpoint, Action.VIEW_OUTPUT)


def _told(sending: Sending, found: Decision) -> str:
    by = " and ".join(f"`{name}`" for name in found.deciding) or f"`{found.reason}`"
    missing = " or ".join(" with ".join(names) for names in found.missing)
    for_want = f" for want of {missing}" if missing else ""
    return f"viewing what `{sending.model}` was asked is {found.verdict} by {by}{for_want}"


def _opening(path: Path, decision: DecisionLeaf) -> dict[str, Any]:
    for found in SideReader(path, RealDisk()).openings():
        if found.request == decision.request and _fits(found, decision):
            return {
                "request": decision.request,
                "at": decision.at,
                "inputs": msgspec.json.decode(found.inputs),
                "parts": [msgspec.json.decode(one) for one in found.parts],
            }
    raise OperationFault(
        "no_opening",
        f"what `{decision.request}` was decided from is not kept",
        remedy="it was erased, its time is over, or the side store is elsewhere",
    )


def _fits(found: Found, decision: DecisionLeaf) -> bool:
    return commit(found.salt, found.inputs) == decision.commitment


def _record(control: Path, request: str) -> None:
    """A `read` leaf, where somebody can write it: the log has one writer, the recorder."""
    try:
        ask(control, "read", what=f"opening of {request}", by=who())
    except OperationFault as fault:
        if fault.code != "gateway_not_running":
            raise
        click.echo("warning: no gateway runs, so this reading is not recorded", err=True)
