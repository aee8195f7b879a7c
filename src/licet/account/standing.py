"""What stood in the period: directives in force, duties, and previews with who took part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from licet.account.figures import DutyFigures, InForce, Participant, Preview, VersionInForce
from licet.policy import (
    ENFORCED_BY,
    Alternative,
    Condition,
    Directive,
    Kind,
    Mode,
    Sources,
    Version,
    applicable,
    members,
    version_sentences,
)
from licet.terms import Instant, format_instant, parse_instant, to_instant

_LISTS = "organisation.list"
_TIER = "subject.tier"


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A version applies in [`since`, `until`); `until` None: at the end of what is looked at."""

    number: int
    since: Instant
    until: Instant | None


class PreviewRule(msgspec.Struct, frozen=True, kw_only=True):
    """A restriction that keeps a model to some, and when it does."""

    model: str
    directive: str
    title: str
    lists: tuple[str, ...]
    tiers: tuple[str, ...]
    since: str
    until: str

    def holds(self, at: str) -> bool:
        return self.since <= at and (not self.until or at < self.until)


def in_force(sources: Sources | None, since: str, last: str) -> tuple[InForce, ...]:
    """The directives of which some version applied from `since` to `last`, both included, with
    what each of these says."""
    if sources is None or not since or not last:
        return ()
    found = []
    for directive in sources.directives:
        spans = list(_spans(directive, parse_instant(since), parse_instant(last)))
        if spans:
            found.append(
                InForce(
                    id=directive.id,
                    kind=directive.kind.value,
                    title=directive.title,
                    authority=directive.authority,
                    jurisdiction=directive.jurisdiction,
                    versions=tuple(_in_force(directive, span) for span in spans),
                )
            )
    return tuple(found)


def duties(
    sources: Sources | None, standing: Iterable[InForce], requests: Mapping[str, int]
) -> tuple[DutyFigures, ...]:
    """The kinds of duties that directives in force carried, or that came with a request."""
    by_kind: dict[str, dict[str, None]] = {kind: {} for kind in requests}
    by_id = {one.id: one for one in sources.directives} if sources else {}
    for one in standing:
        for version in one.versions:
            for duty in by_id[one.id].versions[version.number - 1].duties:
                by_kind.setdefault(duty.kind, {})[one.id] = None
    return tuple(
        DutyFigures(
            kind=kind,
            requests=requests.get(kind, 0),
            directives=tuple(names),
            carried_out_by=ENFORCED_BY.get(kind, ""),
        )
        for kind, names in sorted(by_kind.items())
    )


def preview_rules(sources: Sources) -> tuple[PreviewRule, ...]:
    """Every stretch of time in which a model is kept to lists of organisations or to tiers."""
    return tuple(
        PreviewRule(
            model=model,
            directive=directive.id,
            title=directive.title,
            lists=lists,
            tiers=tiers,
            since=format_instant(span.since),
            until="" if span.until is None else format_instant(span.until),
        )
        for directive in sources.directives
        if directive.kind is Kind.RESTRICTION
        for span in _spans(directive, _begin(directive), None)
        for lists, tiers in [_spared(directive.versions[span.number - 1])]
        if lists or tiers
        for model in _models(directive.versions[span.number - 1])
    )


def previews(
    sources: Sources | None,
    last: str,
    took: Mapping[tuple[str, str], tuple[Participant, ...]],
) -> tuple[Preview, ...]:
    """Every preview that somebody took part in, or that stood at the period's `last` instant."""
    if sources is None or not last:
        return ()
    rules: dict[tuple[str, str], list[PreviewRule]] = {}
    for rule in preview_rules(sources):
        if rule.holds(last) or (rule.model, rule.directive) in took:
            rules.setdefault((rule.model, rule.directive), []).append(rule)
    return tuple(
        _preview(sources, several, took.get(key, ()), last)
        for key, several in sorted(rules.items())
    )


def _preview(
    sources: Sources, rules: list[PreviewRule], participants: Iterable[Participant], last: str
) -> Preview:
    """The preview that these stretches of one rule make, one after the other."""
    present = {one.organisation for one in participants}
    return Preview(
        model=rules[-1].model,
        directive=rules[-1].directive,
        title=rules[-1].title,
        lists=_distinct(name for rule in rules for name in rule.lists),
        tiers=_distinct(name for rule in rules for name in rule.tiers),
        participants=tuple(
            msgspec.structs.replace(one, named=one.organisation in _named(sources, rules, one.last))
            for one in participants
        ),
        absent=tuple(sorted(_named(sources, rules, last) - present)),
    )


def _named(sources: Sources, rules: Iterable[PreviewRule], at: str) -> frozenset[str]:
    """The organisations on the lists that counted at an instant."""
    moment = parse_instant(at)
    lists = {name for rule in rules if rule.holds(at) for name in rule.lists}
    return frozenset[str]().union(
        *(members(one, moment) for one in sources.lists if one.id in lists)
    )


def _spans(directive: Directive, since: Instant, last: Instant | None) -> Iterator[Span]:
    """Which version applies from when to when, lifts included; `last` None: for ever."""
    points = {since}
    for version in directive.versions:
        for moment in (version.effective_from, version.effective_until):
            if moment is not None:
                point = to_instant(moment)
                if since < point and (last is None or point <= last):
                    points.add(point)
    current: int | None = None
    began = since
    for point in sorted(points):
        number = applicable(directive, point)
        if number != current:
            if current is not None:
                yield Span(number=current, since=began, until=point)
            current, began = number, point
    if current is not None:
        yield Span(number=current, since=began, until=None)


def _begin(directive: Directive) -> Instant:
    return min((to_instant(one.effective_from) for one in directive.versions), default=Instant(0))


def _in_force(directive: Directive, span: Span) -> VersionInForce:
    version = directive.versions[span.number - 1]
    recorded = version.recorded_at
    return VersionInForce(
        number=span.number,
        since=format_instant(span.since),
        until="" if span.until is None else format_instant(span.until),
        enforced=version.mode is Mode.ENFORCE,
        without_effect=version.nothing,
        english=version_sentences(directive, version),
        recorded_at="" if recorded is None else format_instant(to_instant(recorded)),
    )


def _models(version: Version) -> tuple[str, ...]:
    """The models that a version names one by one."""
    return _distinct(
        str(value)
        for alternative in version.applies
        for condition in alternative.conditions
        if condition.attribute == "model.id"
        for value in condition.any_of
    )


def _spared(version: Version) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lists and tiers that exceptions name."""
    found: dict[str, list[str]] = {_LISTS: [], _TIER: []}
    for condition in _conditions(version.unless):
        if condition.attribute in found:
            found[condition.attribute] += [str(value) for value in condition.any_of]
    return _distinct(found[_LISTS]), _distinct(found[_TIER])


def _conditions(alternatives: Iterable[Alternative]) -> Iterator[Condition]:
    for alternative in alternatives:
        yield from alternative.conditions


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
