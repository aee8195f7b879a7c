"""One simulated vendor: a request and an instant in, actions out."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from licet.sim import bedrock, messages, vertex
from licet.sim.embeddings import embed
from licet.sim.forms import FORMS
from licet.sim.ledger import Entry, Ledger
from licet.sim.performance import Action, Reply, perform
from licet.sim.questions import (
    BESIDE,
    COUNT_PATH,
    EMBEDDINGS_PATH,
    PATHS,
    Arrival,
    Dialect,
    Question,
    Rejection,
    check_credentials,
    digest,
    glance,
    read_address,
    read_question,
)
from licet.sim.replies import NO_FAULT, VendorSpec, json_reply, reject, reply_to, told
from licet.sim.script import Script, ScriptedFault
from licet.terms import SECOND_US, Instant


class Simulation:
    """What all vendors of one process share: the script, the ledger, and who is answered."""

    def __init__(self, script: Script | None = None, ledger: Ledger | None = None) -> None:
        self.script = script or Script()
        self.ledger = ledger or Ledger()
        self._here: dict[Callable[[], bool], None] = {}

    def join(self, resume: Callable[[], bool]) -> None:
        """Somebody is being answered: `resume` says at once what is kept back, and whether
        anything was."""
        self._here[resume] = None

    def leave(self, resume: Callable[[], bool]) -> None:
        """Nobody is answered there any more."""
        self._here.pop(resume, None)

    def resume(self) -> int:
        """Whatever stalls, or comes slowly, is said now; on how many connections that was."""
        return sum([resume() for resume in tuple(self._here)])

    def reset(self, at: Instant) -> None:
        """Forgets the script and the ledger's lines."""
        self.script.clear()
        self.ledger.reset(at)


