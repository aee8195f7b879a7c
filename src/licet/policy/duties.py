"""Duties: which of them something carries out, and what becomes of those that nothing does.

Permitting under a duty that nobody carries out would be a promise that is not kept. So an
obligation with such a duty refuses where it matches, and an authorisation with one relieves
nothing. `residency` is carried out by the decision itself: it becomes a test on the place of
the endpoint, and what is unknown of that place stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

import msgspec

from licet.policy.directives import Alternative, Condition, Directive, Duty, Kind, Version

ENFORCERS: frozenset[str] = frozenset({"no_refusal_by", "notify_user", "residency", "retain"})
"""What is carried out, by kind: `notify_user` by the header `Licet-Notice` of the answer,
`residency` by the decision, `retain` by the log, from which nothing is ever deleted, and
`no_refusal_by` by telling an officer what contradicts it (`licet.policy.contests`)."""

ENFORCED_BY = {
    "no_refusal_by": "an officer, to whom `licet check` and `licet status` name what refuses so",
    "notify_user": "the header `Licet-Notice` of the answer",
    "residency": "the decision: endpoints elsewhere do not meet it",
    "retain": "the log, from which nothing is deleted",
}
"""Who carries it out, for people."""

RETAIN_NOTHING = "retain_nothing"
"""What a duty to retain for no time needs: a log that never deletes cannot carry it out."""


_PLAIN = " !\"#$&'()*+-./:;<=>?@[\\]^_`{|}~"


def needs(duty: Duty) -> str:
    """What must be among the enforcers for this duty to be carried out."""
    return RETAIN_NOTHING if duty.kind == "retain" and not duty.value else duty.kind


def unenforced(version: Version, enforcers: frozenset[str] = ENFORCERS) -> tuple[Duty, ...]:
    """The duties of a version that nothing carries out."""
    return tuple(duty for duty in version.duties if needs(duty) not in enforcers)


def refusing(directive: Directive, version: Version, enforcers: frozenset[str]) -> Version | None:
    """What of a version refuses where it matches: a restriction whole; of an obligation all,
    if it has a duty that nothing carries out, else what its residency excludes."""
    match directive.kind:
        case Kind.RESTRICTION:
            return version
        case Kind.AUTHORISATION:
            return None
        case Kind.OBLIGATION:
            pass
    if unenforced(version, enforcers):
        return version
    elsewhere = [
        Condition(attribute="endpoint.place", outside=places) for places in _residencies(version)
    ]
    if not elsewhere:
        return None
    everything = version.applies or (Alternative(conditions=()),)
    excluded = tuple(
        Alternative(conditions=(*one.conditions, outside))
        for one in everything
        for outside in elsewhere
    )
    return msgspec.structs.replace(version, applies=excluded)


def relieving(version: Version, enforcers: frozenset[str]) -> Version | None:
    """What of an authorisation relieves: nothing, if it has a duty that nothing carries out,
    else what its residency leaves."""
    if unenforced(version, enforcers):
        return None
    within = tuple(
        Condition(attribute="endpoint.place", any_of=places) for places in _residencies(version)
    )
    if not within:
        return version
    everything = version.applies or (Alternative(conditions=()),)
    left = tuple(Alternative(conditions=(*one.conditions, *within)) for one in everything)
    return msgspec.structs.replace(version, applies=left)


def notices(duties: Iterable[Duty]) -> tuple[str, ...]:
    """What users must be told, as header values: UTF-8, percent-encoded but for printable
    ASCII without `%` and `,` (the list syntax of RFC 9110, section 5.6.1)."""
    told = (str(duty.value) for duty in duties if duty.kind == "notify_user")
    return tuple(dict.fromkeys(quote(one, safe=_PLAIN) for one in told))


def clash(duties: tuple[Duty, ...]) -> bool:
    """Whether no one could carry out all of these: to retain something and to retain nothing,
    or to stay in places that have none in common."""
    retained = [bool(duty.value) for duty in duties if duty.kind == "retain"]
    if True in retained and False in retained:
        return True
    places = [_places(duty) for duty in duties if duty.kind == "residency"]
    return bool(places) and not frozenset.intersection(*places)


def _residencies(version: Version) -> list[tuple[str, ...]]:
    return [tuple(sorted(_places(duty))) for duty in version.duties if duty.kind == "residency"]


def _places(duty: Duty) -> frozenset[str]:
    assert isinstance(duty.value, tuple)
    return frozenset(duty.value)
