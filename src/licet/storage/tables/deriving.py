"""Tables by day and workload, brought up to the newest signed checkpoint.

    decisions/day=2026-06-12/workload=code-review/0000.parquet

A run reads what is new since the last one and writes again only the files to which something is
added. It writes beside them, renames, and says last in `state` how far it has got. So whatever
cuts it short, the next run mends: of the files that it finds it keeps the rows of leaves that
`state` has, and adds the others. In the end the root over all leaves, hashed on the way, must
be the one that is signed: the tables are of this log, and of the whole of it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import msgspec

from licet.account import DAY, FORMAT, TABLES, WORKLOAD, Workloads, rows
from licet.evidence import (
    TRAFFIC_KINDS,
    AttemptLeaf,
    Checkpoint,
    DecisionLeaf,
    Frontier,
    OutcomeLeaf,
    VerifierKey,
    decode,
    glance,
    leaf_hash,
    open_checkpoint,
)
from licet.storage.appending import disk_fault
from licet.storage.disk import Lock, RealDisk
from licet.storage.log import CHECKPOINT
from licet.storage.reading import leaves
from licet.storage.tables.finding import workload_of
from licet.storage.tables.parts import ROWS_MAX, Part, Place, discard_unfinished
from licet.terms import EvidenceFault

STATE = "state"
_LOCK = "lock"
GATHERED_MAX = 1 << 19
"""Rows that are held in memory; then all are put in place, and it goes on."""


class Derived(msgspec.Struct, frozen=True, kw_only=True):
    """The checkpoint whose leaves the tables now have, and what this run did for it."""

    checkpoint: Checkpoint
    leaves: int
    """Leaves that were new."""
    rows: int
    """Rows that were added."""
    files: int
    """Files that were written."""


class _State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far the tables are: the leaves before `size`, whose right edge are `roots`."""

    format: str
    log: str
    size: int
    roots: tuple[str, ...]
    on_their_way: dict[str, str]
    """Requests whose outcome is still to come, with their workloads."""
    checkpoint: str = ""
    """The signed checkpoint of exactly these leaves; empty while a run is under way."""


def derive(
    folder: Path,
    target: Path,
    key: VerifierKey,
    *,
    progress: Callable[[int], None] | None = None,
    rows_max: int = ROWS_MAX,
    gathered_max: int = GATHERED_MAX,
) -> Derived:
    """Brings the tables in `target` up to the newest checkpoint of the log in `folder`.

    The same rows come out however the work is divided into runs. Raises `EvidenceFault`:
    `no_log`, `note_...`, `log_damaged`, `root_differs` when the log is not what its checkpoint
    signs, `tables_differ` when the tables are of another log, `disk_...`.
    """
    disk = RealDisk()
    try:
        note = disk.read(folder / CHECKPOINT)
    except FileNotFoundError as error:
        raise EvidenceFault("no_log", f"`{folder}` has no signed checkpoint") from error
    checkpoint = open_checkpoint(note, [key])
    try:
        disk.make_folder(target)
        lock = _lock(target)
        try:
            run = _Run(folder, target, checkpoint, rows_max, gathered_max)
            return run.go(note.decode(), progress)
        finally:
            lock.release()
    except OSError as error:
        raise disk_fault(error, target) from error


def _lock(target: Path) -> Lock:
    try:
        return RealDisk().lock(target / _LOCK)
    except EvidenceFault as fault:
        raise EvidenceFault(
            "tables_locked",
            f"another run is writing the tables in `{target}`",
            remedy="wait until it has ended",
        ) from fault


