"""A snapshot: everything that decisions read, as one digested document, selectable as of when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from licet.catalog import Fact, List
from licet.evidence import canonical, digest_of
from licet.policy.directives import Condition, Directive
from licet.policy.duties import ENFORCERS
from licet.policy.questions import Sources
from licet.policy.rolls import Roll, unwritten
from licet.policy.rules import Compiler, Rule, link, uncleared
from licet.policy.ruleset import Ruleset
from licet.policy.selection import (
    Boundaries,
    Dated,
    Window,
    bounds,
    call_roll,
    condition_met,
    date_versions,
    in_force,
)
from licet.terms import (
    SECOND_US,
    Attested,
    ConfigurationFault,
    Instant,
    format_instant,
    to_instant,
)

RULESETS_MAX = 64
"""Compiled windows that a snapshot keeps; the oldest goes first."""


class Snapshot:
    """One immutable value, identified by the SHA-256 of its canonical JSON (RFC 8785)."""

    def __init__(self, sources: Sources, document: bytes, enforcers: frozenset[str]) -> None:
        self.sources = sources
        self.document = document
        self.digest = digest_of(document)
        self._enforcers = enforcers
        self._directives = [(one, date_versions(one.versions)) for one in sources.directives]
        self._lists = {one.id: (one, date_versions(one.versions)) for one in sources.lists}
        self._facts: dict[str, tuple[Fact, ...]] = {}
        for fact in sources.facts:
            self._facts[fact.id] = (*self._facts.get(fact.id, ()), fact)
        self._instants = frozenset(_instants(sources))
        self._boundaries: dict[int, Boundaries] = {}
        self._rulesets: dict[tuple[int, int | None, int], Ruleset] = {}

    @classmethod
    def of(cls, sources: Sources, *, enforcers: frozenset[str] = ENFORCERS) -> Snapshot:
        """The snapshot of these sources; their order does not matter, except among versions,
        candidates and facts of one id.

        Every version of every directive is compiled once, so that what cannot be is a
        `ConfigurationFault` now and not when it comes into force.
        """
        sources = msgspec.structs.replace(
            sources,
            **{
                name: tuple(sorted(getattr(sources, name), key=lambda one: one.id))
                for name in (
                    "directives",
                    "lists",
                    "models",
                    "endpoints",
                    "organisations",
                    "facts",
                    "workloads",
                )
            },
        )
        document = canonical(_plain(msgspec.to_builtins(sources, builtin_types=(datetime,))))
        snapshot = cls(sources, document, enforcers)
        snapshot._check()
        return snapshot

    @classmethod
    def load(cls, document: bytes, *, enforcers: frozenset[str] = ENFORCERS) -> Snapshot:
        """The snapshot whose `document` this is; `ConfigurationFault` if it is not one."""
        try:
            sources = msgspec.json.decode(document, type=Sources, strict=True)
        except msgspec.MsgspecError as cause:
            raise ConfigurationFault(
                "not_a_snapshot", f"this is not the document of a snapshot: {cause}"
            ) from cause
        snapshot = cls(sources, document, enforcers)
        snapshot._check()
        return snapshot

    def select(
        self, valid_at: Instant, known_at: Instant | None = None, error_us: int = 0
    ) -> Ruleset:
        """What applies at `valid_at`, give or take `error_us`, of what was recorded by
        `known_at` (None: of all). Compiled once for each window between two boundaries."""
        boundaries = self._boundaries.get(error_us)
        if boundaries is None:
            boundaries = self._boundaries[error_us] = Boundaries(self._instants, error_us)
        key = (boundaries.window(valid_at), known_at, error_us)
        ruleset = self._rulesets.get(key)
        if ruleset is None:
            ruleset = self._compile(valid_at, known_at, error_us, boundaries.after(valid_at))
            if len(self._rulesets) >= RULESETS_MAX:
                del self._rulesets[next(iter(self._rulesets))]
            self._rulesets[key] = ruleset
        return ruleset

    def directive(self, name: str) -> Directive | None:
        return next((one for one, _ in self._directives if one.id == name), None)

    def _compile(
        self,
        valid_at: Instant,
        known_at: Instant | None,
        error_us: int,
        boundary: Instant | None,
    ) -> Ruleset:
        window = Window(valid_at - error_us, valid_at + error_us, known_at)
        compiler = Compiler(self.sources.rules, self._resolver(window), self._enforcers)
        default = uncleared(self.sources.rules)
        if default is not None:
            compiler.add(default, 1)
        for directive, versions in self._directives:
            for index in in_force(directive, versions, window):
                compiler.add(directive, index + 1)
        link(compiler.rules, lambda rule: self._unmet(rule, window), self._enforcers)
        columns, rows, all_rows = compiler.finish()
        return Ruleset(
            sources=self.sources,
            rules=tuple(compiler.rules),
            rows=rows,
            columns=columns,
            owners=tuple(compiler.owners),
            all_rows=all_rows,
            valid_at=valid_at,
            error_us=error_us,
            boundary=boundary,
        )

    def _unmet(self, rule: Rule, window: Window) -> tuple[str, ...]:
        """The facts that an authorisation depends on and that do not hold."""
        return tuple(
            one.fact
            for one in rule.version.conditions
            if not condition_met(self._facts.get(one.fact, ()), one.grace_s, window)
        )

    def _resolver(self, window: Window) -> Callable[[str], Roll]:
        called: dict[str, Roll] = {}

        def resolve(name: str) -> Roll:
            roll = called.get(name)
            if roll is None:
                found: tuple[List, tuple[Dated, ...]] | None = self._lists.get(name)
                roll = unwritten(name) if found is None else call_roll(*found, window)
                called[name] = roll
            return roll

        return resolve

    def _check(self) -> None:
        for kind in ("directives", "lists", "models", "endpoints", "organisations", "workloads"):
            ids = [one.id for one in getattr(self.sources, kind)]
            for name in (
                {one for one in ids if ids.count(one) > 1} if len(set(ids)) < len(ids) else ()
            ):
                raise ConfigurationFault("twice", f"two {kind} have the id `{name}`")
        compiler = Compiler(self.sources.rules, self._resolver(Window(0, 0)), self._enforcers)
        for directive in self.sources.directives:
            for number in range(1, len(directive.versions) + 1):
                try:
                    compiler.add(directive, number)
                except ConfigurationFault as fault:
                    message = f"directive `{directive.id}`, version {number}: {fault.message}"
                    raise ConfigurationFault(fault.code, message, remedy=fault.remedy) from fault


def _plain(value: Any) -> Any:
    """Builtins with instants as text, always with six digits of a second."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return format_instant(to_instant(value))
    return value


