"""One segment of a log, checked by itself, so that several can be checked at once.

What a segment cannot know is handed to whoever puts the segments together: which attempts began
before it, which decisions were made before it, and the tree to its left.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from licet.evidence import (
    SEGMENT_HEADER_BYTES,
    AdoptedLeaf,
    AttemptLeaf,
    DecisionLeaf,
    ErasedLeaf,
    ExpiredLeaf,
    Leaf,
    OutcomeLeaf,
    Run,
    StartedLeaf,
    canonical,
    decode,
    is_canonical,
)
from licet.storage.disk import Disk
from licet.storage.reading import WAL, Stretch, first_of, segment_stretches
from licet.terms import DAY_US, EvidenceFault, Instant, format_instant, parse_instant

FINDINGS_MAX = 1_000
_HOUR = len("2026-06-12T21")
"""How much of an instant says in which hour it is."""

Attempt = tuple[str, int]
Severity = Literal["damage", "notice"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong or worth knowing; `index` -1: not about one leaf."""

    severity: Severity
    code: str
    message: str
    path: str = ""
    offset: int = -1
    index: int = -1


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Which segment to check. `cuts`: sizes of the tree at which its root will be asked for."""

    folder: Path
    segment: str
    last: bool
    log: str
    cuts: tuple[int, ...] = ()
    openings: bool = True


class Checked(msgspec.Struct, kw_only=True):
    """What a segment holds, and what of it is wrong by itself.

    `whole`: it was read to its end. `runs`: its leaves in the tree, cut at `cuts`. `open`,
    `unknown`: attempts without, and with an unknown, outcome at its end. `ended`: outcomes
    of attempts that did not begin here. `strangers`: attempts of requests not decided here.
    """

    first: int
    end: int
    whole: bool = True
    runs: list[tuple[tuple[int, bytes], ...]] = []
    findings: list[Finding] = []
    findings_left_out: int = 0
    requests: set[str] = set()
    commitments: dict[str, tuple[int, str]] = {}
    contents: dict[str, tuple[int, str]] = {}
    """Where content was kept: by request, the decision's index, and the instant of its end."""
    answers: dict[str, int] = {}
    """Where an answer may have been kept: by request, the outcome's index."""
    open: dict[Attempt, int] = {}
    unknown: set[Attempt] = set()
    ended: list[tuple[int, Attempt, bool]] = []
    strangers: list[tuple[int, str]] = []
    snapshots: dict[str, int] = {}
    decisions: int = 0
    attempts: int = 0
    outcomes: int = 0
    registered: int = 0
    erased: list[tuple[int, int]] = []
    """Index of each erasure, and the slot."""
    expired: list[tuple[int, ExpiredLeaf]] = []
    instants: list[tuple[int, str]] = []
    """Index and instant of the first decision of each hour."""
    keys: list[tuple[int, str]] = []
    """Index of each `started` leaf, and each signing key that it names."""


def check_segment(task: Task, disk: Disk) -> Checked:
    """Reads a segment from end to end."""
    checking = _Checking(task)
    try:
        for stretch in segment_stretches(
            disk,
            task.folder,
            task.segment,
            SEGMENT_HEADER_BYTES,
            first_of(task.segment),
            last=task.last,
        ):
            checking.check(stretch)
    except EvidenceFault as fault:
        checking.found.whole = False
        index = fault.leaf if fault.leaf >= 0 else checking.found.end
        checking.find("damage", fault.code, fault.message, index=index)
    return checking.finish()


