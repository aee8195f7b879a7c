"""Selected versions, compiled: which rows are theirs and what they do when they fire."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from licet.policy.columns import Column, ColumnKey
from licet.policy.conditions import compile_condition
from licet.policy.directives import (
    Alternative,
    Condition,
    Directive,
    Kind,
    Mode,
    Presumption,
    Version,
)
from licet.policy.duties import refusing, relieving, unenforced
from licet.policy.matching import ElementTest, Resolve
from licet.policy.questions import Rules
from licet.terms import ConfigurationFault

UNCLEARED = "licet.clearance"
"""The id under which `refuse_uncleared` of `licet.toml` appears among deciding directives."""

Atom = tuple[Column, ElementTest]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """One selected version. `applies` and `exceptions` are masks over rows.

    `restricts`: refuses when it fires (what an obligation excludes does too, and nothing
    relieves it). `bars`: of an authorisation that relieves nothing, why; filled by `link`.
    """

    directive: Directive
    number: int
    version: Version
    restricts: bool
    applies: int
    exceptions: int
    observed: bool
    simple: bool
    reliefs: list[Relief] = field(default_factory=list)
    bars: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.directive.id

    def fires(self, must: int, may: int) -> bool | None:
        """By the masks of a question: certainly, in no completion, or (None) possibly."""
        if self.simple:
            return True if must & self.applies else None if may & self.applies else False
        if not may & self.applies or must & self.exceptions:
            return False
        return True if must & self.applies and not may & self.exceptions else None


Relief = tuple[Rule, ...]
"""The versions of one authorisation that are in force in the window: all of them must fire,
since an authorisation relieves only what it relieves throughout."""


class Compiler:
    """Gathers rows of versions, then makes columns of them."""

    def __init__(self, rules: Rules, resolve: Resolve, enforcers: frozenset[str]) -> None:
        self._rules = rules
        self._resolve = resolve
        self._enforcers = enforcers
        self._tests: dict[ColumnKey, dict[ElementTest, int]] = {}
        self._rows: list[list[tuple[ColumnKey, ElementTest]]] = []
        self._compiled: dict[Hashable, tuple[ColumnKey, ElementTest]] = {}
        self.rules: list[Rule] = []
        self.owners: list[Rule] = []

    def add(self, directive: Directive, number: int) -> None:
        """Compiles version `number` (from 1); raises `ConfigurationFault` for what it cannot.

        An obligation whose residency excludes endpoints becomes two rules: what it binds, and
        what it refuses.
        """
        version = directive.versions[number - 1]
        check_version(directive, version)
        refused = refusing(directive, version, self._enforcers)
        if directive.kind is Kind.AUTHORISATION:
            version = relieving(version, self._enforcers) or version
        self._compile(directive, number, version, restricts=refused is version)
        if refused is not None and refused is not version:
            self._compile(directive, number, refused, restricts=True)

    def _compile(
        self, directive: Directive, number: int, version: Version, *, restricts: bool
    ) -> None:
        first = len(self._rows)
        for alternative in version.applies or (Alternative(conditions=()),):
            self._row(alternative, version.presume)
        middle = len(self._rows)
        for alternative in version.unless:
            self._row(alternative, version.presume)
        rule = Rule(
            directive=directive,
            number=number,
            version=version,
            restricts=restricts,
            applies=(1 << middle) - (1 << first),
            exceptions=(1 << len(self._rows)) - (1 << middle),
            observed=version.mode is Mode.OBSERVE,
            simple=len(self._rows) - first == 1,
        )
        self.rules.append(rule)
        self.owners += [rule] * (len(self._rows) - first)

    def _row(self, alternative: Alternative, presume: tuple[Presumption, ...]) -> None:
        bit = 1 << len(self._rows)
        row: list[tuple[ColumnKey, ElementTest]] = []
        used: set[ColumnKey] = set()
        for condition in alternative.conditions:
            known = (condition, presume)
            found = self._compiled.get(known)
            if found is None:
                found = compile_condition(condition, self._rules, self._resolve, presume)
                self._compiled[known] = found
            key, test = found
            while key in used:
                key = ColumnKey(key.attribute, key.threshold, key.presumed, key.slot + 1)
            used.add(key)
            row.append((key, test))
            column = self._tests.setdefault(key, {})
            column[test] = column.get(test, 0) | bit
        self._rows.append(row)

    def finish(self) -> tuple[tuple[Column, ...], tuple[tuple[Atom, ...], ...], int]:
        """(columns, the atoms of each row, the mask of all rows)."""
        all_rows = (1 << len(self._rows)) - 1
        columns = {key: Column(key, tests, all_rows) for key, tests in self._tests.items()}
        atoms = tuple(tuple((columns[key], test) for key, test in row) for row in self._rows)
        return tuple(columns.values()), atoms, all_rows


def check_version(directive: Directive, version: Version) -> None:
    """Refuses what this kind of directive cannot say; raises `ConfigurationFault`."""
    relaxes = directive.kind is Kind.AUTHORISATION
    restricts = directive.kind is Kind.RESTRICTION
    said = (
        (bool(version.relieves) and not relaxes, "`relieves`: only an authorisation relieves"),
        (bool(version.confirms) and not relaxes, "`confirms`: only an authorisation confirms"),
        (bool(version.conditions) and not relaxes, "`condition`: only an authorisation has any"),
        (bool(version.presume) and not restricts, "`presume`: only a restriction presumes"),
        (bool(version.duties) and restricts, "`duty`: a restriction has none"),
        (
            relaxes and not version.relieves and not version.nothing,
            "`relieves` is missing: an authorisation names what it relieves",
        ),
        (
            any(c.on_unmet != "lapse" or c.on_unknown != "lapse" for c in version.conditions),
            "`on_unmet` and `on_unknown` can be `lapse`",
        ),
        (
            any(not a.conditions for a in (*version.applies, *version.unless)),
            "an empty table: leave `applies` out to apply to everything",
        ),
    )
    for wrong, what in said:
        if wrong:
            raise ConfigurationFault("unsupported_version", f"directive `{directive.id}`: {what}")


def uncleared(rules: Rules) -> Directive | None:
    """`refuse_uncleared` as a restriction: what no rule has cleared is refused."""
    if not rules.refuse_uncleared:
        return None
    capability = Condition(attribute="model.capability", any_of=rules.refuse_uncleared)
    cleared = Condition(attribute="model.cleared", any_of=(True,))
    since = datetime(1970, 1, 1, tzinfo=UTC)
    version = Version(
        received=since,
        effective_from=since,
        applies=(Alternative(conditions=(capability,)),),
        unless=(Alternative(conditions=(cleared,)),),
        presume=(Presumption(attribute="model.cleared", value=False),),
    )
    return Directive(
        id=UNCLEARED,
        kind=Kind.RESTRICTION,
        title="Models with this capability need clearance",
        authority="the operator",
        versions=(version,),
    )


def link(
    rules: Iterable[Rule], unmet: Callable[[Rule], tuple[str, ...]], enforcers: frozenset[str]
) -> None:
    """Ties each restriction to the authorisations that may relieve it at all.

    Not those with `unmet` conditions, nor those with a duty that nothing carries out, nor
    those recorded before the restriction's version without having been confirmed against it.
    """
    named: dict[str, list[Rule]] = {}
    authorisations: dict[str, Relief] = {}
    for rule in rules:
        if rule.directive.kind is Kind.RESTRICTION:
            named.setdefault(rule.id, []).append(rule)
        elif rule.directive.kind is Kind.AUTHORISATION:
            authorisations[rule.id] = (*authorisations.get(rule.id, ()), rule)
    for relief in authorisations.values():
        bars = [bar for one in relief for bar in _bars(one, unmet(one), enforcers)]
        if not bars:
            common = set.intersection(*(set(one.version.relieves) for one in relief))
            for name in sorted(common):
                for restriction in named.get(name, ()):
                    if all(confirmed(one, restriction) for one in relief):
                        restriction.reliefs.append(relief)
                    else:
                        bars.append(f"it was not confirmed against `{name}@{restriction.number}`")
        for one in relief:
            one.bars.extend(dict.fromkeys(bars))


def _bars(rule: Rule, unmet: tuple[str, ...], enforcers: frozenset[str]) -> list[str]:
    bars = [f"its condition `{fact}` is not met" for fact in unmet]
    duties = unenforced(rule.version, enforcers)
    return bars + [f"nothing carries out its duty `{duty.kind}`" for duty in duties]


def confirmed(authorisation: Rule, restriction: Rule) -> bool:
    """Whether the authorisation was written, or confirmed, in sight of the restriction.

    A version recorded at the same time or later was. An earlier one was if it confirms that
    version by number (`id@2`): a confirmation without a number could not know what follows.
    """
    written, amended = authorisation.version.recorded_at, restriction.version.recorded_at
    if amended is None or (written is not None and written >= amended):
        return True
    return f"{restriction.id}@{restriction.number}" in authorisation.version.confirms
