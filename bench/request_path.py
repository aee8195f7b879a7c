"""The request path of a worker alone: everything but sockets, kernel and recorder.

`python -m bench.request_path` prints microseconds, Python calls and objects left to the garbage
collector for each request. A real desk serves 64 connections whose ends are in this process;
upstream and recorder answer at once. The figure is the best of many short rounds, so that it
stays the same on a machine that does other things besides; it is for comparing one commit
with another, and says nothing of system calls.

With `--rest-ms N` it prints what one request alone takes, step by step, each after so long a rest:
how much of it comes of a processor that did something else meanwhile. In a real request the
recorder's word comes after one sync of the disk, which may be less of a rest than the others.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import statistics
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from bench.gateway import MODES, EvidenceMode, configuration
from bench.upstream import MODEL, answer
from bench.wrk import chat_body
from licet.evidence import Ack, Welcome, encode_message
from licet.gateway import Secrets
from licet.gateway.clock import DecisionClock
from licet.gateway.committer import Committer
from licet.gateway.front import Desk
from licet.gateway.inbound import Inbound
from licet.gateway.outbound import Route
from licet.policy import Snapshot, parse

CONNECTIONS = 64
TURNS = 20
RESTED = 300
"""How many requests are timed that come after a rest."""
LOG = "bench.example/licet"
_UPSTREAM_HEAD = (
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Fri, 12 Jun 2026 21:21:00 GMT\r\n"
    "Content-Type: application/json\r\nContent-Length: %d\r\nConnection: keep-alive\r\n\r\n"
)


class Wire(asyncio.Transport):
    """One end of a connection: what is written is counted and, where it matters, kept."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.last = b""

    def write(self, data: Any) -> None:
        self.writes += 1
        self.last = data

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def abort(self) -> None: ...
    def close(self) -> None: ...


class Turns:
    """The event loop as the request path sees it: what is to be called at the turn's end."""

    def __init__(self) -> None:
        self._soon: list[Callable[[], object]] = []
        self.time = time.monotonic

    def call_soon(self, callback: Callable[[], object]) -> None:
        self._soon.append(callback)

    def call_later(self, delay: float, callback: Callable[[], object]) -> None:
        raise RuntimeError("nothing is to be waited for here")

    def end(self) -> None:
        soon, self._soon = self._soon, []
        for callback in soon:
            callback()


class Bench:
    """A desk, its callers' connections, its upstream's connections and its recorder."""

    def __init__(self, mode: EvidenceMode, *, connections: int = CONNECTIONS) -> None:
        self.turns = Turns()
        self.upstreams: list[tuple[asyncio.Protocol, Wire]] = []
        self.recorder = Wire()
        self.recorded = 0
        self.committer = Committer("bench", timers=self.turns, connect=self._connect)
        self.committer.start()
        self.desk = Desk(
            timers=self.turns,
            clock=DecisionClock(wall_ns=time.time_ns),
            dialer=self,
            committer=self.committer,
            entropy=os.urandom,
            wall_s=time.time,
            settings=self._configure(mode),
            worker_index=0,
            log=self._fail,
        )
        self.desk.adopt(self._snapshot, self._secrets, self._settings)
        self.desk.renew_lease(self._snapshot.digest, 3600.0)
        body = answer()
        self._answer = (_UPSTREAM_HEAD % len(body)).encode() + body
        self._request = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
            f"Authorization: Bearer {self._key}\r\nContent-Type: application/json\r\n"
            f"Accept: application/json\r\nUser-Agent: OpenAI/Python 3.52.0\r\n"
            f"Content-Length: {len(chat_body(MODEL))}\r\n\r\n{chat_body(MODEL)}"
        ).encode()
        self.callers: list[tuple[Inbound, Wire]] = []
        for _ in range(connections):
            connection, wire = Inbound(self.desk), Wire()
            connection.connection_made(wire)
            self.callers.append((connection, wire))

    def _configure(self, mode: EvidenceMode) -> Any:
        files, self._key = configuration(port=8080, upstream="http://127.0.0.1:9", mode=mode)
        found = parse({path: text.encode() for path, text in files.items()})
        self._settings = found.settings
        self._snapshot = Snapshot.of(found.sources)
        self._secrets = Secrets(
            keys=found.keys,
            issuers=(),
            credentials={"upstream": "bench-vendor"},
            digest_key=b"k" * 32,
            digest_key_id="digest-1",
        )
        return found.settings

    def _fail(self, error: Exception) -> None:
        raise SystemExit(f"an exchange failed: {error!r}")

    def _connect(self, protocol: asyncio.Protocol, on_failure: Callable[[], None]) -> None:
        protocol.connection_made(self.recorder)
        protocol.data_received(encode_message(Welcome(log=LOG, size=0, last_at="")))

    def dial(
        self,
        route: Route,
        factory: Callable[[], asyncio.Protocol],
        on_ready: Callable[[asyncio.Protocol], None],
        on_failure: Callable[[str], None],
    ) -> None:
        """Implements `Dialer`: connected at once."""
        protocol, wire = factory(), Wire()
        self.upstreams.append((protocol, wire))
        protocol.connection_made(wire)
        on_ready(protocol)

    def turn(self) -> None:
        """One request on every connection, from its first byte to the answer's last."""
        self.ask()
        self.turns.end()
        self.acknowledge()
        self.reply()
        self.turns.end()
        self.acknowledge()

    def ask(self) -> None:
        """The requests arrive."""
        for connection, _ in self.callers:
            connection.data_received(self._request)

    def reply(self) -> None:
        """The upstream answers."""
        for upstream, _ in self.upstreams:
            upstream.data_received(self._answer)

    def acknowledge(self) -> None:
        """A record of each connection is durable."""
        count = len(self.callers)
        ack = Ack(first=self.recorded + 1, count=count, index=self.recorded)
        self.recorded += count
        self.committer.data_received(encode_message(ack))

    def check(self) -> None:
        """Raises `SystemExit` unless every connection got its answer."""
        for _, wire in self.callers:
            if not wire.last.startswith(b"HTTP/1.1 200 OK\r\n"):
                raise SystemExit(f"not an answer: {wire.last[:200]!r}")


