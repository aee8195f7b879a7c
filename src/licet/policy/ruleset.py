"""Everything that applies in one window of time, compiled: knows who asks, decides.

The work is divided by what changes how often: a candidate (model, endpoint, action) and an
organisation are looked at once per ruleset, a person and workload once per `Known`, and a
question about them once per `Known` and candidate. What is left for a question that was asked
before is one look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from licet.catalog import Endpoint, Model, Organisation, SubjectRule, Workload
from licet.policy.axioms import NOBODY_KNOWN, Person
from licet.policy.columns import Column, Masks, join
from licet.policy.directives import Mode, Version
from licet.policy.holdings import (
    Holding,
    Span,
    Threshold,
    endpoint_holding,
    model_holding,
    organisation_holding,
    person_holding,
    person_of,
    stated,
    subject_holding,
    workload_holding,
)
from licet.policy.judgement import PERMITTED, Judge
from licet.policy.questions import Action, Decision, Sources, Verdict
from licet.policy.rules import Atom, Rule
from licet.terms import UNKNOWN_PERSON, Instant, Profile, to_instant

DECISIONS_MAX = 4096
"""Decisions that one `Known` remembers; the catalogue bounds them anyway."""

_PERSON = ("subject.us_person", "subject.nationality")
_NAMES_MODEL = ("model.id", "model.lineage", "model.list")


class Known:
    """What is known of who asks, for what, as one ruleset sees it. Cacheable before `until`.

    `until`: the first instant at which something attested expires, begins, ends or becomes too
    old (None: never). `conflicts`: attributes on which attestations contradict each other.
    """

    __slots__ = (
        "conflicts",
        "decisions",
        "fault",
        "may",
        "must",
        "organisation",
        "persons",
        "profile",
        "span",
        "until",
        "workload",
    )

    def __init__(self, profile: Profile, span: Span) -> None:
        self.profile = profile
        self.span = span
        self.organisation: Organisation | None = None
        self.workload: Workload | None = None
        self.must = 0
        self.may = 0
        self.until: Instant | None = None
        self.conflicts: tuple[str, ...] = profile.conflicts
        self.persons: dict[Threshold, Person] = {}
        self.decisions: dict[tuple[str, str, str], Decision] = {}
        self.fault: str | None = None

    def person(self, threshold: Threshold) -> Person:
        found = self.persons.get(threshold)
        if found is None:
            found = person_of(self.profile, self.span, threshold)
            self.persons[threshold] = found
        return found


def _gatherer(column: Column) -> Callable[[Known], Holding]:
    """What reads a column's attribute of the subject from a profile; chosen once, not per
    question."""
    attribute, threshold = column.key.attribute, column.key.threshold
    name, scalar = attribute.name, attribute.scalar
    if name in _PERSON:
        return lambda known: person_holding(name, known.person(threshold))
    own = name.removeprefix("subject.")
    return lambda known: subject_holding(own, scalar, known.profile, known.span, threshold)


class Candidate:
    """A model at an endpoint for an action, as one ruleset sees it."""

    __slots__ = ("action", "endpoint", "fault", "may", "model", "must")

    def __init__(self, model: Model | None, endpoint: Endpoint | None, action: str) -> None:
        self.model = model
        self.endpoint = endpoint
        self.action = action
        self.must = 0
        self.may = 0
        self.fault = (
            "unknown_model" if model is None else "unknown_endpoint" if endpoint is None else None
        )


class Ruleset:
    """The selected versions of one window, compiled; `Snapshot.select` makes it.

    `boundary`: the first instant after the window at which a selection may differ. `valid_at`:
    an instant inside the window, for which attested attributes of organisations, models,
    endpoints and workloads were read (their changes are boundaries too).
    """

    def __init__(
        self,
        *,
        sources: Sources,
        rules: tuple[Rule, ...],
        rows: tuple[tuple[Atom, ...], ...],
        columns: tuple[Column, ...],
        owners: tuple[Rule, ...],
        all_rows: int,
        valid_at: Instant,
        error_us: int,
        boundary: Instant | None,
    ) -> None:
        self.boundary = boundary
        self.valid_at = valid_at
        self.error_us = error_us
        self.rules = rules
        self.rows = rows
        self._all = all_rows
        self._span = Span(valid_at, error_us)
        self.models = {model.id: model for model in sources.models}
        self.endpoints = {endpoint.id: endpoint for endpoint in sources.endpoints}
        self.organisations = {one.id: one for one in sources.organisations}
        self.workloads = {workload.id: workload for workload in sources.workloads}
        self._columns: dict[str, tuple[Column, ...]] = {}
        for column in columns:
            party = column.key.attribute.party
            self._columns[party] = (*self._columns.get(party, ()), column)
        self._subject = tuple(
            (column, _gatherer(column)) for column in self._columns.get("subject", ())
        )
        self._organisation_masks: dict[str, Masks] = {}
        self._workload_masks: dict[str, Masks] = {}
        self._candidates: dict[tuple[str, str, str], Candidate] = {}
        self._judge = Judge(rules, owners)
        self._naming: dict[str, bool] = {}

    @property
    def in_force(self) -> tuple[tuple[str, int, Mode], ...]:
        """(directive id, version number from 1, mode) of every selected version."""
        each = ((rule.id, rule.number, rule.version.mode) for rule in self.rules)
        return tuple(dict.fromkeys(each))

    def version_in_force(self, directive: str) -> tuple[int, Version] | None:
        """The selected version of a directive, and its number."""
        for rule in self.rules:
            if rule.id == directive:
                return rule.number, rule.version
        return None

    def names_model(self, model: str) -> bool:
        """Whether a selected directive names this model: by id, lineage or list."""
        found = self._naming.get(model)
        if found is None:
            found = model in self.models and self._names(self.models[model])
            self._naming[model] = found
        return found

    def _names(self, model: Model) -> bool:
        may = self._all
        naming = 0
        for column in self._columns.get("model", ()):
            may &= column.masks(self._model_holding(column, model), self._all)[1]
            if column.key.attribute.name in _NAMES_MODEL:
                naming |= self._all & ~column.silent
        applies = 0
        for rule in self.rules:
            applies |= rule.applies
        return bool(may & naming & applies)

    def know(self, profile: Profile, organisation: str, workload: str, valid_at: Instant) -> Known:
        """Looks at who asks. An unknown organisation or workload makes every answer a refusal.

        A workload without subjects has its audience in the place of `profile`.
        """
        use = self.workloads.get(workload)
        if use is not None and use.subject is SubjectRule.NONE:
            profile = use.audience or UNKNOWN_PERSON
        span = Span(valid_at, self.error_us)
        known = Known(profile, span)
        holder = self.organisations.get(organisation)
        known.organisation, known.workload = holder, use
        if holder is None or use is None:
            known.fault = "unknown_organisation" if holder is None else "unknown_workload"
            return known
        all_rows = self._all
        must, may = self._masks_of_organisation(holder)
        certain, possible = self._masks_of_workload(use)
        must &= certain
        may &= possible
        for column, gather in self._subject:
            certain, possible = column.masks(gather(known), all_rows)
            must &= certain
            may &= possible
        known.must, known.may = must, may
        if span.next is not None:
            known.until = to_instant(span.next)
        for person in known.persons.values():
            if person.conflicts:
                known.conflicts = tuple(dict.fromkeys((*known.conflicts, *person.conflicts)))
        return known

    def decide(
        self, known: Known, model: str, endpoint: str, action: Action = Action.INFERENCE
    ) -> Decision:
        """The decision, remembered inside `known`. Ids that the catalogue lacks are refused."""
        key = (model, endpoint, action)
        decision = known.decisions.get(key)
        if decision is None:
            decision = self._decide(known, key)
            if len(known.decisions) < DECISIONS_MAX:
                known.decisions[key] = decision
        return decision

    def _decide(self, known: Known, key: tuple[str, str, str]) -> Decision:
        candidate = self._candidates.get(key)
        if candidate is None:
            candidate = self._candidate(key)
        fault = known.fault or candidate.fault
        if fault is not None:
            return Decision(verdict=Verdict.REFUSED, reason=fault)
        must, may = known.must & candidate.must, known.may & candidate.may
        if not may & self._judge.concerned:
            return PERMITTED
        return self._judge.judge(must, may, lambda row: self._open_atoms(row, known, candidate))

    def holding(self, column: Column, known: Known, candidate: Candidate) -> Holding:
        """What is known of a column's attribute for one question, presumptions included."""
        assert known.organisation is not None
        assert known.workload is not None
        match column.key.attribute.party:
            case "subject":
                found = _gatherer(column)(known)
            case "organisation":
                found = self._organisation_holding(column, known.organisation)
            case "workload":
                found = self._workload_holding(column, known.workload)
            case "model":
                assert candidate.model is not None
                found = self._model_holding(column, candidate.model)
            case "endpoint":
                assert candidate.endpoint is not None
                found = self._endpoint_holding(column, candidate.endpoint)
            case _:
                found = stated(candidate.action)
        return column.presume(found)

    def candidate(self, model: str, endpoint: str, action: str) -> Candidate:
        key = (model, endpoint, action)
        return self._candidates.get(key) or self._candidate(key)

    def _candidate(self, key: tuple[str, str, str]) -> Candidate:
        model, endpoint, action = key
        candidate = Candidate(self.models.get(model), self.endpoints.get(endpoint), action)
        if candidate.model is None or candidate.endpoint is None:
            return candidate
        masks = []
        for column in self._columns.get("model", ()):
            masks.append(column.masks(self._model_holding(column, candidate.model), self._all))
        for column in self._columns.get("endpoint", ()):
            holding = self._endpoint_holding(column, candidate.endpoint)
            masks.append(column.masks(holding, self._all))
        for column in self._columns.get("action", ()):
            masks.append(column.masks(stated(str(action)), self._all))
        candidate.must, candidate.may = join(masks, self._all)
        self._candidates[key] = candidate
        return candidate

    def _open_atoms(
        self, row: int, known: Known, candidate: Candidate
    ) -> Iterable[tuple[Atom, Holding, Person]]:
        """The atoms of a row with what is known of each, and the person at its threshold."""
        for atom in self.rows[row]:
            column = atom[0]
            person = NOBODY_KNOWN
            if column.key.attribute.name in _PERSON:
                person = known.person(column.key.threshold)
            yield atom, self.holding(column, known, candidate), person

    def _organisation_holding(self, column: Column, holder: Organisation) -> Holding:
        key = column.key
        return organisation_holding(
            key.attribute.name, key.attribute.scalar, holder, self._span, key.threshold
        )

    def _workload_holding(self, column: Column, use: Workload) -> Holding:
        key = column.key
        return workload_holding(
            key.attribute.name, key.attribute.scalar, use, self._span, key.threshold
        )

    def _model_holding(self, column: Column, model: Model) -> Holding:
        key = column.key
        return model_holding(
            key.attribute.name, key.attribute.scalar, model, self._span, key.threshold
        )

    def _endpoint_holding(self, column: Column, endpoint: Endpoint) -> Holding:
        key = column.key
        return endpoint_holding(
            key.attribute.name, key.attribute.scalar, endpoint, self._span, key.threshold
        )

    def _masks_of_organisation(self, holder: Organisation) -> Masks:
        found = self._organisation_masks.get(holder.id)
        if found is None:
            columns = self._columns.get("organisation", ())
            found = join(
                [c.masks(self._organisation_holding(c, holder), self._all) for c in columns],
                self._all,
            )
            self._organisation_masks[holder.id] = found
        return found

    def _masks_of_workload(self, use: Workload) -> Masks:
        found = self._workload_masks.get(use.id)
        if found is None:
            columns = self._columns.get("workload", ())
            found = join(
                [c.masks(self._workload_holding(c, use), self._all) for c in columns], self._all
            )
            self._workload_masks[use.id] = found
        return found