def _instants(sources: Sources) -> Iterator[int]:
    """Every instant at which a version, a list's freshness, a fact, or an attestation in the
    catalogue begins or ends."""
    graces, ages = set[int](), set[int]()
    for directive in sources.directives:
        for version in directive.versions:
            yield from _ends(version.effective_from, version.effective_until)
            graces.update(one.grace_s for one in version.conditions)
            for alternative in (*version.applies, *version.unless):
                ages.update(_ages(alternative.conditions))
    for one in sources.lists:
        for edition in one.versions:
            yield from _ends(edition.effective_from, edition.effective_until)
            if edition.as_of is not None and edition.max_age_s is not None:
                yield to_instant(edition.as_of) + edition.max_age_s * SECOND_US
    for fact in sources.facts:
        for point in bounds(fact):
            yield point
            yield from (point + grace * SECOND_US for grace in graces)
    for attested in _attestations(sources):
        yield from _ends(attested.expires, None)
        if attested.evidence_date is not None:
            for age in ages:
                # An attestation that is exactly as old as allowed still counts.
                yield to_instant(attested.evidence_date + timedelta(seconds=age)) + 1


def _ages(conditions: Iterable[Condition]) -> Iterator[int]:
    return (one.max_age_s for one in conditions if one.max_age_s is not None)


def _ends(*moments: datetime | None) -> Iterator[int]:
    return (to_instant(moment) for moment in moments if moment is not None)


def _attestations(sources: Sources) -> Iterator[Attested[Any]]:
    for parties in (sources.models, sources.endpoints, sources.organisations, sources.workloads):
        for party in parties:
            yield from party.declared.values()
    for holder in sources.organisations:
        for attested in (
            holder.us_person,
            holder.place,
            holder.ultimate_parent,
            holder.owners,
            holder.sector,
        ):
            if attested is not None:
                yield attested
