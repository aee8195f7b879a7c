"""`licet evidence open`: what one decision was made from, read under the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from licet.cli.options import EVIDENCE_FOLDER, config_option, evidence_of, show_json
from licet.cli.persons import person_options
from licet.cli.viewing import record_reading, records_of, require_view
from licet.evidence import DecisionLeaf, commit
from licet.gateway import Folder
from licet.storage import Found, RealDisk, SideReader
from licet.terms import OperationFault


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
    The reading is recorded before anything is shown. The exit code is 3 when it is not permitted.
    """
    path = evidence_of(evidence_folder, folder)
    records = records_of(path, request)
    require_view(ctx, folder, records, attributes)
    decision = next(leaf for leaf in records if isinstance(leaf, DecisionLeaf))
    opening = _opening(path, decision)
    record_reading(folder, path, f"opening of {request}")
    show_json(opening)


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
