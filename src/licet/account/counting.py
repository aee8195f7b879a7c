"""Counting a period: every request once, when its story is over."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from licet.account.events import event_of
from licet.account.figures import (
    Breach,
    Deciding,
    Ends,
    Event,
    Figures,
    Group,
    Lacking,
    Participant,
    Reached,
    Residency,
)
from licet.account.requests import Sent, Story, begun
from licet.account.standing import PreviewRule, duties, in_force, preview_rules, previews
from licet.catalog import Endpoint
from licet.evidence import (
    AdoptedLeaf,
    AttemptLeaf,
    DecisionLeaf,
    Leaf,
    OutcomeLeaf,
    RegisterLeaf,
    decode,
)
from licet.policy import Sources
from licet.terms import Instant, format_instant, is_place, parse_instant

ENDED_MAX = 50_000
"""Requests of which a sending has ended and another one may follow: it does so at once, so that
nothing is missed unless so many others end in between."""
BREACHES_MAX = 200
EVENTS_MAX = 500
LACKING_MAX = 50

Snapshots = Callable[[str], Sources | None]
"""What a snapshot has, by its digest; None: it is missing or damaged."""


def figures(
    records: Iterable[tuple[int, bytes]],
    snapshot: Snapshots,
    *,
    since: str = "",
    until: str = "",
    ended_max: int = ENDED_MAX,
) -> Figures:
    """The figures of the period [`since`, `until`) over all records of a log, in its order.

    Instants as leaves write them; empty is without bound. Raises `EvidenceFault`
    (`leaf_malformed`) where a record is none.
    """
    period = _Period(snapshot, since, until, ended_max)
    for index, data in records:
        period.read(index, decode(data))
    return period.figures()


@dataclass(slots=True)
class _Took:
    requests: int = 0
    answered: int = 0
    first: str = ""
    last: str = ""


@dataclass(slots=True)
class _Counts:
    """What is counted of requests as their stories are over."""

    total: Counter[str] = field(default_factory=Counter)
    groups: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)
    deciding: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    lacking: Counter[tuple[tuple[str, ...], ...]] = field(default_factory=Counter)
    duties: Counter[str] = field(default_factory=Counter)
    reached: dict[tuple[Any, ...], Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    models: dict[tuple[Any, ...], set[str]] = field(default_factory=lambda: defaultdict(set))
    residency: Counter[str] = field(default_factory=Counter)
    breaches: list[Breach] = field(default_factory=list)
    took: dict[tuple[str, str], dict[str, _Took]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(_Took))
    )


class _Period:
    def __init__(self, snapshot: Snapshots, since: str, until: str, ended_max: int) -> None:
        self._load = snapshot
        self._since, self._until = since, until
        self._ended_max = ended_max
        self._open: dict[str, Story] = {}
        self._ended: dict[str, Story] = {}
        self._counts = _Counts()
        self._endpoints: dict[str, dict[str, Endpoint]] = {}
        self._missing: dict[str, None] = {}
        self._log = self._first_at = self._last_at = self._latest = ""
        self._leaves = self._events_left_out = 0
        self._registered: Counter[str] = Counter()
        self._events: list[Event] = []
        self._previews: dict[str, tuple[PreviewRule, ...]] = {}

    def read(self, index: int, leaf: Leaf) -> None:
        self._log = self._log or leaf.log
        before = not self._until or leaf.at < self._until
        within = self._since <= leaf.at and before
        if before and isinstance(leaf, DecisionLeaf | AdoptedLeaf):
            self._latest = leaf.snapshot
        if within:
            self._leaves += 1
            self._first_at = self._first_at or leaf.at
            self._last_at = max(self._last_at, leaf.at)
        if isinstance(leaf, RegisterLeaf):
            if within:
                self._register(index, leaf)
        else:
            self._follow(index, leaf, within=within)

    def figures(self) -> Figures:
        for story in (*self._ended.values(), *self._open.values()):
            self._count(story)
        self._ended.clear()
        self._open.clear()
        counts = self._counts
        sources = self._sources(self._latest) if self._latest else None
        since, last = self._since or self._first_at, self._last_instant()
        standing = in_force(sources, since, last)
        titles = {one.id: one.title for one in sources.directives} if sources else {}
        return Figures(
            log=self._log,
            since=self._since,
            until=self._until,
            first_at=self._first_at,
            last_at=self._last_at,
            leaves=self._leaves,
            total=Ends(requests=counts.total.total(), **counts.total),
            days=_groups(counts.groups.get("day", {})),
            workloads=_groups(counts.groups.get("workload", {})),
            organisations=_groups(counts.groups.get("organisation", {})),
            deciding=_deciding(counts.deciding, titles),
            lacking=tuple(
                Lacking(sets=sets, requests=count)
                for sets, count in counts.lacking.most_common(LACKING_MAX)
            ),
            reached=_reached(counts),
            residency=_residency(counts),
            previews=previews(sources, last, _participants(counts)),
            duties=duties(sources, standing, counts.duties),
            in_force=standing,
            registered=dict(sorted(self._registered.items())),
            events=tuple(self._events),
            events_left_out=self._events_left_out,
            snapshots_missing=tuple(self._missing),
        )

    def _last_instant(self) -> str:
        """The last one of the period, or of its records where it is without end."""
        if not self._until:
            return self._last_at
        return format_instant(Instant(parse_instant(self._until) - 1))

    def _register(self, index: int, leaf: RegisterLeaf) -> None:
        self._registered[type(leaf).__struct_config__.tag] += 1  # type: ignore[index]
        event = event_of(index, leaf)
        if event is None:
            return
        if len(self._events) >= EVENTS_MAX:
            self._events_left_out += 1
        else:
            self._events.append(event)

    def _follow(
        self, index: int, leaf: DecisionLeaf | AttemptLeaf | OutcomeLeaf, *, within: bool
    ) -> None:
        """What is of a request of the period, joins its story."""
        if isinstance(leaf, DecisionLeaf) and leaf.reason == "admission":
            if within:
                self._open[leaf.request] = begun(leaf)
            return
        story = self._open.get(leaf.request) or self._ended.pop(leaf.request, None)
        if story is None:
            return
        self._open[leaf.request] = story
        match leaf:
            case DecisionLeaf():
                story.decided(leaf)
            case AttemptLeaf():
                story.attempted(leaf)
            case OutcomeLeaf():
                story.ended(index, leaf)
                self._end(story, leaf)
        if len(self._ended) > self._ended_max:
            self._count(self._ended.pop(next(iter(self._ended))))

    def _end(self, story: Story, leaf: OutcomeLeaf) -> None:
        """One outcome is there: counted is what nothing can follow."""
        if leaf.outcome == "unknown":
            # May be superseded, at any time.
            return
        del self._open[leaf.request]
        if leaf.attempt == 0 or leaf.outcome in ("answered", "cancelled"):
            self._count(story)
        else:
            self._ended[leaf.request] = story

    def _count(self, story: Story) -> None:
        counts, leaf, end = self._counts, story.admission, story.end
        counts.total[end] += 1
        groups = (
            ("day", leaf.at[:10]),
            ("workload", leaf.workload),
            ("organisation", leaf.organisation),
        )
        for name, value in groups:
            counts.groups.setdefault(name, {}).setdefault(value, Counter())[end] += 1
        _count_directives(counts, story, end)
        if end == "undetermined":
            counts.lacking[(story.changed or leaf).missing] += 1
        counts.duties.update(leaf.duties)
        for sent in story.sent:
            if sent.happened:
                self._count_sent(story, sent)

    def _count_sent(self, story: Story, sent: Sent) -> None:
        counts, sending, outcome = self._counts, sent.sending, sent.outcome
        endpoint = self._endpoint(sending.snapshot, sending.endpoint)
        place = "" if endpoint is None else endpoint.place or ""
        key = (
            sending.endpoint,
            "" if endpoint is None else endpoint.operator.id,
            place,
            "" if endpoint is None else endpoint.operator.controlled_from or "",
            None if endpoint is None else endpoint.self_hosted,
        )
        counts.models[key].add(sending.model)
        reached = counts.reached[key]
        reached["sendings"] += 1
        if outcome is not None:
            reached["answered"] += outcome.outcome == "answered"
            if outcome.usage is not None:
                reached["tokens_input"] += outcome.usage.input
                reached["tokens_output"] += outcome.usage.output
        counts.residency["asked"] += bool(sending.residency)
        said = _said(sending.residency, place, outcome)
        counts.residency[said] += 1
        if said == "elsewhere" and outcome is not None and len(counts.breaches) < BREACHES_MAX:
            counts.breaches.append(
                Breach(
                    leaf=sent.leaf,
                    at=outcome.at,
                    request=outcome.request,
                    endpoint=sending.endpoint,
                    model=sending.model,
                    asked=sending.residency,
                    place=place,
                    returned=outcome.residency,
                )
            )
        self._count_previewed(story, sent)

    def _count_previewed(self, story: Story, sent: Sent) -> None:
        for rule in self._rules(sent.sending.snapshot):
            if rule.model == sent.sending.model and rule.holds(sent.at):
                took = self._counts.took[(rule.model, rule.directive)]
                one = took[story.admission.organisation]
                one.requests += 1
                one.answered += sent.outcome is not None and sent.outcome.outcome == "answered"
                one.first = min(one.first or sent.at, sent.at)
                one.last = max(one.last, sent.at)

    def _rules(self, digest: str) -> tuple[PreviewRule, ...]:
        if digest not in self._previews:
            sources = self._sources(digest)
            self._previews[digest] = () if sources is None else preview_rules(sources)
        return self._previews[digest]

    def _endpoint(self, digest: str, name: str) -> Endpoint | None:
        known = self._endpoints.get(digest)
        if known is None:
            sources = self._sources(digest)
            known = {one.id: one for one in sources.endpoints} if sources else {}
            self._endpoints[digest] = known
        return known.get(name)

    def _sources(self, digest: str) -> Sources | None:
        sources = self._load(digest)
        if sources is None:
            self._missing[digest] = None
        return sources


def _count_directives(counts: _Counts, story: Story, end: str) -> None:
    leaf = story.admission
    for name in dict.fromkeys((*leaf.deciding, *(story.changed.deciding if story.changed else ()))):
        counts.deciding[name]["barred"] += 1
    if end in ("refused", "undetermined", "cut"):
        for name in story.barring:
            counts.deciding[name][end] += 1
    if end == "rerouted":
        for name in leaf.candidates[0].deciding:
            counts.deciding[name]["rerouted"] += 1
    for name in leaf.relieving:
        counts.deciding[name]["relieved"] += 1
    if leaf.observed is not None:
        for name in leaf.observed.deciding:
            counts.deciding[name]["observed"] += 1


def _said(asked: str, place: str, outcome: OutcomeLeaf | None) -> str:
    """What a vendor's word on where it processed comes to."""
    returned = "" if outcome is None else outcome.residency.upper()
    if not returned or returned == "NOT_AVAILABLE":
        return "unsaid"
    if asked:
        return "confirmed" if returned == asked.upper() else "elsewhere"
    if not place or not is_place(returned):
        return "unplaced"
    return "confirmed" if returned == place else "elsewhere"


