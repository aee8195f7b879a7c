"""What is different between two versions, in sentences for an officer and as data."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from licet.policy.directives import Directive, FactCondition, Version
from licet.policy.english import duty_phrase, plain, when
from licet.policy.phrases import alternative_phrase, duration, exception_phrase


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """`what`: the key of the file. `before` None: it is new; `after` None: it is gone."""

    what: str
    before: str | None
    after: str | None


def differences(
    before: tuple[Directive, Version], after: tuple[Directive, Version]
) -> tuple[Difference, ...]:
    """Everything that differs but titles of sources; what is the same is not told.

    Alternatives, exceptions, duties and conditions are compared as sets: their order means
    nothing.
    """
    (one, old), (other, new) = before, after
    found = [
        *_single("kind", one.kind, other.kind),
        *_single("title", one.title, other.title),
        *_single("authority", one.authority, other.authority),
        *_single("effect", _effect(old), _effect(new)),
        *_single("in force", when(old), when(new)),
        *_several("applies", _whom(old), _whom(new)),
    ]
    for what, told in _SETS.items():
        found += _several(what, told(old), told(new))
    if not (old.nothing or new.nothing):
        found += _single("mode", old.mode, new.mode)
        found += _single("in_flight", old.in_flight, new.in_flight)
        found += _single("disclosure", old.disclosure, new.disclosure)
    found += _single("reading", old.reading.text, new.reading.text)
    found += _single("source", old.source.title, new.source.title)
    return tuple(found)


def difference_sentence(found: Difference) -> str:
    """`Applies as well to ...`, `No longer excepts ...`, `The reading was ... and is now ...`."""
    gained, lost = _VERBS.get(found.what, ("", ""))
    if found.before is None and gained:
        return f"{gained} {found.after}."
    if found.after is None and lost:
        return f"{lost} {found.before}."
    if found.before is None:
        return f"{_subject(found)} is now {_told(found, found.after)}."
    if found.after is None:
        return f"{_subject(found)} was {_told(found, found.before)}, and is gone."
    was, is_now = _told(found, found.before), _told(found, found.after)
    return f"{_subject(found)} was {was} and is now {is_now}."


_VERBS = {
    "applies": ("Applies as well to", "No longer applies to"),
    "unless": ("Excepts as well:", "No longer excepts:"),
    "duty": ("Demands as well:", "No longer demands:"),
    "condition": ("Depends as well on", "No longer depends on"),
    "presume": ("Presumes as well that", "No longer presumes that"),
    "relieves": ("Relieves as well of", "No longer relieves of"),
}
_QUOTED = frozenset({"title", "authority", "reading", "source"})


def _subject(found: Difference) -> str:
    names = {"in_flight": "What becomes of answers on their way", "in force": "The time in force"}
    return names.get(found.what, f"The {found.what}")


def _told(found: Difference, value: str | None) -> str:
    return f'"{value}"' if found.what in _QUOTED else str(value)


def _single(what: str, before: str, after: str) -> list[Difference]:
    if before == after:
        return []
    return [Difference(what=what, before=str(before) or None, after=str(after) or None)]


def _several(what: str, before: Iterable[str], after: Iterable[str]) -> list[Difference]:
    """What only one side has, in the order in which it is written there."""
    was, is_now = list(before), list(after)
    gone = [Difference(what=what, before=one, after=None) for one in was if one not in is_now]
    new = [Difference(what=what, before=None, after=one) for one in is_now if one not in was]
    return gone + new


def _effect(version: Version) -> str:
    return "nothing" if version.nothing else "as written"


def _whom(version: Version) -> list[str]:
    if version.nothing:
        return []
    return [alternative_phrase(one) for one in version.applies] or ["everybody"]


def _fact(condition: FactCondition) -> str:
    grace = f", and {duration(condition.grace_s)} after" if condition.grace_s else ""
    return f"the fact `{condition.fact}`{grace}"


_SETS: dict[str, Callable[[Version], list[str]]] = {
    "unless": lambda version: [exception_phrase(one) for one in version.unless],
    "relieves": lambda version: [f"`{one}`" for one in version.relieves],
    "condition": lambda version: [_fact(one) for one in version.conditions],
    "duty": lambda version: [duty_phrase(one) for one in version.duties],
    "presume": lambda version: [
        f"`{one.attribute}` is {plain(one.value)}" for one in version.presume
    ],
}
