"""How far a long look has got: one line on the terminal, rewritten; nothing elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

_BAR = 30
_REFRESH_S = 0.1


class Steps:
    """`with Steps("leaves", total=n) as steps: ... steps.reach(n)`. `total` 0: not known."""

    def __init__(self, what: str, *, total: int = 0) -> None:
        self._what = what
        self._total = total
        self._shown = False
        self._began_s = time.monotonic()
        self._next_s = self._began_s + _REFRESH_S

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def reach(self, done: int) -> None:
        """`done`: how many by now. Drawn a few times a second, and never into a file."""
        now_s = time.monotonic()
        if now_s < self._next_s or not sys.stderr.isatty():
            return
        self._next_s = now_s + _REFRESH_S
        self._shown = True
        rate = int(done / (now_s - self._began_s))
        sys.stderr.write(f"\r\x1b[K{self._drawn(done)}{done:,} {self._what}, {rate:,}/s")
        sys.stderr.flush()

    def _drawn(self, done: int) -> str:
        if not self._total:
            return ""
        full = min(_BAR, _BAR * done // self._total)
        return f"[{'#' * full}{'.' * (_BAR - full)}] "
