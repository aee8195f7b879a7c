"""A configuration on its way into effect: what is adopted, and who can make it.

The supervisor only knows the order: adopt, record, tell the workers. How files become a snapshot
is behind `Adopter`, so that it can be driven without a folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from licet.catalog import Settings
from licet.evidence import ClockLeaf, ReadLeaf, RegisterLeaf, ReviewedLeaf
from licet.gateway.messages import Secrets
from licet.gateway.suspension import Suspended
from licet.policy import Sources
from licet.terms import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A configuration as it may take effect.

    `document` is the snapshot's canonical bytes and `digest` their SHA-256 in hex. `leaves` say
    in the log what is new in it: they are durable before it is in force. `recorded` names the
    versions that they record, `notices` what an operator should know.

    With `faults`, a line each, it was adopted in part: nothing was relaxed, and `left` names what
    waits besides what is broken. `removed`: files that are gone while what they recorded stays.
    """

    settings: Settings
    sources: Sources
    document: bytes
    digest: str
    secrets: Secrets
    leaves: tuple[RegisterLeaf, ...] = ()
    recorded: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def is_partial(self) -> bool:
        return bool(self.faults)

    @property
    def lease_s(self) -> float:
        return float(self.settings.node.lease_s)

    @property
    def drain_s(self) -> float:
        return float(self.settings.limits.drain_s)


class Adopter(Protocol):
    """Makes configurations out of files."""

    @property
    def log(self) -> str:
        """The origin of the evidence log, which every leaf names."""

    def adopt(self, at: Instant, before: Adopted | None) -> Adopted:
        """Reads the configuration folder; `before` is what is in force, None at the start.

        Of broken files, what only restricts is adopted beside what is in force, or, at a start,
        beside what the log says was. `Faults` where nothing was ever adopted.
        """

    def amend(self, before: Adopted, suspended: Suspended, at: Instant) -> Adopted:
        """What is in force and this suspension; reads no file."""

    def store(self, adopted: Adopted) -> None:
        """Keeps the snapshot for auditors; on return it is durable."""

    def reviewed(self, before: Adopted, request: Mapping[str, Any], at: Instant) -> ReviewedLeaf:
        """That a directive was looked at again: `{directive, next, by}`."""

    def read(self, request: Mapping[str, Any], at: Instant) -> ReadLeaf:
        """That somebody read evidence that is behind a key: `{what, by}`."""

    def stepped(self, before: Instant, at: Instant) -> ClockLeaf:
        """That the scripted clock was moved."""

    def describe(self, adopted: Adopted, at: Instant) -> Mapping[str, Any]:
        """For `licet status`: what is in force, observed only, suspended, overdue."""
