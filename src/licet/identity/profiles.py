"""Who asks: what several sources attest of one person, merged."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import msgspec

from licet.identity.nouns import Key
from licet.terms import UNKNOWN_PERSON, Attested, Profile

T = TypeVar("T")

_SETS = ("nationality", "engagement", "tier")
_SCALARS = ("us_person", "place")


def resolve(token_profile: Profile | None, key: Key) -> Profile:
    """The person behind a request: what the token attests, and what the key attests of all.

    Without a token, or on a key that does not speak for others, it is the person who holds
    the key, if it is personal.
    """
    honoured = token_profile if key.speaks_for_others else None
    person = honoured or Profile(subject=key.subject)
    if person.subject is None and key.subject is not None:
        person = msgspec.structs.replace(person, subject=key.subject)
    return merge(person, key.attests or UNKNOWN_PERSON)


def merge(person: Profile, attested: Profile) -> Profile:
    """What two sources attest of the person whom the first one names.

    Values that contradict each other are unknown and named in `conflicts`; sets are joined,
    and a joint set is complete if one part attests so and the other adds nothing.
    """
    conflicts = [*person.conflicts, *attested.conflicts]
    merged: dict[str, Any] = {}
    for name in _SCALARS + _SETS:
        join = _join_sets if name in _SETS else _join_scalars
        found, contradicted = join(getattr(person, name), getattr(attested, name))
        merged[name] = None if name in conflicts else found
        if contradicted:
            conflicts.append(name)
    declared = {}
    for name in sorted(person.declared.keys() | attested.declared.keys()):
        found, contradicted = _join_scalars(person.declared.get(name), attested.declared.get(name))
        if contradicted:
            conflicts.append(name)
        elif found is not None and name not in conflicts:
            declared[name] = found
    return Profile(
        subject=person.subject,
        declared=declared,
        conflicts=tuple(dict.fromkeys(conflicts)),
        **merged,
    )


_Joined = tuple[Attested[Any] | None, bool]
"""What two attestations say together, and whether they contradict each other."""


def _join_scalars(one: Attested[Any] | None, other: Attested[Any] | None) -> _Joined:
    if one is None or other is None:
        return one or other, False
    if one.value != other.value:
        return None, True
    return (one if one.assurance.rank >= other.assurance.rank else other), False


def _join_sets(
    one: Attested[tuple[T, ...]] | None, other: Attested[tuple[T, ...]] | None
) -> _Joined:
    if one is None or other is None:
        return one or other, False
    more = tuple(value for value in other.value if value not in one.value)
    fewer = tuple(value for value in one.value if value not in other.value)
    if (one.complete and more) or (other.complete and fewer):
        return None, True
    if not more and not fewer:
        return _stronger(one, other), False
    # A joint set is worth no more than the weaker, and lasts no longer than the shorter.
    joint: Attested[tuple[T, ...]] = Attested(
        value=one.value + more,
        issuer=one.issuer if one.issuer == other.issuer else f"{one.issuer}, {other.issuer}",
        assurance=min(one.assurance, other.assurance, key=lambda level: level.rank),
        evidence_date=_evidence(one, other),
        expires=_first(one.expires, other.expires),
    )
    return joint, False


def _stronger(one: Attested[T], other: Attested[T]) -> Attested[T]:
    """Of two that say the same: the complete one, then the one with more behind it."""
    first = (one.complete, one.assurance.rank) >= (other.complete, other.assurance.rank)
    return one if first else other


def _evidence(one: Attested[Any], other: Attested[Any]) -> datetime | None:
    """The older of two dates; evidence without a date is older than any."""
    if one.evidence_date is None or other.evidence_date is None:
        return None
    return min(one.evidence_date, other.evidence_date)


def _first(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)
