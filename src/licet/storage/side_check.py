"""What verification says of the side store: whether everything is there that must be.

The log does not say whose a decision is, so nobody can tell which decisions an erasure leaves
without opening. What can be told: a decision younger than every erasure, and than whatever was let
go of, must have one; and of the others no more may lack theirs than erased and expired were.

INVARIANT (side before log): frames are synced before a leaf that belongs to them is written. So
bytes that are no frame, before a frame whose leaf is in the log, were durable once: that is damage.
Where no such frame follows it may be the torn tail of something that nobody was told of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from licet.evidence import ContentPart, ErasedLeaf, ExpiredLeaf, commit
from licet.storage.disk import Disk
from licet.storage.frames import HOLDERS, SIDE
from licet.storage.holders import read_keys, slot_place, unreadable_slots
from licet.storage.kept import KeptReader
from licet.storage.keys import SIGNER
from licet.storage.segment_check import Finding, Severity
from licet.storage.side import SideReader
from licet.terms import SECOND_US, Instant, format_instant, parse_instant

_SLACK_S = 3_600
"""By how much the instants of leaves may be out of order: workers bring them as they can."""

_Decided = tuple[int, str]
"""A decision's index and request."""

Kept = tuple[str, ContentPart]
"""A request, and what is kept of it."""


class Gone(msgspec.Struct, kw_only=True):
    """What the log says was erased and let go of, by the index of the leaf that says so."""

    erased: list[tuple[int, int]] = []
    """With the slot."""
    expired: list[tuple[int, ExpiredLeaf]] = []
    instants: list[tuple[int, str]] = []
    """Index and instant of the first decision of each hour, in order."""

    def enter(self, index: int, leaf: object) -> None:
        if isinstance(leaf, ErasedLeaf):
            self.erased.append((index, leaf.slot))
        elif isinstance(leaf, ExpiredLeaf):
            self.expired.append((index, leaf))

    @property
    def bound(self) -> int:
        """Decisions with this index or a higher one must have their opening."""
        ends = [index for index, _ in self.erased]
        ends += [
            min(index, self._first_after(leaf.before))
            for index, leaf in self.expired
            if leaf.openings
        ]
        return max(ends, default=0)

    def _first_after(self, before: str | None) -> int:
        """From which index on every decision is younger than an instant."""
        if before is None:
            return _NEVER
        late = format_instant(Instant(parse_instant(before) + _SLACK_S * SECOND_US))
        first = _NEVER
        for index, at in reversed(self.instants):
            if at < late:
                break
            first = index
        return first


_NEVER = 1 << 62


