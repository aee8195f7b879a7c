"""`licet evidence content`: what a workload kept of one request, read under the rules."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import click

from licet.cli.options import EVIDENCE_FOLDER, config_option, evidence_of, show_json, who
from licet.cli.persons import Person, person_options
from licet.cli.viewing import REFUSED, Viewing, reading_time, record_reading
from licet.evidence import DecisionLeaf, KeyedDigest, Leaf, OutcomeLeaf
from licet.gateway import Folder
from licet.storage import Filters, KeptReader, RealDisk, Said, digest_keys, show, standing_holds
from licet.terms import OperationFault


@click.command("content")
@click.argument("request")
@person_options
@EVIDENCE_FOLDER
@config_option
@click.pass_context
def content(
    ctx: click.Context,
    /,
    request: str,
    evidence_folder: Path | None,
    folder: Folder,
    **attributes: Any,
) -> None:
    """Print what is kept of REQUEST and its answer, as JSON, where its workload keeps content.

    Reading is an act that directives can restrict (`action = ["view_output"]`), decided now, for
    you as the person whom the options describe, on every model that the request was sent to.
    The reading is recorded before anything is shown. `as_recorded` says whether it is what the
    log has the digest of; it is null where that cannot be told: it was not kept whole, or
    the key of that digest is not there. The exit code is 3 when reading is not permitted.
    """
    path = evidence_of(evidence_folder, folder)
    records = [leaf for _, leaf in show(path, Filters(request=request))]
    if not any(isinstance(leaf, DecisionLeaf) for leaf in records):
        raise OperationFault("unknown_request", f"no decision on `{request}` is recorded")
    barred = Viewing(folder, Person(**attributes).profile(who())).barred(records)
    for told in barred:
        click.echo(f"error: {told}", err=True)
    if barred:
        ctx.exit(REFUSED)
    shelf = Shelf(path, reading_time(folder, path))
    found = shelf.of(request, records)
    if not found:
        raise OperationFault(
            "no_content",
            f"nothing of what `{request}` said is kept",
            remedy="its workload keeps none, its time is over, or it was erased",
        )
    record_reading(folder, path, f"content of {request}")
    show_json({"request": request, "content": found})


class Shelf:
    """What is kept in an evidence folder and may still be read at `now`: before its end, or under
    a legal hold."""

    def __init__(self, path: Path, now: str, *, slot: int | None = None) -> None:
        """With `slot`, what one holder has."""
        self._now = now
        self._holds = standing_holds(path)
        self._digests = _Digests(path)
        self._kept: dict[str, list[tuple[int, Said]]] = {}
        for place, said in KeptReader(path, RealDisk()).contents(slot):
            self._kept.setdefault(said.request, []).append((place, said))

    @property
    def requests(self) -> frozenset[str]:
        """Those of which anything lies there."""
        return frozenset(self._kept)

    def of(self, request: str, records: list[Leaf]) -> list[dict[str, Any]]:
        """What is kept of a request of which the log has these records; without any, it was never
        acknowledged, and nobody could decide on reading it."""
        if not records:
            return []
        return [
            {
                "part": said.part,
                "until": said.until,
                "bytes": said.size,
                "kept_bytes": len(said.data),
                "as_recorded": self._digests.fits(said, records),
                **_shown(said.data),
            }
            for slot, said in self._kept.get(request, ())
            if said.until > self._now or self._is_held(slot, records)
        ]

    def _is_held(self, slot: int, records: list[Leaf]) -> bool:
        return any(
            one.covers(slot=slot, workload=leaf.workload, at=leaf.valid_at)
            for one in self._holds
            for leaf in records
            if isinstance(leaf, DecisionLeaf)
        )


class _Digests:
    """Compares content with the digests on record, where the key of these is at hand."""

    def __init__(self, path: Path) -> None:
        self._keys = digest_keys(path)

    def fits(self, said: Said, records: list[Leaf]) -> bool | None:
        recorded = _recorded(said, records)
        for name in recorded.keys() & self._keys.keys() if len(said.data) == said.size else ():
            return KeyedDigest(self._keys[name])(said.data) == recorded[name]
        return None


def _recorded(said: Said, records: list[Leaf]) -> dict[str, str]:
    """The digest on record by the id of its key."""
    if said.part == "request":
        asked = [leaf for leaf in records if isinstance(leaf, DecisionLeaf)]
        return {leaf.digest_key: leaf.request_digest for leaf in asked if leaf.request_digest}
    told = [leaf for leaf in records if isinstance(leaf, OutcomeLeaf)]
    return {leaf.digest_key: leaf.answer_digest for leaf in told if leaf.answer_digest}


def _shown(data: bytes) -> dict[str, str]:
    """As text, which it nearly always is; cut within a character, or no text, as base64."""
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}