def best_us(bench: Bench, seconds: float) -> float:
    """Microseconds of a request in the best round."""
    best = float("inf")
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        before = time.perf_counter()
        for _ in range(TURNS):
            bench.turn()
        best = min(best, time.perf_counter() - before)
    return best / TURNS / CONNECTIONS * 1e6


def calls(bench: Bench) -> float:
    """Python functions called per request."""
    seen = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal seen
        seen += event == "call"

    sys.setprofile(count)
    bench.turn()
    sys.setprofile(None)
    return seen / CONNECTIONS


def left_behind(bench: Bench) -> float:
    """Objects per request that only the garbage collector frees."""
    gc.collect()
    gc.disable()
    for _ in range(TURNS):
        bench.turn()
    found = gc.collect()
    gc.enable()
    return found / TURNS / CONNECTIONS


def rested_us(rest_ms: float) -> dict[str, float]:
    """Median microseconds of each step of a request that comes alone, under `before_answer`: until
    the vendor has it, from the vendor's answer until its record has left, and from the recorder's
    word until the caller has the answer."""
    bench = Bench("before_answer", connections=1)
    for _ in range(RESTED):
        bench.turn()
    took: dict[str, list[float]] = {"request": [], "answer": [], "word": []}

    def step(name: str, act: Callable[[], None]) -> None:
        # Nothing is waited for: the rest is what is measured.
        time.sleep(rest_ms / 1000)
        before = time.perf_counter()
        act()
        took[name].append((time.perf_counter() - before) * 1e6)

    def answered() -> None:
        bench.reply()
        bench.turns.end()

    for _ in range(RESTED):
        step("request", bench.ask)
        bench.turns.end()
        bench.acknowledge()
        step("answer", answered)
        step("word", bench.acknowledge)
    bench.check()
    return {name: statistics.median(times) for name, times in took.items()}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m bench.request_path")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument(
        "--rest-ms", type=float, nargs="+", metavar="N", help="one request alone, after such rests"
    )
    options = parser.parse_args()
    if min(options.rest_ms or [0]) < 0:
        parser.error("--rest-ms: a rest has 0 ms or more")
    for rest_ms in options.rest_ms or ():
        steps = ", ".join(f"{name} {us:.1f}" for name, us in rested_us(rest_ms).items())
        print(f"after {rest_ms:g} ms of rest: {steps} us")
    if options.rest_ms:
        return
    for mode in MODES:
        bench = Bench(mode)
        bench.turn()
        bench.check()
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        figure = best_us(bench, options.seconds)
        print(
            f"{mode:14} {figure:6.1f} us, {calls(bench):5.1f} calls,"
            f" {left_behind(bench):4.1f} objects left behind, per request"
        )
        bench.check()


if __name__ == "__main__":
    main()
