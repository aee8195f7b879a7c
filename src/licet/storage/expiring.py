"""Letting go of what lies in the side store when its time is over: recorded first, then done.

An opening is kept for the time that is configured, content for the time that its workload said
when it was kept; both longer where the decision came with a duty to retain, by the longest that
the rules of its snapshot have. Only files that nobody writes to any more are touched. Cut short,
the next run does the rest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from licet.evidence import DecisionLeaf, Hold, Turn
from licet.storage.appending import disk_fault
from licet.storage.disk import Disk, RealDisk
from licet.storage.frames import SIDE, kept_names
from licet.storage.kept import Deleted, Kept, KeptReader
from licet.storage.reading import Filters, show
from licet.storage.side import SideReader, side_names
from licet.storage.sifting import Fate, Sifted, sift, sift_kept
from licet.terms import SECOND_US, Instant, format_instant, parse_instant

DAY_S = 86_400
Retained = Callable[[str], int]
"""For how long, in seconds, the longest duty to retain of a snapshot (by digest) binds."""


class Expiry(msgspec.Struct, frozen=True, kw_only=True):
    """What is to go: the files with what is in them, and what holds keep of what would go too.
    Of content, requests and answers are counted each."""

    files: tuple[str, ...]
    openings: int
    held: int
    contents: int = 0
    contents_held: int = 0
    unread: int = 0
    """Openings, at most, under keys that were destroyed before, which nobody could count."""
    before: str = ""
    """Openings of decisions of this instant or later all stay; empty: all openings do."""


class Expiring:
    """One look at the side store. `now`: an instant as leaves write it."""

    def __init__(
        self,
        folder: Path,
        *,
        kept_s: int | None,
        retained: Retained,
        holds: Iterable[Hold],
        now: str,
        disk: Disk | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """`kept_s`: for how long every opening is kept at least, in seconds; None: without end."""
        self._folder = folder
        self._kept_s = kept_s
        self._retained = retained
        self._holds = tuple(holds)
        self._now = now
        self._disk = disk or RealDisk()
        self._entropy = entropy
        self._decisions: dict[str, list[DecisionLeaf]] = {}
        self._deleted: set[str] = set()

    def plan(self) -> Expiry:
        """What would go. The newest files stay: a recorder may be writing to them."""
        self._decisions = self._read_decisions()
        files: list[str] = []
        counts = {"openings": 0, "held": 0, "contents": 0, "contents_held": 0, "unread": 0}
        for names, gone, held in (
            (self._names(side_names), "openings", "held"),
            (self._names(kept_names), "contents", "contents_held"),
        ):
            for name in names:
                found = self._sift(name)
                if found is not None:
                    counts[held] += found.held
                    counts[gone] += found.gone
                    counts["unread"] += found.unread
                    files += [name] if found.gone else []
        before = self._before() if counts["openings"] else ""
        return Expiry(files=tuple(files), before=before, **counts)

    def _before(self) -> str:
        if self._kept_s is None:
            return ""
        return format_instant(Instant(parse_instant(self._now) - self._kept_s * SECOND_US))

    @property
    def longest_content_s(self) -> int:
        """For how many seconds anything of the content that lies there was to be kept at most."""
        days = (leaf.content_days for several in self._decisions.values() for leaf in several)
        return max(days, default=0) * DAY_S

    def carry_out(self, expiry: Expiry) -> None:
        """Lets go of what was planned; `EvidenceFault` (`disk_...`)."""
        for name in expiry.files:
            path = self._folder / SIDE / name
            found = self._sift(name)
            if found is None or not found.gone:
                continue
            try:
                if found.content is None:
                    self._disk.remove(path)
                else:
                    self._disk.replace(path, found.content, mode=0o600)
            except OSError as error:
                raise disk_fault(error, path) from error

    def _names(self, names: Callable[[Disk, Path], list[str]]) -> list[str]:
        return names(self._disk, self._folder / SIDE)[:-1]

    def _sift(self, name: str) -> Sifted | None:
        if name in self._names(kept_names):
            return sift_kept(self._disk, self._folder, name, self._fate_kept, self._entropy)
        return sift(self._disk, self._folder, name, self._fate, self._entropy)

    def _read_decisions(self) -> dict[str, list[DecisionLeaf]]:
        """The decisions that openings and content are of."""
        wanted = {found.request for found in SideReader(self._folder, self._disk).openings()}
        for _, kept in KeptReader(self._folder, self._disk).everything():
            wanted.add(kept.request)
            if isinstance(kept, Deleted):
                self._deleted.add(kept.id)
        decisions: dict[str, list[DecisionLeaf]] = {}
        for _, leaf in show(self._folder, Filters(kinds=frozenset({"decision"}))):
            if isinstance(leaf, DecisionLeaf) and leaf.request in wanted:
                decisions.setdefault(leaf.request, []).append(leaf)
        return decisions

    def _fate_kept(self, slot: int, kept: Kept) -> Fate:
        # Without a record it was never acknowledged; its own end is all that there is.
        decisions = self._decisions.get(kept.request, [])
        retained = (self._until(leaf, 0) for leaf in decisions)
        is_deleted = isinstance(kept, Turn) and kept.id in self._deleted
        if max(("" if is_deleted else kept.until, *retained)) > self._now:
            return "stays"
        return self._unless_held(slot, decisions)

    def _fate(self, slot: int, request: str) -> Fate:
        decisions = self._decisions.get(request)
        kept_s = self._kept_s
        if decisions is None or kept_s is None:
            # Without a record it never was acknowledged, or is being written now.
            return "stays"
        if any(self._until(leaf, kept_s) > self._now for leaf in decisions):
            return "stays"
        return self._unless_held(slot, decisions)

    def _unless_held(self, slot: int, decisions: Iterable[DecisionLeaf]) -> Fate:
        covered = any(
            one.covers(slot=slot, workload=leaf.workload, at=leaf.valid_at)
            for one in self._holds
            for leaf in decisions
        )
        return "held" if covered else "gone"

    def _until(self, leaf: DecisionLeaf, kept_s: int) -> str:
        """The instant at which its time is over, where that is `kept_s` seconds at least."""
        if "retain" in leaf.duties:
            kept_s = max(kept_s, self._retained(leaf.snapshot))
        return format_instant(Instant(parse_instant(leaf.at) + kept_s * SECOND_US))
