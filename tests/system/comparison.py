"""What the vendors saw, what callers heard, and what the log says: do they tell one story?

The vendors' ledger is written at each arrival and by somebody else; so it is the judge. Read in
this order, while everything runs: what callers heard, the ledger, the log. What is in an earlier
one must be in the later ones already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from licet.evidence import AdoptedLeaf, AttemptLeaf, DecisionLeaf, Leaf, OutcomeLeaf, Sending
from licet.policy import Moment, Sources, naive
from licet.sim import Entry
from tests.system.callers import Heard
from tests.system.house import profile


@dataclass(slots=True)
class Story:
    """All leaves of one request."""

    sendings: dict[int, Sending] = field(default_factory=dict)
    outcomes: dict[int, OutcomeLeaf] = field(default_factory=dict)

    @property
    def answered(self) -> bool:
        return any(one.outcome == "answered" for one in self.outcomes.values())

    @property
    def open(self) -> bool:
        return bool(self.sendings.keys() - self.outcomes.keys())

    @property
    def told(self) -> bool:
        """Whether each attempt has an outcome that is known."""
        known = {number for number, one in self.outcomes.items() if one.outcome != "unknown"}
        return self.sendings.keys() <= known

    def tries_at(self, endpoint: str) -> int:
        return sum(
            self.outcomes[number].tries
            for number, sending in self.sendings.items()
            if sending.endpoint == endpoint
        )


class Log:
    """The leaves, by request. `strangers`: records under a snapshot that was not adopted yet."""

    def __init__(self, leaves: Iterable[Leaf]) -> None:
        self.stories: dict[str, Story] = defaultdict(Story)
        self.strangers: list[str] = []
        self.unknown = 0
        adopted: set[str] = set()
        for leaf in leaves:
            match leaf:
                case AdoptedLeaf():
                    adopted.add(leaf.snapshot)
                case DecisionLeaf() if leaf.sending is not None:
                    self._send(leaf.request, 1, leaf.sending, adopted)
                case AttemptLeaf():
                    self._send(leaf.request, leaf.attempt, leaf.sending, adopted)
                case OutcomeLeaf():
                    self.unknown += leaf.outcome == "unknown"
                    self.stories[leaf.request].outcomes[leaf.attempt] = leaf
                case _:
                    pass

    def _send(self, request: str, attempt: int, sending: Sending, adopted: set[str]) -> None:
        self.stories[request].sendings[attempt] = sending
        if sending.snapshot not in adopted:
            self.strangers.append(request)

    @property
    def open(self) -> list[str]:
        """Requests of which an attempt has no outcome."""
        return [request for request, story in self.stories.items() if story.open]


def compare(heard: Sequence[Heard], arrivals: Sequence[Entry], log: Log) -> list[str]:
    """Every way in which the three disagree, in a sentence each."""
    return [
        *(f"{request}: recorded under a snapshot that nobody adopted" for request in log.strangers),
        *(fault for entry in arrivals if (fault := _unrecorded(entry, log))),
        *_uncounted(arrivals, log),
        *(fault for one in heard if (fault := _unaccounted(one, log))),
    ]


def unlawful(arrivals: Iterable[Entry], sources: Sources) -> list[str]:
    """What reached a vendor against the directives, by the interpreter that decided nothing."""
    judge = naive.Judge(sources)
    return [
        f"{entry.case}: `{entry.model}` at `{entry.vendor}` for `{entry.person}`"
        for entry in arrivals
        if not judge.judge(
            profile=profile(entry.person or ""),
            organisation="acme",
            workload=workload_of(entry),
            model=entry.model or "",
            endpoint=entry.vendor,
            moment=Moment(valid_at=entry.at),
        ).permitted
    ]


def workload_of(entry: Entry) -> str:
    assert entry.case is not None
    return entry.case.partition("/")[0]


def _unrecorded(entry: Entry, log: Log) -> str | None:
    if workload_of(entry).endswith("late"):
        return None
    story = log.stories.get(entry.request_id or "")
    if story is None:
        return f"{entry.request_id}: reached `{entry.vendor}`, and there is no record of it"
    if (entry.vendor, entry.model) not in {
        (one.endpoint, one.model) for one in story.sendings.values()
    }:
        return f"{entry.request_id}: reached `{entry.vendor}`, and the record says otherwise"
    return None


def _uncounted(arrivals: Sequence[Entry], log: Log) -> list[str]:
    """Sendings that no outcome counts, of requests whose whole story is known."""
    reached: dict[tuple[str, str], int] = defaultdict(int)
    for entry in arrivals:
        reached[entry.request_id or "", entry.vendor] += 1
    return [
        f"{request}: reached `{vendor}` {times} times, and fewer are recorded"
        for (request, vendor), times in reached.items()
        if request in log.stories
        and log.stories[request].told
        and times > log.stories[request].tries_at(vendor)
    ]


def _unaccounted(one: Heard, log: Log) -> str | None:
    if one.kind == "silent":
        return f"{one.ask.case}: heard nothing within the caller's own bound"
    if one.kind != "answered":
        return None
    story = log.stories.get(one.request)
    if story is None or not story.sendings:
        return f"{one.request}: was answered, and there is no record of it"
    if not story.answered:
        return f"{one.request}: was answered, and its outcome says otherwise"
    return None
