"""Directives as data: what somebody issued, version by version, as written in TOML.

These values are normalised (aware UTC datetimes, dates without a time already turned into
the instants that restrict first and relax last) and serialise into the snapshot.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from licet.terms import Assurance


class Kind(StrEnum):
    RESTRICTION = "restriction"
    AUTHORISATION = "authorisation"
    OBLIGATION = "obligation"


class InFlight(StrEnum):
    """What happens to answers on their way; the strictest of several holds: cut first."""

    CUT = "cut"
    HAND_OVER = "hand_over"
    FINISH = "finish"


class Mode(StrEnum):
    ENFORCE = "enforce"
    OBSERVE = "observe"


class Disclosure(StrEnum):
    FULL = "full"
    AUTHORITY = "authority"
    NONE = "none"


class View(StrEnum):
    """Which nationality statuses count: today's citizenships, only the most recent of
    citizenship or permanent residency, or every one there ever was."""

    CURRENT = "current"
    MOST_RECENT = "most_recent"
    ALL_EVER = "all_ever"


class Condition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One test on one attribute; exactly one of the tests is set.

    `attribute` is a dotted name of the vocabulary (`subject.us_person`, `model.lineage`,
    `organisation.list`, `action`). `any_of`: the value, or one of the set's values, is among
    these (for places also list ids; for `*.list` list ids). `outside`: the place is in none
    of these places and lists of places. `at_least`/`at_most`: numbers (`percent_sum` over
    owners). `record`: one single record of the set meets all of these (attribute names are
    relative to the record: `relation`, `organisation.id`, `organisation.list`, `country`,
    `standing`, `percent`). `view` applies to nationality; `assurance` and `max_age_s` (seconds
    since the evidence date) make an attestation that falls short unknown.
    """

    attribute: str
    any_of: tuple[bool | int | str, ...] = ()
    outside: tuple[str, ...] = ()
    at_least: int | None = None
    at_most: int | None = None
    record: tuple[Condition, ...] = ()
    view: View = View.CURRENT
    assurance: Assurance | None = None
    max_age_s: int | None = None


class Alternative(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One `[[version.applies]]` or `[[version.unless]]` table: all conditions must hold."""

    conditions: tuple[Condition, ...]


class FactCondition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a licence depends on: an entry of `facts/`; grace in seconds."""

    fact: str
    grace_s: int = 0
    on_unmet: str = "lapse"
    on_unknown: str = "lapse"


class Duty(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an obligation or a used authorisation demands, e.g. `retain` for seconds."""

    kind: str
    value: bool | int | str | tuple[str, ...] = True


class Presumption(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """On a restriction: what is taken for granted where the attribute is not attested."""

    attribute: str
    value: bool | int | str


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the text is from and how sure that is; `digest` of the document, if held."""

    title: str = ""
    confidence: str = ""
    digest: str | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The operator's legal reading, who took it, and when."""

    text: str = ""
    by: str = ""
    date: str = ""


class Version(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A directive's whole content in [effective_from, effective_until).

    `recorded_at` is None until the version has been adopted into an evidence log; an empty
    `applies` without `nothing` applies to everything. `utc_offset_min`: the offset from UTC, in
    minutes, at which `effective_from` was written, for sentences that name it.
    """

    received: datetime
    effective_from: datetime
    effective_until: datetime | None = None
    recorded_at: datetime | None = None
    utc_offset_min: int = 0
    nothing: bool = False
    in_flight: InFlight = InFlight.CUT
    mode: Mode = Mode.ENFORCE
    disclosure: Disclosure = Disclosure.FULL
    relieves: tuple[str, ...] = ()
    confirms: tuple[str, ...] = ()
    applies: tuple[Alternative, ...] = ()
    unless: tuple[Alternative, ...] = ()
    conditions: tuple[FactCondition, ...] = ()
    duties: tuple[Duty, ...] = ()
    presume: tuple[Presumption, ...] = ()
    source: Source = Source()
    reading: Reading = Reading()


class Directive(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An instrument that somebody issued; versions in the order of the file, from 1."""

    id: str
    kind: Kind
    title: str = ""
    authority: str = ""
    jurisdiction: str = ""
    versions: tuple[Version, ...] = ()
