"""From when until when something holds, as written: `from` and `until`, times with an offset."""

from __future__ import annotations

from datetime import UTC

from licet.terms import Document, Interval, Path, When


def read_interval(document: Document, path: Path, start: When | None, end: When | None) -> Interval:
    """Half-open. A date alone is a fault: which end of the day is meant depends on the use."""
    for name, when in (("from", start), ("until", end)):
        if when is not None and when.is_date:
            raise document.fault(
                "date_alone",
                "a date alone says nothing without a zone",
                (*path, name),
                remedy="write a time with an offset, such as `2026-06-12T23:59:00-04:00`",
            )
    found = Interval(start=start.first(UTC) if start else None, end=end.first(UTC) if end else None)
    if found.start and found.end and found.start >= found.end:
        raise document.fault("empty_interval", "it ends before it begins", (*path, "until"))
    return found
