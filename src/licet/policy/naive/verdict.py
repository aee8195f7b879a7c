"""The verdict on one question (docs/policy.md, sections 3 to 5).

The versions that apply are selected, every completion of what is unknown is evaluated in two
values, and the verdict is what the completions agree on. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from licet.policy.directives import (
    Alternative,
    Condition,
    Directive,
    Duty,
    InFlight,
    Kind,
    Mode,
    Version,
    View,
)
from licet.policy.naive.completions import Completion, Truths, Use, completions
from licet.policy.naive.dates import Window, is_met, recorded, selections
from licet.policy.naive.missing import missing_sets
from licet.policy.naive.sight import Parties, Sight
from licet.policy.naive.values import Element, is_dated
from licet.policy.questions import Decision, Moment, Sources, Verdict
from licet.terms import to_datetime

CLEARANCE = "licet.clearance"
"""Stands in `deciding` for the clearance that the organisation demands (section 4)."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """A version that applies, with every condition tied to what it sees."""

    id: str
    number: int
    version: Version
    applies: tuple[tuple[Use, ...], ...]
    unless: tuple[tuple[Use, ...], ...]
    residency: tuple[Use, ...]

    def matches(self, truths: Truths) -> bool:
        """A directive, section 2: one alternative holds (or none is written), no exception."""
        applies = not self.version.applies or _any_holds(self.applies, truths)
        return applies and not _any_holds(self.unless, truths)

    def is_resident(self, truths: Truths) -> bool:
        """Conditions and duties, section 2: the endpoint is where every residency wants it."""
        return all(truths[use] for use in self.residency)


def _any_holds(tables: tuple[tuple[Use, ...], ...], truths: Truths) -> bool:
    return any(all(truths[use] for use in table) for table in tables)


Refusal = tuple[str, InFlight]
"""A directive that refuses, and what its version does to answers on their way."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one completion says: who refuses, which authorisations were needed, what attaches."""

    refusing: frozenset[Refusal]
    relieving: frozenset[str]
    duties: tuple[tuple[str, Duty], ...]


