"""What a request of Responses goes on from: asked of the recorder, and put before it.

Nothing waits but the request itself. Whose id it is decides what is found: under the key of the
person (or of the key, where there is no person), within the organisation. An id of somebody else
is found as little as one that was never given.
"""

from __future__ import annotations

from typing import Final

from licet.evidence import Recall, Turn
from licet.gateway.admission import Caller
from licet.gateway.arrivals import Arrival
from licet.gateway.cases import Case
from licet.gateway.conversing import Conversing
from licet.gateway.refusals import Refusals, shown
from licet.gateway.world import World
from licet.terms import format_instant
from licet.wire import Before, Request, is_stored, unstored

RECALLED_BYTES_MAX: Final = 8 << 20
"""Of the turns before, together: what a recorder sends at once."""


def recall_of(
    world: World, caller: Caller, id: str, *, whole: bool = False, delete: bool = False
) -> Recall:
    """The question after a caller's turn, and with `whole` after all before it."""
    return Recall(
        number=0,
        holder=caller.holder,
        scope=caller.key.organisation,
        id=id,
        now=format_instant(world.clock.now()),
        bytes_max=min(world.settings.limits.body_bytes_max, RECALLED_BYTES_MAX) if whole else 0,
        delete=delete,
    )


def before(turn: Turn) -> Before:
    return Before(input=turn.input, response=turn.response, vendor=turn.vendor)


def conversed(
    world: World, request_id: str, case: Case, request: Request, asked: Request
) -> tuple[Request, Conversing | None]:
    """The request as vendors get it, who keep nothing; and the turn, where the caller lets it be
    kept. `asked` is what was asked in this turn alone."""
    workload = case.plan.target.workload
    keeping = workload.keep_responses
    if request.dialect != "responses" or request.operation != "answer":
        return request, None
    if keeping is None or not is_stored(asked):
        return unstored(request), None
    return unstored(request), Conversing(
        request_id,
        asked,
        holder=case.caller.holder,
        scope=case.caller.key.organisation,
        workload=workload.id,
        vendors=world.ways.vendors(case.plan),
        at=world.clock.now(),
        days=keeping.days,
        bytes_max=world.settings.limits.kept_content_max,
    )


def unrecalled(refusals: Refusals, arrival: Arrival, id: str, code: str) -> None:
    """Tells a caller why a request cannot go on from where it says."""
    if code == "not_found":
        refusals.say(
            arrival.reply,
            "invalid_request",
            f"there is no response `{shown(id)}` of yours to go on from: it was never kept, was"
            " deleted, or its time is over",
            arrival.request,
            code="previous_response_not_found",
            param="previous_response_id",
        )
    elif code == "too_long":
        refusals.say(
            arrival.reply,
            "invalid_request",
            "the conversation has become too long to be sent again: begin another",
            arrival.request,
            code="conversation_too_long",
            param="previous_response_id",
        )
    else:
        refusals.unrecorded(arrival.reply, arrival.request)
