"""The judge of a run: what reached the vendors, and what the log says, request by request."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from licet.evidence import AttemptLeaf, DecisionLeaf, OutcomeLeaf
from licet.sim import Entry
from tests.rig import Rig

UNHEARD = {"connect", "reset", "stale_connection"}
ENDED_BY_US = {"cut", "cancelled", "refused"}


@dataclass(slots=True)
class Told:
    """What is known of one request, in order: by the log, and by the vendors."""

    decisions: list[DecisionLeaf] = field(default_factory=list)
    attempts: list[AttemptLeaf] = field(default_factory=list)
    outcomes: list[OutcomeLeaf] = field(default_factory=list)
    arrivals: list[Entry] = field(default_factory=list)

    @property
    def vendors(self) -> list[str]:
        """Which vendors it reached, in order; the same one twice in a row is named once."""
        seen: list[str] = []
        for arrival in self.arrivals:
            if seen[-1:] != [arrival.vendor]:
                seen.append(arrival.vendor)
        return seen

    def check(self) -> None:
        """One verdict on admission, one outcome for every attempt, and every arrival on file."""
        admission = self.decisions[0]
        assert [d.reason for d in self.decisions].count("admission") == 1
        sendings = [admission.sending] if admission.sending else []
        sendings += [attempt.sending for attempt in self.attempts]
        assert [a.attempt for a in self.attempts] == list(range(2, len(sendings) + 1))
        numbers = [outcome.attempt for outcome in self.outcomes]
        assert numbers == (list(range(1, len(sendings) + 1)) or [0])
        arrived = [(a.vendor, a.model) for a in self.arrivals]
        for sending, outcome in zip(sendings, self.outcomes, strict=False):
            asked = sending.endpoint, sending.vendor_model or sending.model
            # What is sent on a connection that is being closed, by whomever, may not arrive; and
            # where it was closed by us, it may arrive after what was sent on another since.
            hung_up = outcome.outcome in ENDED_BY_US and not outcome.status
            times = 0
            while times < outcome.tries and asked in (arrived if hung_up else arrived[:1]):
                arrived.remove(asked)
                times += 1
            lost = hung_up or outcome.fault in UNHEARD or outcome.outcome == "unknown"
            assert times or lost or outcome.tries == 0, (sending, outcome)
            assert outcome.tries or not (outcome.status or outcome.vendor_request)
        assert not arrived
        assert all(outcome.fault != "internal" for outcome in self.outcomes)


def told(rig: Rig) -> dict[str, Told]:
    """Everything of every request, once nothing is in flight any more."""
    rig.idle()
    found: dict[str, Told] = defaultdict(Told)
    for leaf in rig.records():
        if isinstance(leaf, DecisionLeaf):
            found[leaf.request].decisions.append(leaf)
        elif isinstance(leaf, AttemptLeaf):
            found[leaf.request].attempts.append(leaf)
        elif isinstance(leaf, OutcomeLeaf):
            found[leaf.request].outcomes.append(leaf)
    for entry in rig.ledger():
        assert entry.request_id is not None
        found[entry.request_id].arrivals.append(entry)
    return found
