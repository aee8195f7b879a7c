"""The verdict, from which rows must and which may fire.

INVARIANT (sound masks): a rule that by the masks certainly fires does so in every completion,
and one that by the masks does not possibly fire does so in none. So a restriction that is
certain and cannot be relieved refuses, one that is certainly relieved or impossible does not,
and only what lies between is handed to `completions`, which is exact and slower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from licet.policy.axioms import Person
from licet.policy.completions import Finding, Open, attached, retaining_at_odds, settle
from licet.policy.directives import InFlight, Kind
from licet.policy.holdings import Holding
from licet.policy.questions import Decision, Verdict
from licet.policy.rules import Atom, Relief, Rule

PERMITTED = Decision(verdict=Verdict.PERMITTED)

INCOMPATIBLE = "incompatible_duties"
"""The reason where nobody could carry out all duties that attach."""

AtomsOf = Callable[[int], Iterable[tuple[Atom, Holding, Person]]]
"""The atoms of a row, with what is known of each for the question at hand."""

_STRICTNESS = (InFlight.CUT, InFlight.HAND_OVER, InFlight.FINISH)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The rows of restrictions and of obligations that count: as enforced, or with the
    observed ones."""

    restricting: int
    obliging: int
    observing: bool


class Judge:
    """The rules of one ruleset, seen as bits."""

    __slots__ = ("_at_odds", "_enforced", "_observed", "_observing", "_owners", "concerned")

    def __init__(self, rules: tuple[Rule, ...], owners: tuple[Rule, ...]) -> None:
        self._owners = owners
        masks = {
            (restricts, observed): 0 for restricts in (True, False) for observed in (True, False)
        }
        for rule in rules:
            if rule.restricts or rule.directive.kind is Kind.OBLIGATION:
                masks[rule.restricts, rule.observed] |= rule.applies
        enforced, obliging = masks[True, False], masks[False, False]
        observed, bound = enforced | masks[True, True], obliging | masks[False, True]
        self._enforced = View(restricting=enforced, obliging=obliging, observing=False)
        self._observed = View(restricting=observed, obliging=bound, observing=True)
        self._observing = 0
        for rule in rules:
            if rule.observed:
                self._observing |= rule.applies
        # What authorisations say matters only where something restricts.
        self.concerned = observed | bound
        # Whether duties of these rules can be at odds at all.
        self._at_odds = bool(retaining_at_odds(rule for rule in rules if not rule.restricts))

    def judge(self, must: int, may: int, atoms_of: AtomsOf) -> Decision:
        """The decision of one question, given its rows."""
        finding = self._find(self._enforced, must, may, atoms_of)
        decision = _decision(finding)
        if not may & self._observing:
            return decision
        would = self._find(self._observed, must, may, atoms_of)
        if would.verdict is finding.verdict:
            return decision
        names = dict.fromkeys(rule.id for rule in would.deciding if rule.observed)
        return msgspec.structs.replace(
            decision,
            observed=tuple(names),
            observed_verdict=would.verdict,
            observed_missing=would.missing,
        )

    def _find(self, view: View, must: int, may: int, atoms_of: AtomsOf) -> Finding:
        fired: list[Open] = []
        unsettled: list[Open] = []
        relieved: list[Open] = []
        relieving: set[Rule] = set()
        for rule in self._touched(may & view.restricting):
            fires = rule.fires(must, may)
            if fires is False:
                continue
            sure: list[Relief] = []
            possible: list[Relief] = []
            for relief in rule.reliefs:
                found = _relieves(relief, must, may, view.observing)
                if found is not False:
                    (sure if found else possible).append(relief)
            one = Open(rule, (*sure, *possible), surely=fires is True)
            fired.append(one)
            if not sure:
                unsettled.append(one)
            elif possible or not fires:
                # Which of them are needed, if any is: each brings its duties.
                relieved.append(one)
            else:
                relieving.update(part for relief in sure for part in relief)
        obligations = [
            Open(rule, surely=fires is True)
            for rule in self._touched(may & view.obliging)
            if (fires := rule.fires(must, may)) is not False
        ]
        if self._at_odds:
            finding = settle(fired, may, atoms_of, obligations=obligations)
        elif unsettled and all(one.settled for one in unsettled):
            finding = Finding(Verdict.REFUSED, tuple(one.rule for one in unsettled))
        elif unsettled:
            finding = settle(unsettled, may, atoms_of)
        else:
            finding = Finding(Verdict.PERMITTED)
        if finding.verdict is not Verdict.PERMITTED:
            return finding
        relieving.update(finding.relieving)
        unsure = [one for one in obligations if not one.surely]
        due = [one.rule for one in obligations if one.surely]
        if relieved or unsure:
            needed, binding = attached(relieved, unsure, may, atoms_of)
            relieving |= needed
            due = [one.rule for one in obligations if one.surely or one.rule in binding]
        return _permission(sorted(relieving, key=_place), due)

    def _touched(self, rows: int) -> list[Rule]:
        """The rules whose rows these are, each once, in the order of the sources."""
        found = []
        while rows:
            row = rows & -rows
            rule = self._owners[row.bit_length() - 1]
            rows = rows ^ row if rule.simple else rows & ~rule.applies
            found.append(rule)
        return found


def _place(rule: Rule) -> int:
    """By the order of the sources."""
    return rule.applies


def _permission(relieving: list[Rule], due: list[Rule]) -> Finding:
    duties = (duty for rule in (*due, *relieving) for duty in rule.version.duties)
    return Finding(
        Verdict.PERMITTED, relieving=tuple(relieving), duties=tuple(dict.fromkeys(duties))
    )


def _decision(finding: Finding) -> Decision:
    if finding.verdict is Verdict.PERMITTED:
        if not finding.relieving and not finding.duties:
            return PERMITTED
        return Decision(
            verdict=Verdict.PERMITTED,
            relieving=tuple(dict.fromkeys(rule.id for rule in finding.relieving)),
            duties=finding.duties,
        )
    return Decision(
        verdict=finding.verdict,
        deciding=tuple(dict.fromkeys(rule.id for rule in finding.deciding)),
        missing=finding.missing,
        in_flight=strictest(rule.version.in_flight for rule in finding.deciding),
        reason=INCOMPATIBLE if finding.at_odds else None,
    )


def _relieves(relief: Relief, must: int, may: int, observing: bool) -> bool | None:
    """Whether all parts fire: certainly, in no completion, or possibly."""
    certain: bool | None = True
    for part in relief:
        fires = part.fires(must, may) if observing or not part.observed else False
        if fires is False:
            return False
        if fires is None:
            certain = None
    return certain


def strictest(several: Iterable[InFlight]) -> InFlight:
    """The strictest of several; nothing decides: an answer may finish."""
    return min(several, key=_STRICTNESS.index, default=InFlight.FINISH)
