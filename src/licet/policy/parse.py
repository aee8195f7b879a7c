"""`directives/*.toml`: one directive per file, version by version, every fault with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from licet.policy.directives import (
    Alternative,
    Directive,
    Disclosure,
    Duty,
    FactCondition,
    InFlight,
    Kind,
    Mode,
    Reading,
    Source,
    Version,
)
from licet.policy.parse_conditions import ConditionReader
from licet.policy.questions import DeclaredAttribute
from licet.policy.references import Named, Reference
from licet.terms import (
    ConfigurationFault,
    Document,
    Duration,
    Entry,
    Faults,
    Identifier,
    Path,
    PlaceCode,
    Text,
    When,
    duration_s,
    read,
    read_zone,
)


class _SourceFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: Text
    confidence: Text | None = None
    digest: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None = None


class _ReadingFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: Text
    by: Text
    date: When


class _ConditionFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    fact: Identifier
    grace: Duration | None = None
    on_unmet: Literal["lapse"] = "lapse"
    on_unknown: Literal["lapse"] = "lapse"


class _DutyFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    notify_user: Literal[True] | Text | None = None
    retain: Duration | None = None
    monitor: Text | None = None
    report: Text | None = None
    residency: tuple[PlaceCode, ...] | None = None
    no_refusal_by: tuple[Text, ...] | None = None
    share_participants: Literal[True] | None = None


class _VersionFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    received: When
    effective_from: When
    effective_until: When | None = None
    zone: Text | None = None
    nothing: bool = False
    in_flight: InFlight = InFlight.CUT
    mode: Mode = Mode.ENFORCE
    disclosure: Disclosure = Disclosure.FULL
    relieves: tuple[Identifier, ...] = ()
    confirms: tuple[Text, ...] = ()
    applies: tuple[dict[str, Any], ...] = ()
    unless: tuple[dict[str, Any], ...] = ()
    condition: tuple[_ConditionFile, ...] = ()
    duty: tuple[_DutyFile, ...] = ()
    presume: dict[str, Any] = {}
    source: _SourceFile | None = None
    reading: _ReadingFile | None = None


class _DirectiveFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Identifier
    kind: Kind
    title: Text | None = None
    authority: Text | None = None
    jurisdiction: Text | None = None
    version: Annotated[tuple[dict[str, Any], ...], Meta(min_length=1)]


DIRECTIVE_SHAPE: type = _DirectiveFile
VERSION_SHAPE: type = _VersionFile


@dataclass(frozen=True, slots=True)
class ParsedDirective:
    """A directive and what it names elsewhere; whole only if it has no faults."""

    entry: Entry[Directive]
    references: tuple[Reference, ...]
    faults: tuple[ConfigurationFault, ...]


def parse_directive(
    document: Document, declared: Mapping[str, DeclaredAttribute]
) -> ParsedDirective:
    """Reads one directive; raises only what leaves no directive at all, such as no `id`."""
    written = document.convert(_DirectiveFile)
    reader = ConditionReader(document, declared)
    versions: list[Version] = []
    faults: list[ConfigurationFault] = []
    for index in range(len(written.version)):
        try:
            versions.append(_VersionReader(document, written, reader, index).version())
        except ConfigurationFault as fault:
            faults.append(fault)
    directive = Directive(
        id=written.id,
        kind=written.kind,
        title=written.title or written.id,
        authority=written.authority or "",
        jurisdiction=written.jurisdiction or "",
        versions=tuple(versions),
    )
    return ParsedDirective(Entry(directive, document), tuple(reader.references), tuple(faults))


class _VersionReader:
    """Reads `[[version]]` number `index` of a directive of that kind."""

    def __init__(
        self, document: Document, written: _DirectiveFile, conditions: ConditionReader, index: int
    ) -> None:
        self._document = document
        self._kind = written.kind
        self._title = written.title or written.id
        self._conditions = conditions
        self._path: Path = ("version", index)
        self._written = document.convert(_VersionFile, self._path)

    def version(self) -> Version:
        written = self._written
        self._check_parts()
        start, end = self._interval()
        reading = written.reading
        source = written.source
        return Version(
            received=self._received(),
            effective_from=start,
            effective_until=end,
            utc_offset_min=self._offset_min(),
            nothing=written.nothing,
            in_flight=written.in_flight,
            mode=written.mode,
            disclosure=written.disclosure,
            relieves=self._relieves(),
            confirms=written.confirms,
            applies=self._alternatives("applies", len(written.applies)),
            unless=self._alternatives("unless", len(written.unless)),
            conditions=self._fact_conditions(),
            duties=self._duties(),
            presume=self._conditions.presumptions((*self._path, "presume"))
            if written.presume
            else (),
            source=Source(
                title=source.title, confidence=source.confidence or "", digest=source.digest
            )
            if source
            else Source(),
            reading=Reading(text=reading.text, by=reading.by, date=_day(reading.date))
            if reading
            else Reading(),
        )

    # Times. INVARIANT (careful-midnight): of a date alone, whatever restricts starts at the
    # first instant of that day, and whatever relaxes at the midnight that ends it.

    @property
    def _restricts(self) -> bool:
        """Whether this version's start restricts; then its end relaxes, and the other way."""
        return (self._kind is not Kind.AUTHORISATION) is not self._written.nothing

    def _interval(self) -> tuple[datetime, datetime | None]:
        written = self._written
        start = self._moment("effective_from", written.effective_from, self._restricts)
        if written.effective_until is None:
            return start, None
        end = self._moment("effective_until", written.effective_until, not self._restricts)
        if end <= start:
            raise self._fault("empty_interval", "it ends before it begins", "effective_until")
        return start, end

    def _received(self) -> datetime:
        return self._moment("received", self._written.received, self._restricts)

    def _offset_min(self) -> int:
        when = self._written.effective_from
        return when.offset_min(self._zone("effective_from") if when.is_date else UTC)

    def _moment(self, key: str, when: When, restricts: bool) -> datetime:
        zone = self._zone(key) if when.is_date else UTC
        return when.first(zone) if restricts else when.last(zone)

    def _zone(self, key: str) -> tzinfo:
        if self._written.zone is None:
            raise self._fault(
                "date_alone",
                f"`{key}` is a date alone, which needs `zone`",
                key,
                remedy='such as `zone = "America/New_York"`, or write a time with an offset',
            )
        try:
            return read_zone(self._written.zone)
        except ValueError as cause:
            remedy = "an IANA time zone such as `America/New_York`"
            raise self._fault("unknown_zone", str(cause), "zone", remedy=remedy) from None

    # Parts.

    def _check_parts(self) -> None:
        """Refuses what means nothing on this kind of directive, and what lacks its point."""
        written, kind = self._written, self._kind
        content = ("relieves", "applies", "unless", "condition", "duty", "presume")
        for name in content:
            if not getattr(written, name):
                continue
            if written.nothing:
                message = f"`nothing` and `{name}`: a version without effect has no content"
                raise self._fault("nothing_and_more", message, name)
            if kind not in _BELONGS.get(name, tuple(Kind)):
                message = f"`{name}` means nothing on {_ARTICLED[kind]}"
                raise self._fault("wrong_kind", message, name)
        if kind is not Kind.AUTHORISATION and written.confirms:
            raise self._fault(
                "wrong_kind", f"`confirms` means nothing on {_ARTICLED[kind]}", "confirms"
            )
        for index, confirmed in enumerate(written.confirms):
            self._check_confirmed(confirmed, index)
        if written.nothing:
            return
        if kind is Kind.AUTHORISATION and not written.relieves:
            raise self._fault(
                "relieves_nothing",
                "an authorisation relieves only the restrictions that it names, and names none",
                remedy='name them: `relieves = ["id-of-the-restriction"]`',
            )
        if kind is Kind.OBLIGATION and not written.duty:
            raise self._fault("no_duty", "an obligation without a `[[version.duty]]`")
        if written.presume and written.reading is None:
            raise self._fault(
                "no_reading",
                "`presume` needs a recorded reading",
                "presume",
                remedy='`reading = { text = "...", by = "...", date = 2026-06-12 }`',
            )

    def _check_confirmed(self, confirmed: str, index: int) -> None:
        name, _, number = confirmed.rpartition("@")
        if name not in self._written.relieves or not number.isdecimal():
            raise self._fault(
                "wrong_confirmation",
                f"`{confirmed}` names no version of a restriction that this one relieves",
                "confirms",
                index,
                remedy='the id and the number of the version: `confirms = ["id@2"]`',
            )

    def _alternatives(self, name: str, count: int) -> tuple[Alternative, ...]:
        return tuple(
            self._conditions.alternative((*self._path, name, index)) for index in range(count)
        )

    def _relieves(self) -> tuple[str, ...]:
        for index, name in enumerate(self._written.relieves):
            self._refer(Named.RESTRICTION, name, "relieves", index)
        return self._written.relieves

    def _fact_conditions(self) -> tuple[FactCondition, ...]:
        for index, one in enumerate(self._written.condition):
            self._refer(Named.FACT, one.fact, "condition", index, "fact")
        return tuple(
            FactCondition(
                fact=one.fact,
                grace_s=duration_s(one.grace) if one.grace else 0,
                on_unmet=one.on_unmet,
                on_unknown=one.on_unknown,
            )
            for one in self._written.condition
        )

    def _duties(self) -> tuple[Duty, ...]:
        found: list[Duty] = []
        for index, one in enumerate(self._written.duty):
            set_ = {
                name: value
                for name in one.__struct_fields__
                if (value := getattr(one, name)) is not None
            }
            if not set_:
                raise self._fault("no_duty", "a duty that demands nothing", "duty", index)
            for name, value in set_.items():
                found.append(Duty(kind=name, value=self._demand(name, value)))
        return tuple(found)

    def _demand(self, name: str, value: Any) -> Any:
        if name == "retain":
            return duration_s(value)
        if name == "notify_user" and value is True:
            disclosed = self._written.disclosure is Disclosure.FULL
            return self._title if disclosed else "a directive applies to this answer"
        return value

    def _refer(self, named: Named, name: str, *steps: str | int) -> None:
        reference = Reference(named, name, self._document, (*self._path, *steps))
        self._conditions.references.append(reference)

    def _fault(
        self, code: str, message: str, *steps: str | int, remedy: str | None = None
    ) -> ConfigurationFault:
        return self._document.fault(code, message, (*self._path, *steps), remedy=remedy)


_BELONGS = {
    "relieves": (Kind.AUTHORISATION,),
    "condition": (Kind.AUTHORISATION,),
    "duty": (Kind.AUTHORISATION, Kind.OBLIGATION),
    "presume": (Kind.RESTRICTION,),
}

_ARTICLED = {
    Kind.RESTRICTION: "a restriction",
    Kind.AUTHORISATION: "an authorisation",
    Kind.OBLIGATION: "an obligation",
}


def _day(when: When) -> str:
    """The date of a reading as ISO 8601."""
    return when.value.isoformat()[:10]


def read_directive(
    path: str, content: bytes, declared: Mapping[str, DeclaredAttribute]
) -> Directive:
    """A directive's file alone, such as another reading; `Faults`, `ConfigurationFault`.

    Whether what it names exists is not looked at.
    """
    found = parse_directive(read(path, content), declared)
    if found.faults:
        raise Faults(found.faults)
    return found.entry.value
