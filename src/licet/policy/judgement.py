"""The verdict, from which rows must and which may fire.

INVARIANT (sound masks): a rule that by the masks certainly fires does so in every completion,
and one that by the masks does not possibly fire does so in none. So a restriction that is
certain and cannot be relieved refuses, one that is certainly relieved or impossible does not,
and only what lies between is handed to `completions`, which is exact and slower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from licet.policy.axioms import Person
from licet.policy.completions import Finding, Open, reliefs_used, settle
from licet.policy.directives import InFlight, Kind
from licet.policy.duties import clash
from licet.policy.holdings import Holding
from licet.policy.questions import Decision, Verdict
from licet.policy.rules import Atom, Relief, Rule

PERMITTED = Decision(verdict=Verdict.PERMITTED)

AtomsOf = Callable[[int], Iterable[tuple[Atom, Holding, Person]]]
"""The atoms of a row, with what is known of each for the question at hand."""

_STRICTNESS = (InFlight.CUT, InFlight.HAND_OVER, InFlight.FINISH)


class Judge:
    """The rules of one ruleset, seen as bits."""

    __slots__ = ("_enforced", "_obligations", "_observed", "_observing", "_owners", "concerned")

    def __init__(self, rules: tuple[Rule, ...], owners: tuple[Rule, ...]) -> None:
        self._owners = owners
        self._enforced = self._observed = self._obligations = self._observing = 0
        for rule in rules:
            if rule.observed:
                self._observing |= rule.applies
            if rule.restricts:
                self._observed |= rule.applies
                if not rule.observed:
                    self._enforced |= rule.applies
            elif rule.directive.kind is Kind.OBLIGATION and not rule.observed:
                self._obligations |= rule.applies
        # What authorisations say matters only where something restricts.
        self.concerned = self._observed | self._obligations

    def judge(self, must: int, may: int, atoms_of: AtomsOf) -> Decision:
        """The decision of one question, given its rows."""
        finding = self._find(self._enforced, must, may, atoms_of, observing=False)
        decision = self._decision(finding, may, must)
        if not may & self._observing:
            return decision
        would = self._find(self._observed, must, may, atoms_of, observing=True)
        if would.verdict is finding.verdict:
            return decision
        names = dict.fromkeys(rule.id for rule in would.deciding if rule.observed)
        return Decision(
            verdict=decision.verdict,
            deciding=decision.deciding,
            relieving=decision.relieving,
            missing=decision.missing,
            observed=tuple(names),
            observed_verdict=would.verdict,
            observed_missing=would.missing,
            in_flight=decision.in_flight,
            duties=decision.duties,
        )

    def _find(
        self, restricting: int, must: int, may: int, atoms_of: AtomsOf, *, observing: bool
    ) -> Finding:
        refusing: list[Rule] = []
        unsettled: list[Open] = []
        relieved: list[Open] = []
        relieving: dict[str, Rule] = {}
        for rule in self._touched(may & restricting):
            fires = rule.fires(must, may)
            if fires is False:
                continue
            sure: list[Relief] = []
            possible: list[Relief] = []
            for relief in rule.reliefs:
                found = _relieves(relief, must, may, observing)
                if found is not False:
                    (sure if found else possible).append(relief)
            if sure:
                relieving.update((part.id, part) for relief in sure for part in relief)
                if possible:
                    relieved.append(Open(rule, tuple(possible)))
            elif fires and not possible:
                refusing.append(rule)
            else:
                unsettled.append(Open(rule, tuple(possible)))
        if refusing:
            if unsettled:
                # The verdict stands; others may refuse in every completion too, and count.
                refusing += settle(unsettled, may, atoms_of, wanted=False).always
                refusing.sort(key=lambda rule: rule.applies)
            return Finding(Verdict.REFUSED, tuple(refusing))
        finding = Finding(Verdict.PERMITTED)
        if unsettled:
            finding = settle(unsettled, may, atoms_of)
        if finding.verdict is not Verdict.PERMITTED:
            return finding
        if relieved:
            # A second authorisation that may relieve the same brings its duties as well.
            relieving.update((one.id, one) for one in reliefs_used(relieved, may, atoms_of))
        relieving.update((one.id, one) for one in finding.relieving)
        return Finding(Verdict.PERMITTED, (), tuple(relieving.values()))

    def _touched(self, rows: int) -> list[Rule]:
        """The rules whose rows these are, each once, in the order of the sources."""
        found = []
        while rows:
            row = rows & -rows
            rule = self._owners[row.bit_length() - 1]
            rows = rows ^ row if rule.simple else rows & ~rule.applies
            found.append(rule)
        return found

    def _decision(self, finding: Finding, may: int, must: int) -> Decision:
        if finding.verdict is Verdict.PERMITTED:
            return self._permission(finding, may, must)
        return Decision(
            verdict=finding.verdict,
            deciding=tuple(dict.fromkeys([rule.id for rule in finding.deciding])),
            missing=finding.missing,
            in_flight=strictest([rule.version.in_flight for rule in finding.deciding]),
        )

    def _permission(self, finding: Finding, may: int, must: int) -> Decision:
        """Permitted with the duties that attach, unless nobody could carry out all of them."""
        attached = [
            rule
            for rule in self._touched(may & self._obligations)
            if rule.fires(must, may) is not False
        ]
        attached += finding.relieving
        if not attached:
            return PERMITTED
        duties = tuple(dict.fromkeys(duty for rule in attached for duty in rule.version.duties))
        if clash(duties):
            return Decision(
                verdict=Verdict.REFUSED,
                deciding=tuple(rule.id for rule in attached if rule.version.duties),
                in_flight=InFlight.CUT,
                reason="incompatible_duties",
            )
        return Decision(
            verdict=Verdict.PERMITTED,
            relieving=tuple(rule.id for rule in finding.relieving),
            duties=duties,
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
