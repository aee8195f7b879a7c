"""Paced streams: the vendor that sends them and the callers that count them, each a program.

`python -m bench.streams vendor PORT PACE_MS CHUNKS` answers every request with a stream of the
chat dialect, a chunk of text each `PACE_MS`. `python -m bench.streams callers HOST PORT PATH KEY
STREAMS SECONDS` holds `STREAMS` of them open, one after the other on each connection, and prints
`begin` when text has come on each, and after so many seconds `end COUNT FAULTS`: how many pieces
of text arrived between.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import cast

import httptools
import uvloop

from bench.upstream import MODEL

STREAMS_BACKLOG = 4096
SPREAD_S = 1.0
"""Over how long the first requests are spread: callers do not all ask at once."""
BEGUN_S_MAX = 30.0
PIECE = b'"delta":'
"""What stands once in each event with text, in both dialects."""

_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)


def _chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    event = {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 1_781_000_000,
        "model": MODEL,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return _framed(b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\n\n")


def _framed(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


_FIRST = _chunk({"role": "assistant", "content": ""})
_TEXT = _chunk({"content": " so that anybody who was not there"})
_USAGE = _framed(
    b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1781000000,'
    b'"model":"bench-model","choices":[],"usage":{"prompt_tokens":250,"completion_tokens":400,'
    b'"total_tokens":650}}\n\n'
)
_LAST = _chunk({}, "stop") + _USAGE + _framed(b"data: [DONE]\n\n") + b"0\r\n\r\n"


class Paced(asyncio.Protocol):
    """A connection to the vendor. A request is over with its body, which needs no parser here:
    callers and gateways send it in one piece, and nothing before the answer has ended."""

    def __init__(self, pace_s: float, chunks: int) -> None:
        self._pace_s = pace_s
        self._chunks = chunks
        self._left = 0
        self._next: asyncio.TimerHandle | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        _, named, rest = head.lower().partition(b"content-length:")
        if not found or (named and len(body) < int(rest.split(b"\r\n", 1)[0])):
            return
        self._received = b""
        self._left = self._chunks
        self._transport.write(_HEAD + _FIRST)
        self._wait()

    def _wait(self) -> None:
        self._next = asyncio.get_running_loop().call_later(self._pace_s, self._send)

    def _send(self) -> None:
        self._left -= 1
        if self._left > 0:
            self._transport.write(_TEXT)
            self._wait()
        else:
            self._transport.write(_LAST)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._next is not None:
            self._next.cancel()


class Counting(asyncio.Protocol):
    """One caller: asks when it is told to, and again each time a stream has ended."""

    def __init__(self, tally: Tally, request: bytes) -> None:
        self._tally = tally
        self._request = request
        self._parser = httptools.HttpResponseParser(self)
        self._tail = b""
        self._begun = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def ask(self) -> None:
        """Asks for a stream."""
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_headers_complete(self) -> None:
        """httptools: the head is there."""
        if self._parser.get_status_code() != 200:
            self._tally.fault(f"status {self._parser.get_status_code()}")

    def on_body(self, body: bytes) -> None:
        """httptools: a part of the stream. A piece that was cut in two is counted once: what is
        kept of the last part is shorter than what is counted."""
        text = self._tail + body
        self._tail = text[-(len(PIECE) - 1) :]
        pieces = text.count(PIECE)
        self._tally.pieces += pieces
        if pieces and not self._begun:
            self._begun = True
            self._tally.begin()

    def on_message_complete(self) -> None:
        """httptools: the stream is over."""
        self._tail = b""
        self.ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self._tally.fault("a connection was closed")


class Tally:
    """What all callers of so many `streams` have seen. `begun`: text has come on each of them, or
    never will on one."""

    def __init__(self, streams: int) -> None:
        self.pieces = 0
        self.faults = 0
        self.over = False
        self.begun = asyncio.Event()
        self._silent = streams

    def begin(self) -> None:
        """The first text has come on one more of them."""
        self._silent -= 1
        if not self._silent:
            self.begun.set()

    def fault(self, what: str) -> None:
        if not self.over:
            self.faults += 1
            self.begun.set()
            print(f"fault {what}", file=sys.stderr, flush=True)


def request(host: str, path: str, key: str) -> bytes:
    """A streamed request of a kilobyte, in the dialect of the path."""
    prompt = {"role": "user", "content": "why " * 200}
    asked = {"model": MODEL, "stream": True, "max_tokens": 1024, "messages": [prompt]}
    body = json.dumps(asked).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {key}\r\n"
        "anthropic-version: 2023-06-01\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _vendor(port: int, pace_ms: int, chunks: int) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    server = await loop.create_server(
        lambda: Paced(pace_ms / 1000, chunks), "127.0.0.1", port, backlog=STREAMS_BACKLOG
    )
    await stopped.wait()
    server.close()


async def _callers(host: str, port: int, path: str, key: str, streams: int, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    tally = Tally(streams)
    asked = request(f"{host}:{port}", path, key)
    callers = []
    for _ in range(streams):
        _, caller = await loop.create_connection(lambda: Counting(tally, asked), host, port)
        callers.append(caller)
    for number, caller in enumerate(callers):
        loop.call_later(SPREAD_S * number / streams, caller.ask)
    async with asyncio.timeout(BEGUN_S_MAX):
        await tally.begun.wait()
    print("begin", flush=True)
    before = tally.pieces
    await asyncio.sleep(seconds)
    print(f"end {tally.pieces - before} {tally.faults}", flush=True)
    tally.over = True


def main(argv: list[str]) -> None:
    """Runs one of the two programs."""
    match argv:
        case ["vendor", port, pace_ms, chunks]:
            uvloop.run(_vendor(int(port), int(pace_ms), int(chunks)))
        case ["callers", host, port, path, key, streams, seconds]:
            uvloop.run(_callers(host, int(port), path, key, int(streams), float(seconds)))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