class Vendor:
    """Answers requests; all its memory is the simulation's script and ledger."""

    def __init__(self, spec: VendorSpec, simulation: Simulation) -> None:
        self.spec = spec
        self.simulation = simulation

    def respond(self, arrival: Arrival, at: Instant, *, keep_alive: bool) -> tuple[Action, ...]:
        """Takes a whole request that arrived at `at`, writes it down, and says what happens."""
        arrived, arrival = arrival, self._within(arrival)
        # Counting tokens hands the prompt over too, and so does a post to a wrong path.
        if arrival.method == "POST":
            return self._converse(arrival, arrived, at, keep_alive)
        reply = self._look_up(arrival, at)
        return perform(reply, NO_FAULT, number=None, keep_alive=keep_alive)

    def _within(self, arrival: Arrival) -> Arrival:
        """The request with its path as all vendors have it; one beside the prefix is nowhere."""
        prefix = self.spec.prefix
        if prefix == "/v1":
            return arrival
        inside = arrival.path.startswith(f"{prefix}/")
        path = f"/v1{arrival.path.removeprefix(prefix)}" if inside else f"/nowhere{arrival.path}"
        return msgspec.structs.replace(arrival, path=path)

    def note_partial(self, arrival: Arrival, at: Instant) -> int:
        """Writes down a request whose peer went away before all of it had arrived."""
        return self._note(arrival, None, at, NO_FAULT, None, whole=False)

    def _converse(
        self, arrival: Arrival, arrived: Arrival, at: Instant, keep_alive: bool
    ) -> tuple[Action, ...]:
        """`arrival` is what `arrived` means to a vendor whose paths are the usual ones."""
        refused: Rejection | None = None
        if self.spec.carriage != "plain":
            refused = self._refuse(arrived)
            form = bedrock if self.spec.carriage == "bedrock" else vertex
            meant = form.plain(arrived)
            if isinstance(meant, Rejection):
                refused = refused or meant
            else:
                arrival = meant
        question = refused or self._read(arrival)
        number = self.simulation.ledger.next_number()
        fault = NO_FAULT
        if isinstance(question, Question):
            scripted = self.simulation.script.pick(self.spec.id, question.model)
            fault = question.directions.fault or scripted or NO_FAULT
            reply = self._reply(arrival, question, fault, number, at)
        else:
            reply = reject(self.spec, question, number)
        silent = fault.name in ("stall", "cut_before_head")
        self._note(arrival, question, at, fault, None if silent else reply.status, whole=True)
        return perform(reply, fault, number=number, keep_alive=keep_alive)

    def _reply(
        self, arrival: Arrival, question: Question, fault: ScriptedFault, number: int, at: Instant
    ) -> Reply:
        if arrival.path == COUNT_PATH:
            body = messages.token_count(len(question.prompt) // 4 + 1)
            return told(self.spec, body, fault, number=number)
        if arrival.path == EMBEDDINGS_PATH:
            return told(self.spec, embed(question, fault), fault, number=number)
        reply = reply_to(self.spec, question, fault, number=number, at=at)
        framed = reply.stream and self.spec.carriage == "bedrock"
        return bedrock.framed(reply) if framed else reply

    def _read(self, arrival: Arrival) -> Question | Rejection:
        dialect = self.spec.dialect
        if arrival.path != PATHS[dialect] and BESIDE.get(arrival.path) != dialect:
            return _no_such_path(dialect, arrival)
        refused = self._refuse(arrival) if self.spec.carriage == "plain" else None
        return refused or read_question(self.spec.id, dialect, self.spec.models, arrival)

    def _refuse(self, arrival: Arrival) -> Rejection | None:
        """What the vendor says to whoever shows no good credential."""
        if self.spec.key == "":
            return None
        spec = self.spec
        if spec.credential_in == "sigv4":
            return bedrock.check_signature(arrival, spec.key or "")
        return check_credentials(spec.dialect, arrival.headers, spec.key, spec.credential_in)

    def _note(
        self,
        arrival: Arrival,
        question: Question | Rejection | None,
        at: Instant,
        fault: ScriptedFault,
        status: int | None,
        *,
        whole: bool,
    ) -> int:
        asked = question if isinstance(question, Question) else glance(arrival.body)
        address = read_address(arrival.body)
        headers = arrival.headers
        number = self.simulation.ledger.next_number()
        self.simulation.ledger.arrive(
            Entry(
                number=number,
                at=at,
                vendor=self.spec.id,
                dialect=self.spec.dialect,
                path=arrival.path,
                model=asked.model,
                stream=asked.stream,
                digest=digest(arrival.body),
                body_bytes=len(arrival.body),
                whole=whole,
                request_id=headers.get("x-request-id") or headers.get("x-licet-request-id"),
                accept_encoding=headers.get("accept-encoding"),
                person=asked.person,
                case=asked.case,
                fault=None if fault.name == "none" else str(fault),
                status=status,
                fields=address.fields,
                end_user=address.end_user,
                inference_geo=address.inference_geo,
            )
        )
        return number

    def _look_up(self, arrival: Arrival, at: Instant) -> Reply:
        """The list of models, or one of them; nothing else is there."""
        spec = self.spec
        path = arrival.path.rstrip("/")
        name = path.removeprefix("/v1/models/")
        if arrival.method != "GET" or (path != "/v1/models" and name not in spec.models):
            return reject(spec, _no_such_path(spec.dialect, arrival), 0)
        refused = self._refuse(arrival)
        if refused:
            return reject(spec, refused, 0)
        form, created = FORMS[spec.dialect], at // SECOND_US
        if name in spec.models:
            return json_reply(spec, form.model(spec.id, name, created), number=0)
        return json_reply(spec, form.models(spec.id, spec.models, created), number=0)


def _no_such_path(dialect: Dialect, arrival: Arrival) -> Rejection:
    message = f"Unknown request URL: {arrival.method} {arrival.path}"
    kind = "not_found_error" if dialect == "messages" else "invalid_request_error"
    return Rejection(status=404, type=kind, message=message, code="unknown_url")