def _groups(found: dict[str, Counter[str]]) -> tuple[Group, ...]:
    return tuple(
        Group(id=name, ends=Ends(requests=counts.total(), **counts))
        for name, counts in sorted(found.items())
    )


def _deciding(found: dict[str, Counter[str]], titles: dict[str, str]) -> tuple[Deciding, ...]:
    rows = (
        Deciding(id=name, title=titles.get(name, ""), **counts) for name, counts in found.items()
    )
    return tuple(sorted(rows, key=lambda one: (-one.barred, -one.relieved, one.id)))


def _reached(counts: _Counts) -> tuple[Reached, ...]:
    rows = (
        Reached(
            endpoint=key[0],
            operator=key[1],
            place=key[2],
            controlled_from=key[3],
            self_hosted=key[4],
            models=tuple(sorted(counts.models[key])),
            **counted,
        )
        for key, counted in counts.reached.items()
    )
    return tuple(sorted(rows, key=lambda one: (-one.sendings, one.endpoint, one.place)))


def _residency(counts: _Counts) -> Residency:
    said = counts.residency
    return Residency(
        sendings=said.total() - said["asked"],
        breaches=tuple(counts.breaches),
        breaches_left_out=said["elsewhere"] - len(counts.breaches),
        **said,
    )


def _participants(counts: _Counts) -> dict[tuple[str, str], tuple[Participant, ...]]:
    return {
        key: tuple(
            Participant(
                organisation=name,
                requests=one.requests,
                answered=one.answered,
                first=one.first,
                last=one.last,
                named=False,
            )
            for name, one in sorted(took.items())
        )
        for key, took in counts.took.items()
    }
