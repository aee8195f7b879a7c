"""Events of the register in words: what changed, for a reader who was not there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from licet.account.figures import Event
from licet.evidence import (
    AdoptedLeaf,
    ClockLeaf,
    DigestKeyLeaf,
    ErasedLeaf,
    ExpiredLeaf,
    HeldLeaf,
    KeyMadeLeaf,
    KeyRevokedLeaf,
    OverriddenLeaf,
    ReadLeaf,
    RecordedVersion,
    RegisterLeaf,
    ReleasedLeaf,
    ReviewedLeaf,
    StartedLeaf,
    StoppedLeaf,
    SuspendedLeaf,
)

_ORDINARY = ("scripted", "stepped", "certain")


def event_of(index: int, leaf: RegisterLeaf) -> Event | None:
    """The event; None where it is only counted: a clock that goes as it should."""
    if isinstance(leaf, ClockLeaf) and leaf.event in _ORDINARY:
        return None
    kind, what = _told(leaf)
    return Event(leaf=index, at=leaf.at, kind=kind, what=what, by=leaf.by)


_Kept = ErasedLeaf | ReadLeaf | HeldLeaf | ReleasedLeaf | ExpiredLeaf | DigestKeyLeaf


def _told(leaf: RegisterLeaf) -> tuple[str, str]:
    match leaf:
        case AdoptedLeaf():
            return "adopted", _adoption(leaf)
        case SuspendedLeaf():
            until = f", until {leaf.until}" if leaf.until else ""
            return "suspended", f"`{leaf.id}`, version {leaf.version}{until}"
        case OverriddenLeaf():
            return "overridden", f"{leaf.what}: {leaf.why}"
        case ReviewedLeaf():
            due = f", next {leaf.next}" if leaf.next else ""
            return "reviewed", f"`{leaf.id}` is still in force{due}"
        case KeyMadeLeaf():
            return "key made", f"`{leaf.key}` of `{leaf.organisation}`"
        case KeyRevokedLeaf():
            return "key revoked", f"`{leaf.key}`"
        case ClockLeaf():
            return "clock", f"{leaf.event}, with an error of {leaf.error_us} µs"
        case StartedLeaf():
            mended = f"; {leaf.mended} bytes of a torn tail were cut off" if leaf.mended else ""
            return "started", f"Licet {leaf.version}{mended}"
        case StoppedLeaf():
            return "stopped", "in good order"
        case _:
            return _kept(leaf)


def _kept(leaf: _Kept) -> tuple[str, str]:
    """What became of what is kept on people."""
    match leaf:
        case ErasedLeaf():
            return "erased", f"a person, in slot {leaf.slot}: {leaf.openings} openings"
        case ReadLeaf():
            return "read", leaf.what
        case HeldLeaf():
            return "held", f"`{leaf.id}`: {leaf.why}"
        case ReleasedLeaf():
            return "released", f"`{leaf.id}`: {leaf.why}"
        case ExpiredLeaf():
            kept = f"; {leaf.held} are kept by a hold" if leaf.held else ""
            return "expired", f"{leaf.openings} openings, in {leaf.files} files{kept}"
        case DigestKeyLeaf():
            return f"digest key {leaf.event}", f"`{leaf.key}`"
        case _:
            assert_never(leaf)


def _adoption(leaf: AdoptedLeaf) -> str:
    parts = []
    if leaf.directives:
        parts.append(f"directives {_versions(leaf.directives)}")
    if leaf.lists:
        parts.append(f"lists {_versions(leaf.lists)}")
    if leaf.removed:
        parts.append(f"gone: {', '.join(f'`{one}`' for one in leaf.removed)}")
    told = "; ".join(parts) or "nothing that was not recorded before"
    return f"{told}{'; in part, only what restricts' if leaf.partial else ''}"


def _versions(found: Iterable[RecordedVersion]) -> str:
    return ", ".join(f"`{one.id}` version {one.version}" for one in found)
