"""`licet coverage`."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from licet.cli.options import EVIDENCE_FOLDER, MOMENT, config_option, json_option, show_json
from licet.gateway import Folder
from licet.storage import leaves
from licet.terms import Instant, OperationFault, format_instant
from licet.watch import Coverage, DirectiveCoverage, Enforced, Missing, WorkloadCoverage, cover

ROWS_MAX = 12


@click.command()
@click.option("--since", type=MOMENT, help="Only requests from this instant on.")
@EVIDENCE_FOLDER
@config_option
@json_option
def coverage(
    since: Instant | None, evidence_folder: Path | None, folder: Folder, as_json: bool
) -> None:
    """How much is undetermined, and which attestation would settle most.

    Counted over the records, by the verdict on the model that was asked for. What observed
    directives would have done is counted beside it, so that it is known before they are enforced.
    """
    path = evidence_folder or folder.evidence(folder.configuration().settings)
    if not path.is_dir():
        raise OperationFault(
            "no_evidence", f"there is no evidence log `{path}`", remedy="`licet up` begins one"
        )
    start = "" if since is None else format_instant(since)
    found = cover((leaf for _, leaf in leaves(path)), start)
    if as_json:
        show_json(msgspec.to_builtins(found))
    else:
        click.echo("\n".join(describe(found)))


def describe(found: Coverage) -> list[str]:
    """The lines of a coverage, most important first."""
    if not found.requests:
        return ["no request is recorded"]
    unanswered = f"of them {_number(found.unanswered)} without an answer from another model"
    lines = [
        f"{_number(found.requests)} requests, {found.since} to {found.until}",
        f"undetermined {_share(found.undetermined, found.requests)}, {unanswered}",
        f"refused      {_share(found.refused, found.requests)}",
    ]
    if found.observed or found.enforced_permitted:
        lines += [
            "if what is observed were enforced:",
            f"  undetermined {_share(found.enforced_undetermined, found.requests)}",
            f"  refused      {_share(found.enforced_refused, found.requests)}",
        ]
    lines += _section(
        "workloads, most undetermined first:", [_workload(one, found) for one in found.workloads]
    )
    lines += _section(
        "directives that decide:", [_directive(one, "left") for one in found.directives]
    )
    lines += _section(
        "observed directives:", [_directive(one, "would leave") for one in found.observed]
    )
    rows = [_missing(one, found) for one in found.missing]
    lines += _section("attest, the set that settles most first:", rows)
    return lines


def _section(head: str, rows: list[str]) -> list[str]:
    if not rows:
        return []
    more = len(rows) - ROWS_MAX
    shown = [f"  {row}" for row in rows[:ROWS_MAX]]
    return [head, *shown, *([f"  and {more} more: --json has all"] if more > 0 else [])]


def _workload(one: WorkloadCoverage, found: Coverage) -> str:
    text = f"{one.id}: {_share(one.undetermined, one.requests)} of {_number(one.requests)}"
    return f"{text}; {_number(one.enforced_undetermined)} if enforced" if found.observed else text


def _directive(one: DirectiveCoverage | Enforced, left: str) -> str:
    refused = "would refuse" if left == "would leave" else "refused"
    return (
        f"{one.id}: {left} {_number(one.undetermined)} undetermined,"
        f" {refused} {_number(one.refused)}"
    )


def _missing(one: Missing, found: Coverage) -> str:
    text = f"{' + '.join(one.attributes)}: settles {_number(one.settles)}"
    text += f" of {_number(found.undetermined)}"
    if found.observed:
        of = _number(found.enforced_undetermined)
        text += f"; {_number(one.settles_enforced)} of {of} if enforced"
    return text


def _share(count: int, of: int) -> str:
    return f"{_number(count)} ({100 * count / of:.1f} %)"


def _number(count: int) -> str:
    return f"{count:,}"