class Case:
    """One question at one moment, with the versions that apply to it."""

    def __init__(
        self, sources: Sources, parties: Parties, moment: Moment, enforcers: frozenset[str]
    ) -> None:
        self.sources, self.parties, self.enforcers = sources, parties, enforcers
        self.window = Window.around(moment)
        self.known_at = to_datetime(moment.known_at) if moment.known_at is not None else None
        self.sight = Sight(sources, parties, self.window, self.known_at)
        self.restrictions = [*self._anywhere(Kind.RESTRICTION), *self._clearance()]
        self.obligations = self._anywhere(Kind.OBLIGATION)
        self.authorisations = self._throughout()

    def _anywhere(self, kind: Kind) -> list[_Rule]:
        """Clocks, section 5: what restricts applies if it is in force anywhere in the window."""
        return [
            self._rule(each, version)
            for each in self.sources.directives
            if each.kind is kind
            for version in selections(each.versions, self.window, self.known_at)
            if version is not None and not version.nothing
        ]

    def _throughout(self) -> list[list[_Rule]]:
        """Clocks, section 5: what relaxes applies only if it is in force throughout.

        And only with its conditions met and its duties enforced, section 2.
        """
        found = []
        for each in self.sources.directives:
            if each.kind is Kind.AUTHORISATION:
                selected = selections(each.versions, self.window, self.known_at)
                versions = [version for version in selected if version and not version.nothing]
                met = all(
                    is_met(condition, self.sources.facts, self.window)
                    for version in versions
                    for condition in version.conditions
                )
                enforced = all(self._is_enforced(version) for version in versions)
                if met and enforced and len(versions) == len(selected):
                    found.append([self._rule(each, each_v) for each_v in versions])
        return found

    def _is_enforced(self, version: Version) -> bool:
        """Conditions and duties, section 2: to retain nothing is a duty of its own."""
        kinds = (
            "retain_nothing" if duty.kind == "retain" and not duty.value else duty.kind
            for duty in version.duties
        )
        return all(kind in self.enforcers for kind in kinds)

    def _clearance(self) -> list[_Rule]:
        """Models that nobody has cleared, section 4."""
        demanded = self.sources.rules.refuse_uncleared
        if not demanded or self.parties.model.cleared:
            return []
        capable = Condition(attribute="model.capability", any_of=demanded)
        version = Version(
            received=self.window.first,
            effective_from=self.window.first,
            applies=(Alternative(conditions=(capable,)),),
        )
        clearance = Directive(id=CLEARANCE, kind=Kind.RESTRICTION, versions=(version,))
        return [self._rule(clearance, version)]

    def _rule(self, directive: Directive, version: Version) -> _Rule:
        def tables(alternatives: tuple[Alternative, ...]) -> tuple[tuple[Use, ...], ...]:
            return tuple(
                tuple((self.sight.cell(test, version), test) for test in each.conditions)
                for each in alternatives
            )

        numbers = (n for n, each in enumerate(directive.versions, 1) if each is version)
        places = (
            Condition(attribute="endpoint.place", any_of=duty.value)
            for duty in version.duties
            if duty.kind == "residency" and isinstance(duty.value, tuple)
        )
        return _Rule(
            directive.id,
            next(numbers),
            version,
            tables(version.applies),
            tables(version.unless),
            tuple((self.sight.cell(test, version), test) for test in places),
        )

    def decision(self) -> Decision:
        """The verdict as enforced, and what the observed directives would have made of it."""
        self._drop_what_cannot_match()
        decision = self._verdict(observing=False)
        observed = {each.id for each in self._rules() if each.version.mode is Mode.OBSERVE}
        if not observed:
            return decision
        other = self._verdict(observing=True)
        if other.verdict is decision.verdict:
            return decision
        return msgspec.structs.replace(
            decision,
            observed=tuple(sorted(observed.intersection(other.deciding))),
            observed_verdict=other.verdict,
            observed_missing=other.missing,
        )

    def _rules(self) -> list[_Rule]:
        return [
            *self.restrictions,
            *self.obligations,
            *(rule for rules in self.authorisations for rule in rules),
        ]

    def _drop_what_cannot_match(self) -> None:
        """A short cut: what is known and false needs no completion of whatever stands beside it."""
        settled: dict[Use, bool | None] = {}

        def may_hold(table: tuple[Use, ...]) -> bool:
            for use in table:
                if use not in settled:
                    settled[use] = self._settled(use)
            return all(settled[use] is not False for use in table)

        def reduced(rule: _Rule) -> _Rule | None:
            applies = tuple(table for table in rule.applies if may_hold(table))
            unless = tuple(table for table in rule.unless if may_hold(table))
            if rule.version.applies and not applies:
                return None
            if any(all(settled[use] for use in table) for table in unless):
                return None
            return _Rule(rule.id, rule.number, rule.version, applies, unless, rule.residency)

        self.restrictions = [kept for each in self.restrictions if (kept := reduced(each))]
        dutiful = [each for each in self.obligations if each.version.duties]
        self.obligations = [kept for each in dutiful if (kept := reduced(each))]
        names = {each.id for each in self.restrictions}
        kept_authorisations = []
        for rules in self.authorisations:
            kept_rules = [kept for each in rules if (kept := reduced(each))]
            relieves = all(names.intersection(each.version.relieves) for each in rules)
            if len(kept_rules) == len(rules) and relieves:
                kept_authorisations.append(kept_rules)
        self.authorisations = kept_authorisations

    def _settled(self, use: Use) -> bool | None:
        """The truth of a condition on something that is wholly known; None otherwise."""
        cell, condition = use
        asked: list[bool] = []

        def member(list_id: str, element: Element) -> bool:
            known = self.sight.membership(list_id, element)
            asked.append(known is None)
            return bool(known)

        if not cell.seen.complete or (
            condition.view is View.MOST_RECENT
            and not is_dated(cell.seen.values, self.sight.window.first)
        ):
            return None
        truth = self.sight.lens.holds(condition, cell.seen.values, member)
        return None if any(asked) else truth

    def _completions(self, *, observing: bool) -> list[Completion] | None:
        uses = {
            use
            for rule in self._rules()
            if _counts(rule, observing=observing)
            for table in (*rule.applies, *rule.unless, rule.residency)
            for use in table
        }
        return completions(self.sight, uses)

    def _verdict(self, *, observing: bool) -> Decision:
        """Unknown attributes, section 4: what every completion says, or undetermined."""
        ways = self._completions(observing=observing)
        if ways is None:
            may = [each for each in self.restrictions if _counts(each, observing=observing)]
            return _decided(Verdict.UNDETERMINED, _refusals(may))
        outcomes = [self._outcome(way.truths, observing=observing) for way in ways]
        refusals = [each.refusing for each in outcomes if each.refusing]
        if not refusals:
            return Decision(
                verdict=Verdict.PERMITTED,
                relieving=tuple(sorted(frozenset().union(*(each.relieving for each in outcomes)))),
                duties=_distinct([duty for each in outcomes for duty in each.duties]),
            )
        anywhere = frozenset[Refusal]().union(*refusals)
        if len(refusals) < len(outcomes):
            missing = missing_sets(ways, [not each.refusing for each in outcomes])
            return _decided(Verdict.UNDETERMINED, anywhere, missing)
        always = frozenset.intersection(*(frozenset(_ids(each)) for each in refusals))
        everywhere = frozenset(each for each in anywhere if each[0] in always)
        return _decided(Verdict.REFUSED, everywhere or anywhere)

    def _outcome(self, truths: Truths, *, observing: bool) -> _Outcome:
        """The verdict, section 4, where everything is known: what fires less what is relieved."""

        def counts(rule: _Rule) -> bool:
            return _counts(rule, observing=observing)

        refusing: list[_Rule] = []
        needed: dict[str, list[_Rule]] = {}
        for restriction in self.restrictions:
            if counts(restriction) and restriction.matches(truths):
                reliefs = [
                    rules
                    for rules in self.authorisations
                    if all(
                        counts(rule) and self._relieves(rule, restriction, truths) for rule in rules
                    )
                ]
                needed |= {rules[0].id: rules for rules in reliefs}
                if not reliefs:
                    refusing.append(restriction)
        due = [each for each in self.obligations if counts(each) and each.matches(truths)]
        refusing += [
            each
            for each in due
            if not (self._is_enforced(each.version) and each.is_resident(truths))
        ]
        carriers = [*due, *(rule for rules in needed.values() for rule in rules)]
        if not refusing:
            refusing = _at_odds(carriers)
        return _Outcome(
            _refusals(refusing),
            frozenset(needed),
            tuple((rule.id, duty) for rule in carriers for duty in rule.version.duties),
        )

    def _relieves(self, authorisation: _Rule, restriction: _Rule, truths: Truths) -> bool:
        """Relief, section 4: named, matching, and confirmed since the last amendment."""
        version = authorisation.version
        confirmed = (
            recorded(version) >= recorded(restriction.version)
            or f"{restriction.id}@{restriction.number}" in version.confirms
        )
        matches = authorisation.matches(truths) and authorisation.is_resident(truths)
        return restriction.id in version.relieves and confirmed and matches