class SideCheck:
    """One look at a side store, beside the log that it belongs to.

    `decided`: each decision by its commitment; whose opening is found goes from it. `contents`: the
    leaf with which each was kept, and its end; what is found goes from there likewise.
    `requests`: those that the log tells of. `newer`: enters what was recorded since the log was
    read: whatever is erased meanwhile is missing here lawfully.
    """

    def __init__(
        self,
        folder: Path,
        disk: Disk,
        *,
        decided: dict[str, _Decided],
        contents: dict[Kept, tuple[int, str]],
        requests: set[str],
        gone: Gone,
        newer: Callable[[Gone], None],
    ) -> None:
        self._folder = folder
        self._disk = disk
        self._decided = decided
        self._contents = contents
        self._requests = requests
        self._gone = gone
        self._newer = newer
        self.opened = 0
        """Decisions whose opening was read and fits."""
        self.erased = 0
        """Decisions without opening, as far as that is lawful."""
        self.findings: list[Finding] = []

    def run(self) -> None:
        if not self._disk.names(self._folder / SIDE):
            self._absent()
            return
        openings = SideReader(self._folder, self._disk)
        kept = KeptReader(self._folder, self._disk)
        # Behind which place in a file nothing lies that the log tells of.
        proven: dict[Path, int] = {}
        strays: dict[str, tuple[Path, int]] = {}
        for found in openings.openings():
            if self._decided.pop(commit(found.salt, found.inputs), None) is None:
                strays[found.request] = (found.path, found.offset)
                continue
            self.opened += 1
            proven[found.path] = found.offset
            if found.lacking:
                message = f"what request `{found.request}` was decided on lacks a part"
                self._damage("part_missing", message, path=found.path, offset=found.offset)
        for _, said in kept.contents():
            # Whether it is what was said, only the key of the digests can tell.
            due = self._contents.pop((said.request, said.part), None)
            if due or (said.part == "request" and said.request in self._requests):
                proven |= kept.last
        self._newer(self._gone)
        for broken in (*openings.damage, *kept.damage):
            durable = broken.certain or proven.get(broken.path, -1) > broken.offset
            severity: Severity = "damage" if durable else "notice"
            path, offset = broken.path, broken.offset
            self._find(severity, "side_damaged", broken.why, path=path, offset=offset)
        self._check_keys({*openings.gone, *kept.gone})
        self._check_missing(strays, sum(openings.gone.values()))
        self._check_contents()

    def _absent(self) -> None:
        """A log is handed over without its side store; where the signing key is, it must be."""
        self.erased = len(self._decided)
        if self._decided and SIGNER in self._disk.names(self._folder):
            path = self._folder / SIDE
            message = f"{self.erased} decisions have an opening, and there is no side store"
            self._damage("side_missing", message, path=path)
        elif self._decided:
            self._find("notice", "openings_missing", "no side store is here: no opening was read")

    def _check_keys(self, unread: Iterable[int]) -> None:
        """That every key that is gone was destroyed on record, and every other one is there."""
        path = self._folder / SIDE / HOLDERS
        recorded = {slot for _, slot in self._gone.erased}
        lost = {*unread, *unreadable_slots(self._disk, path)} - recorded
        for slot in sorted(lost):
            message = f"the key of slot {slot} is gone, and no record says that it was erased"
            self._damage("key_missing", message, path=path, offset=slot_place(slot))
        for slot in sorted(recorded & set(read_keys(self._disk, path))):
            message = f"slot {slot} was erased on record, and its key is there until the next start"
            offset = slot_place(slot)
            self._find("notice", "erasure_pending", message, path=path, offset=offset)

    def _check_missing(self, strays: dict[str, tuple[Path, int]], unread: int) -> None:
        bound = self._gone.bound
        lawful = 0
        for index, request in self._decided.values():
            if request in strays:
                path, offset = strays[request]
                message = f"the opening of request `{request}` is not what was decided on"
                self._damage("opening_differs", message, path=path, offset=offset, index=index)
            elif index >= bound:
                message = (
                    f"the decision on request `{request}` has no opening, and nothing was erased"
                    " or let go of since"
                )
                self._damage("opening_missing", message, index=index)
            else:
                lawful += 1
        told = sum(leaf.openings + leaf.unread for _, leaf in self._gone.expired)
        if lawful > unread + told:
            message = (
                f"{lawful} decisions have no opening, and what was erased and let go of explains"
                f" {unread + told} at most"
            )
            self._damage("openings_missing", message)
        self.erased = lawful

    def _check_contents(self) -> None:
        """That what was kept is there: before its end, only an erasure takes it."""
        erased = max((index for index, _ in self._gone.erased), default=-1)
        for (request, part), (index, until) in self._contents.items():
            late = format_instant(Instant(parse_instant(until) - _SLACK_S * SECOND_US))
            expired = (
                leaf.contents and leaf.at >= late
                for place, leaf in self._gone.expired
                if place > index
            )
            if index > erased and not any(expired):
                what = "what request" if part == "request" else "the answer to request"
                said = " said" if part == "request" else ""
                message = f"{what} `{request}`{said} was kept until {until}, and is not there"
                self._damage("content_missing", message, index=index)

    def _damage(
        self,
        code: str,
        message: str,
        *,
        path: Path | None = None,
        offset: int = -1,
        index: int = -1,
    ) -> None:
        self._find("damage", code, message, path=path, offset=offset, index=index)

    def _find(
        self,
        severity: Severity,
        code: str,
        message: str,
        *,
        path: Path | None = None,
        offset: int = -1,
        index: int = -1,
    ) -> None:
        where = "" if path is None else str(path)
        self.findings.append(
            Finding(
                severity=severity,
                code=code,
                message=message,
                path=where,
                offset=offset,
                index=index,
            )
        )
