"""Directives in plain English: who, what, where, since and until when, except, relieved by whom.

For the officer who signs them. Nothing is made up from data except names, which stand in
backticks, and what authors wrote as text, which stands in quotation marks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone

from licet.policy.directives import (
    Alternative,
    Directive,
    Disclosure,
    Duty,
    InFlight,
    Kind,
    Mode,
    Version,
)
from licet.policy.duties import ENFORCERS, refusing, unenforced
from licet.policy.phrases import (
    alternative_phrase,
    duration,
    exception_phrase,
    listing,
    moment,
    quoted,
)

_KINDS = {
    Kind.RESTRICTION: "A restriction",
    Kind.AUTHORISATION: "An authorisation",
    Kind.OBLIGATION: "An obligation",
}
_ON_THEIR_WAY = {
    InFlight.CUT: "Answers on their way are cut.",
    InFlight.HAND_OVER: "Answers on their way are handed over to what is permitted.",
    InFlight.FINISH: "Answers on their way may finish.",
}
_TOLD = {
    Disclosure.FULL: "",
    Disclosure.AUTHORITY: "Whoever is refused is told of the authority only.",
    Disclosure.NONE: "Whoever is refused is told nothing of it.",
}


def directive_text(directive: Directive, others: Iterable[Directive] = ()) -> tuple[str, ...]:
    """A directive whole, in lines: what it is, then what each version says.

    `others`: the directives beside it, of which the authorisations that name it are told.
    """
    lines = [f"{directive.id}: {directive.title or directive.id}", f"  {_origin(directive)}"]
    relieving = [
        one.id
        for one in others
        if any(directive.id in version.relieves for version in one.versions)
    ]
    if relieving:
        lines.append(f"  Relieved by {quoted(relieving, 'and')}.")
    for number, version in enumerate(directive.versions, 1):
        lines += ["", f"  Version {number}, {when(version)}:"]
        lines += [f"    {sentence}" for sentence in version_sentences(directive, version)]
    return tuple(lines)


def version_sentence(directive: Directive, version: Version) -> str:
    """What one version says, in one paragraph."""
    told = " ".join(version_sentences(directive, version))
    opening, period = when(version).split(" ", 1)
    return f"{told} {opening.capitalize()} {period}."


def version_sentences(directive: Directive, version: Version) -> tuple[str, ...]:
    """What one version says, sentence by sentence, without its dates."""
    return tuple(_sentences(directive, version))


def when(version: Version) -> str:
    """`from ... until ...`, on the clock on which the version was written."""
    text = f"from {written_moment(version, version.effective_from)}"
    if version.effective_until is not None:
        text += f" until {written_moment(version, version.effective_until)}"
    return text


def written_moment(version: Version, at: datetime) -> str:
    offset = timezone(timedelta(minutes=version.utc_offset_min))
    return moment(at.astimezone(offset))


def whom(alternatives: tuple[Alternative, ...], leave_out: frozenset[str] = frozenset()) -> str:
    """All alternatives; where there are several, numbered, for `or` alone can be misread."""
    told = [alternative_phrase(one, leave_out=leave_out) for one in alternatives]
    return _numbered(told) or "everybody"


def spared(alternatives: tuple[Alternative, ...], leave_out: frozenset[str] = frozenset()) -> str:
    """All exceptions."""
    told = [exception_phrase(one, leave_out=leave_out) for one in alternatives]
    return _numbered([one for one in told if one])


def _numbered(phrases: list[str]) -> str:
    distinct = list(dict.fromkeys(phrases))
    if len(distinct) < 2:
        return "".join(distinct)
    return listing([f"({number}) {one}" for number, one in enumerate(distinct, 1)], "or")


def _origin(directive: Directive) -> str:
    text = _KINDS[directive.kind]
    if directive.authority:
        text += f' by "{directive.authority}"'
    if directive.jurisdiction:
        text += f", under the law of {directive.jurisdiction}"
    return f"{text}."


def _sentences(directive: Directive, version: Version) -> Iterator[str]:
    if version.nothing:
        ends = version.effective_until is not None
        yield f"Without effect{'; after that, what was recorded before applies again' * ends}."
    else:
        yield _what(directive.kind, version)
        for duty in version.duties:
            yield f"{duty_phrase(duty)}."
        for duty in unenforced(version):
            refused = "so it relieves nothing" if version.relieves else "so it refuses all of them"
            yield f"Nothing here carries out `{duty.kind}`, {refused}."
        for one in version.conditions:
            grace = f", and for {duration(one.grace_s)} after that" if one.grace_s else ""
            yield f"It holds as long as the fact `{one.fact}` does{grace}; otherwise it lapses."
        for presumed in version.presume:
            value = plain(presumed.value)
            yield f"Where nothing is attested, `{presumed.attribute}` is taken to be `{value}`."
        if refusing(directive, version, ENFORCERS) is not None:
            yield _ON_THEIR_WAY[version.in_flight]
        if version.mode is Mode.OBSERVE:
            yield "It is observed only: recorded, and not enforced."
        if version.disclosure is not Disclosure.FULL:
            yield _TOLD[version.disclosure]
    if version.reading.text:
        reading = version.reading
        yield f'Read as "{reading.text}" by {reading.by} on {reading.date}.'
    if version.source.title:
        sure = f" ({version.source.confidence})" if version.source.confidence else ""
        yield f'Source: "{version.source.title}"{sure}.'
    if version.recorded_at is not None:
        yield f"Recorded {written_moment(version, version.recorded_at)}."


def _what(kind: Kind, version: Version) -> str:
    opening = {
        Kind.RESTRICTION: "Refuses ",
        Kind.AUTHORISATION: f"Relieves of {quoted(version.relieves, 'and')}: ",
        Kind.OBLIGATION: "Binds ",
    }
    text = opening[kind] + whom(version.applies)
    if exceptions := spared(version.unless):
        text += f"; except {exceptions}"
    return f"{text}."


def plain(value: bool | int | str) -> str:
    """A value as TOML writes it, without quotes."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def duty_phrase(duty: Duty) -> str:
    """A duty as a clause, without a full stop."""
    named = quoted(duty.value) if isinstance(duty.value, tuple) else f"`{duty.value}`"
    match duty.kind:
        case "notify_user":
            told = "of it" if duty.value is True else f'"{str(duty.value).removesuffix(".")}"'
            return f"Users are told {told}"
        case "retain" if not duty.value:
            return "Nothing is retained"
        case "retain":
            return f"What was decided is retained for {duration(int(str(duty.value)))}"
        case "residency":
            return f"Only endpoints in {named} serve"
        case "monitor":
            return f"Use is monitored at the level {named}"
        case "report":
            return f"Use is reported to {named}"
        case "no_refusal_by":
            return f"Nobody may be refused by {named}"
        case _:
            return "Who takes part is shared"
