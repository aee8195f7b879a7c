"""Vendors on real sockets for a test, and a caller that hears exactly what is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, Literal

import httptools
import msgspec
import uvloop

from licet.sim import Cue, Dialect, Ledger, Script, Simulation, Vendors, VendorSpec

SPECS = (
    VendorSpec(id="anthropic", dialect="messages", models=("claude-opus-4.8", "claude-fable-5")),
    VendorSpec(id="openai", dialect="chat", models=("gpt-5.6",)),
    VendorSpec(id="openai-responses", dialect="responses", models=("gpt-5.6",)),
)
VENDOR: dict[Dialect, str] = {
    "messages": "anthropic",
    "chat": "openai",
    "responses": "openai-responses",
}
MODEL: dict[Dialect, str] = {
    "messages": "claude-opus-4.8",
    "chat": "gpt-5.6",
    "responses": "gpt-5.6",
}
PATH: dict[Dialect, str] = {
    "messages": "/v1/messages",
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
}
DIALECTS: tuple[Dialect, ...] = ("chat", "messages", "responses")


class World:
    """Running vendors whose ledger wakes whoever waits for a line."""

    def __init__(self, cues: Iterable[Cue], write: Callable[[bytes], None] | None) -> None:
        self._grown = asyncio.Event()
        self._copy = write
        self.simulation = Simulation(Script(cues), Ledger(self._write))
        self.vendors: Vendors

    def port(self, vendor: str) -> int:
        return self.vendors.ports[vendor]

    def url(self, vendor: str) -> str:
        return self.vendors.url(vendor)

    async def lines(self, count: int) -> tuple[Any, ...]:
        """The ledger once it has `count` lines."""
        while len(self.simulation.ledger.lines()) < count:
            self._grown.clear()
            async with asyncio.timeout(10):
                await self._grown.wait()
        return self.simulation.ledger.lines()

    def _write(self, line: bytes) -> None:
        self._grown.set()
        if self._copy:
            self._copy(line)


@asynccontextmanager
async def world(
    *specs: VendorSpec,
    cues: Iterable[Cue] = (),
    write: Callable[[bytes], None] | None = None,
    tls: Any = None,
) -> AsyncIterator[World]:
    here = World(cues, write)
    here.vendors = await Vendors.start(
        asyncio.get_running_loop(), specs or SPECS, simulation=here.simulation, tls=tls
    )
    try:
        yield here
    finally:
        here.vendors.close()


def play(scene: Coroutine[Any, Any, None]) -> None:
    """Runs a scene on the event loop that the vendors run on in earnest."""
    uvloop.run(scene)


class Heard(msgspec.Struct):
    """An answer as it came over the wire."""

    status: int | None = None
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    body: bytes = b""
    raw: bytes = b""
    ending: Literal["open", "complete", "eof", "reset"] = "open"

    def on_status(self, status: bytes) -> None:
        """httptools wants a callback; the status is read at the end of the head."""

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.ending = "complete"

    def json(self) -> Any:
        return json.loads(self.body)

    def events(self) -> list[Any]:
        """The data of each event, decoded, but for `[DONE]`."""
        frames = [line[6:] for line in self.body.split(b"\n") if line.startswith(b"data: ")]
        return [json.loads(frame) for frame in frames if frame != b"[DONE]"]


def prompt(dialect: Dialect, text: str, **more: Any) -> bytes:
    said = "input" if dialect == "responses" else "messages"
    body = {"model": MODEL[dialect], said: [{"role": "user", "content": text}], **more}
    if dialect == "messages":
        body.setdefault("max_tokens", 1000)
    return json.dumps(body).encode()


def request(
    path: str,
    body: bytes,
    *,
    method: str = "POST",
    headers: dict[str, str] | None = None,
    length: int | None = None,
) -> bytes:
    """The bytes of a request with credentials that every dialect takes."""
    sent = {
        "host": "sim",
        "authorization": "Bearer sim-key",
        "anthropic-version": "2023-06-01",
        "content-length": str(len(body) if length is None else length),
        **(headers or {}),
    }
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def hear(port: int, sent: bytes, *, until: bytes | None = None) -> Heard:
    """Sends bytes and reads one answer: to its end, or until it contains `until`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    try:
        async with asyncio.timeout(10):
            return await listen(reader, until=until)
    finally:
        writer.close()


async def listen(reader: asyncio.StreamReader, *, until: bytes | None = None) -> Heard:
    heard = Heard()
    parser = httptools.HttpResponseParser(heard)
    while heard.ending == "open" and not (until is not None and until in heard.raw):
        try:
            data = await reader.read(65536)
        except ConnectionResetError:
            heard.ending = "reset"
            break
        if not data:
            heard.ending = "eof"
            break
        heard.raw += data
        parser.feed_data(data)
    heard.status = parser.get_status_code() if heard.raw else None
    return heard


async def ask(
    here: World,
    dialect: Dialect,
    text: str,
    *,
    until: bytes | None = None,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Heard:
    """One prompt to the vendor of a dialect, and what is heard of its answer."""
    sent = request(PATH[dialect], prompt(dialect, text, **more), headers=headers)
    return await hear(here.port(VENDOR[dialect]), sent, until=until)
