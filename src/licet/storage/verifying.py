"""Verification of a whole folder, against a public key that the verifier brings.

Everything is read; nothing is believed but the key. What is found is named by file, byte and
leaf. A finding is `damage` when bytes are not what was signed, recorded or committed to, and
a `notice` when the log itself says that something is missing (erased, unknown, unsigned yet).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from licet.evidence import (
    AdoptedLeaf,
    AttemptLeaf,
    Checkpoint,
    DecisionLeaf,
    ErasedLeaf,
    Frontier,
    Leaf,
    OutcomeLeaf,
    StoppedLeaf,
    VerifierKey,
    canonical,
    commit,
    decode,
    is_canonical,
    note_parts,
    open_checkpoint,
    parse_checkpoint,
)
from licet.storage.disk import Disk, RealDisk
from licet.storage.log import CHECKPOINT
from licet.storage.reading import WAL, Stretch, stretches
from licet.storage.side import SideReader
from licet.storage.snapshots import SnapshotStore
from licet.storage.tiling import TILES, check_tiles, tiles_checkpoint
from licet.terms import EvidenceFault

FINDINGS_MAX = 1_000
Progress = Callable[[int], None]
"""Told how many leaves have been checked, every few thousand."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong or worth knowing; `index` -1: not about one leaf."""

    severity: Literal["damage", "notice"]
    code: str
    message: str
    path: str = ""
    offset: int = -1
    index: int = -1


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification found. `ok`: nothing is damaged."""

    ok: bool
    log: str
    leaves: int
    root: str
    """The root over all leaves, hexadecimal."""
    signed: int
    """How many leaves the checkpoint signs."""
    decisions: int
    attempts: int
    """Sendings, those that decisions carry included."""
    outcomes: int
    registered: int
    unknown: int
    """Attempts whose outcome is recorded as unknown."""
    open: int
    """Attempts without outcome: in flight when this was read, or cut short by a crash."""
    snapshots: int
    openings: int
    """Decisions whose opening was read and fits the commitment."""
    erased: int
    """Decisions whose opening cannot be read any more, or was never stored."""
    findings: tuple[Finding, ...]
    findings_left_out: int


def verify(
    folder: Path,
    key: VerifierKey,
    *,
    progress: Progress | None = None,
    disk: Disk | None = None,
    openings: bool = True,
) -> Report:
    """Reads everything in `folder` and says what of it holds. Writes nothing.

    `openings = False` leaves out the side store, which costs a decryption per decision and
    which an auditor is not given.
    """
    checking = _Checking(
        folder, key, disk or RealDisk(), progress or (lambda _: None), openings=openings
    )
    checking.check_log()
    checking.check_snapshots()
    checking.check_served()
    if openings:
        checking.check_openings()
    return checking.report()


def signed_size(folder: Path, disk: Disk | None = None) -> int:
    """How many leaves the checkpoint claims, unverified: for saying how far a check has got."""
    try:
        text, _ = note_parts((disk or RealDisk()).read(folder / CHECKPOINT))
        return parse_checkpoint(text).size
    except (FileNotFoundError, EvidenceFault):
        return 0


class _Checking:
    def __init__(
        self, folder: Path, key: VerifierKey, disk: Disk, progress: Progress, *, openings: bool
    ) -> None:
        self._openings = openings
        self._folder = folder
        self._key = key
        self._disk = disk
        self._progress = progress
        self._frontier = Frontier()
        self._findings: list[Finding] = []
        self._left_out = 0
        self._damaged = False
        self._requests: set[str] = set()
        self._commitments: dict[str, tuple[int, str]] = {}
        """Not opened yet: the decision's index and request."""
        self._open: dict[tuple[str, int], int] = {}
        self._unknown: set[tuple[str, int]] = set()
        self._snapshots: dict[str, int] = {}
        self._counts = dict.fromkeys(("decision", "attempt", "outcome", "register"), 0)
        self._erasures = 0
        self._opened = 0
        self._erased = 0
        self._stopped = False
        self._checkpoint: Checkpoint | None = None
        self._met = False

    # --- the log itself

    def check_log(self) -> None:
        self._checkpoint = self._read_checkpoint()
        self._meet()
        try:
            for stretch in stretches(self._disk, self._folder):
                self._check_stretch(stretch)
        except EvidenceFault as fault:
            self._damage(fault.code, fault.message, index=self._frontier.size)
        self._compare_checkpoint()
        for (request, attempt), index in self._open.items():
            message = f"attempt {attempt} of request `{request}` has no outcome"
            self._notice("outcome_missing", message, index=index)

    def _read_checkpoint(self) -> Checkpoint | None:
        path = self._folder / CHECKPOINT
        try:
            return open_checkpoint(self._disk.read(path), [self._key])
        except FileNotFoundError:
            self._damage("checkpoint_missing", "there is no signed checkpoint", path=str(path))
        except EvidenceFault as fault:
            self._damage(fault.code, fault.message, path=str(path))
        return None

    def _check_stretch(self, stretch: Stretch) -> None:
        path = str(self._folder / WAL / stretch.segment)
        batch = stretch.batch
        if batch is None:
            if not stretch.torn:
                return
            message = "a torn tail follows, of leaves that were never acknowledged"
            self._notice("torn_tail", message, path=path, offset=stretch.offset)
            return
        for index, data in enumerate(batch.leaves, batch.first):
            self._check_leaf(index, data, path)
        self._frontier.extend(batch.hashes)
        self._meet()
        self._progress(self._frontier.size)

    def _check_leaf(self, index: int, data: bytes, path: str) -> None:
        try:
            leaf = decode(data)
        except EvidenceFault as fault:
            self._check_unknown_leaf(index, data, path, fault)
            return
        if not is_canonical(data, leaf):
            self._damage("not_canonical", "a leaf is not canonical JSON", path=path, index=index)
        if leaf.log != self._key.name:
            message = f"a leaf of log `{leaf.log}` in log `{self._key.name}`"
            self._damage("wrong_log", message, path=path, index=index)
        self._follow(index, leaf)

    def _check_unknown_leaf(self, index: int, data: bytes, path: str, fault: EvidenceFault) -> None:
        """A leaf of a later schema is still hashed and must still be canonical."""
        try:
            same = canonical(msgspec.json.decode(data)) == data
        except (msgspec.DecodeError, UnicodeDecodeError, EvidenceFault):
            same = False
        if same:
            self._notice("leaf_not_read", fault.message, path=path, index=index)
        else:
            self._damage("not_canonical", fault.message, path=path, index=index)

    def _follow(self, index: int, leaf: Leaf) -> None:
        """Whether the leaves tell one story: decision, attempt, outcome, in this order."""
        self._stopped = False
        match leaf:
            case DecisionLeaf():
                self._counts["decision"] += 1
                self._snapshots.setdefault(leaf.snapshot, index)
                if leaf.reason == "admission":
                    self._requests.add(leaf.request)
                if self._openings:
                    self._commitments[leaf.commitment] = (index, leaf.request)
                if leaf.sending is not None:
                    self._begin(index, leaf.request, 1, leaf.sending.snapshot)
            case AttemptLeaf():
                if leaf.request not in self._requests:
                    message = f"an attempt of request `{leaf.request}` without a decision before"
                    self._damage("decision_missing", message, index=index)
                self._begin(index, leaf.request, leaf.attempt, leaf.sending.snapshot)
            case OutcomeLeaf():
                self._counts["outcome"] += 1
                self._end(index, leaf)
            case _:
                self._counts["register"] += 1
                if isinstance(leaf, AdoptedLeaf):
                    self._snapshots.setdefault(leaf.snapshot, index)
                self._erasures += isinstance(leaf, ErasedLeaf)
                self._stopped = isinstance(leaf, StoppedLeaf)

    def _begin(self, index: int, request: str, attempt: int, snapshot: str) -> None:
        self._snapshots.setdefault(snapshot, index)
        self._counts["attempt"] += 1
        self._open[(request, attempt)] = index

    def _end(self, index: int, leaf: OutcomeLeaf) -> None:
        attempt = (leaf.request, leaf.attempt)
        begun = self._open.pop(attempt, None) is not None
        if not begun and leaf.attempt and attempt not in self._unknown:
            message = f"an outcome of request `{leaf.request}` without an open attempt before"
            self._damage("attempt_missing", message, index=index)
        # An unknown outcome may be superseded by the one that a worker brings later.
        self._unknown.discard(attempt)
        if leaf.outcome == "unknown":
            self._unknown.add(attempt)

    def _meet(self) -> None:
        """Compares with the checkpoint at the moment the tree has its size."""
        checkpoint = self._checkpoint
        if checkpoint is None or self._frontier.size != checkpoint.size:
            return
        self._met = True
        if self._frontier.root() != checkpoint.root:
            message = f"the first {checkpoint.size} leaves are not those that were signed"
            self._damage("root_differs", message)

    def _compare_checkpoint(self) -> None:
        checkpoint = self._checkpoint
        if checkpoint is None:
            return
        if checkpoint.origin != self._key.name:
            message = f"the checkpoint is of log `{checkpoint.origin}`, not `{self._key.name}`"
            self._damage("wrong_log", message)
        size = self._frontier.size
        if size < checkpoint.size:
            message = f"{checkpoint.size - size} leaves that were signed cannot be read"
            self._damage("leaves_missing", message)
        elif not self._met:
            message = f"no batch ends at {checkpoint.size} leaves, where the checkpoint does"
            self._damage("root_differs", message)
        elif size > checkpoint.size:
            message = f"the last {size - checkpoint.size} leaves are not signed yet"
            self._notice("unsigned", message)

    # --- what lies beside it

    def check_snapshots(self) -> None:
        store = SnapshotStore(self._folder, self._disk)
        for digest, index in self._snapshots.items():
            try:
                store.get(digest)
            except EvidenceFault as fault:
                self._damage(fault.code, fault.message, index=index)

    def check_served(self) -> None:
        """The tiles, where there are any, against the checkpoint that they serve."""
        note = tiles_checkpoint(self._folder, self._disk)
        if note is None:
            return
        path = self._folder / TILES / CHECKPOINT
        try:
            served = open_checkpoint(note, [self._key])
        except EvidenceFault as fault:
            self._damage(fault.code, fault.message, path=str(path))
            return
        for where, why in check_tiles(self._folder, served, self._disk):
            self._damage("tile_damaged", why, path=str(where))

    def check_openings(self) -> None:
        """Each opening against the decision that it is of.

        An opening that fits nothing is no damage by itself: its leaf may have been refused by a
        full disk. It is damage where a decision of its request has no opening that fits.
        """
        reader = SideReader(self._folder, self._disk)
        strays: set[str] = set()
        for found in reader.openings():
            if self._commitments.pop(commit(found.salt, found.inputs), None) is not None:
                self._opened += 1
            else:
                strays.add(found.request)
        for path, offset, why in reader.damage:
            self._notice("side_damaged", why, path=str(path), offset=offset)
        for index, request in self._commitments.values():
            if request in strays:
                message = f"the opening of request `{request}` is not what was decided on"
                self._damage("opening_differs", message, index=index)
            else:
                self._erased += 1
        if self._erased and not self._erasures:
            message = f"{self._erased} decisions have no opening, and nobody was erased"
            self._notice("openings_missing", message)

    # --- findings

    def report(self) -> Report:
        return Report(
            ok=not self._damaged,
            log=self._key.name,
            leaves=self._frontier.size,
            root=self._frontier.root().hex(),
            signed=self._checkpoint.size if self._checkpoint else 0,
            decisions=self._counts["decision"],
            attempts=self._counts["attempt"],
            outcomes=self._counts["outcome"],
            registered=self._counts["register"],
            unknown=len(self._unknown),
            open=len(self._open),
            snapshots=len(self._snapshots),
            openings=self._opened,
            erased=self._erased,
            findings=tuple(self._findings),
            findings_left_out=self._left_out,
        )

    def _damage(
        self, code: str, message: str, *, path: str = "", offset: int = -1, index: int = -1
    ) -> None:
        self._find("damage", code, message, path, offset, index)

    def _notice(
        self, code: str, message: str, *, path: str = "", offset: int = -1, index: int = -1
    ) -> None:
        self._find("notice", code, message, path, offset, index)

    def _find(
        self,
        severity: Literal["damage", "notice"],
        code: str,
        message: str,
        path: str,
        offset: int,
        index: int,
    ) -> None:
        self._damaged = self._damaged or severity == "damage"
        if len(self._findings) >= FINDINGS_MAX:
            self._left_out += 1
            return
        self._findings.append(
            Finding(
                severity=severity,
                code=code,
                message=message,
                path=path,
                offset=offset,
                index=index,
            )
        )
