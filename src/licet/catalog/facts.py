"""`facts/*.toml`: dated, attested statements that conditions of directives refer to."""

from __future__ import annotations

import msgspec

from licet.catalog.intervals import read_interval
from licet.catalog.nouns import Fact
from licet.terms import ConfigurationFault, Document, Entry, Identifier, Path, Text, When, gather


class _FactFile(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"start": "from"}
):
    id: Identifier
    value: bool
    start: When | None = None
    until: When | None = None
    attested_by: Text


def parse_facts(document: Document) -> tuple[list[Entry[Fact]], list[ConfigurationFault]]:
    """Reads `[[fact]]`: `id`, `value`, `from`, `until` (times with an offset), `attested_by`."""
    document.only(("fact",))
    return gather(document, "fact", lambda path: _fact(document, path))


def _fact(document: Document, path: Path) -> Fact:
    written = document.convert(_FactFile, path)
    holds = read_interval(document, path, written.start, written.until)
    return Fact(
        id=written.id,
        value=written.value,
        start=holds.start,
        end=holds.end,
        attested_by=written.attested_by,
    )
