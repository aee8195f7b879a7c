"""The vendors' own record of what reached them, for whom and when: the independent judge's
evidence of what the gateway really sent.

A line is handed to `write` at the moment of arrival, before anything is answered, so that
what the gateway sent is known even when the gateway, or the vendor, is killed afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from licet.sim.questions import Dialect
from licet.terms import Instant

Outcome = Literal["completed", "cancelled", "cut"]
"""`cancelled`: the peer went away; `cut`: the vendor broke the answer off, as scripted."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, tag="arrival", tag_field="kind"):
    """One request that reached a vendor.

    `number` counts arrivals at all vendors of the simulation from 1; `at` is in microseconds
    since the Unix epoch; `digest` is the SHA-256 of the body as far as it arrived, `whole`
    whether all of it did; `person` and `case` are the markers of the prompt; `fault` is what
    the script did to it; `status` is the one answered, if any is.
    `fields` are the names of the body's top level, `end_user` whom it names to the vendor,
    `inference_geo` where it is to be inferred.
    """

    number: int
    at: Instant
    vendor: str
    dialect: Dialect
    path: str
    model: str | None
    stream: bool
    digest: str
    body_bytes: int
    whole: bool
    request_id: str | None
    accept_encoding: str | None
    person: str | None
    case: str | None
    fault: str | None
    status: int | None
    fields: tuple[str, ...] = ()
    end_user: str | None = None
    inference_geo: str | None = None


class End(msgspec.Struct, frozen=True, kw_only=True, tag="end", tag_field="kind"):
    """How request `number` ended, at `at`, after `chunks` written parts of the answer's body."""

    number: int
    at: Instant
    outcome: Outcome
    chunks: int


class Reset(msgspec.Struct, frozen=True, kw_only=True, tag="reset", tag_field="kind"):
    """What was before this line was forgotten by the vendors on demand."""

    at: Instant


Line = Entry | End | Reset


class Ledger:
    """The lines in order. `write` takes each as JSON with its newline, at once."""

    def __init__(self, write: Callable[[bytes], None] | None = None) -> None:
        self._write = write
        self._lines: list[Line] = []
        self._numbers = 0

    def next_number(self) -> int:
        """The number that the next arrival gets."""
        return self._numbers + 1

    def arrive(self, entry: Entry) -> None:
        """Records an arrival, whose number must be `next_number()`."""
        assert entry.number == self._numbers + 1, "arrivals are numbered without gaps"
        self._numbers = entry.number
        self._add(entry)

    def end(self, end: End) -> None:
        """Records how an arrival ended."""
        self._add(end)

    def reset(self, at: Instant) -> None:
        """Forgets all lines; numbers go on, so that none ever means two requests."""
        self._lines.clear()
        if self._write:
            self._write(msgspec.json.encode(Reset(at=at)) + b"\n")

    def lines(self, since: int = 0) -> tuple[Line, ...]:
        """All lines but the first `since`."""
        return tuple(self._lines[since:])

    def entries(self) -> tuple[Entry, ...]:
        """The arrivals, in order."""
        return tuple(line for line in self._lines if isinstance(line, Entry))

    def ends(self) -> dict[int, End]:
        """The ends, by the number of the arrival."""
        return {line.number: line for line in self._lines if isinstance(line, End)}

    def _add(self, line: Line) -> None:
        self._lines.append(line)
        if self._write:
            self._write(msgspec.json.encode(line) + b"\n")


def dump(lines: tuple[Line, ...]) -> bytes:
    """JSON Lines."""
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def read_ledger(text: bytes) -> tuple[Line, ...]:
    """Reads JSON Lines; a last line without a newline (a kill while writing) is left out."""
    complete = text[: text.rfind(b"\n") + 1]
    return tuple(msgspec.json.decode(line, type=Line) for line in complete.splitlines() if line)
