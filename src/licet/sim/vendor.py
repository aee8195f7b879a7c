"""One simulated vendor: a request and an instant in, actions out."""

from __future__ import annotations

from typing import Literal

import msgspec

from licet.sim import chat, messages
from licet.sim.answers import Answer, compose, twist
from licet.sim.ledger import Entry, Ledger
from licet.sim.performance import MS_US, Action, Reply, perform
from licet.sim.pieces import Piece, halves
from licet.sim.questions import (
    PATHS,
    Arrival,
    Dialect,
    Question,
    Rejection,
    check_credentials,
    digest,
    read_markers,
    read_question,
)
from licet.sim.script import Script, ScriptedFault
from licet.terms import SECOND_US, Instant

NO_FAULT = ScriptedFault(name="none")
ELSEWHERE = "https://elsewhere.invalid"
_IN_BAND = ("malformed_event", "error_after_200", "overloaded_in_band")
_DRIP_BYTES = 64


class VendorSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vendor: its id, dialect and models, and how it answers when no fault is scripted.

    `key` is the only credential it takes (`None`: any, but one must be there). `port` 0 is
    any free one. `think_ms` pass before the head of an answer, `pace_ms` before each chunk of
    a stream, whose text comes in `chunks` chunks and has at least `answer_bytes` bytes.
    `framing` is that of whole answers; streams are always chunked. `fast` answers every
    request alike, unrecorded, for measuring.
    """

    id: str
    dialect: Dialect
    models: tuple[str, ...]
    key: str | None = None
    port: int = 0
    think_ms: int = 0
    pace_ms: int = 0
    chunks: int = 8
    answer_bytes: int = 0
    framing: Literal["length", "chunked"] = "length"
    geo: str = "us"
    seed: int = 0
    fast: bool = False


class Simulation:
    """What all vendors of one process share: the script and the ledger."""

    def __init__(self, script: Script | None = None, ledger: Ledger | None = None) -> None:
        self.script = script or Script()
        self.ledger = ledger or Ledger()

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
        if arrival.method == "POST" and arrival.path.startswith("/v1/"):
            if arrival.path == "/v1/messages/count_tokens":
                return self._plain(self._count(arrival), keep_alive)
            return self._converse(arrival, at, keep_alive)
        return self._plain(self._list(arrival, at), keep_alive)

    def note_partial(self, arrival: Arrival, at: Instant) -> int:
        """Writes down a request whose peer went away before all of it had arrived."""
        return self._note(arrival, None, at, NO_FAULT, None, whole=False)

    def _plain(self, reply: Reply, keep_alive: bool) -> tuple[Action, ...]:
        return perform(reply, NO_FAULT, number=None, keep_alive=keep_alive)

    def _converse(self, arrival: Arrival, at: Instant, keep_alive: bool) -> tuple[Action, ...]:
        question = self._read(arrival)
        fault = NO_FAULT
        if isinstance(question, Question):
            scripted = self.simulation.script.pick(self.spec.id, question.model)
            fault = question.directions.fault or scripted or NO_FAULT
        number = self.simulation.ledger.next_number()
        if isinstance(question, Rejection):
            reply = self._reject(question, number)
        else:
            reply = self._reply(question, fault, number, at)
        status = None if fault.name in ("stall", "cut_before_head") else reply.status
        self._note(arrival, question, at, fault, status, whole=True)
        return perform(reply, fault, number=number, keep_alive=keep_alive)

    def _read(self, arrival: Arrival) -> Question | Rejection:
        dialect = self.spec.dialect
        if arrival.path != PATHS[dialect]:
            return _no_such_path(dialect, arrival)
        refused = check_credentials(dialect, arrival.headers, self.spec.key)
        return refused or read_question(self.spec.id, dialect, self.spec.models, arrival)

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
        asked = question if isinstance(question, Question) else None
        person, case = (asked.person, asked.case) if asked else read_markers(arrival.body)
        headers = arrival.headers
        number = self.simulation.ledger.next_number()
        self.simulation.ledger.arrive(
            Entry(
                number=number,
                at=at,
                vendor=self.spec.id,
                dialect=self.spec.dialect,
                path=arrival.path,
                model=asked.model if asked else None,
                stream=asked.stream if asked else False,
                digest=digest(arrival.body),
                body_bytes=len(arrival.body),
                whole=whole,
                request_id=headers.get("x-request-id") or headers.get("x-licet-request-id"),
                accept_encoding=headers.get("accept-encoding"),
                person=person,
                case=case,
                fault=None if fault.name == "none" else str(fault),
                status=status,
            )
        )
        return number

    def _reply(self, question: Question, fault: ScriptedFault, number: int, at: Instant) -> Reply:
        instead = self._instead(question, fault, number)
        if instead is not None:
            return instead
        answer = compose(
            question,
            vendor=self.spec.id,
            seed=self.spec.seed,
            number=number,
            created=at // SECOND_US,
            size=self.spec.answer_bytes,
            geo=self.spec.geo,
        )
        answer = twist(answer, fault)
        encoding = fault.name == "wrong_content_encoding"
        extra = (("content-encoding", "gzip"),) if encoding else ()
        if question.stream:
            return self._streamed(question, answer, fault, number, extra)
        return self._whole(answer, fault, number, extra)

    def _streamed(
        self,
        question: Question,
        answer: Answer,
        fault: ScriptedFault,
        number: int,
        extra: tuple[tuple[str, str], ...],
    ) -> Reply:
        chunks = self.spec.chunks
        if question.dialect == "messages":
            pieces = messages.stream(answer, chunks=chunks)
        else:
            pieces = chat.stream(answer, chunks=chunks, include_usage=question.include_usage)
        return Reply(
            status=200,
            headers=(
                ("content-type", "text/event-stream; charset=utf-8"),
                ("cache-control", "no-cache"),
                *self._headers(number),
                *extra,
            ),
            pieces=pieces,
            stream=True,
            chunked=True,
            think_us=self.spec.think_ms * MS_US,
            pace_us=self.spec.pace_ms * MS_US,
            in_band=self._event(fault, number) if fault.name in _IN_BAND else b"",
        )

    def _whole(
        self,
        answer: Answer,
        fault: ScriptedFault,
        number: int,
        extra: tuple[tuple[str, str], ...],
    ) -> Reply:
        messages_dialect = self.spec.dialect == "messages"
        body = messages.whole(answer) if messages_dialect else chat.whole(answer)
        if fault.name in ("error_after_200", "overloaded_in_band"):
            body = self._error(self._failure(_in_band_status(fault)), number)
        elif fault.name == "malformed_event":
            body = body[: len(body) // 2]
        pieces = halves(body)
        if fault.name == "slow_drip":
            starts = range(0, len(body), _DRIP_BYTES)
            pieces = tuple(Piece(stage="text", data=body[at : at + _DRIP_BYTES]) for at in starts)
        return Reply(
            status=200,
            headers=(("content-type", "application/json"), *self._headers(number), *extra),
            pieces=pieces,
            chunked=fault.name == "chunked" or self.spec.framing == "chunked",
            think_us=self.spec.think_ms * MS_US,
        )

    def _instead(self, question: Question, fault: ScriptedFault, number: int) -> Reply | None:
        """What is sent where an answer was asked for; `None` if one is given."""
        match fault.name:
            case "status":
                return self._status(fault, number)
            case "html_error" | "html_answer":
                status = 502 if fault.name == "html_error" else 200
                page = f"<html><head><title>{status}</title></head><body>nginx</body></html>\r\n"
                return self._late(status, (("content-type", "text/html"),), page.encode())
            case "redirect":
                place = ("location", ELSEWHERE + PATHS[question.dialect])
                return self._late(307, (place, ("content-type", "text/plain")), b"moved\n")
            case "malformed_answer":
                headers = (("content-type", "application/json"), *self._headers(number))
                return self._late(200, headers, b'{"id": "sim", "choices": [{"content": "cut')
        return None

    def _status(self, fault: ScriptedFault, number: int) -> Reply:
        reply = self._reject(self._failure(fault.status or 500), number)
        think_us = self.spec.think_ms * MS_US
        if fault.number is None:
            return msgspec.structs.replace(reply, think_us=think_us)
        headers = (*reply.headers, ("retry-after", str(fault.number)))
        return msgspec.structs.replace(reply, headers=headers, think_us=think_us)

    def _late(self, status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> Reply:
        think_us = self.spec.think_ms * MS_US
        return Reply(status=status, headers=headers, pieces=halves(body), think_us=think_us)

    def _list(self, arrival: Arrival, at: Instant) -> Reply:
        """`GET /v1/models` and one model of it; any other path is unknown."""
        dialect, spec = self.spec.dialect, self.spec
        path = arrival.path.rstrip("/")
        name = path.removeprefix("/v1/models/")
        known = arrival.method == "GET" and (path == "/v1/models" or name in spec.models)
        if not known:
            return self._reject(_no_such_path(dialect, arrival), 0)
        refused = check_credentials(dialect, arrival.headers, spec.key)
        if refused:
            return self._reject(refused, 0)
        created = at // SECOND_US
        if path == "/v1/models":
            whole_list = (
                messages.models(spec.models)
                if dialect == "messages"
                else chat.models(spec.id, spec.models, created)
            )
            return self._json(200, whole_list, 0)
        one = messages.model(name) if dialect == "messages" else chat.model(spec.id, name, created)
        return self._json(200, one, 0)

    def _count(self, arrival: Arrival) -> Reply:
        if self.spec.dialect != "messages":
            return self._reject(_no_such_path(self.spec.dialect, arrival), 0)
        tokens = messages.token_count(max(1, len(arrival.body) // 4))
        return self._json(200, tokens, 0)

    def _reject(self, rejection: Rejection, number: int) -> Reply:
        return self._json(rejection.status, self._error(rejection, number), number)

    def _json(self, status: int, body: bytes, number: int) -> Reply:
        headers = (("content-type", "application/json"), *self._headers(number))
        return Reply(status=status, headers=headers, pieces=halves(body))

    def _failure(self, status: int) -> Rejection:
        if self.spec.dialect == "messages":
            return messages.failure(status)
        return chat.failure(status)

    def _error(self, rejection: Rejection, number: int) -> bytes:
        if self.spec.dialect == "messages":
            return messages.error(rejection, self._request_id(number))
        return chat.error(rejection)

    def _event(self, fault: ScriptedFault, number: int) -> bytes:
        if fault.name == "malformed_event":
            return messages.MALFORMED if self.spec.dialect == "messages" else chat.MALFORMED
        rejection = self._failure(_in_band_status(fault))
        if self.spec.dialect == "messages":
            return messages.error_event(rejection, self._request_id(number))
        return chat.error_event(rejection)

    def _request_id(self, number: int) -> str:
        return f"req_{self.spec.id}_{number:08d}"

    def _headers(self, number: int) -> tuple[tuple[str, str], ...]:
        if self.spec.dialect == "messages":
            return (
                ("request-id", self._request_id(number)),
                ("anthropic-ratelimit-requests-remaining", "999"),
            )
        return (
            ("x-request-id", self._request_id(number)),
            ("x-ratelimit-remaining-requests", "999"),
        )


def _in_band_status(fault: ScriptedFault) -> int:
    """The status that the error would have had, had it come before the head."""
    if fault.name == "overloaded_in_band":
        return 529
    return 500


def _no_such_path(dialect: Dialect, arrival: Arrival) -> Rejection:
    message = f"Unknown request URL: {arrival.method} {arrival.path}"
    kind = "not_found_error" if dialect == "messages" else "invalid_request_error"
    return Rejection(status=404, type=kind, message=message, code="unknown_url")
