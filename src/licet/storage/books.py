"""What the recorder must know of the leaves so far without reading them again."""

from __future__ import annotations

from collections.abc import Iterable

from licet.evidence import TRAFFIC_KINDS, Glance
from licet.terms import EvidenceFault, RequestId

Attempt = tuple[RequestId, int]
NOBODY = 0
"""The owner of what was open before this process began."""


class Books:
    """Attempts without an outcome, register leaves, and the last instant of the clock."""

    def __init__(
        self,
        *,
        last_at: str = "",
        open_attempts: Iterable[Attempt] = (),
        register: Iterable[tuple[int, bytes]] = (),
    ) -> None:
        self.last_at = last_at
        self.open: dict[Attempt, int] = dict.fromkeys(open_attempts, NOBODY)
        self.register: list[tuple[int, bytes]] = list(register)

    def enter(self, index: int, leaf: bytes, seen: Glance, owner: int = NOBODY) -> None:
        """Takes note of a durable leaf; `owner` is the connection that brought it."""
        kind = seen.kind
        if kind == "outcome":
            self.open.pop((seen.request, seen.attempt), None)
        elif kind == "attempt" or (kind == "decision" and seen.sending is not None):
            self.open[(seen.request, seen.attempt)] = owner
        elif kind not in TRAFFIC_KINDS:
            self.register.append((index, leaf))
        # Instants of one form sort as text. The ratchet follows what decisions were made for
        # as well as when leaves were made.
        self.last_at = max(self.last_at, seen.at, seen.valid_at)

    def opened_by(self, owner: int) -> list[Attempt]:
        return [attempt for attempt, by in self.open.items() if by == owner]


def damaged(path: object, offset: int, index: int, why: str) -> EvidenceFault:
    """The fault of bytes that were durable once and have changed."""
    fault = EvidenceFault(
        "log_damaged",
        f"the evidence log is damaged: `{path}` at byte {offset}, leaf {index}: {why}",
        remedy="nothing was changed; restore this file from a copy, or keep the folder aside and"
        " begin a new log: what is lost must be seen, not mended",
    )
    fault.leaf = index
    return fault
