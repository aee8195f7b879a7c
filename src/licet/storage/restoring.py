"""Where a log stands: from the derived files and the leaves written since.

The derived files save reading the whole log at every start. They are believed only as far as
they agree with each other and with the signed checkpoint; otherwise everything is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from licet.evidence import (
    AdoptedLeaf,
    Checkpoint,
    Frontier,
    Leaf,
    RecordedVersion,
    SuspendedLeaf,
    decode,
    glance,
)
from licet.storage.books import Books
from licet.storage.disk import Disk, RealDisk
from licet.storage.reading import stretches
from licet.storage.saved import State, unseal_registered, unseal_state
from licet.terms import DirectiveId, EvidenceFault, Instant, parse_instant

STATE = "state"
REGISTER = "register"


class Restored(msgspec.Struct, kw_only=True):
    """The log up to its last whole batch, which ends in `segment` at `offset`."""

    books: Books
    frontier: Frontier
    segment: str = ""
    offset: int = 0
    scanned: int = 0
    """How many leaves were read."""


def restore(folder: Path, disk: Disk, checkpoint: Checkpoint | None = None) -> Restored:
    """Reads what is needed; changes nothing.

    Raises `EvidenceFault`: `log_damaged`, or `log_rewound` when the log lacks leaves that
    `checkpoint` has or has others in their place.
    """
    found = _from_state(folder, disk, checkpoint)
    agreed = checkpoint is None or _agrees(found.frontier, checkpoint)
    for stretch in stretches(
        disk,
        folder,
        segment=found.segment,
        offset=found.offset,
        index=found.frontier.size,
    ):
        found.segment, found.offset = stretch.segment, stretch.offset
        batch = stretch.batch
        if batch is None:
            break
        for number, leaf in enumerate(batch.leaves, batch.first):
            found.books.enter(number, leaf, glance(leaf))
        found.frontier.extend(batch.hashes)
        found.offset = batch.end
        found.scanned += len(batch.leaves)
        agreed = agreed or checkpoint is None or _agrees(found.frontier, checkpoint)
    if not agreed and checkpoint is not None:
        raise _rewound(folder, checkpoint, found.frontier)
    return found


def register(folder: Path, disk: Disk | None = None) -> Iterator[tuple[int, Leaf]]:
    """Every register leaf with its index, in order, without reading the whole log."""
    for index, data in restore(folder, disk or RealDisk()).books.register:
        yield index, decode(data)


def recorded_versions(
    folder: Path, disk: Disk | None = None
) -> dict[tuple[DirectiveId, int], tuple[str, Instant]]:
    """For each recorded version of a directive: the digest of its content, and since when.

    The first record counts: recorded versions never change. An adoption of which not all parts
    were recorded did not take place.
    """
    found: dict[tuple[DirectiveId, int], tuple[str, Instant]] = {}
    parts: list[RecordedVersion] = []
    for _, leaf in register(folder, disk):
        match leaf:
            case AdoptedLeaf():
                parts = [*(parts if leaf.part > 1 else ()), *leaf.directives]
                if leaf.part == leaf.parts:
                    for version in parts:
                        place = (DirectiveId(version.id), version.version)
                        since = parse_instant(version.recorded_at)
                        found.setdefault(place, (version.digest, since))
            case SuspendedLeaf():
                place = (DirectiveId(leaf.id), leaf.version)
                found.setdefault(place, (leaf.digest, parse_instant(leaf.at)))
            case _:
                pass
    return found


def last_instant(folder: Path, disk: Disk | None = None) -> Instant | None:
    """The last instant that the log knows: the decision clock may not begin before it."""
    text = restore(folder, disk or RealDisk()).books.last_at
    return parse_instant(text) if text else None


def _from_state(folder: Path, disk: Disk, checkpoint: Checkpoint | None) -> Restored:
    """The start of reading: the saved state where it can be believed, else the beginning."""
    fresh = Restored(books=Books(), frontier=Frontier())
    try:
        state = unseal_state(disk.read(folder / STATE))
        registered = unseal_registered(disk.read(folder / REGISTER))
    except FileNotFoundError:
        return fresh
    if state is None or registered is None or state.size.bit_count() != len(state.roots):
        return fresh
    entries = [entry for entry in registered.leaves if entry[0] < state.size]
    if len(entries) != state.registered or not _believable(state, checkpoint):
        return fresh
    books = Books(last_at=state.last_at, open_attempts=state.open_attempts, register=entries)
    return Restored(
        books=books, frontier=state.frontier(), segment=state.segment, offset=state.offset
    )


def _believable(state: State, checkpoint: Checkpoint | None) -> bool:
    if checkpoint is None or state.size < checkpoint.size:
        return True
    return _agrees(state.frontier(), checkpoint)


def _agrees(frontier: Frontier, checkpoint: Checkpoint) -> bool:
    return frontier.size == checkpoint.size and frontier.root() == checkpoint.root


def _rewound(folder: Path, checkpoint: Checkpoint, frontier: Frontier) -> EvidenceFault:
    if frontier.size < checkpoint.size:
        missing = checkpoint.size - frontier.size
        why = f"{missing} leaves that its checkpoint signs are missing"
    else:
        why = f"its first {checkpoint.size} leaves are not those that its checkpoint signs"
    return EvidenceFault(
        "log_rewound",
        f"the evidence log in `{folder}` was changed: {why}",
        remedy="restore the folder from a copy, or keep it aside and begin a new log",
    )
