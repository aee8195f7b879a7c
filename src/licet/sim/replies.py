"""From a question, and what the script says about it, to a reply in the vendor's dialect."""

from __future__ import annotations

from typing import Literal

import msgspec

from licet.sim.answers import Answer, Refusing, compose, oblige, substituted, twist
from licet.sim.forms import FORMS
from licet.sim.performance import MS_US, Reply
from licet.sim.pieces import Piece, halves
from licet.sim.questions import PATHS, Dialect, Question, Rejection
from licet.sim.script import ScriptedFault
from licet.terms import SECOND_US, Instant

ELSEWHERE = "https://elsewhere.invalid"
"""Where a redirect points: a place that no request, and no credential, must follow it to."""

_ERRORS_IN_BAND: dict[str, int | Refusing] = {
    "error_after_200": 500,
    "overloaded_in_band": 529,
    "policy_in_band": "policy",
}
_DRIP_BYTES = 64
NO_FAULT = ScriptedFault(name="none")

Headers = tuple[tuple[str, str], ...]


class VendorSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vendor: its id, dialect and models, and how it answers when no fault is scripted.

    `key` is the only credential it takes; `None`: any, but one must be there; empty: it asks
    for none. `port` 0 is any free one. `think_ms` pass before the head of an answer,
    `pace_ms` before each chunk of a stream, whose text comes in `chunks` chunks and has at
    least `answer_bytes` bytes. `framing` is that of whole answers; streams are always chunked.
    `fast` answers every request alike, unrecorded, for measuring. `prefix` is what its paths begin
    with instead of `/v1`; `credential_in` the only header in which it looks for its key;
    with `carriage = "bedrock"` it is asked, and answers, as Amazon Bedrock is and does; with
    `vertex` it is asked as Vertex AI is. One that is `obliging` does as a willing model would:
    it calls the first tool, once, whose arguments are what the tool's schema asks for, and
    answers a schema with JSON that fits it.
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
    prefix: str = "/v1"
    credential_in: Literal["bearer", "x-api-key", "api-key", "sigv4"] | None = None
    carriage: Literal["plain", "bedrock", "vertex"] = "plain"
    obliging: bool = False


def reply_to(
    spec: VendorSpec, question: Question, fault: ScriptedFault, *, number: int, at: Instant
) -> Reply:
    """The reply to request `number`, which arrived at `at`, before it is cut into actions."""
    instead = _instead(spec, fault, number)
    if instead is None:
        answer = compose(
            question,
            vendor=spec.id,
            seed=spec.seed,
            number=number,
            created=at // SECOND_US,
            size=spec.answer_bytes,
            geo=spec.geo,
        )
        if spec.obliging:
            answer = oblige(answer, question)
        others = [name for name in question.substitutes if name in spec.models]
        if fault.name == "refusal" and others:
            answer, fault = substituted(answer, others[0]), NO_FAULT
        make = _streamed if question.stream else _whole
        instead = make(spec, question, twist(answer, fault), fault, number)
    return msgspec.structs.replace(instead, think_us=spec.think_ms * MS_US)


def told(spec: VendorSpec, body: bytes, fault: ScriptedFault, *, number: int) -> Reply:
    """The reply whose good answer is `body`, which no stream ever tells."""
    reply = _instead(spec, fault, number) or _body(spec, body, fault, number)
    return msgspec.structs.replace(reply, think_us=spec.think_ms * MS_US)


def reject(spec: VendorSpec, rejection: Rejection, number: int) -> Reply:
    """An error in the vendor's dialect."""
    body = FORMS[spec.dialect].error(rejection, _request_id(spec, number))
    return json_reply(spec, body, number=number, status=rejection.status)


def json_reply(spec: VendorSpec, body: bytes, *, number: int, status: int = 200) -> Reply:
    """A JSON body with the headers that the vendor always sends."""
    headers = (("content-type", "application/json"), *_headers(spec, number))
    return Reply(status=status, headers=headers, pieces=halves(body))


