"""`lists/*.toml`: one list per file, versioned and dated like directives."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated

import msgspec
from msgspec import Meta

from licet.catalog.nouns import List, ListKind, ListVersion
from licet.terms import (
    Document,
    Duration,
    Entry,
    Identifier,
    Path,
    Text,
    When,
    duration_s,
    is_place,
    place_remedy,
)


class _VersionFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    received: When | None = None
    effective_from: When
    effective_until: When | None = None
    members: tuple[str, ...] = ()
    complete: bool = False
    as_of: When | None = None
    max_age: Duration | None = None


class _ListFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Identifier
    kind: ListKind
    title: Text | None = None
    version: Annotated[tuple[_VersionFile, ...], Meta(min_length=1)]


def parse_list(document: Document) -> Entry[List]:
    """Reads one list; members are checked against the catalogue by the configuration."""
    written = document.convert(_ListFile)
    versions = tuple(
        _version(document, written.kind, one, ("version", index))
        for index, one in enumerate(written.version)
    )
    noun = List(
        id=written.id, kind=written.kind, title=written.title or written.id, versions=versions
    )
    return Entry(noun, document)


def _version(document: Document, kind: ListKind, one: _VersionFile, path: Path) -> ListVersion:
    for name in ("received", "effective_from", "effective_until"):
        when: When | None = getattr(one, name)
        if when is not None and when.is_date:
            # A list serves restrictions and exceptions alike, so neither end of a day is
            # the careful one.
            raise document.fault(
                "date_alone",
                "a list takes effect at a time, not on a date",
                (*path, name),
                remedy="write a time with an offset, such as `2026-06-26T00:00:00-04:00`",
            )
    if len(set(one.members)) < len(one.members):
        twice = next(name for name in one.members if one.members.count(name) > 1)
        second = len(one.members) - 1 - one.members[::-1].index(twice)
        raise document.fault("twice", f"`{twice}` is a member twice", (*path, "members", second))
    if kind is ListKind.PLACES:
        for index, code in enumerate(one.members):
            if not is_place(code):
                where = (*path, "members", index)
                raise document.fault(
                    "unknown_place", f"`{code}` is not a place", where, remedy=place_remedy(code)
                )
    if one.max_age is not None and one.as_of is None:
        raise document.fault(
            "missing_key",
            "`max_age` counts from `as_of`, which is missing",
            (*path, "max_age"),
        )
    start = one.effective_from.first(UTC)
    end = one.effective_until.first(UTC) if one.effective_until else None
    if end and end <= start:
        raise document.fault(
            "empty_interval", "it ends before it begins", (*path, "effective_until")
        )
    return ListVersion(
        received=one.received.first(UTC) if one.received else start,
        effective_from=start,
        effective_until=end,
        members=one.members,
        complete=one.complete,
        as_of=one.as_of.first(UTC) if one.as_of else None,
        max_age_s=duration_s(one.max_age) if one.max_age else None,
    )