class _Run:
    def __init__(
        self, folder: Path, target: Path, checkpoint: Checkpoint, rows_max: int, gathered_max: int
    ) -> None:
        self._folder = folder
        self._target = target
        self._checkpoint = checkpoint
        self._rows_max = rows_max
        self._gathered_max = gathered_max
        self._gathered = 0
        state = _read_state(target, checkpoint)
        self._known = state.size
        self._tree = Frontier(state.size, map(bytes.fromhex, state.roots))
        self._workloads = Workloads(
            lambda request: workload_of(folder, request), state.on_their_way
        )
        self._parts: dict[Place, Part] = {}
        self._files = self._rows = 0

    def go(self, note: str, progress: Callable[[int], None] | None) -> Derived:
        began = self._known
        discard_unfinished(self._target)
        for index, data in leaves(self._folder, first=began):
            if index >= self._checkpoint.size:
                break
            if index % 1024 == 0 and progress is not None:
                progress(index)
            self._add(index, data)
            if self._gathered >= self._gathered_max:
                self._settle("")
        self._require_signed()
        self._settle(note)
        return Derived(
            checkpoint=self._checkpoint,
            leaves=self._checkpoint.size - began,
            rows=self._rows,
            files=self._files,
        )

    def _add(self, index: int, data: bytes) -> None:
        seen = glance(data)
        leaf = decode(data) if seen.kind in TRAFFIC_KINDS else None
        if isinstance(leaf, DecisionLeaf | AttemptLeaf | OutcomeLeaf):
            workload = self._workloads.of(leaf)
            for name, row in rows(index, leaf, workload):
                self._part(Place(table=name, day=seen.at[:10], workload=workload)).add(row)
                self._gathered += 1
        self._tree.append(leaf_hash(data))

    def _part(self, place: Place) -> Part:
        part = self._parts.get(place)
        if part is None:
            part = self._parts[place] = Part(
                folder=self._target / folder_of(place),
                table=TABLES[place.table],
                log=self._checkpoint.origin,
                rows_max=self._rows_max,
            )
        return part

    def _settle(self, note: str) -> None:
        """Puts all files in place, and then says so: whoever reads `state` finds what it says."""
        for part in self._parts.values():
            self._files += part.finish(self._known)
        for part in self._parts.values():
            part.put_in_place()
        self._parts.clear()
        self._rows += self._gathered
        self._gathered = 0
        self._known = self._tree.size
        state = _State(
            format=FORMAT,
            log=self._checkpoint.origin,
            size=self._known,
            roots=tuple(root.hex() for root in self._tree.roots),
            on_their_way=self._workloads.on_their_way,
            checkpoint=note,
        )
        RealDisk().replace(self._target / STATE, msgspec.json.encode(state))

    def _require_signed(self) -> None:
        size, signed = self._tree.size, self._checkpoint.size
        if size != signed:
            raise EvidenceFault("root_differs", f"{signed} leaves are signed, and {size} are there")
        if self._tree.root() != self._checkpoint.root:
            raise EvidenceFault(
                "root_differs",
                f"the {size} leaves are not those that the checkpoint signs, or the tables in"
                f" `{self._target}` are of another log",
                remedy="`licet evidence verify` says whether it is the log; if not, remove the"
                " tables: they are made again",
            )


def folder_of(place: Place) -> Path:
    """`table/day=.../workload=...`, as Hive lays tables out; ids are percent-encoded."""
    return Path(place.table) / f"{DAY}={place.day}" / f"{WORKLOAD}={quote(place.workload, safe='')}"


def _read_state(target: Path, checkpoint: Checkpoint) -> _State:
    try:
        data = (target / STATE).read_bytes()
    except FileNotFoundError:
        if any((target / name).exists() for name in TABLES):
            raise _other(target, "has tables, and does not say how far they are") from None
        fresh = _State(format=FORMAT, log=checkpoint.origin, size=0, roots=(), on_their_way={})
        # Before the first file, so that a first run that is cut short is known for what it is.
        RealDisk().replace(target / STATE, msgspec.json.encode(fresh))
        return fresh
    try:
        state = msgspec.json.decode(data, type=_State)
    except msgspec.MsgspecError as error:
        raise _other(target, f"has a state that cannot be read: {error}") from error
    if state.format != FORMAT or state.log != checkpoint.origin:
        raise _other(target, f"has tables of `{state.log}` in the format `{state.format}`")
    if state.size > checkpoint.size:
        raise _other(target, f"has tables of {state.size} leaves, and {checkpoint.size} are signed")
    return state


def _other(target: Path, what: str) -> EvidenceFault:
    return EvidenceFault(
        "tables_differ",
        f"`{target}` {what}",
        remedy="name another folder, or remove this one: the tables are made again",
    )
