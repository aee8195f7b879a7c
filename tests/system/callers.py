"""Callers of a gateway: one request as a client sees it, and many of them at a time."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, Literal

import msgspec

from tests.system.house import BOUND_S, PERSONS, WORKLOADS, Gateway, eventually

TIMEOUT_S = 12.0
"""Longer than the gateway gives a request altogether (`total_ms`)."""
HELD_S = 100.0
"""The same of a gateway that is `patient`, where streams are held."""

Kind = Literal["answered", "refused", "error", "closed", "left", "silent"]
"""`answered`: one complete answer. `refused`: by a directive, or cut by one. `error`: told what is
wrong, in the answer or in band. `closed`: the connection ended first. `left`: the caller hung up.
`silent`: nothing within the caller's own bound."""

PATHS = {"chat": "/v1/chat/completions", "messages": "/v1/messages"}
_CASES = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request. `script` is played by the vendors; `leave`: hang up amid the answer."""

    workload: str = "chat"
    person: str = "ada"
    stream: bool = False
    script: str = ""
    leave: bool = False
    number: int = field(default_factory=lambda: next(_CASES))

    @property
    def case(self) -> str:
        """What the vendors' ledger will call it: its workload, and a number of its own."""
        return f"{self.workload}/{self.number}"

    @property
    def dialect(self) -> str:
        return self.workload.partition("-")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came of it; times are `time.monotonic`, `port` is the caller's own."""

    ask: Ask
    kind: Kind
    status: int = 0
    request: str = ""
    body: bytes = b""
    port: int = 0
    began: float = 0.0
    connected: float = 0.0
    ended: float = 0.0


def call(
    gateway: Gateway,
    ask: Ask,
    on_content: Callable[[], None] = lambda: None,
    timeout_s: float = TIMEOUT_S,
) -> Heard:
    """One request on a connection of its own, to its end; `on_content` hears of a stream's first
    text."""
    connection = HTTPConnection("127.0.0.1", gateway.port, timeout=timeout_s)
    heard = Heard(ask=ask, kind="closed", began=time.monotonic())
    try:
        connection.connect()
        heard = replace(heard, connected=time.monotonic(), port=connection.sock.getsockname()[1])
        connection.request("POST", PATHS[ask.dialect], _body(ask), _headers(gateway, ask))
        heard = _hear(connection.getresponse(), heard, on_content)
    except TimeoutError:
        heard = replace(heard, kind="silent")
    except (OSError, HTTPException):
        heard = replace(heard, kind="closed")
    finally:
        connection.close()
    return replace(heard, ended=time.monotonic())


def _hear(response: HTTPResponse, heard: Heard, on_content: Callable[[], None]) -> Heard:
    status, ask = response.status, heard.ask
    heard = replace(heard, status=status, request=response.headers.get("licet-request-id", ""))
    if ask.leave and status == 200:
        response.read1(1)
        return replace(heard, kind="left")
    body = _stream(response, on_content) if response.chunked else response.read()
    return replace(heard, body=body, kind=_kind(ask, status, body))


def _stream(response: HTTPResponse, on_content: Callable[[], None]) -> bytes:
    body, told = b"", False
    while piece := response.read1(65_536):
        body += piece
        if not told and b"answer" in body:
            told = True
            on_content()
    return body


def _kind(ask: Ask, status: int, body: bytes) -> Kind:
    if status == 451:
        return "refused"
    if status != 200:
        return "error"
    if not ask.stream:
        return "answered" if _is_whole(ask.dialect, body) else "error"
    last = b"data: [DONE]\n\n" if ask.dialect == "chat" else b'{"type":"message_stop"}\n\n'
    if body.endswith(last) and b'"error"' not in body:
        return "answered"
    return "refused" if b'"directive_refused"' in body else "error"


def _is_whole(dialect: str, body: bytes) -> bool:
    answer: Mapping[str, Any] = msgspec.json.decode(body)
    return ("choices" if dialect == "chat" else "content") in answer and "error" not in answer


