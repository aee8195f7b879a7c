"""The verdict on one question (docs/policy.md, sections 5 to 7).

The versions that apply are selected, every completion of what is unknown is evaluated in two
values, and the verdict is what the completions agree on. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from licet.policy.directives import Alternative, Condition, Duty, InFlight, Kind, Mode, Version
from licet.policy.naive.completions import Completion, Truths, Use, completions
from licet.policy.naive.dates import Window, is_met, recorded, selections
from licet.policy.naive.missing import missing_sets
from licet.policy.naive.sight import Parties, Sight
from licet.policy.naive.values import Element
from licet.policy.questions import Decision, Moment, Sources, Verdict
from licet.terms import to_datetime

CLEARANCE = "licet.clearance"
"""Stands in `deciding` for the clearance that the organisation demands (section 5)."""

ENFORCED_DUTIES = frozenset({
    "notify_user", "retain", "monitor", "report", "residency", "no_refusal_by",
    "share_participants",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Rule:
    """A version that applies, with every condition tied to what it sees."""

    id: str
    kind: Kind
    version: Version
    applies: tuple[tuple[Use, ...], ...]
    unless: tuple[tuple[Use, ...], ...]

    def matches(self, truths: Truths) -> bool:
        """A directive, section 3: one alternative holds (or none is written), no exception."""
        applies = not self.version.applies or _any_holds(self.applies, truths)
        return applies and not _any_holds(self.unless, truths)


def _any_holds(tables: tuple[tuple[Use, ...], ...], truths: Truths) -> bool:
    return any(all(truths[use] for use in table) for table in tables)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one completion says: who refuses, which authorisations were needed, what attaches."""

    refusing: frozenset[str]
    relieving: frozenset[str]
    duties: tuple[tuple[str, Duty], ...]


