"""What is known of each attribute at an instant, gathered from the nouns.

With a declared clock error e the question is asked of a whole span [t - e, t + e]: an
attestation counts if it holds throughout, a record or status that begins or ends inside the
span is left out and its set becomes a lower bound.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TypeVar

import msgspec

from licet.catalog import Endpoint, Model, Organisation, Workload
from licet.policy.axioms import GIVES_NATIONALITY, NOBODY_KNOWN, Person, derive
from licet.policy.matching import Stand
from licet.terms import Assurance, Attested, Engagement, Instant, Profile, Status, to_datetime

T = TypeVar("T")

SAME_STATUSES_MAX = 4096
"""Sets of statuses of which it is remembered what follows."""


class Holding(msgspec.Struct, frozen=True):
    """The known elements of an attribute; all of them if `complete`.

    `attested`: whether anybody said anything that counts (a contradiction does), so that a
    presumption has no place.
    """

    elements: tuple[Hashable, ...]
    complete: bool
    attested: bool = True


UNKNOWN = Holding((), False, False)
CONTRADICTED = Holding((), False, True)


UNKNOWN_OWNERS = Holding((((), False),), True, False)
"""Owners are judged together, so that not to know any is one element: none, incompletely."""


class Threshold(msgspec.Struct, frozen=True):
    """What a condition demands of an attestation; one that falls short is unknown to it."""

    assurance: Assurance | None = None
    max_age_s: int | None = None


NO_THRESHOLD = Threshold()


class Span:
    """The instants that "now" may be, and the ends that were met while gathering."""

    __slots__ = ("_error_us", "at", "high", "low", "next")

    def __init__(self, valid_at: Instant, error_us: int) -> None:
        self._error_us = error_us
        self.at = self.low = self.high = to_datetime(valid_at)
        if error_us:
            self.low = to_datetime(Instant(valid_at - error_us))
            self.high = to_datetime(Instant(valid_at + error_us))
        self.next: datetime | None = None
        """The first instant after `at` when something that was gathered may change."""

    def note(self, end: datetime) -> None:
        """Something changes at `end`, give or take the error."""
        error = timedelta(microseconds=self._error_us)
        for instant in (end - error, end + error) if self._error_us else (end,):
            if instant > self.at and (self.next is None or instant < self.next):
                self.next = instant

    def lies_in(self, since: datetime | None, until: datetime | None) -> bool | None:
        """Whether [since, until) holds throughout the span, nowhere, or (None) in part."""
        if since is not None:
            self.note(since)
            if self.high < since:
                return False
        if until is not None:
            self.note(until)
            if self.low >= until:
                return False
        whole = (since is None or since <= self.low) and (until is None or self.high < until)
        return True if whole else None

    def counts(self, attested: Attested[T] | None, threshold: Threshold) -> Attested[T] | None:
        """The attestation, if it is in effect and good enough for the threshold."""
        if attested is None:
            return None
        if attested.expires is not None:
            if self.high >= attested.expires:
                return None
            self.note(attested.expires)
        if threshold is not NO_THRESHOLD:
            wanted = threshold.assurance
            if wanted is not None and attested.assurance.rank < wanted.rank:
                return None
            if threshold.max_age_s is not None:
                if attested.evidence_date is None:
                    return None
                stale = attested.evidence_date + timedelta(seconds=threshold.max_age_s)
                if self.high > stale:
                    return None
                self.note(stale + timedelta(microseconds=1))
        return attested


def person_of(profile: Profile, span: Span, threshold: Threshold) -> Person:
    """Standing and nationality together, since each says something of the other."""
    told, status = profile.us_person, profile.nationality
    if profile.conflicts:
        # What contradicts itself is unknown; what is said of the other attribute stands.
        told = None if "us_person" in profile.conflicts else told
        status = None if "nationality" in profile.conflicts else status
    us_person = span.counts(told, threshold)
    nationality = span.counts(status, threshold)
    if us_person is None and nationality is None and told is None and status is None:
        person = NOBODY_KNOWN
    elif nationality is None:
        person = derive(us_person.value if us_person is not None else None, None, complete=False)
    else:
        claim = us_person.value if us_person is not None else None
        person = _of_statuses(claim, nationality.value, nationality.complete) or derive(
            claim, *_stands(nationality, span)
        )
    # An attestation that falls short, or contradicts itself, leaves the attribute unknown, but
    # not unattested: nothing is presumed then.
    us_person_said = (
        us_person is not None
        or _said("us_person", profile, span)
        or (nationality is None and _tells_us_person(status, span))
    )
    nationality_said = nationality is not None or _said("nationality", profile, span)
    if person.us_person_attested is us_person_said and (
        person.nationality_attested is nationality_said
    ):
        return person
    return msgspec.structs.replace(
        person, us_person_attested=us_person_said, nationality_attested=nationality_said
    )


@lru_cache(maxsize=SAME_STATUSES_MAX)
def _of_statuses(
    us_person: bool | None, statuses: tuple[Status, ...], complete: bool
) -> Person | None:
    """What follows from statuses without any date: the same for everybody who has them, at any
    instant. None where there is a date."""
    if any(one.since is not None or one.until is not None for one in statuses):
        return None
    attested = Attested(value=statuses, issuer="", complete=complete)
    return derive(us_person, *_stands(attested, Span(Instant(0), 0)))


def _said(name: str, profile: Profile, span: Span) -> bool:
    return name in profile.conflicts or _in_effect(getattr(profile, name), span)


def _tells_us_person(status: Attested[tuple[Status, ...]] | None, span: Span) -> bool:
    """Whether statuses that fall short of a test still say, by the axioms, who is a US person:
    then that is unknown to the test, but nothing may be presumed against what is said."""
    if status is None or not _in_effect(status, span):
        return False
    stands, complete = _stands(status, span)
    return derive(None, stands, complete).us_person is not None


def _in_effect(attested: Attested[T] | None, span: Span) -> bool:
    return attested is not None and span.counts(attested, NO_THRESHOLD) is not None


def _stands(
    nationality: Attested[tuple[Status, ...]], span: Span
) -> tuple[tuple[Stand, ...], bool]:
    complete = nationality.complete
    current: list[Status] = []
    past: list[Stand] = []
    for status in nationality.value:
        if status.since is None and status.until is None:
            current.append(status)
            continue
        lies = span.lies_in(status.since, status.until)
        if lies is None:
            complete = False
        elif lies:
            current.append(status)
        elif status.since is None or status.since <= span.low:
            past.append(Stand(status.country, status.standing, False, False))
    newest = _newest(current, True if complete else None)
    stands = [
        Stand(status.country, status.standing, True, latest, status.since is not None)
        for status, latest in zip(current, newest, strict=True)
    ]
    return (*stands, *past), complete


def _newest(current: list[Status], certain: bool | None) -> list[bool | None]:
    """Whether each status is the most recent one; None where it cannot be told.

    Statuses of one date are the most recent together. Of several, any without a date may have
    begun last; those with an earlier date than another have not.
    """
    counted = [status for status in current if status.standing in GIVES_NATIONALITY]
    dates = [status.since for status in counted if status.since is not None]
    if len(dates) < len(counted) > 1:
        certain = None
    last = max(dates, default=None)
    return [
        certain if status.standing in GIVES_NATIONALITY and status.since in (None, last) else False
        for status in current
    ]


def engagements_of(
    engagement: Attested[tuple[Engagement, ...]] | None, span: Span, threshold: Threshold
) -> Holding:
    counted = span.counts(engagement, threshold)
    if counted is None:
        return CONTRADICTED if _in_effect(engagement, span) else UNKNOWN
    complete = counted.complete
    ties: list[Hashable] = []
    for record in counted.value:
        if record.since is None and record.until is None:
            lies: bool | None = True
        else:
            lies = span.lies_in(record.since, record.until)
        if lies:
            ties.append((record.relation.value, record.organisation))
        elif lies is None:
            complete = False
    return Holding(tuple(ties), complete)


def attested_holding(
    attested: Attested[T] | None, span: Span, threshold: Threshold, *, scalar: bool
) -> Holding:
    """The holding of an attested scalar, or of an attested set of plain elements."""
    counted = span.counts(attested, threshold)
    if counted is None:
        return CONTRADICTED if _in_effect(attested, span) else UNKNOWN
    value = counted.value
    if scalar:
        return Holding((value,), True)
    elements: Iterable[Hashable] = value if isinstance(value, tuple) else (value,)
    return Holding(tuple(elements), counted.complete)


def stated(value: Hashable | None) -> Holding:
    """What the configuration says of a scalar; `None` is unknown."""
    return UNKNOWN if value is None else Holding((value,), True)


def stated_set(values: tuple[str, ...] | None) -> Holding:
    """What the configuration says of a set: the operator states all of it, or nothing."""
    return UNKNOWN if values is None else Holding(values, True)


def person_holding(name: str, person: Person) -> Holding:
    if name == "subject.us_person":
        if person.us_person is None:
            return CONTRADICTED if person.us_person_attested else UNKNOWN
        return Holding((person.us_person,), True)
    return Holding(person.stands, person.complete, person.nationality_attested)


def subject_holding(
    own: str, scalar: bool, profile: Profile, span: Span, threshold: Threshold
) -> Holding:
    """Attributes of the subject, by their own name, other than standing and nationality."""
    if profile.conflicts and own in profile.conflicts:
        return CONTRADICTED
    if own == "engagement":
        return engagements_of(profile.engagement, span, threshold)
    if own == "place":
        return attested_holding(profile.place, span, threshold, scalar=True)
    if own == "tier":
        return attested_holding(profile.tier, span, threshold, scalar=False)
    return attested_holding(profile.declared.get(own), span, threshold, scalar=scalar)


def organisation_holding(
    name: str, scalar: bool, organisation: Organisation, span: Span, threshold: Threshold
) -> Holding:
    match name:
        case "organisation.id" | "organisation.list":
            return Holding((organisation.id,), True)
        case "organisation.us_person":
            return attested_holding(organisation.us_person, span, threshold, scalar=True)
        case "organisation.place":
            return attested_holding(organisation.place, span, threshold, scalar=True)
        case "organisation.ultimate_parent.place":
            return attested_holding(organisation.ultimate_parent, span, threshold, scalar=True)
        case "organisation.sector":
            return attested_holding(organisation.sector, span, threshold, scalar=False)
        case "organisation.owners":
            counted = span.counts(organisation.owners, threshold)
            if counted is None:
                return UNKNOWN_OWNERS
            shares = tuple((owner.organisation, owner.percent) for owner in counted.value)
            return Holding(((shares, counted.complete),), True)
    own = name.removeprefix("organisation.")
    return attested_holding(organisation.declared.get(own), span, threshold, scalar=scalar)


def workload_holding(
    name: str, scalar: bool, workload: Workload, span: Span, threshold: Threshold
) -> Holding:
    match name:
        case "workload.id":
            return stated(workload.id)
        case "workload.purpose":
            return stated(workload.purpose)
        case "workload.end_use":
            return stated(workload.end_use)
        case "workload.data":
            return stated_set(workload.data)
        case "workload.data_origin":
            return stated_set(workload.data_origin)
    own = name.removeprefix("workload.")
    return attested_holding(workload.declared.get(own), span, threshold, scalar=scalar)


def model_holding(
    name: str, scalar: bool, model: Model, span: Span, threshold: Threshold
) -> Holding:
    developer = model.developer
    match name:
        case "model.id" | "model.list":
            return stated(model.id)
        case "model.lineage":
            return stated_set(model.lineage)
        case "model.developer" | "model.developer.list":
            return stated(developer.id if developer else None)
        case "model.developer.place":
            return stated(developer.place if developer else None)
        case "model.origin":
            return stated(model.origin)
        case "model.capability":
            return stated_set(model.capability)
        case "model.weights":
            return stated(model.weights)
        case "model.safeguards":
            return stated(model.safeguards)
        case "model.cleared":
            return stated(model.cleared)
    own = name.removeprefix("model.")
    return attested_holding(model.declared.get(own), span, threshold, scalar=scalar)


def endpoint_holding(
    name: str, scalar: bool, endpoint: Endpoint, span: Span, threshold: Threshold
) -> Holding:
    match name:
        case "endpoint.id":
            return stated(endpoint.id)
        case "endpoint.operator" | "endpoint.operator.list":
            return stated(endpoint.operator.id)
        case "endpoint.operator.controlled_from":
            return stated(endpoint.operator.controlled_from)
        case "endpoint.place":
            return stated(endpoint.place)
        case "endpoint.self_hosted":
            return stated(endpoint.self_hosted)
    own = name.removeprefix("endpoint.")
    return attested_holding(endpoint.declared.get(own), span, threshold, scalar=scalar)
