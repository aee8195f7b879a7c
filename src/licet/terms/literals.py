"""How values are written in files: identifiers, places, durations, dates and times.

The annotated types are checked by `Document.convert`, which also puts their faults into
words; what they stand for is worked out by the functions here.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated, Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta

from licet.terms.ids import IDENTIFIER
from licet.terms.places import places

Identifier = Annotated[
    str, Meta(pattern=f"^(?:{IDENTIFIER.pattern})$", extra={"expects": "identifier"})
]
"""A name: lower case letters, digits, `.`, `_`, `-`; at most 128."""

PlaceCode = Annotated[
    str, Meta(pattern=f"^(?:{'|'.join(sorted(places()))})$", extra={"expects": "place"})
]
"""A country or territory: ISO 3166-1 alpha-2."""

_DURATION = (
    r"P(?=.)(?:(\d{1,6})W|(?:(\d{1,6})D)?"
    r"(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?)"
)
Duration = Annotated[str, Meta(pattern=f"^{_DURATION}$", extra={"expects": "duration"})]
"""ISO 8601 in weeks, days, hours, minutes, seconds; years and months have no fixed length."""

Text = Annotated[str, Meta(min_length=1, max_length=4096)]
"""Prose of a line or a paragraph; not empty."""


def pattern_of(literal: Any) -> str:
    """The regular expression of one of the annotated texts above."""
    (meta,) = get_args(literal)[1:]
    return str(meta.pattern)


def duration_s(written: str) -> int:
    """Seconds of an ISO 8601 duration such as `P365D` or `PT72H`; `ValueError` if it is none."""
    match = re.fullmatch(_DURATION, written)
    if match is None:
        raise ValueError(f"`{written}` is not a duration")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((weeks * 7 + days) * 24 + hours) * 3600 + minutes * 60 + seconds


class When:
    """A date, or a time with an offset, as written; a date means something in a zone only.

    No dataclass: msgspec would convert that by its own rules instead of by `read`.
    """

    __slots__ = ("value",)

    def __init__(self, value: date | datetime) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"When({self.value!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, When) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)

    @classmethod
    def read(cls, value: object) -> When:
        """From what the TOML parser gave; `ValueError` for anything else."""
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise ValueError("a time needs an offset, such as `17:21:00-04:00` or `17:21:00Z`")
            return cls(value)
        if isinstance(value, date):
            return cls(value)
        raise ValueError("expected a date or a time with an offset, without quotes")

    @property
    def is_date(self) -> bool:
        return not isinstance(self.value, datetime)

    def first(self, zone: tzinfo) -> datetime:
        """UTC: the time itself, or the first instant of the date in `zone`."""
        if isinstance(self.value, datetime):
            return self.value.astimezone(UTC)
        return datetime.combine(self.value, time(), tzinfo=zone).astimezone(UTC)

    def last(self, zone: tzinfo) -> datetime:
        """UTC: the time itself, or the midnight that ends the date in `zone`."""
        if isinstance(self.value, datetime):
            return self.value.astimezone(UTC)
        following = self.value + timedelta(days=1)
        return datetime.combine(following, time(fold=1), tzinfo=zone).astimezone(UTC)

    def offset_min(self, zone: tzinfo) -> int:
        """The offset from UTC, in minutes, on the clock on which it was written."""
        written = self.value
        if not isinstance(written, datetime):
            written = datetime.combine(written, time(), tzinfo=zone)
        offset = written.utcoffset() or timedelta()
        return offset // timedelta(minutes=1)


def read_zone(name: str) -> ZoneInfo:
    """An IANA time zone such as `America/New_York`; `ValueError` if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as cause:
        raise ValueError(f"`{name}` is not a time zone") from cause
