"""Unknown attributes, exactly: what every completion of what is known would decide.

Completions are enumerated as combinations of answers to the tests that are open (`choices`),
attribute by attribute and, for memberships that lists leave open, list by list: up to
`COMPLETIONS_MAX`, beyond which the verdict is undetermined.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import combinations, product
from math import prod
from typing import cast

import msgspec

from licet.policy.axioms import Person
from licet.policy.choices import Choice, choices, person_choices
from licet.policy.columns import answer
from licet.policy.directives import Duty
from licet.policy.holdings import Holding
from licet.policy.matching import ElementTest, Owners, Shares
from licet.policy.ownership import owner_choices
from licet.policy.questions import Verdict
from licet.policy.rolls import Answers, OpenMembership
from licet.policy.rules import Atom, Relief, Rule
from licet.policy.sightings import OPENS_MAX, Label, Tests, TooMany
from licet.policy.vocabulary import Attribute, Element, intrusion, missing_name

COMPLETIONS_MAX = 4096
"""About ten milliseconds of work, once for each question that comes this far."""

GROUPINGS_MAX = 1 << 18
"""Completions times sets of attributes looked at for minimal missing sets."""


class Finding(msgspec.Struct, frozen=True):
    """A verdict with the rules that make it. `at_odds`: some that decide do so only because the
    duties that they bring cannot all be carried out."""

    verdict: Verdict
    deciding: tuple[Rule, ...] = ()
    relieving: tuple[Rule, ...] = ()
    missing: tuple[tuple[str, ...], ...] = ()
    duties: tuple[Duty, ...] = ()
    at_odds: bool = False


class Open(msgspec.Struct, frozen=True):
    """A rule that may fire (`surely`: that does, by the masks), and what may relieve it."""

    rule: Rule
    reliefs: tuple[Relief, ...] = ()
    surely: bool = False

    @property
    def settled(self) -> bool:
        """Whether it fires whatever is unknown, and nothing relieves it."""
        return self.surely and not self.reliefs


AtomsOf = Callable[[int], Iterable[tuple[Atom, Holding, Person]]]


class _Clause(msgspec.Struct, frozen=True):
    """A rule as a formula over open tests: each row is the mask of tests that it needs."""

    rows: tuple[int, ...]
    exceptions: tuple[int, ...]

    def fires(self, truth: int) -> bool:
        return any(not row & ~truth for row in self.rows) and not any(
            not row & ~truth for row in self.exceptions
        )


class _Unknowns:
    """The open tests of one question, by the attribute on which they wait."""

    def __init__(self) -> None:
        self._bits: dict[Hashable, int] = {}
        self._plain: dict[tuple[str, Holding], list[tuple[int, ElementTest]]] = {}
        self._attributes: dict[str, Attribute] = {}
        self._flags: dict[Person, list[tuple[int, ElementTest]]] = {}
        self._statuses: dict[Person, list[tuple[int, ElementTest]]] = {}
        self._memberships: set[tuple[str, str]] = set()

    def bit(self, atom: Atom, holding: Holding, person: Person) -> int:
        """The bit of an open test; 0 of one that holds. Those that fail never get here."""
        column, test = atom
        if answer(test, holding):
            return 0
        attribute = column.key.attribute
        known = person if attribute.name in _PERSON else holding
        key = (attribute.held, test, known)
        bit = self._bits.get(key)
        if bit is None:
            bit = self._bits[key] = 1 << len(self._bits)
            entry = (bit, test)
            if attribute.name == "subject.us_person":
                self._flags.setdefault(person, []).append(entry)
            elif attribute.name == "subject.nationality":
                self._statuses.setdefault(person, []).append(entry)
            else:
                self._attributes[attribute.held] = attribute
                self._plain.setdefault((attribute.held, holding), []).append(entry)
            for element in holding.elements:
                if test.holds(element) is None:
                    self._memberships |= test.opens(element)
        return bit

    @property
    def names(self) -> tuple[str, ...]:
        """Every attribute on which something waits, least intrusive first."""
        names = {
            missing_name(held)
            for held, holding in self._plain
            if not holding.complete or _shares(self._attributes[held], holding) is not None
        }
        for person in (*self._flags, *self._statuses):
            if not person.complete or any(stand.latest is None for stand in person.stands):
                names.add("nationality")
        if "nationality" not in names and any(one.us_person is None for one in self._flags):
            names.add("us_person")
        names |= {f"list.{one}" for one, _ in self._memberships}
        return tuple(sorted(names, key=intrusion))

    def completions(self) -> list[tuple[int, tuple[Label, ...]]]:
        """(tests that hold, what attestations would reveal) of each; raises `TooMany`."""
        memberships = sorted(self._memberships)
        if len(memberships) > OPENS_MAX:
            raise TooMany
        parts = self._parts(memberships)
        everything = Answers(memberships, 0)
        if len(everything.ways) * prod(len(each) for _, each in parts) > COMPLETIONS_MAX:
            raise TooMany
        found: list[tuple[int, tuple[Label, ...]]] = []
        for way in everything.ways:
            fixed: tuple[Label, ...] = tuple(
                (frozenset({f"list.{one}"}), ((one, member), there))
                for (one, member), there in way.items()
            )
            seen = [
                [(answers.within(one.bits, way), one.labels) for one in each]
                for answers, each in parts
            ]
            for chosen in product(*seen):
                truth = 0
                revealed = fixed
                for bits, labels in chosen:
                    truth |= bits
                    revealed += labels
                found.append((truth, revealed))
        return found

    def _parts(self, memberships: list[OpenMembership]) -> list[tuple[Answers, list[Choice]]]:
        """Of each attribute, the ways in which the lists that it asks may answer, and what it may
        turn out to be."""
        parts = []
        for (held, holding), tests in self._plain.items():
            answers = self._answers(memberships, tests)
            attribute = self._attributes[held]
            shares = _shares(attribute, holding)
            if shares is not None:
                found = owner_choices(missing_name(held), shares, tuple(tests), answers)
            else:
                found = choices(attribute, holding, tuple(tests), answers)
            parts.append((answers, found))
        for person in dict.fromkeys((*self._flags, *self._statuses)):
            flags: Tests = tuple(self._flags.get(person, ()))
            statuses: Tests = tuple(self._statuses.get(person, ()))
            answers = self._answers(memberships, statuses)
            parts.append((answers, person_choices(person, flags, statuses, answers)))
        return parts

    def _answers(
        self, memberships: list[OpenMembership], tests: Iterable[tuple[int, ElementTest]]
    ) -> Answers:
        consulted = frozenset[str]().union(*(test.consulted for _, test in tests))
        return Answers([one for one in memberships if one[0] in consulted], len(self._bits))


def _shares(attribute: Attribute, holding: Holding) -> Shares | None:
    """The known shares in an organisation, if there may be more owners."""
    if attribute.element is not Element.OWNERS:
        return None
    shares, complete = cast("Owners", holding.elements[0])
    return None if complete else shares


_PERSON = ("subject.us_person", "subject.nationality")


def settle(
    restrictions: Sequence[Open],
    may: int,
    atoms_of: AtomsOf,
    *,
    obligations: Sequence[Open] | None = None,
) -> Finding:
    """The exact verdict on restrictions that the masks leave open.

    `obligations`: those that may bind, where duties that attach together may be at odds (None:
    they cannot be).
    """
    due = obligations or ()
    rules = [one.rule for one in (*restrictions, *due)]
    rules += [part for one in restrictions for relief in one.reliefs for part in relief]
    unknowns = _Unknowns()
    problem = _problem(restrictions, may, atoms_of, unknowns)
    binding = [_clause(one, may, atoms_of, unknowns) for one in due]
    settled = {one.rule.id for one in restrictions if one.settled}
    try:
        completions = unknowns.completions()
    except TooMany:
        if settled:
            return Finding(Verdict.REFUSED, tuple(one for one in rules if one.id in settled))
        return Finding(
            Verdict.UNDETERMINED, tuple(one.rule for one in restrictions), (), (unknowns.names,)
        )
    used: set[Rule] = set()
    refusals: dict[int, frozenset[Rule]] = {}
    at_odds = False
    for truth in dict.fromkeys(truth for truth, _ in completions):
        relieving: set[Rule] = set()
        refusing = _refusing(problem, truth, relieving)
        if not refusing and obligations is not None:
            bound = (
                one.rule for one, clause in zip(due, binding, strict=True) if clause.fires(truth)
            )
            refusing = frozenset(retaining_at_odds((*bound, *relieving)))
            at_odds = at_odds or bool(refusing)
        used.update(relieving)
        refusals[truth] = refusing
    anywhere = frozenset[Rule]().union(*refusals.values())
    if not anywhere:
        return Finding(Verdict.PERMITTED, (), tuple(used))
    deciding = tuple(dict.fromkeys(rule for rule in rules if rule in anywhere))
    if all(refusals.values()):
        each = [frozenset(rule.id for rule in refusing) for refusing in refusals.values()]
        always = frozenset.intersection(*each)
        everywhere = tuple(rule for rule in deciding if rule.id in always)
        return Finding(Verdict.REFUSED, everywhere or deciding, at_odds=at_odds)
    outcomes = [(not refusals[truth], labels) for truth, labels in completions]
    return Finding(Verdict.UNDETERMINED, deciding, (), _missing(outcomes), at_odds=at_odds)


def retaining_at_odds(rules: Iterable[Rule]) -> list[Rule]:
    """Those that bring a duty to retain, if some of them retain and others must retain nothing."""
    found = [
        (rule, bool(duty.value))
        for rule in rules
        for duty in rule.version.duties
        if duty.kind == "retain"
    ]
    return [rule for rule, _ in found] if len({kept for _, kept in found}) > 1 else []


def attached(
    relieved: Sequence[Open], obligations: Sequence[Open], may: int, atoms_of: AtomsOf
) -> tuple[set[Rule], set[Rule]]:
    """Which authorisations are needed in some completion and which obligations bind in some;
    beyond the bound, all of them."""
    unknowns = _Unknowns()
    problem = _problem(relieved, may, atoms_of, unknowns)
    binding = [(one.rule, _clause(one, may, atoms_of, unknowns)) for one in obligations]
    try:
        completions = unknowns.completions()
    except TooMany:
        parts = [part for one in relieved for relief in one.reliefs for part in relief]
        return set(parts), {rule for rule, _ in binding}
    used: set[Rule] = set()
    found: set[Rule] = set()
    for truth in {truth for truth, _ in completions}:
        _refusing(problem, truth, used)
        found.update(rule for rule, clause in binding if clause.fires(truth))
    return used, found


_Reliefs = list[tuple[Relief, tuple[_Clause, ...]]]
_Problem = list[tuple[Rule, _Clause, _Reliefs]]

_ALWAYS = _Clause((0,), ())


def _problem(opens: Sequence[Open], may: int, atoms_of: AtomsOf, unknowns: _Unknowns) -> _Problem:
    """Restrictions and what may relieve them, as formulas over the tests that are open."""
    problem: _Problem = []
    for one in opens:
        reliefs: _Reliefs = [
            (relief, tuple(_clause(Open(part), may, atoms_of, unknowns) for part in relief))
            for relief in one.reliefs
        ]
        problem.append((one.rule, _clause(one, may, atoms_of, unknowns), reliefs))
    return problem


def _clause(one: Open, may: int, atoms_of: AtomsOf, unknowns: _Unknowns) -> _Clause:
    if one.surely:
        return _ALWAYS
    return _Clause(
        _needs(may & one.rule.applies, atoms_of, unknowns),
        _needs(may & one.rule.exceptions, atoms_of, unknowns),
    )


def _needs(rows: int, atoms_of: AtomsOf, unknowns: _Unknowns) -> tuple[int, ...]:
    needs = []
    while rows:
        row = rows & -rows
        rows ^= row
        need = 0
        for atom, holding, person in atoms_of(row.bit_length() - 1):
            need |= unknowns.bit(atom, holding, person)
        needs.append(need)
    return tuple(needs)


def _refusing(problem: _Problem, truth: int, used: set[Rule]) -> frozenset[Rule]:
    """The restrictions that refuse in this completion; notes what relieves."""
    refusing = []
    for rule, clause, reliefs in problem:
        if not clause.fires(truth):
            continue
        relieved = False
        for relief, parts in reliefs:
            if all(part.fires(truth) for part in parts):
                relieved = True
                used.update(relief)
        if not relieved:
            refusing.append(rule)
    return frozenset(refusing)


def _missing(outcomes: list[tuple[bool, tuple[Label, ...]]]) -> tuple[tuple[str, ...], ...]:
    """All inclusion-minimal sets of attributes that settle it, whatever their value."""
    names = sorted(
        {name for _, labels in outcomes for needed, _ in labels for name in needed}, key=intrusion
    )
    if len(outcomes) << len(names) > GROUPINGS_MAX:
        return (_one_minimal(names, outcomes),)
    minimal: list[frozenset[str]] = []
    for size in range(1, len(names) + 1):
        for chosen in combinations(names, size):
            candidate = frozenset(chosen)
            if not any(one <= candidate for one in minimal) and _settles(candidate, outcomes):
                minimal.append(candidate)
    ordered = [tuple(sorted(one, key=intrusion)) for one in minimal]
    return tuple(sorted(ordered, key=lambda one: [intrusion(name) for name in reversed(one)]))


def _one_minimal(
    names: list[str], outcomes: list[tuple[bool, tuple[Label, ...]]]
) -> tuple[str, ...]:
    """One minimal set where looking for all would take too long: the most intrusive attributes
    are dropped first."""
    kept = list(names)
    for name in reversed(names):
        fewer = [one for one in kept if one != name]
        if _settles(frozenset(fewer), outcomes):
            kept = fewer
    return tuple(kept)


def _settles(attested: frozenset[str], outcomes: list[tuple[bool, tuple[Label, ...]]]) -> bool:
    verdicts: dict[Hashable, bool] = {}
    for spared, labels in outcomes:
        revealed = tuple(value for needed, value in labels if needed <= attested)
        if verdicts.setdefault(revealed, spared) is not spared:
            return False
    return True
