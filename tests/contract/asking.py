"""A plain caller: one request on one connection, and a strict reading of what comes back."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

PATHS = {
    "chat": "/v1/chat/completions",
    "messages": "/v1/messages",
    "responses": "/v1/responses",
}
PATIENCE_S = 15.0
"""A test that waits longer than this has found a hang."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an answer's body says, whole or streamed. `events`: what is neither text nor said
    below, in order. `closed`: the dialect's own last word came. `told`: who went on with it."""

    text: str = ""
    finish: str | None = None
    error: dict[str, Any] | None = None
    events: tuple[str, ...] = ()
    closed: bool = False
    told: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One answer. `whole`: it ended as HTTP says that it ends."""

    dialect: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool

    @property
    def streamed(self) -> bool:
        return self.headers.get("content-type", "").startswith("text/event-stream")

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def said(self) -> Said:
        if self.streamed:
            return read_stream(self.dialect, self.body)
        value = self.json
        if value.get("error") is not None:
            return Said(error=value["error"], closed=True)
        if self.dialect == "responses":
            return said_in_response(value)
        if self.dialect == "chat":
            choice = value["choices"][0]
            return Said(
                text=choice["message"]["content"] or "", finish=choice["finish_reason"], closed=True
            )
        text = "".join(part.get("text", "") for part in value["content"])
        return Said(text=text, finish=value["stop_reason"], closed=True)

    @property
    def error(self) -> dict[str, Any]:
        error = self.said.error
        assert error is not None, self.body
        return error

    @property
    def request(self) -> str:
        return self.headers["licet-request-id"]


def said_in_response(response: dict[str, Any], events: tuple[str, ...] = ()) -> Said:
    """A whole answer of Responses, which its streams end with."""
    parts = [part for item in response["output"] for part in item.get("content", ())]
    reason = (response["incomplete_details"] or {}).get("reason")
    assert (response["status"] == "incomplete") == (reason is not None)
    return Said(
        text="".join(part["text"] for part in parts if part["type"] == "output_text"),
        finish=reason or response["status"],
        events=events,
        closed=True,
    )


def read_responses(body: bytes) -> Said:
    """Reads every event of a stream of Responses, their numbers and what they add up to."""
    said, number, events = Said(), -1, []
    told: list[dict[str, Any]] = []
    *whole, rest = body.split(b"\n\n")
    assert not rest, f"the stream ends inside an event: {rest!r}"
    for event in whole:
        assert said.error is None, "something follows an error"
        assert not said.closed, "something follows the end"
        if event.startswith(b":"):
            continue
        lines = dict(line.partition(": ")[::2] for line in event.decode().split("\n"))
        value = json.loads(lines["data"])
        kind = value["type"]
        if kind == "response.output_item.added" and "licet" in value["item"]:
            told.append(value["item"]["licet"]["handed_over"])
        assert lines["event"] == kind
        assert value["sequence_number"] > number
        number = value["sequence_number"]
        events.append(kind)
        if kind == "error":
            said = replace(said, error=value["error"])
        elif kind in ("response.completed", "response.incomplete"):
            whole_answer = said_in_response(value["response"], tuple(events))
            assert whole_answer.text == said.text
            said = whole_answer
        elif kind == "response.output_text.delta":
            said = replace(said, text=said.text + value["delta"])
    return replace(said, events=tuple(events), told=tuple(told))


def read_stream(dialect: str, body: bytes) -> Said:
    """Reads every event; what is no event of the dialect fails the test."""
    if dialect == "responses":
        return read_responses(body)
    text, finish, error, closed = "", None, None, False
    events: list[str] = []
    told: list[dict[str, Any]] = []
    *whole, rest = body.split(b"\n\n")
    assert not rest, f"the stream ends inside an event: {rest!r}"
    for event in whole:
        assert error is None, "something follows an error"
        assert not closed, "something follows the end"
        if event.startswith(b":"):
            continue
        lines = dict(line.partition(": ")[::2] for line in event.decode().split("\n"))
        if lines["data"] == "[DONE]":
            closed = True
            continue
        value = json.loads(lines["data"])
        notice = value.get("licet") or value.get("content_block", {}).get("licet")
        if notice is not None and "handed_over" in notice:
            told.append(notice["handed_over"])
        if "error" in value:
            assert dialect == "chat" or lines["event"] == "error"
            error = value["error"]
        elif dialect == "chat":
            choice = (value["choices"] or [{"delta": {}, "finish_reason": None}])[0]
            text += choice["delta"].get("content") or ""
            finish = choice["finish_reason"] or finish
        else:
            assert lines["event"] == value["type"]
            events.append(value["type"])
            if value["type"] == "content_block_delta":
                text += value["delta"].get("text", "")
            elif value["type"] == "message_delta":
                finish = value["delta"]["stop_reason"]
            closed = value["type"] == "message_stop"
    return Said(
        text=text,
        finish=finish,
        error=error,
        events=tuple(events),
        closed=closed,
        told=tuple(told),
    )


def body_of(
    dialect: str, prompt: str, *, model: str | None = None, stream: bool = False, **extra: Any
) -> bytes:
    new = dialect == "responses"
    body = {
        "model": model or dialect,
        "max_output_tokens" if new else "max_tokens": 4096,
        "stream": stream,
        "input" if new else "messages": [{"role": "user", "content": prompt}],
    }
    return json.dumps(body | extra).encode()


def ask(
    port: int,
    key: str,
    dialect: str,
    prompt: str = "hello",
    *,
    model: str | None = None,
    stream: bool = False,
    headers: Mapping[str, str] | None = None,
    **extra: Any,
) -> Heard:
    """One request of the dialect on a connection of its own."""
    body = body_of(dialect, prompt, model=model, stream=stream, **extra)
    return send(port, "POST", PATHS[dialect], body, {"x-api-key": key} | dict(headers or {}))


def send(
    port: int,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Heard:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request(method, path, body, dict(headers or {}))
        return heard(connection.getresponse(), path)
    finally:
        connection.close()


def send_raw(port: int, data: bytes, *, path: str = "", method: str = "POST") -> Heard:
    """Bytes as they are; the answer to the first request in them."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
        connection.sendall(data)
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        return heard(response, path)


