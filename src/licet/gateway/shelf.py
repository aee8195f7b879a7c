"""Responses that the gateway keeps, as their callers see them: shown, listed by items, deleted.

Showing what a model has said is decided like handing over anything of it (`view_output`), as of
now, and recorded before it is shown.
"""

from __future__ import annotations

from functools import partial
from typing import Final, Protocol

import msgspec

from licet.catalog import Workload
from licet.evidence import ReadLeaf, Turn, encode
from licet.gateway.admission import Caller, Denial
from licet.gateway.arrivals import Arrival
from licet.gateway.committer import Committer
from licet.gateway.inbound import HttpRequest, Inbound
from licet.gateway.recollection import before, recall_of
from licet.gateway.refusals import shown
from licet.gateway.reply import Reply
from licet.gateway.world import World
from licet.policy import Action, disclosed_directives
from licet.wire import RESPONSE_ID, RESPONSES_PATH, write_items, write_page

_FOLDER: Final = RESPONSES_PATH.encode() + b"/"
KEPT: Final = _FOLDER + RESPONSE_ID.encode()
"""How the path of a response begins: what lies beside them, as `compact`, is none."""
_ITEMS: Final = "input_items"


class Keeps(Protocol):
    """The desk, as far as it knows of kept responses."""

    world: World
    committer: Committer

    def follow_clock(self) -> None: ...
    def new_id(self) -> str: ...
    def report(self, error: Exception) -> None: ...


class Shelf:
    """Answers whoever asks for a response by its id."""

    def __init__(self, desk: Keeps) -> None:
        self._desk = desk

    def show(self, connection: Inbound, http: HttpRequest) -> None:
        """`GET /v1/responses/ID`, `GET .../ID/input_items`, `DELETE /v1/responses/ID`."""
        desk, refusals = self._desk, self._desk.world.refusals
        arrival = Arrival(connection, http, Reply(connection, "responses"), desk.new_id())
        name, _, part = http.path[len(_FOLDER) :].decode("latin-1").partition("/")
        allowed = (b"GET", b"HEAD") if part else (b"GET", b"HEAD", b"DELETE")
        if part not in ("", _ITEMS):
            self._missing(arrival, f"{name}/{part}")
            return
        if http.method not in allowed:
            refusals.wrong_method(arrival.reply, http.method, b", ".join(allowed), arrival.request)
            return
        desk.follow_clock()
        caller = desk.world.admission.admit(http.headers)
        if isinstance(caller, Denial):
            refusals.say(
                arrival.reply, caller.reason, caller.message, arrival.request, code=caller.code
            )
            return
        if not desk.committer.accepts:
            refusals.unrecorded(arrival.reply, arrival.request)
            return
        recall = recall_of(
            desk.world, caller, name, whole=bool(part), delete=http.method == b"DELETE"
        )
        desk.committer.recall(recall, partial(self._recalled, arrival, caller, name, part))

    def _recalled(
        self,
        arrival: Arrival,
        caller: Caller,
        name: str,
        part: str,
        turns: list[Turn],
        code: str,
    ) -> None:
        desk = self._desk
        try:
            if arrival.reply.gone:
                return
            if code == "not_found":
                self._missing(arrival, name)
            elif code:
                desk.world.refusals.unrecorded(arrival.reply, arrival.request)
            elif arrival.http.method == b"DELETE":
                self._answer(arrival, {"id": name, "object": "response", "deleted": True})
            else:
                self._view(arrival, caller, part, turns)
        except Exception as error:  # noqa: BLE001 - reported, and this request ends
            desk.report(error)
            desk.world.refusals.internal(arrival.reply, arrival.request)

    def _view(self, arrival: Arrival, caller: Caller, part: str, turns: list[Turn]) -> None:
        world = self._desk.world
        self._desk.follow_clock()
        caller = world.admission.again(caller)
        workloads = {one.id: one for one in caller.workloads}
        for turn in turns:
            workload = workloads.get(turn.workload)
            if workload is None:
                self._missing(arrival, turns[-1].id)
                return
            if not self._is_permitted(arrival, caller, workload, turn):
                return
        last = turns[-1]
        body = last.response
        if part:
            earlier = map(before, turns[:-1])
            items = write_items(earlier, last=last.input, request=last.request)
            body = write_page(items)
        leaf = ReadLeaf(
            at=world.ledger.stamp(world.clock.now()),
            log=world.ledger.log,
            wall=world.ledger.now(),
            what=f"{part or 'response'} of {last.request}",
            by=f"key:{caller.key.id}",
        )
        showing = _Showing(world, arrival, body)
        if not self._desk.committer.submit(encode(leaf), showing):
            showing.unrecorded("recorder_gone")

    def _is_permitted(
        self, arrival: Arrival, caller: Caller, workload: Workload, turn: Turn
    ) -> bool:
        """Whether this caller may see now what that model said; told, where not."""
        world = self._desk.world
        known = caller.known(world.rules, workload, world.clock.now())
        found = world.rules.decide(known, turn.model, turn.endpoint, Action.VIEW_OUTPUT)
        if found.permitted:
            return True
        named = ", ".join(f"`{one}`" for one in disclosed_directives(world.rules, found))
        by = f" (by {named})" if named else ""
        world.refusals.say(
            arrival.reply,
            "refused",
            f"what `{turn.model}` has said may not be shown to this person now{by}",
            arrival.request,
        )
        return False

    def _missing(self, arrival: Arrival, name: str) -> None:
        message = (
            f"there is no response `{shown(name)}` of yours: it was never kept, was deleted, or its"
            " time is over"
        )
        self._desk.world.refusals.say(arrival.reply, "not_found", message, arrival.request)

    def _answer(self, arrival: Arrival, told: dict[str, object]) -> None:
        headers = b"licet-request-id: %s\r\n" % arrival.request.encode()
        arrival.reply.whole(200, headers, msgspec.json.encode(told))


class _Showing:
    """What is shown once it is on record that it was."""

    def __init__(self, world: World, arrival: Arrival, body: bytes) -> None:
        self._world = world
        self._arrival = arrival
        self._body = body

    def recorded(self, index: int) -> None:
        arrival = self._arrival
        if not arrival.reply.gone:
            headers = f"licet-request-id: {arrival.request}\r\n"
            headers += f"licet-evidence: {self._world.ledger.log}/{index}\r\n"
            arrival.reply.whole(200, headers.encode(), self._body)

    def unrecorded(self, code: str) -> None:
        if not self._arrival.reply.gone:
            self._world.refusals.unrecorded(self._arrival.reply, self._arrival.request)
