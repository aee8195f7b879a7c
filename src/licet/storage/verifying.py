"""Verification of a whole folder, against a public key that the verifier brings.

Everything is read; nothing is believed but the key. What is found is named by file, byte and
leaf. A finding is `damage` when bytes are not what was signed, recorded or committed to, and
a `notice` when the log itself says that something is missing (erased, unknown, unsigned yet).

Segments are checked one by one, on several cores where there are several, and put together in
order: tree, story and signatures are of the whole.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec

from licet.evidence import (
    Checkpoint,
    Frontier,
    VerifierKey,
    decode,
    note_parts,
    open_checkpoint,
    parse_checkpoint,
    parse_verifier,
)
from licet.storage.disk import Disk, RealDisk
from licet.storage.keys import handovers, successor
from licet.storage.log import CHECKPOINT
from licet.storage.reading import leaves, segment_names
from licet.storage.segment_check import (
    FINDINGS_MAX,
    Attempt,
    Checked,
    Finding,
    Task,
    check_segment,
    tasks,
)
from licet.storage.side_check import Gone, Kept, SideCheck
from licet.storage.snapshots import SnapshotStore
from licet.storage.tiling import TILES, check_tiles, tiles_checkpoint
from licet.terms import EvidenceFault

Progress = Callable[[int], None]
"""Told how many leaves have been checked, segment by segment."""


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
    keys: tuple[str, ...] = ()
    """The keys that were trusted in turn: the one that was brought, and its successors."""
    second_keys: tuple[str, ...] = ()
    """As `keys`, of every further key that was brought."""
    served: int = 0
    """How many leaves the tiles serve; 0: there are none."""


def verify(
    folder: Path,
    key: VerifierKey,
    *,
    also: Sequence[VerifierKey] = (),
    progress: Progress | None = None,
    disk: Disk | None = None,
    openings: bool = True,
    processes: int = 1,
) -> Report:
    """Reads everything in `folder` and says what of it holds. Writes nothing.

    `also`: further keys of the log, each of which must have signed too.

    `openings = False` leaves out the side store, which costs a decryption per decision and
    which an auditor is not given. `processes`: how many segments are checked at a time; with
    a `disk` of one's own it is one.
    """
    whole = _Whole(folder, (key, *also), disk or RealDisk(), openings=openings)
    names = segment_names(whole.disk, folder)
    parts = tasks(names, folder, key.name, whole.cuts(), openings=openings)
    for checked in _checked(parts, whole.disk, processes if disk is None else 1):
        whole.join(checked)
        if progress is not None:
            progress(checked.end)
    whole.conclude()
    whole.check_snapshots()
    whole.check_served()
    if openings:
        whole.check_openings()
    return whole.report()


def signed_size(folder: Path, disk: Disk | None = None) -> int:
    """How many leaves the checkpoint claims, unverified: for saying how far a check has got."""
    note = _read(disk or RealDisk(), folder / CHECKPOINT)
    try:
        return _claimed(note).size if note is not None else 0
    except EvidenceFault:
        return 0


def _read(disk: Disk, path: Path) -> bytes | None:
    try:
        return disk.read(path)
    except FileNotFoundError:
        return None


def _checked(parts: list[Task], disk: Disk, processes: int) -> Iterator[Checked]:
    if processes < 2 or len(parts) < 2:
        yield from (check_segment(task, disk) for task in parts)
        return
    # Started afresh and not forked: whoever calls may have threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(parts)), mp_context=context) as pool:
        yield from pool.map(_check_alone, parts)


def _check_alone(task: Task) -> Checked:
    return check_segment(task, RealDisk())


def _claimed(note: bytes) -> Checkpoint:
    """What a note says, whoever signed it."""
    text, _ = note_parts(note)
    return parse_checkpoint(text)


class _Whole:
    """Segments put together, and what lies beside them."""

    def __init__(
        self, folder: Path, keys: Sequence[VerifierKey], disk: Disk, *, openings: bool
    ) -> None:
        self.disk = disk
        self._folder = folder
        self._key = keys[0]
        self._chains = [[key] for key in keys]
        """Each key that was brought, and its successors."""
        self._openings = openings
        self._frontier = Frontier()
        self._roots: dict[int, bytes] = {0: self._frontier.root()}
        """The root at each size that was asked for."""
        self._findings: list[Finding] = []
        self._left_out = 0
        self._damaged = False
        self._broken = False
        self._requests: set[str] = set()
        self._commitments: dict[str, tuple[int, str]] = {}
        """Not opened yet: the decision's index and request."""
        self._contents: dict[str, tuple[int, str]] = {}
        self._answers: dict[str, int] = {}
        self._open: dict[Attempt, int] = {}
        self._unknown: set[Attempt] = set()
        self._snapshots: dict[str, int] = {}
        self._counts = dict.fromkeys(("decisions", "attempts", "outcomes", "registered"), 0)
        self._keys: list[tuple[int, str]] = []
        self._gone = Gone()
        self._opened = 0
        self._erased = 0
        self._served = 0
        self._signed: Checkpoint | None = None
        # Read before the leaves and once: a recorder that is writing signs more meanwhile.
        self._note = _read(disk, folder / CHECKPOINT)
        self._served_note = tiles_checkpoint(folder, disk)
        self._handovers = list(handovers(folder, disk))

    def cuts(self) -> Iterator[int]:
        """The sizes at which something says what the root is."""
        for note in (self._note, self._served_note, *(note for _, note in self._handovers)):
            if note is None:
                continue
            try:
                yield _claimed(note).size
            except EvidenceFault:
                # It is read again, and reported, when the whole log has been seen.
                continue

    # --- the log itself

    def join(self, part: Checked) -> None:
        """Takes the next segment; after one that could not be read to its end, only what is wrong
        in a segment by itself can be told."""
        for finding in part.findings:
            self._find(finding)
        self._left_out += part.findings_left_out
        if not self._broken and part.first != self._frontier.size:
            message = f"leaves {self._frontier.size} to {part.first - 1} have no segment"
            self._damage("log_damaged", message, index=self._frontier.size)
            self._broken = True
        if self._broken:
            return
        for run in part.runs:
            for width, root in run:
                self._frontier.graft(width, root)
            self._roots[self._frontier.size] = self._frontier.root()
        self._follow(part)
        self._broken = not part.whole

    def _follow(self, part: Checked) -> None:
        for index, request in part.strangers:
            if request not in self._requests:
                message = f"an attempt of request `{request}` without a decision before"
                self._damage("decision_missing", message, index=index)
        for index, attempt, unknown in part.ended:
            if self._open.pop(attempt, None) is None and attempt not in self._unknown:
                message = f"an outcome of request `{attempt[0]}` without an open attempt before"
                self._damage("attempt_missing", message, index=index)
            self._unknown.discard(attempt)
            if unknown:
                self._unknown.add(attempt)
        self._open |= part.open
        self._unknown |= part.unknown
        self._requests |= part.requests
        self._commitments |= part.commitments
        self._contents |= part.contents
        self._answers |= part.answers
        self._keys += part.keys
        self._gone.erased += part.erased
        self._gone.expired += part.expired
        self._gone.instants += part.instants
        for digest, index in part.snapshots.items():
            self._snapshots.setdefault(digest, index)
        for name in self._counts:
            self._counts[name] += getattr(part, name)

    def conclude(self) -> None:
        """Signatures and what they sign, once the whole tree is known."""
        self._follow_keys()
        self._check_checkpoint()
        for (request, attempt), index in self._open.items():
            message = f"attempt {attempt} of request `{request}` has no outcome"
            self._notice("outcome_missing", message, index=index)

    def _follow_keys(self) -> None:
        """From the key that was brought to its successors, each named in the log before."""
        for path, note in self._handovers:
            try:
                head = _claimed(note)
                found = [self._successor(note, head, chain[-1]) for chain in self._chains]
            except EvidenceFault as fault:
                self._damage(fault.code, fault.message, path=str(path))
                continue
            if any(found) and self._holds(head, path):
                for chain, fresh in zip(self._chains, found, strict=True):
                    if fresh is not None:
                        chain.append(fresh)

    def _successor(self, note: bytes, head: Checkpoint, key: VerifierKey) -> VerifierKey | None:
        named = [text for index, text in self._keys if index < head.size]
        same = [text for text in named if parse_verifier(text).type == key.type]
        return successor(note, key, same[-1]) if same else None

    def _check_checkpoint(self) -> None:
        path = self._folder / CHECKPOINT
        if self._note is None:
            self._damage("checkpoint_missing", "there is no signed checkpoint", path=str(path))
            return
        try:
            head = open_checkpoint(self._note, self._chains[0])
            for chain in self._chains[1:]:
                open_checkpoint(self._note, chain)
        except EvidenceFault as fault:
            self._damage(fault.code, fault.message, path=str(path))
            return
        self._signed = head
        if head.origin != self._key.name:
            message = f"the checkpoint is of log `{head.origin}`, not `{self._key.name}`"
            self._damage("wrong_log", message, path=str(path))
        if self._holds(head, path) and self._frontier.size > head.size:
            message = f"the last {self._frontier.size - head.size} leaves are not signed yet"
            self._notice("unsigned", message)

    def _holds(self, head: Checkpoint, path: Path) -> bool:
        """Whether the leaves are those that a checkpoint signs."""
        missing = head.size - self._frontier.size
        if missing > 0:
            message = f"{missing} leaves that were signed cannot be read"
            self._damage("leaves_missing", message, path=str(path))
            return False
        if self._roots.get(head.size) != head.root:
            message = f"the first {head.size} leaves are not those that were signed"
            self._damage("root_differs", message, path=str(path))
            return False
        return True

    # --- what lies beside it

    def check_snapshots(self) -> None:
        store = SnapshotStore(self._folder, self.disk)
        for digest, index in self._snapshots.items():
            try:
                store.get(digest)
            except EvidenceFault as fault:
                self._damage(fault.code, fault.message, index=index)

    def check_served(self) -> None:
        """The tiles, where there are any, against the checkpoint that they serve."""
        if self._served_note is None:
            return
        path = self._folder / TILES / CHECKPOINT
        try:
            # What was served last may be older than the key that was brought; the log names all.
            named = [parse_verifier(text) for _, text in self._keys]
            trusted = [key for chain in self._chains for key in chain]
            head = open_checkpoint(self._served_note, [*trusted, *named])
        except EvidenceFault as fault:
            self._damage(fault.code, fault.message, path=str(path))
            return
        self._served = head.size
        self._holds(head, path)
        for where, why in check_tiles(self._folder, head, self.disk):
            self._damage("tile_damaged", why, path=str(where))

    def check_openings(self) -> None:
        """The side store, and each opening in it against the decision that it is of."""
        check = SideCheck(
            self._folder,
            self.disk,
            decided=self._commitments,
            contents=self._due(),
            requests=self._requests,
            gone=self._gone,
            newer=self._enter_newer,
        )
        check.run()
        for finding in check.findings:
            self._find(finding)
        self._opened, self._erased = check.opened, check.erased

    def _due(self) -> dict[Kept, tuple[int, str]]:
        """What must be kept: requests, and the answers to them."""
        due: dict[Kept, tuple[int, str]] = {}
        for request, (index, until) in self._contents.items():
            due[request, "request"] = index, until
            answered = self._answers.get(request)
            if answered is not None:
                due[request, "answer"] = answered, until
        return due

    def _enter_newer(self, gone: Gone) -> None:
        try:
            for index, data in leaves(self._folder, self.disk, first=self._frontier.size):
                gone.enter(index, decode(data))
        except EvidenceFault:
            # What is wrong with the log was found by whoever read it.
            return

    # --- findings

    def report(self) -> Report:
        return Report(
            ok=not self._damaged,
            log=self._key.name,
            leaves=self._frontier.size,
            root=self._frontier.root().hex(),
            signed=self._signed.size if self._signed else 0,
            decisions=self._counts["decisions"],
            attempts=self._counts["attempts"],
            outcomes=self._counts["outcomes"],
            registered=self._counts["registered"],
            unknown=len(self._unknown),
            open=len(self._open),
            snapshots=len(self._snapshots),
            openings=self._opened,
            erased=self._erased,
            findings=tuple(self._findings),
            findings_left_out=self._left_out,
            keys=tuple(_texts(self._chains[0])),
            second_keys=tuple(text for chain in self._chains[1:] for text in _texts(chain)),
            served=self._served,
        )

    def _damage(self, code: str, message: str, *, path: str = "", index: int = -1) -> None:
        self._find(Finding(severity="damage", code=code, message=message, path=path, index=index))

    def _notice(
        self, code: str, message: str, *, path: str = "", offset: int = -1, index: int = -1
    ) -> None:
        self._find(
            Finding(
                severity="notice",
                code=code,
                message=message,
                path=path,
                offset=offset,
                index=index,
            )
        )

    def _find(self, finding: Finding) -> None:
        self._damaged = self._damaged or finding.severity == "damage"
        if len(self._findings) >= FINDINGS_MAX:
            self._left_out += 1
        else:
            self._findings.append(finding)


def _texts(keys: Iterable[VerifierKey]) -> Iterator[str]:
    return (str(key) for key in keys)
