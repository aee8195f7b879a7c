"""Which workload a record is about, where only the decision on its request says so.

Attempts and outcomes name their request and nothing else. What must be remembered for that is
small: the requests that are on their way, and for a while those that have ended, since another
attempt may follow an outcome. Whatever is asked for later than that is looked up in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from licet.evidence import AttemptLeaf, DecisionLeaf, OutcomeLeaf
from licet.terms import EvidenceFault

ENDED_MAX = 200_000
"""Ended requests that are remembered."""

Traffic = DecisionLeaf | AttemptLeaf | OutcomeLeaf


class Workloads:
    """`on_their_way`: requests decided before the first record that will be asked about, with
    their workloads. `find`: looks a request up; None where the log has no decision on it."""

    def __init__(
        self,
        find: Callable[[str], str | None],
        on_their_way: Mapping[str, str] | None = None,
        *,
        ended_max: int = ENDED_MAX,
    ) -> None:
        self._find = find
        self._open = dict(on_their_way or {})
        self._ended: dict[str, str] = {}
        self._ended_max = ended_max

    @property
    def on_their_way(self) -> dict[str, str]:
        """What a later reading must know to go on from here."""
        return dict(self._open)

    def of(self, leaf: Traffic) -> str:
        """The workload of a record; records are to be asked about in the order of the log.

        `EvidenceFault` (`decision_missing`): the log has no decision on its request.
        """
        request = leaf.request
        if isinstance(leaf, DecisionLeaf):
            self._ended.pop(request, None)
            self._open[request] = leaf.workload
            return leaf.workload
        workload = self._open.get(request) or self._ended.get(request) or self._find(request)
        if workload is None:
            raise EvidenceFault("decision_missing", f"no decision on `{request}` is recorded")
        if isinstance(leaf, OutcomeLeaf):
            self._open.pop(request, None)
            self._ended[request] = workload
            if len(self._ended) > self._ended_max:
                del self._ended[next(iter(self._ended))]
        else:
            self._ended.pop(request, None)
            self._open[request] = workload
        return workload
