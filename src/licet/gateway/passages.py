"""Where a request's passage begins: what of its head and body is to go on to vendors."""

from __future__ import annotations

from licet.gateway.cases import Case
from licet.gateway.conversing import Conversing
from licet.gateway.inbound import HttpRequest
from licet.gateway.passage import Passage
from licet.gateway.substitution import substitutes_for
from licet.gateway.world import World
from licet.wire import ACCOUNT_HEADERS, REQUEST_PASSED, Request


def passage_of(
    http: HttpRequest,
    request: Request,
    case: Case,
    world: World,
    conversing: Conversing | None,
    thinkers: frozenset[str] | None,
) -> Passage:
    """The passage of a request that came as `http`, as its case wants it. `thinkers`: whose
    reasoning is in it, where that is known."""
    passed = REQUEST_PASSED[request.dialect]
    headers = tuple((n, v) for n, v in http.headers.items() if n in passed) if passed else ()
    account = ACCOUNT_HEADERS.get(request.dialect)
    left = tuple(name for one, name in account.items() if one in http.headers) if account else ()
    return Passage(
        request,
        headers,
        lossless=case.plan.target.workload.lossless,
        fittings=case.fittings,
        foreign=world.ways.foreign(request, case.plan, thinkers),
        left=left,
        substitutes=substitutes_for(world, case, request),
        retelling=None if conversing is None else conversing.retelling,
    )