class Case:
    """One question at one moment, with the versions that apply to it."""

    def __init__(self, sources: Sources, parties: Parties, moment: Moment) -> None:
        self.sources, self.parties = sources, parties
        self.window = Window.around(moment)
        self.known_at = to_datetime(moment.known_at) if moment.known_at is not None else None
        self.sight = Sight(sources, parties, self.window, self.known_at)
        self.restrictions = [*self._anywhere(Kind.RESTRICTION), *self._clearance()]
        self.obligations = self._anywhere(Kind.OBLIGATION)
        self.authorisations = self._throughout()

    def _anywhere(self, kind: Kind) -> list[_Rule]:
        """Clocks, section 6: what restricts applies if it is in force anywhere in the window."""
        return [
            self._rule(each.id, kind, version)
            for each in self.sources.directives
            if each.kind is kind
            for version in selections(each.versions, self.window, self.known_at)
            if version is not None and not version.nothing
        ]

    def _throughout(self) -> list[list[_Rule]]:
        """Clocks, section 6: what relaxes applies only if it is in force throughout.

        And only with its conditions met, section 7.
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
                if met and len(versions) == len(selected):
                    found.append([self._rule(each.id, each.kind, each_v) for each_v in versions])
        return found

    def _clearance(self) -> list[_Rule]:
        """Models that nobody has cleared, section 5."""
        demanded = self.sources.rules.refuse_uncleared
        if not demanded or self.parties.model.cleared:
            return []
        capable = Condition(attribute="model.capability", any_of=demanded)
        version = Version(
            received=self.window.first,
            effective_from=self.window.first,
            applies=(Alternative(conditions=(capable,)),),
        )
        return [self._rule(CLEARANCE, Kind.RESTRICTION, version)]

    def _rule(self, directive: str, kind: Kind, version: Version) -> _Rule:
        def tables(alternatives: tuple[Alternative, ...]) -> tuple[tuple[Use, ...], ...]:
            return tuple(
                tuple((self.sight.cell(test, version), test) for test in each.conditions)
                for each in alternatives
            )

        return _Rule(directive, kind, version, tables(version.applies), tables(version.unless))

    def decision(self) -> Decision:
        """The verdict as enforced, and what the observed directives would have made of it."""
        self._drop_what_cannot_match()
        ways = self._completions()
        if ways is None:
            may = {each.id for each in self.restrictions if each.version.mode is Mode.ENFORCE}
            return self._undetermined(may, ())
        decision = self._verdict(ways, observing=False)
        modes = [each.version.mode for each in self._rules()]
        if Mode.OBSERVE not in modes:
            return decision
        other = self._verdict(ways, observing=True)
        if other.verdict is decision.verdict:
            return decision
        observed = {each.id for each in self.restrictions if each.version.mode is Mode.OBSERVE}
        return msgspec.structs.replace(
            decision,
            observed=tuple(each for each in other.deciding if each in observed),
            observed_verdict=other.verdict,
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
            return _Rule(rule.id, rule.kind, rule.version, applies, unless)

        self.restrictions = [kept for each in self.restrictions if (kept := reduced(each))]
        self.obligations = [kept for each in self.obligations if (kept := reduced(each))]
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

        if not cell.seen.complete:
            return None
        truth = self.sight.lens.holds(condition, cell.seen.values, member)
        return None if any(asked) else truth

    def _completions(self) -> list[Completion] | None:
        uses = {
            use
            for rule in self._rules()
            for table in (*rule.applies, *rule.unless)
            for use in table
        }
        return completions(self.sight, uses)

    def _verdict(self, ways: list[Completion], *, observing: bool) -> Decision:
        """Unknown attributes, section 5: what every completion says, or undetermined."""
        outcomes = [self._outcome(way.truths, observing=observing) for way in ways]
        refusals = [each.refusing for each in outcomes if each.refusing]
        if not refusals:
            return Decision(
                verdict=Verdict.PERMITTED,
                relieving=tuple(sorted(frozenset().union(*(each.relieving for each in outcomes)))),
                duties=_distinct([duty for each in outcomes for duty in each.duties]),
            )
        anywhere = frozenset().union(*refusals)
        if len(refusals) < len(outcomes):
            permits = [not each.refusing for each in outcomes]
            return self._undetermined(set(anywhere), missing_sets(ways, permits))
        everywhere = frozenset.intersection(*refusals)
        return self._decided(Verdict.REFUSED, set(everywhere or anywhere), ())

    def _undetermined(self, deciding: set[str], missing: tuple[tuple[str, ...], ...]) -> Decision:
        return self._decided(Verdict.UNDETERMINED, deciding, missing)

    def _decided(
        self, verdict: Verdict, deciding: set[str], missing: tuple[tuple[str, ...], ...]
    ) -> Decision:
        strictest = list(InFlight)
        in_flight = [each.version.in_flight for each in self.restrictions if each.id in deciding]
        return Decision(
            verdict=verdict,
            deciding=tuple(sorted(deciding)),
            missing=missing,
            in_flight=min(in_flight, key=strictest.index, default=InFlight.CUT),
        )

    def _outcome(self, truths: Truths, *, observing: bool) -> _Outcome:
        """The verdict, section 5, where everything is known: what fires less what is relieved."""

        def counts(rule: _Rule) -> bool:
            return observing or rule.version.mode is Mode.ENFORCE

        refusing: set[str] = set()
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
                    refusing.add(restriction.id)
        carriers = [rule for rules in needed.values() for rule in rules]
        carriers += [each for each in self.obligations if counts(each) and each.matches(truths)]
        duties = tuple((rule.id, duty) for rule in carriers for duty in rule.version.duties)
        return _Outcome(frozenset(refusing | _unbearable(duties)), frozenset(needed), duties)

    def _relieves(self, authorisation: _Rule, restriction: _Rule, truths: Truths) -> bool:
        """Relief, section 5: named, matching, and confirmed since the last amendment."""
        version = authorisation.version
        confirmed = (
            recorded(version) >= recorded(restriction.version) or restriction.id in version.confirms
        )
        return restriction.id in version.relieves and confirmed and authorisation.matches(truths)


def _unbearable(duties: tuple[tuple[str, Duty], ...]) -> set[str]:
    """Duties, section 7: the directives whose duties nobody enforces, or contradict each other."""
    unenforced = {directive for directive, duty in duties if duty.kind not in ENFORCED_DUTIES}
    retaining = [
        (directive, bool(duty.value)) for directive, duty in duties if duty.kind == "retain"
    ]
    at_odds = len({keeps for _, keeps in retaining}) > 1
    return unenforced | ({directive for directive, _ in retaining} if at_odds else set())


def _distinct(duties: list[tuple[str, Duty]]) -> tuple[Duty, ...]:
    """Each duty once, in the order of the directives that carry them."""
    kept: list[Duty] = []
    for _, duty in sorted(duties, key=lambda each: each[0]):
        if duty not in kept:
            kept.append(duty)
    return tuple(kept)
