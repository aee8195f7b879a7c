"""Reading what is kept on people: decided like any release, and recorded before it is shown."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from licet import __version__
from licet.catalog import Settings
from licet.cli.options import who
from licet.cli.persons import Person
from licet.cli.snapshots import snapshot_of
from licet.evidence import AttemptLeaf, DecisionLeaf, Leaf, Sending
from licet.gateway import Folder, ask
from licet.policy import Action, Decision
from licet.storage import Filters, last_instant, record_alone, show, verifier_key
from licet.terms import Instant, OperationFault, Profile, format_instant

REFUSED = 3
"""The exit code where something may not be viewed."""


class Viewing:
    """What one viewer may read now, by the rules of the folder (`action = ["view_output"]`)."""

    def __init__(self, folder: Folder, viewer: Profile) -> None:
        self._now = Instant(time.time_ns() // 1000)
        snapshot, _, _ = snapshot_of(folder, self._now)
        self._ruleset = snapshot.select(self._now)
        self._viewer = viewer

    def barred(self, records: Iterable[Leaf]) -> tuple[str, ...]:
        """Why what the records of one request tell of is not shown; empty if it may be.

        It is asked for every model at every endpoint that the request was sent to.
        """
        kept = tuple(records)
        decision = next((leaf for leaf in kept if isinstance(leaf, DecisionLeaf)), None)
        if decision is None:
            return ()
        known = self._ruleset.know(
            self._viewer, decision.organisation, decision.workload, self._now
        )
        return tuple(
            _told(sending, found)
            for sending in _sent(kept)
            if not (
                found := self._ruleset.decide(
                    known, sending.model, sending.endpoint, Action.VIEW_OUTPUT
                )
            ).permitted
        )


def records_of(path: Path, request: str) -> list[Leaf]:
    """What is recorded of a request. `OperationFault`: there is no such request."""
    records = [leaf for _, leaf in show(path, Filters(request=request))]
    if not any(isinstance(leaf, DecisionLeaf) for leaf in records):
        raise OperationFault("unknown_request", f"no decision on `{request}` is recorded")
    return records


def require_view(
    ctx: click.Context, folder: Folder, records: list[Leaf], attributes: dict[str, Any]
) -> None:
    """Ends the command, with why, where the person of its options may not see what these records
    of a request were about."""
    barred = Viewing(folder, Person(**attributes).profile(who())).barred(records)
    for told in barred:
        click.echo(f"error: {told}", err=True)
    if barred:
        ctx.exit(REFUSED)


def record_reading(folder: Folder, path: Path, what: str) -> None:
    """By the gateway where one runs, and in the log itself where none does."""
    settings = folder.configuration().settings
    try:
        ask(folder.control(settings), "read", what=what, by=who())
    except OperationFault as fault:
        if fault.code != "gateway_not_running":
            raise
        record_alone(path, verifier_key(path).name, what, who(), system_time(settings), __version__)


def system_time(settings: Settings) -> str:
    """The system's clock; where the decision clock is scripted, wherever the log stands."""
    if settings.clock.scripted:
        return ""
    return format_instant(Instant(time.time_ns() // 1000))


def reading_time(folder: Folder, path: Path) -> str:
    """When something is read, as leaves write it: where the decision clock is scripted, wherever
    the log stands."""
    now = system_time(folder.configuration().settings)
    last = None if now else last_instant(path)
    return now if last is None else format_instant(last)


def _sent(records: Iterable[Leaf]) -> list[Sending]:
    """Every model at every endpoint that the request went to, each once."""
    sent = [
        leaf.sending
        for leaf in records
        if isinstance(leaf, DecisionLeaf | AttemptLeaf) and leaf.sending is not None
    ]
    return list({(one.model, one.endpoint): one for one in sent}.values())


def _told(sending: Sending, found: Decision) -> str:
    by = " and ".join(f"`{name}`" for name in found.deciding) or f"`{found.reason}`"
    missing = " or ".join(" with ".join(names) for names in found.missing)
    for_want = f" for want of {missing}" if missing else ""
    return f"viewing what `{sending.model}` was asked is {found.verdict} by {by}{for_want}"