def _decided(
    verdict: Verdict,
    refusals: frozenset[Refusal],
    missing: tuple[tuple[str, ...], ...] = (),
) -> Decision:
    strictest = list(InFlight)
    return Decision(
        verdict=verdict,
        deciding=tuple(sorted(_ids(refusals))),
        missing=missing,
        in_flight=min((each for _, each in refusals), key=strictest.index, default=InFlight.CUT),
    )


def _counts(rule: _Rule, *, observing: bool) -> bool:
    """Observed directives are left out, except where it is asked what they would have said."""
    return observing or rule.version.mode is Mode.ENFORCE


def _refusals(rules: list[_Rule]) -> frozenset[Refusal]:
    return frozenset((rule.id, rule.version.in_flight) for rule in rules)


def _ids(refusals: frozenset[Refusal]) -> set[str]:
    return {directive for directive, _ in refusals}


def _at_odds(carriers: list[_Rule]) -> list[_Rule]:
    """Duties, section 2: some retain and others retain nothing, and nobody can do both."""
    retaining = [
        (rule, bool(duty.value))
        for rule in carriers
        for duty in rule.version.duties
        if duty.kind == "retain"
    ]
    kept = {keeps for _, keeps in retaining}
    return [rule for rule, _ in retaining] if len(kept) > 1 else []


def _distinct(duties: list[tuple[str, Duty]]) -> tuple[Duty, ...]:
    """Each duty once, in the order of the directives that carry them."""
    kept: list[Duty] = []
    for _, duty in sorted(duties, key=lambda each: each[0]):
        if duty not in kept:
            kept.append(duty)
    return tuple(kept)
