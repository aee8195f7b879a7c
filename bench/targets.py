"""What load is put on: something that starts, says where it is, and stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A started target. `pids`: whose processor time counts, with all their descendants."""

    url: str
    pids: tuple[int, ...]
    key: str = "bench"


class Target(Protocol):
    """A side of a comparison."""

    name: str

    def start(self) -> Running:
        """Starts it; returns when it takes connections."""

    def stop(self) -> None:
        """Ends it and everything it has started."""


class Direct:
    """No gateway at all: the upstream itself."""

    def __init__(self, upstream: str) -> None:
        self.name = "direct"
        self._upstream = upstream

    def start(self) -> Running:
        return Running(url=self._upstream, pids=())

    def stop(self) -> None:
        """The upstream is not ours to stop."""
