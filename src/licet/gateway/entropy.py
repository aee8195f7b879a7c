"""Random bytes, fetched from the system in pages: a system call per request is too many."""

from __future__ import annotations

from collections.abc import Callable

PAGE_BYTES = 4096


class Entropy:
    """Hands out each random byte once. `source` is `os.urandom`, or a seed's in simulation."""

    __slots__ = ("_at", "_page", "_source")

    def __init__(self, source: Callable[[int], bytes]) -> None:
        self._source = source
        self._page = b""
        self._at = 0

    def __call__(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._page):
            self._page = self._source(max(PAGE_BYTES, count))
            self._at, end = 0, count
        taken = self._page[self._at : end]
        self._at = end
        return taken