def _streamed(
    spec: VendorSpec, question: Question, answer: Answer, fault: ScriptedFault, number: int
) -> Reply:
    form = FORMS[spec.dialect]
    event = b""
    if fault.name == "malformed_event":
        event = form.MALFORMED
    elif fault.name in _ERRORS_IN_BAND:
        failure = _failure(spec, _ERRORS_IN_BAND[fault.name])
        event = form.error_event(failure, _request_id(spec, number))
    kind = (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"))
    return Reply(
        status=200,
        headers=(*kind, *_headers(spec, number), *_encoding(fault)),
        pieces=form.stream(answer, chunks=spec.chunks, include_usage=question.include_usage),
        stream=True,
        chunked=True,
        pace_us=spec.pace_ms * MS_US,
        in_band=event,
    )


def _whole(
    spec: VendorSpec,
    question: Question,
    answer: Answer,
    fault: ScriptedFault,
    number: int,
) -> Reply:
    return _body(spec, FORMS[spec.dialect].whole(answer), fault, number)


def _body(spec: VendorSpec, body: bytes, fault: ScriptedFault, number: int) -> Reply:
    form = FORMS[spec.dialect]
    if fault.name in _ERRORS_IN_BAND:
        failure = _failure(spec, _ERRORS_IN_BAND[fault.name])
        body = form.error(failure, _request_id(spec, number))
    elif fault.name == "malformed_event":
        body = body[: len(body) // 2]
    pieces = halves(body)
    if fault.name == "slow_drip":
        starts = range(0, len(body), _DRIP_BYTES)
        pieces = tuple(Piece(stage="text", data=body[at : at + _DRIP_BYTES]) for at in starts)
    kind = ("content-type", "application/json")
    return Reply(
        status=200,
        headers=(kind, *_headers(spec, number), *_encoding(fault)),
        pieces=pieces,
        chunked=fault.name == "chunked" or spec.framing == "chunked",
    )


def _instead(spec: VendorSpec, fault: ScriptedFault, number: int) -> Reply | None:
    """What is sent where an answer was asked for; `None` if one is given."""
    match fault.name:
        case "status":
            reply = reject(spec, FORMS[spec.dialect].failure(fault.status or 500), number)
            if fault.number is None:
                return reply
            late = ("retry-after", str(fault.number))
            return msgspec.structs.replace(reply, headers=(*reply.headers, late))
        case "filter_error" | "policy_error":
            refusing: Refusing = "filter" if fault.name == "filter_error" else "policy"
            return reject(spec, FORMS[spec.dialect].refusing(refusing), number)
        case "html_error" | "html_answer":
            status = 502 if fault.name == "html_error" else 200
            page = f"<html><head><title>{status}</title></head><body>a proxy</body></html>\r\n"
            return _page(status, (("content-type", "text/html"),), page.encode())
        case "redirect":
            place = ("location", ELSEWHERE + PATHS[spec.dialect])
            return _page(307, (place, ("content-type", "text/plain")), b"moved\n")
        case "malformed_answer":
            return json_reply(spec, b'{"id": "sim", "content": [{"text": "cut', number=number)
    return None


def _failure(spec: VendorSpec, what: int | Refusing) -> Rejection:
    form = FORMS[spec.dialect]
    return form.failure(what) if isinstance(what, int) else form.refusing(what)


def _page(status: int, headers: Headers, body: bytes) -> Reply:
    return Reply(status=status, headers=headers, pieces=halves(body))


def _encoding(fault: ScriptedFault) -> Headers:
    return (("content-encoding", "gzip"),) if fault.name == "wrong_content_encoding" else ()


def _headers(spec: VendorSpec, number: int) -> Headers:
    return FORMS[spec.dialect].headers(_request_id(spec, number))


def _request_id(spec: VendorSpec, number: int) -> str:
    return f"req_{spec.id}_{number:08d}"
