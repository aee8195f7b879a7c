"""The figures of a period against a count that looks at every request anew for every figure."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from licet.account import Ends, Figures, figures
from licet.evidence import (
    AttemptLeaf,
    ClockLeaf,
    DecisionLeaf,
    Leaf,
    OutcomeLeaf,
    Sending,
    SuspendedLeaf,
    encode,
)
from licet.terms import EvidenceFault
from tests.unit.account.stories import DAYS, LETTER, snapshot, sources, stories
from tests.unit.evidence.examples import LOG

SINCE, UNTIL = "2026-06-12T00:00:00.000000Z", "2026-06-29T12:00:00.000000Z"


def counted(written: list[Leaf], **wanted: Any) -> Figures:
    data = [encode(leaf) for leaf in written]
    return figures(enumerate(data), sources, **wanted)


class Naive:
    """A request, from all records of the log that name it."""

    def __init__(self, name: str, log: list[Leaf]) -> None:
        records = [(i, leaf) for i, leaf in enumerate(log) if getattr(leaf, "request", "") == name]
        decisions = [leaf for _, leaf in records if isinstance(leaf, DecisionLeaf)]
        self.admission = decisions[0]
        self.barring = decisions[-1]
        self.sendings: list[Sending] = [
            leaf.sending
            for _, leaf in records
            if isinstance(leaf, DecisionLeaf | AttemptLeaf) and leaf.sending is not None
        ]
        self.outcomes = {
            leaf.attempt: (i, leaf) for i, leaf in records if isinstance(leaf, OutcomeLeaf)
        }

    def outcome(self, number: int) -> OutcomeLeaf | None:
        return self.outcomes[number][1] if number in self.outcomes else None

    @property
    def sent(self) -> list[tuple[Sending, OutcomeLeaf | None]]:
        pairs = [(one, self.outcome(place)) for place, one in enumerate(self.sendings, 1)]
        return [(one, found) for one, found in pairs if found is None or found.tries]

    @property
    def end(self) -> str:
        last = self.outcome(len(self.sendings))
        if last is None:
            return "open"
        if last.outcome == "answered":
            first = self.admission.candidates[0]
            went = self.sendings[-1]
            same = (first.model, first.endpoint) == (went.model, went.endpoint)
            return "as_asked" if same else "rerouted"
        if last.outcome == "refused":
            return "undetermined" if self.barring.verdict == "undetermined" else "refused"
        if last.outcome == "failed" and not self.sendings:
            return "unavailable"
        if last.outcome == "failed" and last.status == 400:
            return "rejected"
        return last.outcome


def naive(log: list[Leaf], since: str = "", until: str = "~") -> list[Naive]:
    names = [
        leaf.request
        for leaf in log
        if isinstance(leaf, DecisionLeaf) and leaf.reason == "admission"
        if since <= leaf.at < until
    ]
    return [Naive(name, log) for name in names]


def ends(requests: list[Naive]) -> Ends:
    return Ends(requests=len(requests), **Counter(one.end for one in requests))


@pytest.mark.parametrize("ended_max", [0, 50_000])
@pytest.mark.parametrize("seed", range(8))
def test_every_figure_is_what_a_count_of_each_request_says(seed: int, ended_max: int) -> None:
    log = stories(seed, 120)
    if not ended_max:
        # Nothing is remembered of a sending that ended: then one request must end before the next
        # begins, and nothing may follow but the outcome that supersedes an unknown one.
        log = [
            leaf
            for leaf in sorted(log, key=lambda leaf: getattr(leaf, "request", ""))
            if not isinstance(leaf, AttemptLeaf) and getattr(leaf, "attempt", 1) < 2
        ]
    since, until = (SINCE, UNTIL) if seed % 2 else ("", "")
    found = counted(log, since=since, until=until, ended_max=ended_max)
    requests = naive(log, since, until or "~")
    assert requests
    assert found.total == ends(requests)
    for name, groups in (("workload", found.workloads), ("organisation", found.organisations)):
        assert {one.id: one.ends for one in groups} == {
            value: ends([one for one in requests if getattr(one.admission, name) == value])
            for value in {getattr(one.admission, name) for one in requests}
        }
    assert {one.id: one.ends for one in found.days} == {
        day: ends([one for one in requests if one.admission.at.startswith(day)])
        for day in DAYS
        if any(one.admission.at.startswith(day) for one in requests)
    }
    check_directives(found, requests)
    check_sendings(found, requests)
    lacking = Counter(one.barring.missing for one in requests if one.end == "undetermined")
    assert {one.sets: one.requests for one in found.lacking} == lacking
    duties = sum("retain" in one.admission.duties for one in requests)
    assert [(one.kind, one.requests) for one in found.duties] == [("retain", duties)]
    within = [leaf for leaf in log if since <= leaf.at < (until or "~")]
    assert found.leaves == len(within)


def check_directives(found: Figures, requests: list[Naive]) -> None:
    names = {one.id for one in found.deciding}
    assert names
    for name in names | {LETTER}:
        had = {one.id: one for one in found.deciding}[name]
        assert had.barred == sum(
            name in one.admission.deciding or name in one.barring.deciding for one in requests
        )
        for end in ("refused", "undetermined"):
            assert getattr(had, end) == sum(
                one.end == end and name in one.barring.deciding for one in requests
            )
        assert had.cut == sum(
            name in last.deciding
            for one in requests
            if one.end == "cut" and (last := one.outcome(len(one.sendings)))
        )
        assert had.rerouted == sum(
            one.end == "rerouted" and name in one.admission.candidates[0].deciding
            for one in requests
        )
        assert had.relieved == sum(name in one.admission.relieving for one in requests)
        assert had.observed == sum(
            one.admission.observed is not None and name in one.admission.observed.deciding
            for one in requests
        )


def check_sendings(found: Figures, requests: list[Naive]) -> None:
    sent = [pair for one in requests for pair in one.sent]
    by_endpoint = Counter(one.endpoint for one, _ in sent)
    assert {one.endpoint: one.sendings for one in found.reached} == by_endpoint
    places = {"anthropic": "US", "cloud-us": "US", "mistral": "FR"}
    for one in found.reached:
        assert (one.place, one.controlled_from) == (places[one.endpoint], places[one.endpoint])
        outcomes = [end for where, end in sent if where.endpoint == one.endpoint and end]
        assert one.answered == sum(end.outcome == "answered" for end in outcomes)
        assert one.tokens_output == sum(end.usage.output for end in outcomes if end.usage)
    said = Counter(residency(one, end, places) for one, end in sent)
    told = found.residency
    assert (told.confirmed, told.elsewhere, told.unsaid, told.unplaced) == tuple(
        said[word] for word in ("confirmed", "elsewhere", "unsaid", "unplaced")
    )
    assert (told.sendings, told.asked) == (len(sent), sum(bool(one.residency) for one, _ in sent))
    assert len(told.breaches) == told.elsewhere
    took: Counter[str] = Counter()
    for request in requests:
        for where, _ in request.sent:
            took[request.admission.organisation] += where.model == "claude-mythos-5"
    (preview,) = [each for each in found.previews if each.model == "claude-mythos-5"]
    assert {who.organisation: who.requests for who in preview.participants} == +took
    for who in preview.participants:
        # Partners of the first programme; the second is for those of the annex.
        partner = who.organisation == "harbor-labs" and who.last < "2026-06-26T04:00"
        assert who.named == (who.organisation == "acme-grid" or partner)


def residency(sending: Sending, end: OutcomeLeaf | None, places: dict[str, str]) -> str:
    """By cases, from what the log says in words."""
    returned = end.residency.lower() if end else ""
    if returned in ("", "not_available"):
        return "unsaid"
    if sending.residency:
        return "confirmed" if returned == sending.residency else "elsewhere"
    if returned == "global":
        return "unplaced"
    return "confirmed" if returned == places[sending.endpoint].lower() else "elsewhere"


def test_directives_in_force_are_those_of_the_period_with_what_they_say() -> None:
    log = stories(1, 40)
    found = counted(log, since="2026-06-12T00:00:00.000000Z", until="2026-06-13T00:00:00.000000Z")
    letter = {one.id: one for one in found.in_force}[LETTER]
    (version,) = letter.versions
    assert (version.number, version.since, version.until, version.enforced) == (
        1,
        "2026-06-12T21:21:00.000000Z",
        "",
        True,
    )
    assert version.english[0].startswith("Refuses persons who are not US persons")
    assert "gpt-5-6-preview" not in {one.id for one in found.in_force}
    later = counted(log, until="2026-07-01T00:00:00.000000Z")
    assert [one.number for one in {i.id: i for i in later.in_force}[LETTER].versions] == [1, 2]
    (preview,) = [one for one in later.previews if one.model == "gpt-5.6"]
    assert (preview.participants, preview.absent) == ((), ("acme-grid", "openai"))


def test_events_are_told_in_words_and_an_ordinary_clock_is_only_counted() -> None:
    log: list[Leaf] = [
        ClockLeaf(at=SINCE, log=LOG, event="stepped"),
        ClockLeaf(at=SINCE, log=LOG, event="held", error_us=7),
        SuspendedLeaf(
            at=SINCE, log=LOG, id="stop", version=1, digest="0" * 64, directive="{}", by="ada"
        ),
    ]
    found = counted(log)
    assert found.registered == {"clock": 2, "suspended": 1}
    assert [(one.leaf, one.kind, one.what, one.by) for one in found.events] == [
        (1, "clock", "held, with an error of 7 µs", ""),
        (2, "suspended", "`stop`, version 1", "ada"),
    ]


def test_what_follows_from_a_snapshot_that_is_gone_is_said_to_be_missing() -> None:
    log = stories(2, 30)
    data = [encode(leaf) for leaf in log]
    found = figures(enumerate(data), lambda _: None)
    assert found.snapshots_missing == (snapshot().digest,)
    assert {one.place for one in found.reached} == {""}
    assert (found.in_force, found.previews) == ((), ())
    assert found.total == counted(log).total


def test_nothing_recorded_is_nothing_counted() -> None:
    assert counted([]) == Figures()
    assert counted(stories(1, 9), since="2030-01-01T00:00:00.000000Z").total == Ends()
    with pytest.raises(EvidenceFault):
        figures([(0, b"{}")], sources)


def test_the_ends_of_requests_add_up() -> None:
    total = counted(stories(5, 200)).total
    parts = [getattr(total, name) for name in total.__struct_fields__ if name != "requests"]
    assert sum(parts) == total.requests == 200
