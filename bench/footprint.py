"""What a gateway costs before anybody asks: time to a first answer, and memory when idle."""

from __future__ import annotations

import json
import os
import signal
import statistics
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from bench import upstream
from bench.gateway import Gateway
from bench.processes import Cores, tree
from bench.targets import Running

FIRST_ANSWER_MS_MAX = 2_000
RESIDENT_MB_MAX = 100
PATIENCE_S = 30.0
ROLES = ("worker", "recorder")

Row = dict[str, object]


def footprint(folder: Path, cores: Cores, rounds: int) -> list[Row]:
    """A row for the start of a whole gateway, and one per process; medians over the rounds. The
    bounds are those of a worker on a core of its own.

    A worker's first answer is that after a kill -9 of it: the request waits in the listening
    socket, which the supervisor keeps, until the worker's replacement takes it.
    """
    thinking = upstream.Thinking(folder, core=cores.upstream, think_ms=1)
    url = thinking.start().url
    up_ms: list[float] = []
    worker_ms: list[float] = []
    resident_mb: dict[str, list[float]] = {}
    try:
        for number in range(rounds):
            place = folder / f"footprint-{number}"
            place.mkdir()
            gateway = Gateway(place, upstream=url, core=cores.measured, mode="before_send")
            began = time.monotonic()
            running = gateway.start()
            try:
                up_ms.append(_first_answer_ms(running, began))
                for pid in tree(running.pids[0]):
                    resident_mb.setdefault(_role(pid), []).append(_resident_mb(pid))
                began = time.monotonic()
                os.kill(_worker(running), signal.SIGKILL)
                worker_ms.append(_first_answer_ms(running, began))
            finally:
                gateway.stop()
    finally:
        thinking.stop()
    return [
        _row("licet up", answer_ms=up_ms, resident_mb=resident_mb["supervisor"]),
        _row("worker", answer_ms=worker_ms, resident_mb=resident_mb["worker"]),
        _row("recorder", answer_ms=[], resident_mb=resident_mb["recorder"]),
    ]


def _row(target: str, *, answer_ms: list[float], resident_mb: list[float]) -> Row:
    row: Row = {"target": target}
    if answer_ms:
        row["first_answer_ms"] = round(statistics.median(answer_ms))
    if target == "worker":
        row["first_answer_ms_max"] = FIRST_ANSWER_MS_MAX
    row["resident_mb"] = round(statistics.median(resident_mb))
    row["resident_mb_max"] = RESIDENT_MB_MAX
    return row


def _first_answer_ms(running: Running, began: float) -> float:
    """Milliseconds since `began` (monotonic) until a request is answered; whoever is cut off with
    the killed worker asks again."""
    while time.monotonic() - began < PATIENCE_S:
        if _is_answered(running):
            return (time.monotonic() - began) * 1000
    raise RuntimeError(f"no answer within {PATIENCE_S:g} s")


def _is_answered(running: Running) -> bool:
    where = urlsplit(running.url)
    connection = HTTPConnection(where.hostname or "", where.port, timeout=PATIENCE_S)
    body = json.dumps({"model": upstream.MODEL, "messages": [{"role": "user", "content": "hi"}]})
    headers = {"authorization": f"Bearer {running.key}", "content-type": "application/json"}
    try:
        connection.request("POST", "/v1/chat/completions", body, headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return answer.status == 200


def _worker(running: Running) -> int:
    return next(pid for pid in tree(running.pids[0]) if _role(pid) == "worker")


def _role(pid: int) -> str:
    """Which of the gateway's processes it is, by its command line."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    return next((role for role in ROLES if role in words), "supervisor")


def _resident_mb(pid: int) -> float:
    """VmRSS of proc(5)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
