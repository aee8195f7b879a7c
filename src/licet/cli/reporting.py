"""`licet evidence report`: what was decided, sent and answered in a period, for an auditor."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click
import msgspec

from licet.account import Figures, figures
from licet.cli.options import (
    EVIDENCE_FOLDER,
    MOMENT,
    config_option,
    evidence_of,
    json_option,
    not_installed,
    told_of,
)
from licet.cli.progress import Steps
from licet.cli.replaying import WHY, account_for
from licet.evidence import VerifierKey, parse_verifier
from licet.gateway import Folder
from licet.policy import Snapshot, Sources
from licet.storage import (
    RealDisk,
    SnapshotStore,
    leaves,
    signed_size,
    verifier_keys,
    verify,
)
from licet.storage import Report as Verified
from licet.terms import (
    SECOND_US,
    ConfigurationFault,
    EvidenceFault,
    Instant,
    format_instant,
)

if TYPE_CHECKING:
    from licet.report import Replay, Verification


@click.command("report")
@click.option("--from", "from_at", type=MOMENT, help="Requests admitted from this instant on.")
@click.option("--to", "until_at", type=MOMENT, help="Requests admitted before this instant.")
@click.option(
    "--html",
    "page_path",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page, to be read and printed, into FILE.",
)
@click.option("--vkey", help="The public key that you trust; without it, the one beside the log.")
@click.option("--replay", "again", is_flag=True, help="Decide every decision again, too.")
@EVIDENCE_FOLDER
@config_option
@json_option
@click.pass_context
def report_period(
    ctx: click.Context,
    from_at: Instant | None,
    until_at: Instant | None,
    page_path: Path | None,
    vkey: str | None,
    again: bool,
    evidence_folder: Path | None,
    folder: Folder,
    as_json: bool,
) -> None:
    """Write what was decided, sent and answered between two instants.

    Directives in force, what they decided, what was missing, where the data went, residency,
    previews, duties, and what a verification of the whole log found. The page is one file
    without scripts; --json has the same numbers. The exit code is 1 when anything is damaged, or,
    with --replay, comes out otherwise.
    """
    if page_path is None and not as_json:
        raise click.UsageError("name a file with --html, or ask for --json")
    if from_at is not None and until_at is not None and from_at >= until_at:
        raise click.UsageError("the period is empty: --from has to be before --to")
    path = evidence_of(evidence_folder, folder)
    reporting = _reporting()
    keys = (parse_verifier(vkey),) if vkey is not None else verifier_keys(path)
    replay = _replay(path) if again else None
    report = reporting.Report(
        made_at=format_instant(Instant(time.time_ns() // 1_000_000_000 * SECOND_US)),
        operator=_operator(evidence_folder, folder),
        figures=_figures(path, from_at, until_at),
        verification=_verification(path, keys, brought=vkey is not None),
        replay=replay,
    )
    if page_path is not None:
        _write(page_path, reporting.page(report))
        click.echo(f"wrote {page_path}", err=True)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    ctx.exit(0 if report.verification.ok and (replay is None or replay.ok) else 1)


def _reporting() -> ModuleType:
    try:
        from licet import report
    except ImportError as error:
        raise not_installed("a report needs", "report", error) from error
    return report


def _figures(path: Path, since: Instant | None, until: Instant | None) -> Figures:
    store = SnapshotStore(path)
    loaded: dict[str, Sources | None] = {}

    def snapshot(digest: str) -> Sources | None:
        if digest not in loaded:
            try:
                loaded[digest] = Snapshot.load(store.get(digest)).sources
            except (EvidenceFault, ConfigurationFault):
                loaded[digest] = None
        return loaded[digest]

    with Steps("records", total=signed_size(path)) as steps:
        return figures(
            _watched(path, steps),
            snapshot,
            since="" if since is None else format_instant(since),
            until="" if until is None else format_instant(until),
        )


def _watched(path: Path, steps: Steps) -> Iterator[tuple[int, bytes]]:
    for index, data in leaves(path):
        if index % 1024 == 0:
            steps.reach(index)
        yield index, data


def _verification(path: Path, keys: Sequence[VerifierKey], *, brought: bool) -> Verification:
    from licet.report import Verification

    with Steps("leaves", total=signed_size(path)) as steps:
        found = verify(
            path,
            keys[0],
            also=keys[1:],
            progress=steps.reach,
            processes=len(os.sched_getaffinity(0)),
        )
    key = keys[0]
    current = parse_verifier(found.keys[-1]) if found.keys else key
    return Verification(
        ok=found.ok,
        log=found.log,
        leaves=found.leaves,
        signed=found.signed,
        root=found.root,
        key=str(key),
        key_id=current.id.hex(),
        brought=brought,
        checked=tuple(_checked(found)),
        findings=tuple((one.severity, f"{one.code}: {one.message}") for one in found.findings),
        findings_left_out=found.findings_left_out,
    )


def _checked(found: Verified) -> Iterator[tuple[str, int]]:
    """What was verified, and how much of it."""
    yield "records, hashed, and in their one canonical form", found.leaves
    yield "decisions", found.decisions
    yield "sendings, each with the decision that it follows from", found.attempts
    yield "outcomes, each of a sending or of a request that was not sent", found.outcomes
    yield "of these, recorded as unknown after a crash", found.unknown
    yield "sendings without an outcome", found.open
    yield "snapshots of the rules, each what its digest says", found.snapshots
    yield "openings that fit the commitment of their decision", found.openings
    yield "decisions whose opening is erased, or is not here", found.erased
    yield "replacements of the signing key, followed", max(0, len(found.keys) - 1)
    yield "records that are also served as tiles, and are the same there", found.served


def _replay(path: Path) -> Replay:
    from licet.report import Replay

    found = account_for(path)
    return Replay(
        ok=found.ok,
        decisions=found.decisions,
        same=found.same,
        otherwise=len(found.otherwise) + found.otherwise_left_out,
        unreplayed={WHY[why]: count for why, count in found.unreplayed.items()},
    )


def _operator(evidence_folder: Path | None, folder: Folder) -> str:
    """Who runs the gateway, as its configuration says; nobody where a folder alone was given."""
    return "" if evidence_folder is not None else folder.configuration().settings.operator.name


def _write(path: Path, text: str) -> None:
    try:
        RealDisk().replace(path, text.encode())
    except OSError as error:
        raise told_of(error, path) from error
