"""Simulated callers: raw requests of every dialect, and a strict reading of what comes back."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import httptools

SPEAKER = re.compile(r"answer from (\w+) at (\w+) to:")
PATHS = {
    "chat": "/v1/chat/completions",
    "messages": "/v1/messages",
    "responses": "/v1/responses",
}
LAST = {"message_stop", "response.completed", "response.incomplete"}


@dataclass
class Ask:
    """One request and what came of it. `kind`: answered, refused, failed, cut, lost, left. `said`
    are the (model, endpoint) pairs that the caller was told of: by the head, then in the stream."""

    person: str
    key: str
    dialect: str
    model: str
    stream: bool
    fault: str
    leaves: bool = False
    kind: str = ""
    status: int = 0
    code: str = ""
    request_id: str = ""
    asked_at: float = 0.0
    done_at: float = 0.0
    events: list[str] = field(default_factory=list)
    text: str = ""
    said: list[tuple[str, str]] = field(default_factory=list)

    @property
    def spoken(self) -> set[tuple[str, str]]:
        """Whom the text is from, by what vendors say of themselves in it."""
        return {(model, endpoint) for model, endpoint in SPEAKER.findall(self.text)}

    def body(self) -> bytes:
        marker = f"[[person:{self.person}]]" + (f" [[sim:{self.fault}]]" if self.fault else "")
        body: dict[str, object] = {
            "model": self.model,
            "stream": self.stream,
            "input" if self.dialect == "responses" else "messages": [
                {"role": "user", "content": f"hello {marker}"}
            ],
        }
        if self.dialect == "messages":
            body["max_tokens"] = 64
        return json.dumps(body).encode()

    def request(self) -> bytes:
        body = self.body()
        head = (
            f"POST {PATHS[self.dialect]} HTTP/1.1\r\nhost: gateway\r\n"
            f"authorization: Bearer {self.key}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class CallerProtocol(asyncio.Protocol):
    """Asks one thing after another on one connection; a lost connection is replaced."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._body = b""
        self._model = ""
        self._ask: Ask | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._ask is not None:
            self._settle("left" if self._ask.leaves else "lost")
        self._caller.disconnected()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._ask is None:
            return
        if name.lower() == b"licet-request-id":
            self._ask.request_id = value.decode()
        elif name.lower() == b"licet-model":
            self._model = value.decode()
        elif name.lower() == b"licet-endpoint":
            self._ask.said = [(self._model, value.decode())]

    def on_headers_complete(self) -> None:
        self._body = b""

    def on_body(self, body: bytes) -> None:
        self._body += body
        if self._ask is not None and self._ask.leaves and self._transport is not None:
            self._transport.abort()

    def on_message_complete(self) -> None:
        ask = self._ask
        assert ask is not None, "an answer that nobody asked for"
        ask.status = self._parser.get_status_code()
        kind = read_stream(ask, self._body) if ask.stream and ask.status == 200 else ""
        self._settle(kind or read_whole(ask, self._body))
        self._caller.later(self._next)

    def _next(self) -> None:
        if self._transport is None:
            return
        ask = self._caller.next_ask()
        if ask is None:
            self._transport.close()
            return
        self._ask = ask
        self._transport.write(ask.request())

    def _settle(self, kind: str) -> None:
        assert self._ask is not None
        self._caller.settled(self._ask, kind)
        self._ask = None


class Caller:
    """A list of things to ask, on connections that `connect` makes."""

    def __init__(
        self,
        asks: list[Ask],
        *,
        connect: Callable[[asyncio.Protocol], None],
        later: Callable[[Callable[[], None]], object],
        now: Callable[[], float],
    ) -> None:
        self.asks = asks
        self.done = not asks
        self.later = later
        self._connect = connect
        self._now = now
        self._waiting = list(asks)

    def start(self) -> None:
        self._connect(CallerProtocol(self))

    def next_ask(self) -> Ask | None:
        if not self._waiting:
            self.done = True
            return None
        ask = self._waiting.pop(0)
        ask.asked_at = self._now()
        return ask

    def settled(self, ask: Ask, kind: str) -> None:
        ask.kind = kind
        ask.done_at = self._now()

    def disconnected(self) -> None:
        if self._waiting:
            self.later(self.start)
        else:
            self.done = True


def read_whole(ask: Ask, body: bytes) -> str:
    """What a whole body says; "lost" if it is neither an answer nor an error of the dialect."""
    try:
        said = json.loads(body)
    except ValueError:
        return "lost"
    if ask.status == 200:
        if ask.dialect == "chat":
            good = bool(said["choices"]) and said["object"] == "chat.completion"
        elif ask.dialect == "responses":
            good = said["object"] == "response" and isinstance(said["output"], list)
        else:
            good = said["type"] == "message" and isinstance(said["content"], list)
        return "answered" if good else "lost"
    error = said["error"]
    # A vendor's own error in Messages has a type alone.
    ask.code = error.get("code") or error["type"]
    if ask.dialect == "messages" and said["type"] != "error":
        return "lost"
    return "refused" if ask.status == 451 else "failed"


def read_stream(ask: Ask, body: bytes) -> str:
    """How a stream ended: by the dialect's last event, by an error in it, or not at all."""
    events = [part for part in body.decode().split("\n\n") if part and part[0] != ":"]
    ended, number = False, -1
    reading = _Reading(ask)
    for event in events:
        data = next((x[6:] for x in event.split("\n") if x.startswith("data: ")), "")
        if ended:
            return "lost"
        if data == "[DONE]":
            ended = True
            continue
        said = json.loads(data)
        ask.events.append(said.get("type", "chunk"))
        if "sequence_number" in said and said["sequence_number"] <= number:
            return "lost"
        number = said.get("sequence_number", number)
        if "error" in said:
            ask.code = said["error"].get("code") or said["error"]["type"]
            return "cut" if event is events[-1] else "lost"
        if not reading.takes(said):
            return "lost"
        ended = said.get("type") in LAST
    return "answered" if ended else "lost"


class _Reading:
    """What the official clients rely on: one answer, with one content block open at a time."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._ids: set[str] = set()
        self._index = -1
        self._open = False

    def takes(self, said: Any) -> bool:
        """Whether the next event is one that may follow."""
        told = said.get("licet") or said.get("content_block", {}).get("licet")
        if said.get("type") == "response.output_item.added":
            told = said["item"].get("licet")
        if told is not None:
            next_one = told["handed_over"]
            self._ask.said.append((next_one["model"], next_one["endpoint"]))
        if self._ask.dialect == "chat":
            self._ids.add(said["id"])
            for choice in said["choices"]:
                self._ask.text += choice["delta"].get("content") or ""
            return len(self._ids) == 1
        return self._takes_event(said)

    def _takes_event(self, said: Any) -> bool:
        kind = said["type"]
        if kind == "response.output_text.delta":
            self._ask.text += said["delta"]
        if kind == "message_start":
            self._ids.add(said["message"]["id"])
            return len(self._ids) == 1 and len(self._ask.events) == 1
        if kind == "content_block_start":
            follows = not self._open and said["index"] == self._index + 1
            self._index, self._open = said["index"], True
            return follows
        if kind in ("content_block_delta", "content_block_stop"):
            in_it = self._open and said["index"] == self._index
            self._open = kind == "content_block_delta"
            self._ask.text += said.get("delta", {}).get("text", "")
            return in_it
        return kind != "message_delta" or not self._open
