"""Cutting things out of a log and its side store, and what verification says of it."""

from __future__ import annotations

from pathlib import Path

from licet.evidence import ErasedLeaf, ExpiredLeaf, Leaf
from licet.storage import Finding, RealDisk, Report, record_leaf, verifier_key, verify
from licet.storage.frames import Sealed, sealed_frames


def checked(folder: Path) -> Report:
    return verify(folder, verifier_key(folder))


def damage(folder: Path) -> list[Finding]:
    report = checked(folder)
    found = [one for one in report.findings if one.severity == "damage"]
    assert report.ok is not bool(found)
    return found


def codes(folder: Path) -> set[str]:
    return {one.code for one in damage(folder)}


def file(folder: Path, number: int = 1, suffix: str = "side") -> Path:
    return folder / "side" / f"{number:010}.{suffix}"


def frames(path: Path) -> list[Sealed]:
    return [one for one in sealed_frames(RealDisk(), path) if isinstance(one, Sealed)]


def without(path: Path, *gone: Sealed) -> None:
    """Cuts frames out of a file, so that nothing shows where they were."""
    data = path.read_bytes()
    for one in sorted(gone, key=lambda frame: -frame.offset):
        data = data[: one.offset] + data[one.end :]
    path.write_bytes(data)


def told(folder: Path, leaf: Leaf) -> None:
    assert isinstance(leaf, ErasedLeaf | ExpiredLeaf)
    record_leaf(folder, None, leaf, "test")
