"""The faults of Licet, split by who must act.

A verdict is a value and an outage is an event; only what nobody foresaw, or what stops
an operation altogether, is raised. Messages follow one form: lower case, no full stop,
user input in backticks, causes chained by colons, the remedy apart from the message.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something is: path, line and column count from 1 (0: unknown)."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if self.line:
            return f"{self.path}:{self.line}:{self.column}"
        return self.path


class Fault(Exception):
    """Something that stops an operation; `code` is stable, `remedy` says what to do."""

    def __init__(
        self, code: str, message: str, *, place: Place | None = None, remedy: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.place = place
        self.remedy = remedy

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        remedy = f"\n  help: {self.remedy}" if self.remedy else ""
        return f"{where}{self.message}{remedy}"


class CallerFault(Fault):
    """The caller's request cannot be understood or accepted; the caller must act."""


class VendorFault(Fault):
    """A vendor answered with something that is not an answer; another one may be tried."""


class ConfigurationFault(Fault):
    """A configuration file is wrong; the operator must act."""


class EvidenceFault(Fault):
    """The evidence log is damaged, locked or cannot be written; the operator must act."""

    leaf: int = -1
    """The index of the leaf that it is about, where it is about one."""


class OperationFault(Fault):
    """A command cannot be carried out on this gateway or machine; the operator must act."""


class Faults(Fault):
    """Several faults of one operation, reported together (a reload names all it found)."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        first = faults[0]
        super().__init__(first.code, first.message, place=first.place, remedy=first.remedy)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)
