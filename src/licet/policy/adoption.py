"""From files to the register: what is recorded for the first time, and when.

INVARIANT (recorded-once): a version that has been recorded never changes and never goes away.
An edited or removed one is a fault, and the recorded one stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from licet.catalog import List, ListVersion
from licet.evidence import canonical, digest_of
from licet.policy.configuration import Configuration, VersionKey
from licet.policy.directives import Directive, Version
from licet.policy.questions import Sources
from licet.terms import ConfigurationFault, Instant, Place, format_instant, to_datetime, to_instant

FOLDER_OF = {"directive": "directives/", "list": "lists/"}

Instrument = TypeVar("Instrument", Directive, List)


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded version: digest of its content, when, and whether that is a claim."""

    digest: str
    recorded_at: Instant
    claimed: bool = False


@dataclass(frozen=True, slots=True)
class Newly:
    """A version that this adoption records: `key` is (`directive` or `list`, id, number)."""

    key: VersionKey
    recording: Recording
    source: str = ""
    reading: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """`sources` with every `recorded_at` set; `newly` in the order of ids and numbers.

    With `faults`, edited and removed versions are in `sources` as they were recorded, where
    the previous sources still have them. `removed`: what was recorded and is in no file.
    """

    sources: Sources
    newly: tuple[Newly, ...] = ()
    faults: tuple[ConfigurationFault, ...] = ()
    removed: tuple[str, ...] = ()


def content_digest(instrument: Directive | List, number: int) -> str:
    """SHA-256 (hex) of the canonical JSON of version `number` (from 1) without `recorded_at`,
    with what the directive or list says of itself: that is part of every version's content."""
    version = msgspec.structs.replace(instrument.versions[number - 1], recorded_at=None)
    alone = msgspec.structs.replace(instrument, versions=(version,))
    return digest_of(canonical(msgspec.to_builtins(alone)))


def adopt(
    configuration: Configuration,
    recorded: Mapping[VersionKey, Recording],
    now: Instant,
    *,
    first: bool,
    previous: Sources | None = None,
) -> Adoption:
    """What adopting these files at `now` (the decision clock) records.

    `recorded`: what earlier adoptions recorded; versions that came another way, such as
    suspensions, are not among them. `first`: into an empty log, an import: versions count as
    recorded when their author claims to have received them. `previous`: what is in force.
    """
    work = _Adopting(configuration, recorded, now, first)
    sources = configuration.sources
    before = previous or Sources()
    return Adoption(
        sources=msgspec.structs.replace(
            sources,
            directives=work.all("directive", sources.directives, before.directives),
            lists=work.all("list", sources.lists, before.lists),
        ),
        newly=tuple(work.newly),
        faults=tuple(work.faults),
        removed=tuple(work.removed),
    )


@dataclass(slots=True)
class _Adopting:
    configuration: Configuration
    recorded: Mapping[VersionKey, Recording]
    now: Instant
    first: bool
    newly: list[Newly] = field(default_factory=list)
    faults: list[ConfigurationFault] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def all(
        self, kind: str, written: tuple[Instrument, ...], before: tuple[Instrument, ...]
    ) -> tuple[Instrument, ...]:
        earlier = {one.id: one for one in before}
        found = [self._instrument(kind, one, earlier.get(one.id)) for one in written]
        names = {one.id for one in written}
        gone = sorted({name for of, name, _ in self.recorded if of == kind} - names)
        broken = self._is_broken(kind)
        for name in gone:
            if not broken:
                self._fault("recorded_removed", f"the recorded {kind} `{name}` is gone", None)
                self.removed.append(f"{kind} {name}")
            if name in earlier:
                found.append(earlier[name])
        return tuple(found)

    def _instrument(self, kind: str, written: Instrument, before: Instrument | None) -> Instrument:
        versions: list[Any] = [
            self._version(kind, written, before, number)
            for number in range(1, len(written.versions) + 1)
        ]
        count = max(
            (n for of, name, n in self.recorded if (of, name) == (kind, written.id)), default=0
        )
        for number in range(len(versions) + 1, count + 1):
            message = f"version {number} of `{written.id}` was recorded and is gone"
            self._fault("recorded_removed", message, self._place(kind, written.id, 1))
            if before is not None and len(before.versions) >= number:
                versions.append(before.versions[number - 1])
        return msgspec.structs.replace(written, versions=tuple(versions))

    def _version(
        self, kind: str, written: Directive | List, before: Directive | List | None, number: int
    ) -> Version | ListVersion:
        key = (kind, written.id, number)
        version = written.versions[number - 1]
        digest = content_digest(written, number)
        recording = self.recorded.get(key)
        if recording is None:
            return self._record(key, version, digest)
        if recording.digest != digest:
            since = format_instant(recording.recorded_at)
            message = f"version {number} of `{written.id}`, recorded at {since}, was edited"
            self._fault("recorded_edited", message, self._place(*key))
            if before is not None and len(before.versions) >= number:
                return before.versions[number - 1]
        return msgspec.structs.replace(version, recorded_at=to_datetime(recording.recorded_at))

    def _record(
        self, key: VersionKey, version: Version | ListVersion, digest: str
    ) -> Version | ListVersion:
        claim: datetime | None = version.received if self.first else None
        at = self.now if claim is None else to_instant(claim)
        source = reading = ""
        if isinstance(version, Version):
            source, reading = version.source.digest or "", version.reading.text
        recording = Recording(digest, at, claimed=claim is not None)
        self.newly.append(Newly(key, recording, source=source, reading=reading))
        return msgspec.structs.replace(version, recorded_at=to_datetime(at))

    def _is_broken(self, kind: str) -> bool:
        """Whether a file of that kind is broken: it may be the one that seems to be gone."""
        folder = FOLDER_OF[kind]
        places = (one.place for one in self.configuration.faults)
        return any(place is not None and place.path.startswith(folder) for place in places)

    def _place(self, kind: str, name: str, number: int) -> Place | None:
        return self.configuration.places.get((kind, name, number))

    def _fault(self, code: str, message: str, place: Place | None) -> None:
        remedy = "restore it as it was, and say what changed in a further `[[version]]`"
        self.faults.append(ConfigurationFault(code, message, place=place, remedy=remedy))
