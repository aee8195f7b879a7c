"""A request as a turn of a conversation that the gateway keeps, where the workload says so."""

from __future__ import annotations

from typing import Final

from licet.catalog import Candidate
from licet.evidence import Turn
from licet.terms import DAY_US, Instant, format_instant
from licet.wire import RESPONSE_ID, Request, Retelling, own_input


class Conversing:
    """What is told of the answer, and kept of the turn once it is whole."""

    __slots__ = (
        "_at", "_bytes_max", "_holder", "_input", "_previous", "_request", "_scope", "_until",
        "_vendors", "_workload", "retelling",
    )  # fmt: skip

    def __init__(
        self,
        request: str,
        asked: Request,
        *,
        holder: str,
        scope: str,
        workload: str,
        vendors: dict[str, str],
        at: Instant,
        days: int,
        bytes_max: int,
    ) -> None:
        """`asked` is the caller's own request; `vendors`: who operates each endpoint of the plan.
        A turn longer than `bytes_max` is not kept."""
        self._request = request
        self._input = own_input(asked)
        self._previous = asked.previous
        self._holder = holder
        self._scope = scope
        self._workload = workload
        self._vendors = vendors
        self._at = format_instant(at)
        self._until = format_instant(Instant(at + days * DAY_US))
        self._bytes_max = bytes_max
        self.retelling: Final = Retelling(id_of(request), asked.previous)

    def turn(self, step: Candidate) -> Turn | None:
        """The turn, to be filed with the outcome of what `step` answered; None where that is not
        whole, or the two are too long."""
        response = self.retelling.response
        if not response or len(self._input) + len(response) > self._bytes_max:
            return None
        return Turn(
            id=id_of(self._request),
            holder=self._holder,
            scope=self._scope,
            request=self._request,
            previous=self._previous,
            at=self._at,
            until=self._until,
            workload=self._workload,
            model=step.model,
            endpoint=step.endpoint,
            vendor=self._vendors[step.endpoint],
            input=self._input,
            response=response,
        )


def id_of(request: str) -> str:
    """The id of the response to a request."""
    return RESPONSE_ID + request
