"""What a caller hears, read strictly: one well-formed answer, one well-formed refusal, or lost.

A reader of its own, apart from the gateway's wire formats: a judge that shared their code would
share their mistakes. It reads the forms that OpenAI's Chat Completions and Anthropic's Messages
have, whole and streamed, and the refusals that docs/internals/wire.md promises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from licet.demo.persons import Dialect

_STOPS = {
    "chat": frozenset({"stop", "length", "tool_calls", "content_filter"}),
    "messages": frozenset({"end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal"}),
}
_PROMISED = ("licet-request-id", "licet-model", "licet-endpoint", "licet-evidence")


class Kind(StrEnum):
    """`CUT`: a stream that began and ended in an in-band refusal. `UNAVAILABLE`: permitted, and
    nobody has it. Both are refusals. `LOST`: none of these."""

    ANSWERED = "answered"
    REFUSED = "refused"
    CUT = "cut"
    UNAVAILABLE = "unavailable"
    LOST = "lost"


class Raw(msgspec.Struct, frozen=True, kw_only=True):
    """A response as it came; header names in lower case. `whole`: it ended as HTTP says."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A response as it was understood. `verdict`, `directives`: what a refusal says.
    `problem`: why it counts as lost."""

    kind: Kind
    model: str = ""
    endpoint: str = ""
    rerouted: bool = False
    verdict: str = ""
    directives: tuple[str, ...] = ()
    problem: str = ""


class Malformed(Exception):
    """Part of a response is not what its dialect has; the message says which."""


def hear(raw: Raw, dialect: Dialect, *, stream: bool) -> Heard:
    """Understands a response to a request in `dialect`; never raises."""
    try:
        if not raw.whole:
            raise Malformed("the response broke off")
        if raw.status != 200:
            return _refusal(raw, dialect)
        return _streamed(raw, dialect) if stream else _whole(raw, dialect)
    except (Malformed, msgspec.DecodeError, KeyError, IndexError, TypeError, ValueError) as error:
        return lost(f"{raw.status}, {type(error).__name__}: {error}")


def lost(problem: str) -> Heard:
    """Neither an answer nor a refusal."""
    return Heard(kind=Kind.LOST, problem=problem)


def _demand(truth: object, what: str) -> None:
    if not truth:
        raise Malformed(what)


def _whole(raw: Raw, dialect: Dialect) -> Heard:
    _demand(_media_type(raw) == "application/json", f"content-type {_media_type(raw)!r}")
    found = msgspec.json.decode(raw.body, type=dict[str, Any])
    if dialect == "chat":
        _check_completion(found)
    else:
        _check_message(found)
    return _answered(raw)


def _check_completion(found: dict[str, Any]) -> None:
    _demand(found["object"] == "chat.completion", "not a chat.completion")
    _demand(found["id"] and found["model"] and found["created"], "an empty envelope")
    (choice,) = found["choices"]
    _demand(choice["index"] == 0, "a choice out of order")
    _demand(choice["message"]["role"] == "assistant", "nobody speaks")
    _demand(isinstance(choice["message"]["content"], str), "no text")
    _demand(choice["finish_reason"] in _STOPS["chat"], "no known finish_reason")
    usage = found["usage"]
    total = usage["prompt_tokens"] + usage["completion_tokens"]
    _demand(usage["total_tokens"] == total, "usage does not add up")


def _check_message(found: dict[str, Any]) -> None:
    _demand(found["type"] == "message" and found["role"] == "assistant", "not a message")
    _demand(found["id"] and found["model"], "an empty envelope")
    _demand(any(block["type"] == "text" and block["text"] for block in found["content"]), "no text")
    _demand(found["stop_reason"] in _STOPS["messages"], "no known stop_reason")
    _demand(found["usage"]["output_tokens"] >= 0, "no usage")


def _streamed(raw: Raw, dialect: Dialect) -> Heard:
    _demand(_media_type(raw) == "text/event-stream", f"content-type {_media_type(raw)!r}")
    events = list(_events(raw.body))
    _demand(events, "a stream without events")
    name, data = events[-1]
    in_band = b'"error"' in data and (name == "error" or dialect == "chat")
    if in_band:
        refused = _read_refusal(data, dialect)
        return msgspec.structs.replace(refused, kind=Kind.CUT, model=raw.headers["licet-model"])
    if dialect == "chat":
        _check_chunks(events)
    else:
        _check_message_events(events)
    return _answered(raw)


def _events(body: bytes) -> Iterator[tuple[str, bytes]]:
    """(event, data) of each event of the stream; comments are passed over."""
    text = body.decode()
    _demand(text.endswith("\n\n"), "the last event does not end")
    for block in text[:-2].split("\n\n"):
        name, data = "", []
        for line in block.split("\n"):
            field, _, value = line.partition(":")
            if field == "event":
                name = value.strip()
            elif field == "data":
                data.append(value.removeprefix(" "))
            else:
                _demand(not field, f"a line that is no field: {line[:40]!r}")
        if data:
            yield name, "\n".join(data).encode()


def _check_chunks(events: list[tuple[str, bytes]]) -> None:
    _demand(events[-1][1] == b"[DONE]", "no [DONE] at the end")
    text, finished = "", 0
    for _, data in events[:-1]:
        chunk = msgspec.json.decode(data, type=dict[str, Any])
        _demand(chunk["object"] == "chat.completion.chunk", "not a chunk")
        for choice in chunk["choices"]:
            text += choice["delta"].get("content") or ""
            finished += choice.get("finish_reason") in _STOPS["chat"]
    _demand(text, "no text")
    _demand(finished == 1, f"{finished} finish reasons")


def _check_message_events(events: list[tuple[str, bytes]]) -> None:
    text, stops, open_blocks = "", 0, set[int]()
    kinds: list[str] = []
    for name, data in events:
        event = msgspec.json.decode(data, type=dict[str, Any])
        _demand(event["type"] == name, f"event `{name}` says `{event['type']}`")
        match name:
            case "ping":
                continue
            case "content_block_start":
                open_blocks.add(event["index"])
            case "content_block_delta":
                _demand(event["index"] in open_blocks, "a delta of no block")
                text += event["delta"].get("text", "")
            case "content_block_stop":
                open_blocks.remove(event["index"])
            case "message_delta":
                stops += event["delta"]["stop_reason"] in _STOPS["messages"]
            case "message_start":
                _demand(event["message"]["role"] == "assistant", "nobody speaks")
            case _:
                _demand(name == "message_stop", f"an unknown event `{name}`")
        kinds.append(name)
    _demand(kinds[0] == "message_start", "no message_start at the beginning")
    _demand(kinds[-1] == "message_stop", "no message_stop at the end")
    _demand(text and stops == 1 and not open_blocks, "an answer without text, stop or end")


def _answered(raw: Raw) -> Heard:
    for name in _PROMISED:
        _demand(raw.headers.get(name), f"no `{name}`")
    decision = raw.headers["licet-decision"]
    _demand(decision in ("permitted", "rerouted"), f"`licet-decision: {decision}`")
    return Heard(
        kind=Kind.ANSWERED,
        model=raw.headers["licet-model"],
        endpoint=raw.headers["licet-endpoint"],
        rerouted=decision == "rerouted",
    )


def _refusal(raw: Raw, dialect: Dialect) -> Heard:
    _demand(_media_type(raw) == "application/json", f"content-type {_media_type(raw)!r}")
    heard = _read_refusal(raw.body, dialect)
    expected = 451 if heard.kind is Kind.REFUSED else 503
    _demand(raw.status == expected, f"{heard.kind} said with this status")
    if heard.kind is Kind.REFUSED:
        _demand(raw.headers.get("x-should-retry") == "false", "a refusal that invites retries")
        _demand('rel="blocked-by"' in raw.headers.get("link", ""), "nobody says who blocks")
    return heard


def _read_refusal(data: bytes, dialect: Dialect) -> Heard:
    found = msgspec.json.decode(data, type=dict[str, Any])
    error = found["error"]
    if dialect == "messages":
        _demand(found["type"] == "error" and found["request_id"], "not an error of the dialect")
    else:
        _demand(found.keys() == {"error"} and "param" in error, "not an error of the dialect")
    _demand(error["type"] and error["message"], "an error without type or message")
    licet = error["licet"]
    _demand(licet["request_id"], "an error without a request id")
    kinds = {"directive_refused": Kind.REFUSED, "model_unavailable": Kind.UNAVAILABLE}
    _demand(error["code"] in kinds, f"`{error['code']}`: {error['message']}")
    return Heard(
        kind=kinds[error["code"]],
        verdict=licet.get("verdict", ""),
        directives=tuple(licet.get("directives", ())),
    )


def _media_type(raw: Raw) -> str:
    return raw.headers.get("content-type", "").partition(";")[0].strip()
