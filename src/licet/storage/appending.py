"""A file that grows by synced appends, and recovers from an append that failed.

After a failed fsync the kernel may mark the pages clean and forget them, so a second fsync
that succeeds proves nothing about them. What was not synced is therefore cut off and never
trusted, and the last page, which the failed append shared with synced bytes, is written again
from memory before anything follows.

A file may reserve room ahead: a sync that must write the file's new length and blocks too takes
half as long again (ext4, with and without a journal). What follows the end is then zeros, until
the file is closed; a crash leaves them there, and the next opening cuts them off.
"""

from __future__ import annotations

import contextlib
import errno
from pathlib import Path

from licet.storage.disk import Disk, File
from licet.terms import EvidenceFault

_PAGE_BYTES = 4096


class AppendFile:
    """`end` is where the next append goes: everything before it is durable."""

    def __init__(self, disk: Disk, path: Path, end: int, *, ahead: int = 0) -> None:
        """Opens an existing file whose first `end` bytes are good; cuts off the rest.

        `ahead`: how many bytes of room to reserve at once; 0: none. Whoever reads such a file
        must take zeros at its end for nothing.
        """
        self._disk = disk
        self.path = path
        self.end = end
        self._ahead = ahead
        self._reserved = end
        self._file: File = disk.open(path)
        self._doubtful = False
        self._last_page = self._file.read_at(end - end % _PAGE_BYTES, end % _PAGE_BYTES)
        rest = self._file.size() - end
        tail = self._file.read_at(end, rest) if rest > 0 else b""
        self.cut = len(tail.rstrip(b"\0"))
        """How many bytes were cut off at opening, zeros at the end apart."""
        if rest:
            self._file.truncate(end)
        # What a killed process wrote may be in the page cache alone; it is built upon only
        # once it is on disk.
        self._file.sync()

    @classmethod
    def create(cls, disk: Disk, path: Path, head: bytes, *, ahead: int = 0) -> AppendFile:
        """A new file that begins with `head`, durable together with its name."""
        file = disk.open(path, create=True)
        try:
            file.truncate(0)
            file.write_at(0, head)
            file.sync()
        finally:
            file.close()
        disk.sync_folder(path.parent)
        return cls(disk, path, len(head), ahead=ahead)

    def append(self, data: bytes) -> None:
        """Durable when it returns; when it raises `OSError`, nothing was appended."""
        if self._doubtful:
            self.repair()
        self._doubtful = True
        if self._ahead and self.end + len(data) > self._reserved:
            self._reserve(self.end + len(data))
        self._file.write_at(self.end, data)
        self._file.sync()
        self._doubtful = False
        self.end += len(data)
        # Only the bytes of the last, partly filled page are kept.
        kept = self.end % _PAGE_BYTES
        if kept <= len(data):
            self._last_page = data[len(data) - kept :]
        else:
            self._last_page += data

    def overwrite(self, offset: int, data: bytes) -> None:
        """Durably puts `data` in the place of earlier bytes: how a key is destroyed."""
        page = self.end - len(self._last_page)
        if offset + len(data) > self.end or (offset < page < offset + len(data)):
            raise ValueError("only whole bytes before the end, on one side of the last page")
        if offset >= page:
            patched = bytearray(self._last_page)
            patched[offset - page : offset - page + len(data)] = data
            self._last_page = bytes(patched)
        if self._doubtful:
            self.repair()
        self._file.write_at(offset, data)
        self._file.sync()

    def repair(self) -> None:
        """Brings the file back to what is known to be durable."""
        if not self._doubtful:
            return
        with contextlib.suppress(OSError):
            self._file.close()
        self._file = self._disk.open(self.path)
        self._file.write_at(self.end - len(self._last_page), self._last_page)
        self._file.truncate(self.end)
        self._reserved = self.end
        self._file.sync()
        self._doubtful = False

    def close(self) -> None:
        """Gives back what was reserved, and lets go of the file."""
        if self._reserved > self.end:
            # Readers know what zeros at the end are, so nothing is lost where this fails.
            with contextlib.suppress(OSError):
                self._file.truncate(self.end)
        self._file.close()

    def _reserve(self, needed: int) -> None:
        """Room at least up to `needed`, where the disk gives it: a write finds its own if not."""
        wanted = max(needed, self._reserved + self._ahead)
        with contextlib.suppress(OSError):
            self._file.reserve(self.end, wanted - self.end)
            self._reserved = wanted


def disk_fault(error: OSError, path: Path) -> EvidenceFault:
    """The fault of a write that failed, by whether room would help."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return EvidenceFault(
            "disk_full",
            f"the evidence log cannot be written: `{path}`: {error.strerror}",
            remedy="make room on this volume; requests are refused until then",
        )
    return EvidenceFault(
        "disk_failed",
        f"the evidence log cannot be written: `{path}`: {error.strerror}",
        remedy="look at the kernel's log for this volume; requests are refused until it works",
    )
