"""Proofs from the log's own files: of a request's records, and between two checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import msgspec

from licet.evidence import (
    TRAFFIC_KINDS,
    Checkpoint,
    Frontier,
    Gathering,
    Node,
    Proof,
    VerifierKey,
    glance,
    nodes_of,
    open_checkpoint,
    prove_consistency,
    prove_inclusion,
)
from licet.storage.disk import Disk, RealDisk
from licet.storage.log import CHECKPOINT
from licet.storage.reading import stretches
from licet.terms import EvidenceFault

Progress = Callable[[int], None]


class Proved(msgspec.Struct, frozen=True, kw_only=True):
    """A proof for each record of a request; `unsigned`: records that no checkpoint signs yet."""

    proofs: tuple[Proof, ...]
    checkpoint: Checkpoint
    unsigned: int


def prove_request(
    folder: Path,
    request: str,
    keys: Iterable[VerifierKey],
    *,
    disk: Disk | None = None,
    progress: Progress | None = None,
) -> Proved:
    """Proofs that every record of a request is under the newest checkpoint.

    Raises `EvidenceFault`: `unknown_request`, `no_log`, `root_differs`, or what reading raises.
    """
    chosen = disk or RealDisk()
    note = _read_checkpoint(chosen, folder)
    checkpoint = open_checkpoint(note, keys)
    found = list(_records(chosen, folder, request))
    if not found:
        raise EvidenceFault(
            "unknown_request",
            f"no record of request `{request}` is in the log",
            remedy="its answer says it in `Licet-Request-Id`; `licet evidence show` has them all",
        )
    signed = [(index, leaf) for index, leaf in found if index < checkpoint.size]
    provers = {index: partial(prove_inclusion, index, checkpoint.size) for index, _ in signed}
    nodes = frozenset().union(*(nodes_of(prove) for prove in provers.values()))
    gathered = _gather(chosen, folder, checkpoint, nodes, progress)
    proofs = tuple(
        Proof(index=index, path=provers[index](gathered.subtree), note=note, extra=leaf)
        for index, leaf in signed
    )
    return Proved(proofs=proofs, checkpoint=checkpoint, unsigned=len(found) - len(signed))


def prove_between(
    folder: Path,
    old: Checkpoint,
    new: Checkpoint,
    *,
    disk: Disk | None = None,
    progress: Progress | None = None,
) -> tuple[bytes, ...]:
    """The proof that the tree of `new` extends that of `old`.

    Raises `EvidenceFault`: `leaves_missing`, or `root_differs` when the log here is not the one
    that `new` signs.
    """
    prove = partial(prove_consistency, old.size, new.size)
    gathered = _gather(disk or RealDisk(), folder, new, nodes_of(prove), progress)
    return prove(gathered.subtree)


def _records(disk: Disk, folder: Path, request: str) -> Iterable[tuple[int, bytes]]:
    # Most records are not asked for: a look for the name spares reading them.
    name = request.encode()
    for stretch in stretches(disk, folder):
        if stretch.batch is None:
            return
        for index, leaf in enumerate(stretch.batch.leaves, stretch.batch.first):
            if name in leaf:
                seen = glance(leaf)
                if seen.request == request and seen.kind in TRAFFIC_KINDS:
                    yield index, leaf


def _gather(
    disk: Disk,
    folder: Path,
    checkpoint: Checkpoint,
    nodes: Iterable[Node],
    progress: Progress | None,
) -> Gathering:
    """Passes the signed leaves by, and holds them against the checkpoint."""
    size = checkpoint.size
    # The complete subtrees of the whole tree give its root.
    edge = []
    start = 0
    while start < size:
        width = 1 << ((size - start).bit_length() - 1)
        edge.append((start, start + width))
        start += width
    gathered = Gathering([*nodes, *edge])
    for stretch in stretches(disk, folder):
        batch = stretch.batch
        if batch is None or gathered.size >= size:
            break
        gathered.extend(batch.hashes[: size - gathered.size])
        if progress is not None:
            progress(gathered.size)
    if gathered.size < size:
        raise EvidenceFault(
            "leaves_missing", f"{size - gathered.size} leaves that were signed cannot be read"
        )
    roots = [gathered.subtree(*node) for node in edge]
    if Frontier(size, roots).root() != checkpoint.root:
        raise EvidenceFault(
            "root_differs",
            f"the first {size} leaves in `{folder}` are not those that the checkpoint signs",
        )
    return gathered


def _read_checkpoint(disk: Disk, folder: Path) -> bytes:
    try:
        return disk.read(folder / CHECKPOINT)
    except FileNotFoundError as error:
        raise EvidenceFault("no_log", f"there is no signed log in `{folder}`") from error
