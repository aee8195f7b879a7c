"""Was it right? Counted on the vendors' ledger and at the clients, by the naive interpreter.

Nothing that decided has a say here: neither the compiled rules nor the gateway's log. The judge
reads the configuration from its files by itself, knows who every person really is, and when
the decision clock stood where.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from licet.catalog import Candidate, Workload
from licet.demo.hearing import Heard, Kind
from licet.demo.news import in_force
from licet.demo.persons import Dialect, Person
from licet.demo.requests import Ask
from licet.policy import Decision, InFlight, Mode, Moment, Sources, Version, naive
from licet.policy import Kind as DirectiveKind
from licet.sim import End, Entry
from licet.terms import Instant, to_datetime


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """The clock was told to stand at `at`; by the wall clock, from `asked` on some worker may
    have stood there, and from `passed` on all did."""

    at: Instant
    asked: Instant
    passed: Instant


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked, what was heard, and where the clock stood when it was asked (`at`) and when
    the last of it was heard (`until`)."""

    ask: Ask
    heard: Heard
    at: Instant
    until: Instant


class Judge:
    """Judges a pass under its configuration (`sources`). `persons`: everybody who asks."""

    def __init__(self, sources: Sources, persons: Iterable[Person]) -> None:
        self.sources = sources
        self._naive = naive.Judge(sources)
        self._persons = {person.id: person for person in persons}
        self._workloads = {workload.id: workload for workload in sources.workloads}
        self._endpoints = {endpoint.id: endpoint for endpoint in sources.endpoints}
        self._models = {model.id: model for model in sources.models}

    def decision(self, person: Person, dialect: Dialect, step: Candidate, at: Instant) -> Decision:
        """The verdict on one candidate for this person."""
        return self._naive.judge(
            profile=person.known_as,
            organisation=person.organisation,
            workload=person.workloads[dialect],
            model=step.model,
            endpoint=step.endpoint,
            moment=Moment(valid_at=at),
        )

    def unlawful(
        self, entries: Iterable[Entry], ends: Mapping[int, End], marks: Sequence[Mark]
    ) -> list[str]:
        """What reached a vendor against the rules, and what went on being answered against them,
        each in a sentence. Whoever cannot be told from the ledger was not served lawfully."""
        return [
            f"{entry.case}: {fault}"
            for entry in entries
            if (fault := self._unlawful(entry, ends.get(entry.number), marks)) is not None
        ]

    def _unlawful(self, entry: Entry, end: End | None, marks: Sequence[Mark]) -> str | None:
        person = self._persons.get(entry.person or "")
        step = self._candidate(entry)
        dialect = entry.dialect
        if person is None or step is None or dialect == "responses":
            return f"nobody knows who asked `{entry.vendor}` for `{entry.model}`"

        def decided(at: Instant) -> Decision:
            return self.decision(person, dialect, step, at)

        arrived = [decided(at) for at in _standing(marks, entry.at)]
        if not any(each.permitted for each in arrived):
            return f"`{step.model}` was asked for `{person.id}` at `{step.endpoint}`"
        if end is not None and end.outcome == "completed":
            for mark in marks:
                if not entry.at < mark.passed < end.at:
                    continue
                later = decided(mark.at)
                if not later.permitted and later.in_flight is InFlight.CUT:
                    return f"`{step.model}` went on answering `{person.id}`"
        return None

    def wrongly_refused(self, said: Said) -> bool:
        """Refused although a permitted, available candidate existed: where the clock moved
        meanwhile, before and after."""
        if said.heard.kind not in (Kind.REFUSED, Kind.CUT, Kind.UNAVAILABLE):
            return False
        return all(self._is_servable(said.ask, at) for at in {said.at, said.until})

    def _is_servable(self, ask: Ask, at: Instant) -> bool:
        return any(
            self.decision(ask.person, ask.dialect, step, at).permitted
            and self.is_available(step, at)
            for step in self.candidates(ask)
        )

    def misled(self, said: Said, served: Mapping[str, Entry]) -> str | None:
        """Whether an answer came from another model than the caller was told, or than was asked
        without being told. `served`: the last arrival of each case."""
        heard, entry = said.heard, served.get(said.ask.case)
        if heard.kind is not Kind.ANSWERED:
            return None
        step = None if entry is None else self._candidate(entry)
        if step is None:
            return "an answer that no vendor gave"
        if (step.model, step.endpoint) != (heard.model, heard.endpoint):
            return f"an answer of `{step.model}` at `{step.endpoint}` told as `{heard.model}`"
        if heard.model != self.first_choice(said.ask) and not heard.rerouted:
            return f"an answer of `{heard.model}` instead, and not told so"
        return None

    def candidates(self, ask: Ask) -> tuple[Candidate, ...]:
        """What may answer: what the workload has, in the caller's dialect; where a model is
        named, that one alone unless the workload substitutes."""
        workload = self._workloads[ask.workload]
        return tuple(
            step
            for step in workload.candidates
            if self._endpoints[step.endpoint].dialect == ask.dialect
            and (ask.by_workload or workload.substitute or step.model == ask.name)
        )

    def first_choice(self, ask: Ask) -> str:
        workload: Workload = self._workloads[ask.workload]
        return workload.candidates[0].model if ask.by_workload else ask.name

    def is_available(self, step: Candidate, at: Instant) -> bool:
        moment = to_datetime(at)
        return not any(
            fact.concerns(step.model, step.endpoint)
            and (fact.start is None or fact.start <= moment)
            and (fact.end is None or moment < fact.end)
            for fact in self.sources.availability
        )

    def blanket_refuses(self, ask: Ask, at: Instant) -> bool:
        """Whether the first choice is a model that a restriction then in force names, whoever
        asks: what a shutdown for everybody would have refused."""
        return any(
            directive.kind is DirectiveKind.RESTRICTION
            and version.mode is Mode.ENFORCE
            and self._names(version, self.first_choice(ask))
            for directive, version in in_force(self.sources, at)
        )

    def _names(self, version: Version, model_id: str) -> bool:
        model = self._models[model_id]
        values = {"model.id": (model.id,), "model.lineage": model.lineage or ()}
        for alternative in version.applies:
            about = [each for each in alternative.conditions if each.attribute in values]
            if about and all(set(each.any_of) & set(values[each.attribute]) for each in about):
                return True
        return False

    def _candidate(self, entry: Entry) -> Candidate | None:
        """The model and endpoint as the catalogue calls them; None: it has no such thing."""
        endpoint = self._endpoints.get(entry.vendor)
        for model, name in () if endpoint is None else endpoint.models.items():
            if name == entry.model:
                return Candidate(model=model, endpoint=entry.vendor)
        return None


def _standing(marks: Sequence[Mark], wall: Instant) -> list[Instant]:
    """Where the decision clock may have stood when the wall clock said `wall`: at one instant, or
    while it was being moved at either."""
    begun = [mark for mark in marks if mark.asked <= wall]
    settled = [index for index, mark in enumerate(begun) if mark.passed <= wall]
    return [mark.at for mark in begun[settled[-1] if settled else 0 :]]