def _body(ask: Ask) -> bytes:
    prompt = f"[[person:{ask.person}]] [[case:{ask.case}]] Good morning {ask.script}"
    fields: dict[str, object] = {
        "model": ask.workload,
        "messages": [{"role": "user", "content": prompt}],
        "stream": ask.stream,
    }
    if ask.dialect == "messages":
        fields["max_tokens"] = 64
    return msgspec.json.encode(fields)


def _headers(gateway: Gateway, ask: Ask) -> dict[str, str]:
    return {
        "authorization": f"Bearer {gateway.key}",
        "content-type": "application/json",
        "anthropic-version": "2023-06-01",
        "licet-subject": gateway.tokens[ask.person],
    }


class Streams:
    """A stream of each workload for one person, of a gateway that is `patient`, held in the middle
    of its text when this returns: it ends when it is let go on, or when something ends it."""

    def __init__(
        self, gateway: Gateway, *, workloads: Iterable[str] = WORKLOADS, person: str = "ada"
    ) -> None:
        self._gateway = gateway
        self._heard: list[Heard] = []
        self._begun = threading.Semaphore(0)
        self._threads = [
            threading.Thread(target=self._run, args=(workload, person)) for workload in workloads
        ]
        for thread in self._threads:
            thread.start()
        for _ in self._threads:
            assert self._begun.acquire(timeout=BOUND_S), "a stream has not begun"

    def _run(self, workload: str, person: str) -> None:
        asked = Ask(workload=workload, person=person, stream=True, script="[[sim:stall_mid_text]]")
        self._heard.append(call(self._gateway, asked, self._begun.release, HELD_S))

    def are_under_way(self) -> bool:
        """All of them."""
        return all(thread.is_alive() for thread in self._threads)

    def go_on(self) -> list[Heard]:
        """Lets them end by themselves."""

        def ended() -> bool:
            # A stream whose first text was heard may still be on its way to where it is held.
            self._gateway.vendors.resume()
            return not any(thread.is_alive() for thread in self._threads)

        eventually(ended)
        return self._heard

    def join(self) -> list[Heard]:
        """Once something has ended them, which is not the vendors' doing."""
        eventually(lambda: not any(thread.is_alive() for thread in self._threads))
        return self._heard


class Traffic:
    """Callers in threads, each asking one thing after the other until told to stop.

    What they ask is drawn from a seed. `troubled`: some of the vendors fail now and then, and some
    callers hang up.
    """

    def __init__(
        self, gateway: Gateway, *, seed: int, callers: int = 6, troubled: bool = True
    ) -> None:
        self._gateway = gateway
        self._troubled = troubled
        self._stopping = threading.Event()
        self._heard: list[list[Heard]] = [[] for _ in range(callers)]
        self._threads = [
            threading.Thread(target=self._run, args=(random.Random(f"{seed}/{number}"), heard))
            for number, heard in enumerate(self._heard)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> list[Heard]:
        """Lets everybody finish; all that was heard."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(TIMEOUT_S * 2)
            assert not thread.is_alive(), "a caller hangs"
        return self.heard()

    def heard(self) -> list[Heard]:
        """What has ended so far."""
        return [one for each in self._heard for one in tuple(each)]

    def _run(self, draw: random.Random, heard: list[Heard]) -> None:
        while not self._stopping.is_set():
            one = call(self._gateway, self._draw(draw))
            heard.append(one)
            if one.kind == "closed":
                # Nobody is there: no use asking thousands of times a second.
                self._stopping.wait(0.01)

    def _draw(self, draw: random.Random) -> Ask:
        workload = draw.choice(WORKLOADS)
        script, leave = "", False
        if self._troubled:
            first = "first" if workload.startswith("chat") else "third"
            script = draw.choice(["", "", "", "", f"[[sim:status_529@{first}]]"])
            script = draw.choice([script, script, script, f"[[sim:cut_mid_text@{first}]]"])
            leave = draw.random() < 0.05
        return Ask(
            workload=workload,
            person=draw.choice(list(PERSONS)),
            stream=draw.random() < 0.5,
            script=script,
            leave=leave,
        )


def count(heard: Iterable[Heard]) -> dict[str, int]:
    """How many there are of each kind."""
    found: dict[str, int] = {}
    for one in heard:
        found[one.kind] = found.get(one.kind, 0) + 1
    return dict(sorted(found.items()))
