"""A gateway of real processes under the load of threads, and what all of them saw."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from licet.evidence import keyed_digest
from licet.gateway import Folder, ask
from licet.sim import Entry, read_ledger

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join([str(SOURCE), *sys.path])}
LICET = (sys.executable, "-P", "-m", "licet")
BOUND_S = 30.0
REQUEST_BOUND_S = 10.0

Outcome = Literal["answered", "refused", "cut", "lost"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as its client saw it. `cut`: a stream that ended in an error of its dialect.
    `lost`: neither an answer nor a refusal, but a broken connection."""

    case: str
    body: bytes
    outcome: Outcome
    began_s: float
    ended_s: float
    model: str = ""
    detail: str = ""


class World:
    """Vendors, and a folder as `licet init` writes it, with the gateway that runs on it."""

    def __init__(
        self, folder: Path, *, evidence: str = "before_send", under: tuple[str, ...] = ()
    ) -> None:
        """`evidence`: the workload's mode. `under`: a command that runs the gateway's."""
        self.folder = folder
        self._under = under
        self.ledger = folder.parent / "ledger.jsonl"
        self.vendors = subprocess.Popen(
            [sys.executable, str(HERE / "programs" / "vendors.py"), str(self.ledger)],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            text=True,
        )
        printed = subprocess.run(
            [*LICET, "init", str(folder)],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        self.key = printed.partition("Bearer ")[2].partition("'")[0]
        self._configure(self._vendor_ports(), evidence)
        self.up()

    @property
    def control(self) -> Path:
        return Folder(self.folder).control(Folder(self.folder).sound().settings)

    @property
    def evidence(self) -> Path:
        return self.folder / "evidence"

    def up(self) -> None:
        self.process = subprocess.Popen(
            [*self._under, *LICET, "up", "--config", str(self.folder)],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        for line in self.process.stdout:
            if line.startswith("ready"):
                break
        assert first.startswith("licet "), f"the gateway did not start: {first}"
        self.port = int(first.rpartition(":")[2])

    def down(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=BOUND_S)
        assert self.process.returncode == 0

    def close(self) -> None:
        for process in (self.process, self.vendors):
            process.kill()
            process.communicate(timeout=BOUND_S)

    def pid_of(self, who: str) -> int:
        if who == "supervisor":
            return self.process.pid
        status = ask(self.control, "status")
        row = status["recorder"] if who == "recorder" else status["workers"][int(who[-1])]
        pid = row["pid"]
        assert isinstance(pid, int)
        return pid

    def arrivals(self) -> list[Entry]:
        lines = read_ledger(self.ledger.read_bytes())
        return [line for line in lines if isinstance(line, Entry)]

    def digest(self, body: bytes) -> str:
        """What the log calls this body."""
        return keyed_digest((self.evidence / "digest.key").read_bytes(), body)

    def _vendor_ports(self) -> dict[str, str]:
        assert self.vendors.stdout is not None
        ports: dict[str, str] = {}
        for line in self.vendors.stdout:
            found = re.match(r"(north|south) +http://127\.0\.0\.1:(\d+)/", line)
            if found is not None:
                ports[found[1]] = found[2]
            if len(ports) == 2:
                break
        assert len(ports) == 2, "the vendors did not start"
        return ports

    def _configure(self, ports: dict[str, str], evidence: str) -> None:
        with socket.socket() as sock:
            # Fixed, so that clients find the gateway again after it was started anew.
            sock.bind(("127.0.0.1", 0))
            port = sock.getsockname()[1]
        _replace(self.folder / "licet.toml", "port = 8750", f"port = {port}")
        catalogue = self.folder / "catalog" / "parties.toml"
        _replace(catalogue, ":8751", f":{ports['north']}")
        _replace(catalogue, ":8752", f":{ports['south']}")
        workload = self.folder / "workloads" / "assistant.toml"
        _replace(workload, 'purpose = "', f'evidence = "{evidence}"\npurpose = "')


class Load:
    """Clients that ask without pause, each its own thread; every other request is streamed."""

    def __init__(self, world: World, clients: int = 6) -> None:
        self.seen: list[Seen] = []
        self._world = world
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._stopping = False
        self._threads = [threading.Thread(target=self._ask_on) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def wait_for(self, condition: Callable[[list[Seen]], bool]) -> None:
        """Until what was seen so far meets the condition."""
        with self._changed:
            met = self._changed.wait_for(lambda: condition(self.seen), timeout=BOUND_S)
        assert met, f"of {len(self.seen)} requests, none of what was waited for"

    def wait_for_answers(self, count: int) -> None:
        """Until so many more requests have been answered."""
        target = self.answered() + count
        self.wait_for(lambda _: self.answered() >= target)

    def answered(self) -> int:
        return sum(one.outcome == "answered" for one in tuple(self.seen))

    def stop(self) -> list[Seen]:
        self._stopping = True
        for thread in self._threads:
            thread.join(timeout=BOUND_S)
            assert not thread.is_alive(), "a client hangs"
        return self.seen

    def _ask_on(self) -> None:
        while not self._stopping:
            number = next(self._numbers)
            one = ask_once(self._world, f"case-{number}", stream=number % 2 == 1)
            with self._changed:
                self.seen.append(one)
                self._changed.notify_all()


def ask_once(
    world: World,
    case: str,
    *,
    stream: bool,
    words: str = "",
    on_content: Callable[[], None] = lambda: None,
) -> Seen:
    """One request on a connection of its own, to its end; `on_content` hears of the first text."""
    content = f"Good morning [[case:{case}]] {words}"
    request = {"model": "assistant", "messages": [{"role": "user", "content": content}]}
    body = json.dumps(request | ({"stream": True} if stream else {})).encode()
    headers = {"authorization": f"Bearer {world.key}", "content-type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", world.port, timeout=REQUEST_BOUND_S)
    began = time.monotonic()
    try:
        connection.request("POST", "/v1/chat/completions", body, headers)
        answer = connection.getresponse()
        model = answer.getheader("licet-model") or ""
        outcome, detail = _judge(answer.status, _read(answer, on_content), stream=stream)
    except (OSError, http.client.HTTPException) as error:
        model, outcome, detail = "", "lost", repr(error)
    finally:
        connection.close()
    return Seen(case, body, outcome, began, time.monotonic(), model, detail)


def _read(answer: http.client.HTTPResponse, on_content: Callable[[], None]) -> bytes:
    lines = []
    told = False
    for line in answer:
        lines.append(line)
        if not told and b'"content":"' in line and b'"content":""' not in line:
            told = True
            on_content()
    return b"".join(lines)


def _judge(status: int, data: bytes, *, stream: bool) -> tuple[Outcome, str]:
    """What an answer is, by its bytes alone."""
    if status != 200:
        error: dict[str, Any] = msgspec.json.decode(data)["error"]
        return "refused", str(error["code"])
    if not stream:
        return ("answered", "") if msgspec.json.decode(data)["choices"] else ("lost", "no choices")
    events = [part for part in data.split(b"\n\n") if part.startswith(b"data: ")]
    if events and events[-1] == b"data: [DONE]":
        return "answered", ""
    last = msgspec.json.decode(events[-1].removeprefix(b"data: ")) if events else {}
    if "error" in last:
        return "cut", str(last["error"]["code"])
    return "lost", "a stream without end"


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
