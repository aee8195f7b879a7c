"""Conditions in plain English, for the officer who signs and the user refused.

The vocabulary is closed, so every condition has its phrase: one line per attribute, and no
text is made up from data except names, which stand in backticks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from licet.policy.directives import Alternative, Condition, View

MOMENT = "%Y-%m-%d %H:%M %z"


def moment(at: datetime) -> str:
    """`2026-06-12 17:21 -04:00`: the offset is that of the datetime."""
    text = at.strftime(MOMENT)
    return f"{text[:-2]}:{text[-2:]}"


def listing(words: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def quoted(names: Iterable[object], last: str = "or") -> str:
    return listing([f"`{name}`" for name in names], last)


def alternative_phrase(alternative: Alternative, *, leave_out: frozenset[str] = frozenset()) -> str:
    """Whom, for what, using what, where: `everybody` where it says nothing of who asks.

    Parties and attributes in `leave_out` are not spoken of.
    """
    told = _by_party(alternative, leave_out)
    who = told.pop("subject", "") or told.pop("organisation", "") or "everybody"
    return ", ".join([who, *(f"{_JOINED[party]} {text}" for party, text in told.items())])


def exception_phrase(alternative: Alternative, *, leave_out: frozenset[str] = frozenset()) -> str:
    """As `alternative_phrase`, of an exception: who is only spoken of where it says so; empty
    where nothing is left to say."""
    told = _by_party(alternative, leave_out)
    if not told:
        return ""
    first, text = next(iter(told.items()))
    opening = text if first in _WHO else f"{_JOINED[first]} {text}"
    others = [f"{_JOINED[party]} {text}" for party, text in told.items() if party != first]
    return ", ".join([opening, *others])


def _by_party(alternative: Alternative, leave_out: frozenset[str]) -> dict[str, str]:
    """What is said of each party, in the order in which parties are spoken of."""
    told: dict[str, list[str]] = {}
    for condition in sorted(alternative.conditions, key=_rank):
        if not leave_out & {_party(condition), condition.attribute}:
            told.setdefault(_party(condition), []).append(phrase(condition))
    return {party: _merged(phrases) for party, phrases in told.items()}


def _merged(phrases: list[str]) -> str:
    """`models derived from ... and models whose ...` says its noun once."""
    noun = phrases[0].partition(" ")[0] + " "
    return listing([phrases[0], *(one.removeprefix(noun) for one in phrases[1:])])


_JOINED = {
    "subject": "of",
    "organisation": "with a key of",
    "workload": "for",
    "model": "using",
    "endpoint": "on",
    "action": "for",
}
_WHO = ("subject", "organisation")


def _party(condition: Condition) -> str:
    return condition.attribute.partition(".")[0]


def phrase(condition: Condition) -> str:
    """One condition as a noun phrase, with what it demands of the attestation."""
    maker = _PHRASES.get(condition.attribute, _declared)
    text = maker(condition)
    if condition.assurance is not None:
        text += f" (attested by {condition.assurance} or better)"
    if condition.max_age_s is not None:
        text += f" (evidence at most {duration(condition.max_age_s)} old)"
    return text


def _rank(condition: Condition) -> int:
    return list(_JOINED).index(_party(condition))


def duration(seconds: int) -> str:
    """`90 days`, `1 hour`: in the largest unit that divides it."""
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        if seconds % length == 0:
            count = seconds // length
            return f"{count} {unit}" + ("" if count == 1 else "s")
    raise AssertionError(seconds)


def _flag(yes: str, no: str) -> Callable[[Condition], str]:
    def say(condition: Condition) -> str:
        return yes if True in condition.any_of else no

    return say


def _named(text: str) -> Callable[[Condition], str]:
    def say(condition: Condition) -> str:
        return f"{text} {quoted(condition.any_of)}"

    return say


def _located(what: str) -> Callable[[Condition], str]:
    def say(condition: Condition) -> str:
        if condition.outside:
            return f"{what} outside {quoted(condition.outside, 'and')}"
        return f"{what} in {quoted(condition.any_of)}"

    return say


def _engagement(condition: Condition) -> str:
    parts = {part.attribute: part for part in condition.record}
    relation = parts.get("relation")
    who = listing([f"{one}s" for one in relation.any_of], "or") if relation else "persons engaged"
    where = parts.get("organisation.list")
    which = parts.get("organisation.id")
    if where:
        who += f" of organisations on {quoted(where.any_of)}"
    if which:
        who += f" of {quoted(which.any_of)}"
    return who


_VIEWS = {
    View.CURRENT: "{who}",
    View.MOST_RECENT: "persons who by their latest citizenship or residency are {who}",
    View.ALL_EVER: "persons who are or ever were {who}",
}
_STANDINGS = {
    "citizen": "citizens",
    "former": "former citizens",
    "permanent_resident": "permanent residents",
    "protected": "protected persons",
}


def _nationality(condition: Condition) -> str:
    parts = {part.attribute: part for part in condition.record}
    country, standing = parts.get("country"), parts.get("standing")
    if not condition.record:
        country = condition
    who = "citizens" if condition.view is View.CURRENT else "nationals"
    if standing is not None:
        who = listing([_STANDINGS.get(str(one), str(one)) for one in standing.any_of], "or")
    if country is not None and country.outside:
        who += f" of countries outside {quoted(country.outside, 'and')}"
    elif country is not None:
        who += f" of {quoted(country.any_of)}"
    return _VIEWS[condition.view].format(who=who)


def _owners(condition: Condition) -> str:
    parts = {part.attribute: part for part in condition.record}
    share = parts.get("percent_sum") or parts.get("percent")
    text = "organisations owned"
    if share is not None:
        together = " together" if share.attribute == "percent_sum" else ""
        if share.at_least is not None:
            text += f"{together} to at least {share.at_least} percent"
        if share.at_most is not None:
            text += f"{together} to at most {share.at_most} percent"
    named = parts.get("organisation.list")
    if named is not None:
        text += f" by organisations on {quoted(named.any_of)}"
    which = parts.get("organisation.id")
    if which is not None:
        text += f" by {quoted(which.any_of)}"
    return text


_ACTIONS = {
    "inference": "inference",
    "credential": "being handed a key",
    "view_output": "looking at kept output",
    "weights": "getting the weights",
    "fine_tune": "fine-tuning",
}


def _action(condition: Condition) -> str:
    return listing([_ACTIONS.get(str(one), str(one)) for one in condition.any_of], "or")


def _declared(condition: Condition) -> str:
    party, _, name = condition.attribute.partition(".")
    if condition.at_least is not None and condition.at_most is not None:
        return f"{party} with `{name}` from {condition.at_least} to {condition.at_most}"
    if condition.at_least is not None:
        return f"{party} with `{name}` of at least {condition.at_least}"
    if condition.at_most is not None:
        return f"{party} with `{name}` of at most {condition.at_most}"
    if condition.outside:
        return f"{party} with `{name}` outside {quoted(condition.outside, 'and')}"
    return f"{party} with `{name}` {quoted(condition.any_of)}"


_PHRASES: dict[str, Callable[[Condition], str]] = {
    "subject.us_person": _flag("US persons", "persons who are not US persons"),
    "subject.nationality": _nationality,
    "subject.place": _located("persons"),
    "subject.engagement": _engagement,
    "subject.tier": _named("persons of the tier"),
    "organisation.id": _named("the organisation"),
    "organisation.list": _named("organisations on"),
    "organisation.us_person": _flag(
        "organisations that are US persons", "organisations that are not US persons"
    ),
    "organisation.place": _located("organisations"),
    "organisation.ultimate_parent.place": _located("organisations whose ultimate parent is"),
    "organisation.owners": _owners,
    "organisation.sector": _named("organisations of the sector"),
    "workload.id": _named("the workload"),
    "workload.purpose": _named("work with the purpose"),
    "workload.end_use": _named("work with the end use"),
    "workload.data": _named("data of the class"),
    "workload.data_origin": _located("data from places"),
    "model.id": _named("the model"),
    "model.list": _named("models on"),
    "model.lineage": _named("models derived from"),
    "model.developer": _named("models developed by"),
    "model.developer.list": _named("models developed by organisations on"),
    "model.developer.place": _located("models of developers"),
    "model.origin": _located("models with their origin"),
    "model.capability": _named("models with the capability"),
    "model.weights": _named("models whose weights are"),
    "model.safeguards": _named("models with the safeguards"),
    "model.cleared": _flag("cleared models", "models that are not cleared"),
    "endpoint.id": _named("the endpoint"),
    "endpoint.operator": _named("endpoints operated by"),
    "endpoint.operator.list": _named("endpoints of operators on"),
    "endpoint.operator.controlled_from": _located("endpoints controlled from"),
    "endpoint.place": _located("endpoints"),
    "endpoint.self_hosted": _flag("endpoints of one's own", "endpoints of others"),
    "action": _action,
}
