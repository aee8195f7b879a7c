"""The rules once more, slowly: an interpreter that is read to understand them.

It shares the nouns with the compiled engine and nothing else, so that each judges the other:
in the tests on small worlds, in the demonstration on the ledger of the simulated vendors. It
follows the letter of docs/policy.md and cites its sections. Pure; a fault refuses.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from licet.policy.directives import InFlight
from licet.policy.duties import ENFORCERS
from licet.policy.naive.completions import BOUND
from licet.policy.naive.sight import Parties
from licet.policy.naive.verdict import CLEARANCE, Case
from licet.policy.questions import Action, Decision, Moment, Sources, Verdict
from licet.terms import ConfigurationFault, Profile, to_instant

__all__ = ["BOUND", "CLEARANCE", "Judge", "judge"]


def judge(
    sources: Sources,
    *,
    profile: Profile,
    organisation: str,
    workload: str,
    model: str,
    endpoint: str,
    action: Action = Action.INFERENCE,
    moment: Moment,
    enforcers: frozenset[str] = ENFORCERS,
) -> Decision:
    """The verdict on one question; ids that nobody knows, and faults, refuse (section 4).

    `enforcers`: the kinds of duties that something enforces; the others refuse (section 2).
    """
    parties = _find(sources, profile, organisation, workload, model, endpoint, action)
    if parties is None:
        return Decision(verdict=Verdict.REFUSED, in_flight=InFlight.CUT)
    try:
        return Case(sources, parties, moment, enforcers).decision()
    except ConfigurationFault:
        return Decision(verdict=Verdict.REFUSED, in_flight=InFlight.CUT)


class Judge:
    """Judges many questions on the same sources: what was answered before is remembered.

    An answer holds as long as no date in the sources or in the profile has come between; so
    questions are filed under the dates on both sides of their moment.
    """

    def __init__(self, sources: Sources, *, enforcers: frozenset[str] = ENFORCERS) -> None:
        self._sources, self._enforcers = sources, enforcers
        self._spans_us = sorted({0, *_spans_us(sources)})
        self._edges = self._edges_of(sources)
        self._recorded = sorted({int(to_instant(each)) for each in _recorded(sources)})
        self._edges_by_profile: dict[bytes, list[int]] = {}
        self._answers: dict[tuple[object, ...], Decision] = {}

    def judge(
        self,
        *,
        profile: Profile,
        organisation: str,
        workload: str,
        model: str,
        endpoint: str,
        action: Action = Action.INFERENCE,
        moment: Moment,
    ) -> Decision:
        """As `judge` of this package, on the sources of this judge."""
        person = msgspec.json.encode(profile)
        if person not in self._edges_by_profile:
            self._edges_by_profile[person] = self._edges_of(profile)
        known = moment.known_at
        when = [
            bisect_right(edges, at)
            for edges in (self._edges, self._edges_by_profile[person])
            for at in (moment.valid_at - moment.error_us, moment.valid_at + moment.error_us)
        ]
        recorded = None if known is None else bisect_right(self._recorded, known)
        key = (person, organisation, workload, model, endpoint, action, recorded, *when)
        if key not in self._answers:
            self._answers[key] = judge(
                self._sources,
                profile=profile,
                organisation=organisation,
                workload=workload,
                model=model,
                endpoint=endpoint,
                action=action,
                moment=moment,
                enforcers=self._enforcers,
            )
        return self._answers[key]

    def _edges_of(self, value: object) -> list[int]:
        """Every instant at which an answer may change: dates, and dates after which time runs.

        An age may be reached and not exceeded, so it ends a microsecond later.
        """
        dates = {int(to_instant(each)) for each in _dates(value)}
        return sorted(
            {date + span + more for date in dates for span in self._spans_us for more in (0, 1)}
        )


def _dates(value: object) -> Iterator[datetime]:
    if isinstance(value, datetime):
        yield value
    for part in _parts(value):
        yield from _dates(part)


def _spans_us(value: object) -> Iterator[int]:
    """Every grace and greatest age, in microseconds."""
    for name in ("grace_s", "max_age_s"):
        seconds = getattr(value, name, None)
        if seconds is not None:
            yield timedelta(seconds=seconds) // timedelta(microseconds=1)
    for part in _parts(value):
        yield from _spans_us(part)


def _recorded(sources: Sources) -> Iterator[datetime]:
    for directive in sources.directives:
        yield from (each.recorded_at for each in directive.versions if each.recorded_at)
    for listed in sources.lists:
        yield from (each.recorded_at for each in listed.versions if each.recorded_at)


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, msgspec.Struct):
        yield from (getattr(value, name) for name in value.__struct_fields__)
    elif isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, tuple):
        yield from value


def _find(
    sources: Sources,
    profile: Profile,
    organisation: str,
    workload: str,
    model: str,
    endpoint: str,
    action: Action,
) -> Parties | None:
    organisations = {each.id: each for each in sources.organisations}
    workloads = {each.id: each for each in sources.workloads}
    models = {each.id: each for each in sources.models}
    endpoints = {each.id: each for each in sources.endpoints}
    try:
        return Parties(
            profile=profile,
            organisation=organisations[organisation],
            workload=workloads[workload],
            model=models[model],
            endpoint=endpoints[endpoint],
            action=action,
        )
    except KeyError:
        return None
