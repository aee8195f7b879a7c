"""What is known of a person at an instant: attestations, and what the axioms make of them.

By the letter of docs/policy.md, section 1, and apart from the engine's code.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from licet.policy.cedar.attributes import Use
from licet.terms import Assurance, Attested, Profile, Standing, Status

_OF_THE_US = (Standing.CITIZEN, Standing.PERMANENT_RESIDENT, Standing.PROTECTED)
_OF_A_COUNTRY = (Standing.CITIZEN, Standing.PERMANENT_RESIDENT)
_WEAKEST_FIRST = (
    Assurance.SELF,
    Assurance.EMPLOYER,
    Assurance.DOCUMENT,
    Assurance.GOVERNMENT,
)

Answer = tuple[Any, bool]
"""(the value, None if it is not known; whether anything was attested at all)."""

SILENCE: Answer = (None, False)
UNSURE: Answer = (None, True)


def person_value(use: Use, profile: Profile, at: datetime) -> Answer:
    """One attribute of a person."""
    own = use.own
    if own in ("us_person", "nationality"):
        return _of_standing(use, profile, at)
    if own in profile.conflicts:
        return UNSURE
    if own not in ("place", "engagement", "tier"):
        return attested_value(profile.declared.get(own), use, at)
    value, attested = attested_value(getattr(profile, own), use, at)
    if own == "engagement" and value is not None:
        value = tuple(one for one in value if _contains(one.since, one.until, at))
    return value, attested


def attested_value(attested: Attested[Any] | None, use: Use, at: datetime) -> Answer:
    """What one attestation says at an instant, to a test with these demands; a set only if it
    is attested to be complete."""
    if attested is None or not _in_effect(attested, at):
        return SILENCE
    if not _meets(attested, use, at):
        return UNSURE
    if isinstance(attested.value, tuple) and not attested.complete:
        return UNSURE
    return attested.value, True


def _in_effect(attested: Attested[Any], at: datetime) -> bool:
    return attested.expires is None or at < attested.expires


def _meets(attested: Attested[Any], use: Use, at: datetime) -> bool:
    strength, wanted = attested.assurance, use.assurance
    if wanted is not None and _WEAKEST_FIRST.index(strength) < _WEAKEST_FIRST.index(wanted):
        return False
    if use.max_age_s is None:
        return True
    date = attested.evidence_date
    return date is not None and at - date <= timedelta(seconds=use.max_age_s)


def _contains(since: datetime | None, until: datetime | None, at: datetime) -> bool:
    return (since is None or since <= at) and (until is None or at < until)


def _of_standing(use: Use, profile: Profile, at: datetime) -> Answer:
    """`us_person` and nationality, each of which says something of the other."""
    claim = None if "us_person" in profile.conflicts else profile.us_person
    papers = None if "nationality" in profile.conflicts else profile.nationality
    claim = claim if claim is not None and _in_effect(claim, at) else None
    papers = papers if papers is not None and _in_effect(papers, at) else None
    derived = None if papers is None else _derived(papers.value, papers.complete, at)
    if claim is not None and derived is not None and claim.value is not derived:
        return UNSURE
    contested = use.own in profile.conflicts
    if use.own == "nationality":
        if papers is None:
            return (None, contested)
        if not papers.complete or not _meets(papers, use, at):
            return UNSURE
        if use.latest and _is_undated(papers.value, at):
            return UNSURE
        return _records(papers.value, at), True
    if claim is not None and _meets(claim, use, at):
        return claim.value, True
    if papers is not None and derived is not None and _meets(papers, use, at):
        return derived, True
    return (None, contested or claim is not None or derived is not None)


def _derived(statuses: tuple[Status, ...], complete: bool, at: datetime) -> bool | None:
    """The axioms: what statuses say of being a US person."""
    for one in statuses:
        of_the_us = one.country == "US" and one.standing in _OF_THE_US
        if of_the_us and _contains(one.since, one.until, at):
            return True
    return False if complete else None


def _records(statuses: tuple[Status, ...], at: datetime) -> tuple[tuple[Status, bool, bool], ...]:
    """(status, whether it is in effect, whether it is the most recent) of all that have begun.

    Most recent are the citizenships or permanent residencies in effect that began last.
    """
    dates = {one.since for one in _counted(statuses, at)}
    last = max((date for date in dates if date is not None), default=None)
    return tuple(
        (
            one,
            _contains(one.since, one.until, at),
            one in _counted(statuses, at) and one.since == last,
        )
        for one in statuses
        if one.since is None or one.since <= at
    )


def _counted(statuses: tuple[Status, ...], at: datetime) -> tuple[Status, ...]:
    """Those among which the most recent is sought."""
    return tuple(
        one
        for one in statuses
        if one.standing in _OF_A_COUNTRY and _contains(one.since, one.until, at)
    )


def _is_undated(statuses: tuple[Status, ...], at: datetime) -> bool:
    """Whether nobody can tell which is the most recent: of several, one has no date."""
    counted = _counted(statuses, at)
    return len(counted) > 1 and any(one.since is None for one in counted)