class _Checking:
    def __init__(self, task: Task) -> None:
        first = first_of(task.segment)
        self.found = Checked(first=first, end=first)
        self._path = str(task.folder / WAL / task.segment)
        self._log = task.log
        self._openings = task.openings
        self._cuts = [cut for cut in task.cuts if cut > first]
        self._run = Run(first)
        self._hour = ""

    def finish(self) -> Checked:
        self._cut()
        return self.found

    def check(self, stretch: Stretch) -> None:
        batch = stretch.batch
        if batch is None:
            if stretch.torn:
                message = (
                    "a torn tail follows: nobody was told of it, unless the checkpoint signs it"
                )
                self.find("notice", "torn_tail", message, offset=stretch.offset)
            return
        for index, data in enumerate(batch.leaves, batch.first):
            self._check_leaf(index, data)
        self._hash(batch.hashes)
        self.found.end += len(batch.leaves)

    def _hash(self, hashes: list[bytes]) -> None:
        while self._cuts and self._cuts[0] <= self._run.end + len(hashes):
            here = self._cuts.pop(0) - self._run.end
            self._run.extend(hashes[:here])
            self._cut()
            hashes = hashes[here:]
        self._run.extend(hashes)

    def _cut(self) -> None:
        if self._run.parts:
            self.found.runs.append(self._run.parts)
        self._run = Run(self._run.end)

    def _check_leaf(self, index: int, data: bytes) -> None:
        try:
            leaf = decode(data)
        except EvidenceFault as fault:
            self._check_unknown_leaf(index, data, fault)
            return
        if not is_canonical(data, leaf):
            self.find("damage", "not_canonical", "a leaf is not canonical JSON", index=index)
        if leaf.log != self._log:
            message = f"a leaf of log `{leaf.log}` in log `{self._log}`"
            self.find("damage", "wrong_log", message, index=index)
        self._follow(index, leaf)

    def _check_unknown_leaf(self, index: int, data: bytes, fault: EvidenceFault) -> None:
        """A leaf of a later schema is still hashed and must still be canonical."""
        try:
            same = canonical(msgspec.json.decode(data)) == data
        except (msgspec.DecodeError, UnicodeDecodeError, EvidenceFault):
            same = False
        if same:
            self.find("notice", "leaf_not_read", fault.message, index=index)
        else:
            self.find("damage", "not_canonical", fault.message, index=index)

    def _follow(self, index: int, leaf: Leaf) -> None:
        """Whether the leaves tell one story: decision, attempt, outcome, in this order."""
        found = self.found
        match leaf:
            case DecisionLeaf():
                if leaf.at[:_HOUR] != self._hour:
                    self._hour = leaf.at[:_HOUR]
                    found.instants.append((index, leaf.at))
                found.decisions += 1
                found.snapshots.setdefault(leaf.snapshot, index)
                if leaf.reason == "admission":
                    found.requests.add(leaf.request)
                if self._openings:
                    found.commitments[leaf.commitment] = (index, leaf.request)
                    if leaf.content_days:
                        found.contents[leaf.request] = (index, _end_of(leaf))
                if leaf.sending is not None:
                    self._begin(index, (leaf.request, 1), leaf.sending.snapshot)
            case AttemptLeaf():
                if leaf.request not in found.requests:
                    found.strangers.append((index, leaf.request))
                self._begin(index, (leaf.request, leaf.attempt), leaf.sending.snapshot)
            case OutcomeLeaf():
                found.outcomes += 1
                self._end(index, leaf)
                if self._openings and leaf.answer_digest:
                    self._answered(index, leaf.request)
            case _:
                found.registered += 1
                if isinstance(leaf, ErasedLeaf):
                    found.erased.append((index, leaf.slot))
                if isinstance(leaf, ExpiredLeaf):
                    found.expired.append((index, leaf))
                if isinstance(leaf, AdoptedLeaf):
                    found.snapshots.setdefault(leaf.snapshot, index)
                if isinstance(leaf, StartedLeaf):
                    named = (leaf.vkey, leaf.vkey_second)
                    found.keys += [(index, text) for text in named if text]

    def _answered(self, index: int, request: str) -> None:
        """Whether it is kept is said by the decision, which may be in an earlier segment."""
        found = self.found
        if request in found.contents or request not in found.requests:
            found.answers[request] = index

    def _begin(self, index: int, attempt: Attempt, snapshot: str) -> None:
        self.found.snapshots.setdefault(snapshot, index)
        self.found.attempts += 1
        self.found.open[attempt] = index

    def _end(self, index: int, leaf: OutcomeLeaf) -> None:
        found = self.found
        attempt = (leaf.request, leaf.attempt)
        unknown = leaf.outcome == "unknown"
        if found.open.pop(attempt, None) is None and leaf.attempt and attempt not in found.unknown:
            found.ended.append((index, attempt, unknown))
            return
        # An unknown outcome may be superseded by the one that a worker brings later.
        found.unknown.discard(attempt)
        if unknown:
            found.unknown.add(attempt)

    def find(
        self,
        severity: Severity,
        code: str,
        message: str,
        *,
        offset: int = -1,
        index: int = -1,
    ) -> None:
        if len(self.found.findings) >= FINDINGS_MAX:
            self.found.findings_left_out += 1
            return
        self.found.findings.append(
            Finding(
                severity=severity,
                code=code,
                message=message,
                path=self._path,
                offset=offset,
                index=index,
            )
        )


def tasks(
    names: list[str], folder: Path, log: str, cuts: Iterable[int], *, openings: bool
) -> list[Task]:
    """One task for each segment of a log, in order."""
    sizes = tuple(sorted(set(cuts)))
    return [
        Task(
            folder=folder,
            segment=name,
            last=number == len(names) - 1,
            log=log,
            cuts=sizes,
            openings=openings,
        )
        for number, name in enumerate(names)
    ]


def _end_of(decision: DecisionLeaf) -> str:
    """From which instant on the content of a request need not be there any more."""
    return format_instant(Instant(parse_instant(decision.at) + decision.content_days * DAY_US))
