"""A request that has come: what is made of it before it is let in."""

from __future__ import annotations

from typing import Final

from licet.gateway.cases import Case
from licet.gateway.conversing import Conversing
from licet.gateway.inbound import HttpRequest, Inbound
from licet.gateway.keeping import Keeping
from licet.gateway.passage import Passage
from licet.gateway.records import About
from licet.gateway.reply import Reply
from licet.gateway.world import World


class Arrival:
    """A request, and the way back to whoever made it."""

    __slots__ = ("connection", "http", "reply", "request")

    def __init__(self, connection: Inbound, http: HttpRequest, reply: Reply, request: str) -> None:
        """`request` is its id."""
        self.connection: Final = connection
        self.http: Final = http
        self.reply: Final = reply
        self.request: Final = request


def about_of(
    world: World,
    arrival: Arrival,
    case: Case,
    passage: Passage,
    conversing: Conversing | None,
) -> About:
    """What is known of it, with what is kept of its content."""
    body, keeping = arrival.http.body, case.plan.target.workload.keep_content
    kept = None
    if keeping is not None:
        kept = Keeping(
            arrival.request,
            case.caller.holder,
            at=world.clock.now(),
            days=keeping.days,
            bytes_max=world.settings.limits.kept_content_max,
        )
    return About(arrival.request, case, body, passage, kept, conversing)
