"""Circuit breakers, one per endpoint and model, so that one dead model opens only its own.

Pure: the time is an argument, in milliseconds of a clock that does not go back.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class BreakerSettings:
    """`failures` within `window_ms` open it for `open_ms`; then one attempt probes."""

    failures: int = 5
    window_ms: int = 10_000
    open_ms: int = 5_000


@dataclass(kw_only=True)
class _Breaker:
    failures: int = 0
    window_start_ms: int = 0
    open_until_ms: int = 0
    probing: bool = False


class Breakers:
    """The health of every (endpoint, model), as far as this worker has seen it."""

    def __init__(self, settings: BreakerSettings) -> None:
        self._settings = settings
        self._breakers: dict[tuple[str, str], _Breaker] = {}
        self._opened: set[tuple[str, str]] = set()

    def allows(self, endpoint: str, model: str, now_ms: int) -> bool:
        """Whether an attempt may be made; does not itself start one."""
        breaker = self._breakers.get((endpoint, model))
        if breaker is None or breaker.open_until_ms == 0:
            return True
        return now_ms >= breaker.open_until_ms and not breaker.probing

    @property
    def all_closed(self) -> bool:
        """Whether no breaker is open: the usual case, known at once."""
        return not self._opened

    def trying(self, endpoint: str, model: str, now_ms: int) -> None:
        """An attempt starts: if the breaker was open, this one is the probe."""
        breaker = self._breakers.get((endpoint, model))
        if breaker is not None and 0 < breaker.open_until_ms <= now_ms:
            breaker.probing = True

    def failed(self, endpoint: str, model: str, now_ms: int) -> None:
        """An attempt failed in a way that speaks of the endpoint's health."""
        breaker = self._breakers.setdefault((endpoint, model), _Breaker(window_start_ms=now_ms))
        if breaker.probing:
            breaker.probing = False
            breaker.open_until_ms = now_ms + self._settings.open_ms
            return
        if now_ms - breaker.window_start_ms > self._settings.window_ms:
            breaker.window_start_ms = now_ms
            breaker.failures = 0
        breaker.failures += 1
        if breaker.failures >= self._settings.failures:
            breaker.open_until_ms = now_ms + self._settings.open_ms
            self._opened.add((endpoint, model))

    def succeeded(self, endpoint: str, model: str) -> None:
        """An attempt brought an answer: the breaker closes and forgets."""
        if self._breakers and self._breakers.pop((endpoint, model), None) is not None:
            self._opened.discard((endpoint, model))

    def released(self, endpoint: str, model: str) -> None:
        """An attempt ended without saying anything of health (the client went away)."""
        breaker = self._breakers.get((endpoint, model))
        if breaker is not None:
            breaker.probing = False

    def open(self, now_ms: int) -> tuple[tuple[str, str], ...]:
        """The (endpoint, model) pairs whose breakers are open, sorted."""
        return tuple(sorted(key for key, b in self._breakers.items() if b.open_until_ms > now_ms))
