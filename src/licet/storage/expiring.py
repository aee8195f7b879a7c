"""Letting go of openings whose time is over: recorded first, then carried out.

An opening is kept for the time that is configured, and longer where its decision came with a
duty to retain, by the longest that the rules of its snapshot have. Only files of the side store
that nobody writes to any more are touched. Cut short, the next run does the rest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from licet.evidence import DecisionLeaf, Hold
from licet.storage.appending import disk_fault
from licet.storage.disk import Disk, RealDisk
from licet.storage.reading import Filters, show
from licet.storage.side import SIDE, Fate, SideReader, side_names, sift
from licet.terms import SECOND_US, Instant, format_instant, parse_instant

Retained = Callable[[str], int]
"""For how long, in seconds, the longest duty to retain of a snapshot (by digest) binds."""


class Expiry(msgspec.Struct, frozen=True, kw_only=True):
    """What is to go: the files with their openings, and what holds keep of what would go too."""

    files: tuple[str, ...]
    openings: int
    held: int


class Expiring:
    """One look at the side store. `now`: an instant as leaves write it."""

    def __init__(
        self,
        folder: Path,
        *,
        kept_s: int,
        retained: Retained,
        holds: Iterable[Hold],
        now: str,
        disk: Disk | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """`kept_s`: for how long every opening is kept at least, in seconds."""
        self._folder = folder
        self._kept_s = kept_s
        self._retained = retained
        self._holds = tuple(holds)
        self._now = now
        self._disk = disk or RealDisk()
        self._entropy = entropy
        self._decisions: dict[str, list[DecisionLeaf]] = {}

    def plan(self) -> Expiry:
        """What would go. The newest file stays: a recorder may be writing to it."""
        names = side_names(self._disk, self._folder / SIDE)
        self._decisions = self._read_decisions()
        files, openings, held = [], 0, 0
        for name in names[:-1]:
            found = sift(self._disk, self._folder, name, self._fate, self._entropy)
            if found is not None:
                held += found.held
                openings += found.gone
                files += [name] if found.gone else []
        return Expiry(files=tuple(files), openings=openings, held=held)

    def carry_out(self, expiry: Expiry) -> None:
        """Lets go of what was planned; `EvidenceFault` (`disk_...`)."""
        for name in expiry.files:
            path = self._folder / SIDE / name
            found = sift(self._disk, self._folder, name, self._fate, self._entropy)
            if found is None or not found.gone:
                continue
            try:
                if found.content is None:
                    self._disk.remove(path)
                else:
                    self._disk.replace(path, found.content, mode=0o600)
            except OSError as error:
                raise disk_fault(error, path) from error

    def _read_decisions(self) -> dict[str, list[DecisionLeaf]]:
        """The decisions that openings are of."""
        wanted = {found.request for found in SideReader(self._folder, self._disk).openings()}
        decisions: dict[str, list[DecisionLeaf]] = {}
        for _, leaf in show(self._folder, Filters(kinds=frozenset({"decision"}))):
            if isinstance(leaf, DecisionLeaf) and leaf.request in wanted:
                decisions.setdefault(leaf.request, []).append(leaf)
        return decisions

    def _fate(self, slot: int, request: str) -> Fate:
        decisions = self._decisions.get(request)
        if decisions is None:
            # Its record is not on disk: it never was acknowledged, or is being written now.
            return "stays"
        if any(self._until(leaf) > self._now for leaf in decisions):
            return "stays"
        covered = any(
            one.covers(slot=slot, workload=leaf.workload, at=leaf.valid_at)
            for one in self._holds
            for leaf in decisions
        )
        return "held" if covered else "gone"

    def _until(self, leaf: DecisionLeaf) -> str:
        """The instant at which its time is over."""
        kept_s = self._kept_s
        if "retain" in leaf.duties:
            kept_s = max(kept_s, self._retained(leaf.snapshot))
        return format_instant(Instant(parse_instant(leaf.at) + kept_s * SECOND_US))
