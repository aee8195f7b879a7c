"""`licet evidence expire`: letting go of what the side store has when its time is over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from licet import __version__
from licet.cli.options import EVIDENCE_FOLDER, config_option, evidence_of, who
from licet.cli.viewing import reading_time, system_time
from licet.evidence import DigestKeyLeaf, ExpiredLeaf
from licet.gateway import Folder
from licet.policy import Snapshot, Sources
from licet.storage import (
    Expiring,
    Expiry,
    KeptReader,
    RealDisk,
    SnapshotStore,
    destroy_digest_key,
    is_recorded_as_destroyed,
    record_leaf,
    standing_holds,
    unused_digest_keys,
    verifier_key,
)
from licet.terms import (
    SECOND_US,
    ConfigurationFault,
    EvidenceFault,
    Instant,
    OperationFault,
    format_instant,
    parse_instant,
)

DAY_S = 86_400
FOR_EVER_S = 1_000 * 365 * DAY_S


@click.command("expire")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@EVIDENCE_FOLDER
@config_option
def expire(dry_run: bool, evidence_folder: Path | None, folder: Folder) -> None:
    """Let go of openings and content whose time is over, except what is under a legal hold.

    `[evidence] openings_days` of `licet.toml` is the time of openings; without it they are kept
    without end. Content has the time that its workload said when it was kept. What came with a
    duty to retain is kept as long as the longest one of its rules demands, if that is longer.
    Records stay, and the log still verifies; decisions without opening can be opened and decided
    again by nobody. Old keys of digests (`licet evidence rotate-digest-key`) go with the last
    record that names them. It is recorded. To be run from a timer.
    """
    path = evidence_of(evidence_folder, folder)
    settings = folder.configuration().settings
    days = settings.evidence.openings_days
    if days is None and not KeptReader(path, RealDisk()).exists():
        raise OperationFault(
            "kept_for_ever",
            "openings are kept without end, as `licet.toml` says nothing else",
            remedy="`[evidence] openings_days = 365`",
        )
    recorder = None if evidence_folder is not None else folder.recorder(settings)
    now = reading_time(folder, path)
    holds, retained = standing_holds(path), _Retained(path)
    envelope: dict[str, Any] = {
        "at": system_time(settings),
        "log": verifier_key(path).name,
        "by": who(),
    }
    kept_s = None if days is None else days * DAY_S
    expiring = Expiring(path, kept_s=kept_s, retained=retained, holds=holds, now=now)
    found = expiring.plan()
    keys: list[str] = []
    if kept_s is not None and not holds:
        # A key serves every record that names it, so it stays as long as any might have to.
        kept_s = max(kept_s, retained.longest, expiring.longest_content_s)
        since = format_instant(Instant(parse_instant(now) - kept_s * SECOND_US))
        keys = unused_digest_keys(path, since=since)
    if not dry_run:
        if found.files:
            told = ExpiredLeaf(
                **envelope,
                openings=found.openings,
                files=len(found.files),
                held=found.held,
                contents=found.contents,
                contents_held=found.contents_held,
                before=found.before or None,
                unread=found.unread,
            )
            record_leaf(path, recorder, told, __version__)
            expiring.carry_out(found)
        for name in keys:
            if not is_recorded_as_destroyed(path, name):
                gone = DigestKeyLeaf(**envelope, key=name, event="destroyed")
                record_leaf(path, recorder, gone, __version__)
            destroy_digest_key(path, name)
    word = "would go" if dry_run else "let go"
    digests = f"; digest keys {', '.join(f'`{name}`' for name in keys)}" if keys else ""
    click.echo(f"{word}: {_told(found)}{digests}")


def _told(found: Expiry) -> str:
    contents = f", {found.contents} requests and answers" if found.contents else ""
    more = found.held + found.contents_held
    held = f"; {more} more are under a legal hold" if more else ""
    return f"{found.openings} openings{contents}, in {len(found.files)} files{held}"


class _Retained:
    """The longest duty to retain of a snapshot, in seconds. Of one that cannot be read nobody
    knows, so what was decided under it is kept."""

    def __init__(self, path: Path) -> None:
        self._store = SnapshotStore(path)
        self._known: dict[str, int] = {}

    @property
    def longest(self) -> int:
        """Over all snapshots that are kept."""
        return max(map(self, self._store.digests()), default=0)

    def __call__(self, digest: str) -> int:
        if digest not in self._known:
            try:
                sources = Snapshot.load(self._store.get(digest)).sources
            except (EvidenceFault, ConfigurationFault):
                self._known[digest] = FOR_EVER_S
            else:
                self._known[digest] = longest_retention(sources)
        return self._known[digest]


def longest_retention(sources: Sources) -> int:
    """The longest duty to retain of any version, in seconds; 0: there is none."""
    return max(
        (
            int(duty.value)
            for directive in sources.directives
            for version in directive.versions
            for duty in version.duties
            if duty.kind == "retain" and isinstance(duty.value, int)
        ),
        default=0,
    )
