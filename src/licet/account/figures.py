"""The figures of a period, as values: what a report says, and nothing that it does not.

A period is half-open. A request belongs to it by the instant of its admission, with everything
that came of it, whenever that came. Instants are texts as leaves write them; tuples are in the
order in which a report shows them.
"""

from __future__ import annotations

import msgspec

FIGURES = "licet/figures/v1"


class Ends(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests there were, and how they ended: the rest adds up to `requests`."""

    requests: int = 0
    as_asked: int = 0
    """Answered by what stood first in the plan."""
    rerouted: int = 0
    """Answered by another permitted candidate, as the caller was told."""
    refused: int = 0
    """No candidate was permitted, or none any more when its turn came."""
    undetermined: int = 0
    """Refused because something was not attested."""
    cut: int = 0
    """Ended by a directive while the answer was on its way."""
    rejected: int = 0
    """A vendor answered that the request itself is wrong (a 4xx), and the caller was told."""
    unavailable: int = 0
    """Permitted, and nobody had it: never sent."""
    failed: int = 0
    """Sent, and not answered by anybody."""
    cancelled: int = 0
    """Given up by the caller."""
    unknown: int = 0
    """Sent by a process that died; recorded as unknown."""
    open: int = 0
    """Without a recorded end: on its way when the log was read, or cut short by a crash."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The requests that have something in common: a day, a workload, an organisation."""

    id: str
    ends: Ends


class Deciding(msgspec.Struct, frozen=True, kw_only=True):
    """In how many requests a directive had a part. One request can count for several."""

    id: str
    title: str = ""
    barred: int = 0
    """It barred at least one candidate."""
    refused: int = 0
    undetermined: int = 0
    rerouted: int = 0
    """It barred what stood first, and another candidate answered."""
    cut: int = 0
    relieved: int = 0
    """It relieved what another would have barred."""
    observed: int = 0
    """Only observed: it would have changed the verdict."""


class Lacking(msgspec.Struct, frozen=True, kw_only=True):
    """Undetermined requests in which the same was missing: any one of these sets of attributes,
    once attested, would have settled them."""

    sets: tuple[tuple[str, ...], ...]
    requests: int


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent to one endpoint, as the catalogue of each sending's snapshot had it. Empty:
    not known. `tokens_...`: of answers, cache and estimates included."""

    endpoint: str
    operator: str = ""
    place: str = ""
    controlled_from: str = ""
    self_hosted: bool | None = None
    models: tuple[str, ...] = ()
    sendings: int = 0
    answered: int = 0
    tokens_input: int = 0
    tokens_output: int = 0


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """A sending of which the vendor says that it was processed elsewhere: than was `asked`, or,
    where nothing was, than the endpoint's `place`."""

    leaf: int
    """The record of the outcome."""
    at: str
    request: str
    endpoint: str
    model: str
    asked: str
    place: str
    returned: str


class Residency(msgspec.Struct, frozen=True, kw_only=True):
    """What vendors say of where they processed. `sendings` = `confirmed` + `elsewhere` + `unsaid`
    + `unplaced`."""

    sendings: int = 0
    asked: int = 0
    """Sendings with which a residency was asked for."""
    confirmed: int = 0
    elsewhere: int = 0
    unsaid: int = 0
    """The vendor did not say where, or did not answer."""
    unplaced: int = 0
    """It said where in a way that cannot be compared: nothing was asked, or no place is known."""
    breaches: tuple[Breach, ...] = ()
    breaches_left_out: int = 0


class Participant(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation that took part in a preview: `requests` sent for it, `named` if it was on a
    list of the preview when it last did."""

    organisation: str
    requests: int
    answered: int
    first: str
    last: str
    named: bool


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A model that a restriction keeps to the organisations on `lists` or to vetted `tiers`."""

    model: str
    directive: str
    title: str
    lists: tuple[str, ...]
    tiers: tuple[str, ...]
    participants: tuple[Participant, ...]
    absent: tuple[str, ...]
    """On the lists at the end of the period, and without a request in it."""


class DutyFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of duty: on how many requests, by which directives, carried out by what."""

    kind: str
    requests: int
    directives: tuple[str, ...]
    carried_out_by: str


class VersionInForce(msgspec.Struct, frozen=True, kw_only=True):
    """A version that applied in [`since`, `until`), as far as that lies in the period; `until`
    empty: still at its end."""

    number: int
    since: str
    until: str
    enforced: bool
    without_effect: bool
    english: tuple[str, ...]
    recorded_at: str


class InForce(msgspec.Struct, frozen=True, kw_only=True):
    """A directive of which some version applied in the period."""

    id: str
    kind: str
    title: str
    authority: str
    jurisdiction: str
    versions: tuple[VersionInForce, ...]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A record of the register: what happened to the rules, the keys, the log."""

    leaf: int
    at: str
    kind: str
    what: str
    by: str = ""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The period [`since`, `until`), where empty is without bound, and all that is said of it."""

    format: str = FIGURES
    log: str = ""
    since: str = ""
    until: str = ""
    first_at: str = ""
    """Of the first record in the period, and of the last."""
    last_at: str = ""
    leaves: int = 0
    """Records in the period."""
    total: Ends = Ends()
    days: tuple[Group, ...] = ()
    workloads: tuple[Group, ...] = ()
    organisations: tuple[Group, ...] = ()
    deciding: tuple[Deciding, ...] = ()
    lacking: tuple[Lacking, ...] = ()
    reached: tuple[Reached, ...] = ()
    residency: Residency = Residency()
    previews: tuple[Preview, ...] = ()
    duties: tuple[DutyFigures, ...] = ()
    in_force: tuple[InForce, ...] = ()
    registered: dict[str, int] = {}
    """Events by kind."""
    events: tuple[Event, ...] = ()
    events_left_out: int = 0
    snapshots_missing: tuple[str, ...] = ()
    """Snapshots that records name and that could not be read, with all that follows from them."""
