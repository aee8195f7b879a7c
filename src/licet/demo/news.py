"""What changed between two instants, in sentences: directives and what can be had."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone

from licet.catalog import Availability
from licet.policy import Directive, Kind, Sources, Version
from licet.terms import Instant, to_datetime

EASTERN = timezone(timedelta(hours=-4))
"""The offset of Washington in June."""

_VERBS = {
    Kind.RESTRICTION: "In force",
    Kind.AUTHORISATION: "Relieved",
    Kind.OBLIGATION: "Owed",
}


def in_force(sources: Sources, at: Instant) -> list[tuple[Directive, Version]]:
    """Every directive with an effect at `at`, and the version that has it: the last recorded of
    those that are effective, here the later in the file."""
    moment = to_datetime(at)
    found = []
    for directive in sources.directives:
        effective = [
            version
            for version in directive.versions
            if version.effective_from <= moment
            and (version.effective_until is None or moment < version.effective_until)
        ]
        if effective and not effective[-1].nothing:
            found.append((directive, effective[-1]))
    return found


def news(sources: Sources, before: Instant | None, at: Instant) -> list[str]:
    """One sentence for each directive that began, changed or ended after `before` up to `at`, and
    for each model that was withdrawn or came; `before` None: what is in force at the start."""
    now = {directive.id: (directive, version) for directive, version in in_force(sources, at)}
    if before is None:
        return [_began(directive, version) for directive, version in now.values()]
    then = {directive.id: (directive, version) for directive, version in in_force(sources, before)}
    told = []
    for name, (directive, version) in now.items():
        if name not in then:
            told.append(_began(directive, version))
        elif then[name][1] != version:
            number = directive.versions.index(version) + 1
            told.append(f"Amended: {directive.title} ({directive.authority}), version {number}.")
    told += [
        f"Lifted: {directive.title} ({directive.authority})."
        for name, (directive, _) in then.items()
        if name not in now
    ]
    return told + list(_availability(sources.availability, before, at))


def _began(directive: Directive, version: Version) -> str:
    text = f"{_VERBS[directive.kind]}: {directive.title} ({directive.authority})"
    return f"{text}; it {version.reading.text}." if _is_clause(version) else f"{text}."


def _is_clause(version: Version) -> bool:
    """Whether the reading goes on from `it`: `follows the person, not the destination`."""
    return version.reading.text.startswith(("follows", "binds", "applies"))


def _availability(facts: Iterable[Availability], before: Instant, at: Instant) -> Iterator[str]:
    """What nobody can have any more, for one reason in one sentence, and what everybody can."""
    first, last = to_datetime(before), to_datetime(at)
    gone: dict[str, list[str]] = {}
    back: list[str] = []
    for fact in facts:
        what = fact.model or f"everything at {fact.endpoint}"
        if fact.start is not None and first < fact.start <= last:
            gone.setdefault(fact.reason, []).append(what)
        if fact.end is not None and first < fact.end <= last:
            back.append(what)
    for reason, names in gone.items():
        yield f"Gone: {' and '.join(names)}: {reason}."
    if back:
        yield f"To be had: {' and '.join(back)}."


def day(at: Instant) -> str:
    """`Fri 12 Jun 2026, 21:21 UTC (17:21 -04:00)`."""
    moment = to_datetime(at)
    eastern: datetime = moment.astimezone(EASTERN)
    return f"{moment.astimezone(UTC):%a %d %b %Y, %H:%M} UTC ({eastern:%H:%M} -04:00)"
