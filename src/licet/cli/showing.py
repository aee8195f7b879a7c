"""`licet evidence content`: what a workload kept of one request, read under the rules."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import click
import msgspec

from licet.cli.options import EVIDENCE_FOLDER, config_option, evidence_of, show_json
from licet.cli.persons import person_options
from licet.cli.viewing import reading_time, record_reading, records_of, require_view
from licet.evidence import DecisionLeaf, KeyedDigest, Leaf, OutcomeLeaf, Turn
from licet.gateway import Folder
from licet.storage import (
    Deleted,
    KeptReader,
    RealDisk,
    Said,
    digest_keys,
    standing_holds,
)
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
    """Print what is kept of REQUEST and its answer, as JSON, where its workload keeps any.

    Reading is an act that directives can restrict (`action = ["view_output"]`), decided now, for
    you as the person whom the options describe, on every model that the request was sent to.
    The reading is recorded before anything is shown. `as_recorded` says whether it is what the
    log has the digest of; it is null where that cannot be told: it was not kept whole, or
    the key of that digest is not there. The exit code is 3 when reading is not permitted.
    """
    path = evidence_of(evidence_folder, folder)
    records = records_of(path, request)
    require_view(ctx, folder, records, attributes)
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
        self._kept: dict[str, list[tuple[int, Said | Turn]]] = {}
        deleted: set[str] = set()
        for place, kept in KeptReader(path, RealDisk()).everything(slot):
            if isinstance(kept, Deleted):
                deleted.add(kept.request)
            else:
                self._kept.setdefault(kept.request, []).append((place, kept))
        for request in deleted & self._kept.keys():
            left = [one for one in self._kept[request] if not isinstance(one[1], Turn)]
            self._kept[request] = left

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
            self._told(kept, records)
            for slot, kept in self._kept.get(request, ())
            if kept.until > self._now or self._is_held(slot, records)
        ]

    def _told(self, kept: Said | Turn, records: list[Leaf]) -> dict[str, Any]:
        if isinstance(kept, Turn):
            return {
                "part": "turn",
                "until": kept.until,
                "id": kept.id,
                "previous": kept.previous or None,
                "input": msgspec.json.decode(kept.input),
                "response": msgspec.json.decode(kept.response),
            }
        return {
            "part": kept.part,
            "until": kept.until,
            "bytes": kept.size,
            "kept_bytes": len(kept.data),
            "as_recorded": self._digests.fits(kept, records),
            **_shown(kept.data),
        }

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