def heard(response: http.client.HTTPResponse, path: str) -> Heard:
    try:
        body, whole = response.read(), True
    except http.client.IncompleteRead as cut:
        body, whole = cut.partial, False
    return Heard(
        dialect=next((name for name, own in PATHS.items() if own == path), "chat"),
        status=response.status,
        headers={name.lower(): value for name, value in response.getheaders()},
        body=body,
        whole=whole,
    )


class Streaming:
    """A streamed answer that is read piece by piece, so that things happen in its midst."""

    def __init__(
        self,
        port: int,
        key: str,
        dialect: str,
        prompt: str = "hello",
        *,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        self.dialect = dialect
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        body = body_of(dialect, prompt, stream=True, **extra)
        self._connection.request(
            "POST", PATHS[dialect], body, {"x-api-key": key} | dict(headers or {})
        )
        self._response = self._connection.getresponse()
        self.status = self._response.status
        self.headers = {name.lower(): value for name, value in self._response.getheaders()}
        self._read = b""

    def until(self, enough: Callable[[bytes], bool]) -> None:
        """Until what has come is enough."""
        while not enough(self._read):
            self._read += self._event()

    def until_text(self) -> None:
        """Until some of the text has come."""
        self.until(lambda read: bool(read_stream(self.dialect, read).text))

    def rest(self) -> Heard:
        """All of it, to its end."""
        whole = True
        try:
            self._read += self._response.read()
        except http.client.IncompleteRead as cut:
            self._read, whole = self._read + cut.partial, False
        self._connection.close()
        return Heard(
            dialect=self.dialect,
            status=self.status,
            headers=self.headers,
            body=self._read,
            whole=whole,
        )

    def leave(self) -> None:
        """Hangs up."""
        self._response.close()
        self._connection.close()

    def _event(self) -> bytes:
        lines = b""
        while not lines.endswith(b"\n\n"):
            line = self._response.readline()
            assert line, f"the stream ended: {self._read + lines!r}"
            lines += line
        return lines
