"""Instants and half-open intervals.

Nouns hold aware UTC datetimes; the request path holds `Instant`, whole microseconds since
the Unix epoch, because integers compare and hash faster and never carry a zone by mistake.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NewType

import msgspec

Instant = NewType("Instant", int)
"""Microseconds since 1970-01-01T00:00:00Z."""

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
DAY_US = 24 * 60 * MINUTE_US
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_instant(moment: datetime) -> Instant:
    """The instant of an aware datetime; a naive one is a programming error."""
    if moment.tzinfo is None:
        raise ValueError("a datetime without an offset has no instant")
    return Instant((moment - _EPOCH) // _MICROSECOND)


def to_datetime(instant: Instant) -> datetime:
    """The aware UTC datetime of an instant."""
    return _EPOCH + timedelta(microseconds=instant)


def format_instant(instant: Instant) -> str:
    """`2026-06-12T21:21:00.000000Z`: RFC 3339, UTC, always six digits (sorts as text)."""
    return to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_instant(text: str) -> Instant:
    """Reads RFC 3339 with an offset; `ValueError` when there is none or it is malformed."""
    return to_instant(datetime.fromisoformat(text))


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """Half-open: `start` is in, `end` is out; `None` is without bound on that side."""

    start: datetime | None = None
    end: datetime | None = None

    def contains(self, moment: datetime) -> bool:
        return (self.start is None or self.start <= moment) and (
            self.end is None or moment < self.end
        )
