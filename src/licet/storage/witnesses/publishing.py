"""Checkpoints put where the operator cannot take them back: a folder of others, a witness.

A log proves that nothing changed since it was signed; that the same log was shown to everybody
is proved by those who saw it before. So each checkpoint is held against what was published last,
and a log that went back, or shows two trees for one size, is not published but reported.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable
from pathlib import Path

import msgspec

from licet.evidence import (
    Checkpoint,
    Submission,
    VerifierKey,
    cosigners,
    is_decimal,
    note_parts,
    open_checkpoint,
    parse_checkpoint,
    relation,
    verify_consistency,
)
from licet.storage.disk import Disk, RealDisk
from licet.storage.log import CHECKPOINT
from licet.storage.proving import prove_between
from licet.storage.witnesses.sinks import Sink, http_ask
from licet.terms import EvidenceFault, OperationFault

Post = Callable[[str, bytes], tuple[int, bytes]]
"""`post(url, body)`: status and body of the answer."""


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What is published now; `before`: the size that was published last, 0 when none was."""

    checkpoint: Checkpoint
    before: int
    witnesses: tuple[str, ...]


def publish(
    folder: Path,
    sink: Sink,
    key: VerifierKey,
    *,
    witnesses: tuple[tuple[str, VerifierKey], ...] = (),
    disk: Disk | None = None,
    post: Post | None = None,
) -> Published:
    """Puts the newest checkpoint into `sink`: as `checkpoint`, and for ever under its size.

    `witnesses`: a URL prefix and the key of each whose signature is asked for, all of which must
    sign. Raises `EvidenceFault`: `no_log`, `split_view`, `log_rewound`, `root_differs`,
    `published_damaged`; `OperationFault` (`witness_...`, `sink_refused`, `sink_unreachable`).
    """
    chosen = disk or RealDisk()
    try:
        note = chosen.read(folder / CHECKPOINT)
    except FileNotFoundError as error:
        raise EvidenceFault("no_log", f"there is no signed log in `{folder}`") from error
    head = open_checkpoint(note, [key])
    before = _last(sink)
    if before is not None:
        _require_growth(folder, before, head, chosen)
    names = []
    for url, witness in witnesses:
        note += _cosignature(folder, url, head, note, witness, chosen, post or http_post)
        names.append(witness.name)
    sink.put(f"{head.size:020}.{CHECKPOINT}", note)
    sink.put(CHECKPOINT, note)
    size = before.size if before is not None else 0
    return Published(checkpoint=head, before=size, witnesses=tuple(names))


def http_post(url: str, body: bytes) -> tuple[int, bytes]:
    """`OperationFault` (`witness_unreachable`) when nobody answers."""
    try:
        return http_ask("POST", url, body, {})
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise OperationFault(
            "witness_unreachable", f"no witness answers at `{url}`: {error}"
        ) from error


def _last(sink: Sink) -> Checkpoint | None:
    # Whoever may write there may lie; but a lie is reported as a split view, and looked at.
    note = sink.get(CHECKPOINT)
    if note is None:
        return None
    try:
        text, _ = note_parts(note)
        return parse_checkpoint(text)
    except EvidenceFault as fault:
        raise EvidenceFault(
            "published_damaged",
            f"what was published last is no checkpoint: {fault.message}",
            remedy="keep it, ask who may write there, and put back the newest file of its folder"
            " that is named after a size",
        ) from fault


def _require_growth(folder: Path, before: Checkpoint, head: Checkpoint, disk: Disk) -> None:
    """That `head` extends what was published before it."""
    found = relation(before, head)
    if found == "rewound":
        raise EvidenceFault(
            "log_rewound",
            f"{before.size} leaves were published, and the log's checkpoint signs {head.size}",
            remedy="keep both checkpoints; restore the log from a copy that is not older",
        )
    same = found == "same"
    if found == "split" or not (same or _consistent(folder, before, head, disk)):
        raise EvidenceFault(
            "split_view",
            f"the log is not the one of which {before.size} leaves were published: it has another"
            " root for them",
            remedy="keep both checkpoints: together they prove it",
        )


def _consistent(folder: Path, before: Checkpoint, head: Checkpoint, disk: Disk) -> bool:
    proof = prove_between(folder, before, head, disk=disk)
    return verify_consistency(before.size, head.size, before.root, head.root, proof)


def _cosignature(
    folder: Path,
    url: str,
    head: Checkpoint,
    note: bytes,
    witness: VerifierKey,
    disk: Disk,
    post: Post,
) -> bytes:
    """The signature of a witness, which says itself from which size it wants a proof."""
    target = f"{url.rstrip('/')}/add-checkpoint"
    status, answer = post(target, Submission(old=0, proof=(), note=note).body())
    if status == 409 and is_decimal(size := answer.decode("ascii", "replace").strip()):
        old = Checkpoint(origin=head.origin, size=int(size), root=head.root)
        if old.size > head.size:
            raise EvidenceFault(
                "log_rewound",
                f"witness `{witness.name}` has seen {size} leaves, and the log signs {head.size}",
            )
        proof = prove_between(folder, old, head, disk=disk)
        status, answer = post(target, Submission(old=old.size, proof=proof, note=note).body())
    if status != 200 or not cosigners(note + answer, [witness]):
        said = answer.decode("utf-8", "replace").strip()
        raise OperationFault(
            "witness_refused",
            f"witness `{witness.name}` did not sign: {status}: {said}",
            remedy="409 or 422: it has seen another tree; keep its checkpoint and the log",
        )
    # Whatever else it says is nobody's whom we know.
    lines = answer.splitlines(keepends=True)
    return b"".join(line for line in lines if cosigners(note + line, [witness]))
