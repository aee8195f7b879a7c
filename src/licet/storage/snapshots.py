"""Snapshots beside the log, by digest, so that an auditor can decide every record again."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

from licet.evidence import digest_of
from licet.storage.appending import disk_fault
from licet.storage.disk import Disk, RealDisk
from licet.terms import EvidenceFault

SNAPSHOTS = "snapshots"
SNAPSHOT_BYTES_MAX = 256 << 20
_SUFFIX = ".json.z"


class SnapshotStore:
    """Canonical snapshot bytes, compressed (RFC 1950), each once, under their SHA-256."""

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        """`folder` is the evidence folder."""
        self._folder = folder / SNAPSHOTS
        self._disk = disk or RealDisk()

    def put(self, content: bytes) -> str:
        """Durable when it returns the digest: to be called before the adoption is recorded."""
        digest = digest_of(content)
        path = self._path(digest)
        try:
            self._disk.make_folder(self._folder.parent)
            self._disk.make_folder(self._folder)
            if path.name not in self._disk.names(self._folder):
                self._disk.replace(path, zlib.compress(content, 6))
        except OSError as error:
            raise disk_fault(error, path) from error
        return digest

    def get(self, digest: str) -> bytes:
        """The content; `EvidenceFault`: `snapshot_missing`, or `snapshot_damaged`."""
        path = self._path(digest)
        try:
            packed = self._disk.read(path)
        except FileNotFoundError as error:
            raise EvidenceFault("snapshot_missing", f"snapshot `{digest}` is not kept") from error
        content = _inflate(packed)
        if content is None or hashlib.sha256(content).hexdigest() != digest:
            raise EvidenceFault("snapshot_damaged", f"`{path}` does not hold what its name says")
        return content

    def digests(self) -> list[str]:
        names = self._disk.names(self._folder)
        return [name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)]

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}{_SUFFIX}"


def _inflate(packed: bytes) -> bytes | None:
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(packed, SNAPSHOT_BYTES_MAX)
    except zlib.error:
        return None
    return content if unpacking.eof and not unpacking.unused_data else None
