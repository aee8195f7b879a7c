"""System calls of running processes, and whether they came in the order that was promised.

strace writes one file per thread, so no line is torn, and stamps them all by one clock: when a
call began and how long it took. `faults_of` is a pure function over what it read, so that a test
can hand it a doctored trace and see that it notices.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.system.house import BOUND_S

CALLS = "fdatasync,fsync,write,writev,pwrite64,pwritev,sendto,sendmsg,sendmmsg,sendfile"
_LINE = re.compile(
    r"(?P<at>\d+\.\d+) (?P<call>\w+)\((?P<fd>\d+)<(?P<target>.*?)>(?:, |\))(?P<rest>.*)"
    r" = (?P<result>-?\d+).*<(?P<took>\d+\.\d+)>$"
)
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(rb"\\(x[0-9a-f]{2}|[0-7]{1,3}|.)", re.DOTALL)
_NAMED = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f"}

Mode = Literal["before_send", "before_answer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that was done: when (ns since the Unix epoch), by whom, on what, with which bytes.

    `target` is a path or a connection: `TCP:[127.0.0.1:1->127.0.0.1:2]`."""

    began_ns: int
    ended_ns: int
    name: str
    target: str
    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request whose calls are looked for: by its id, and by the caller's own port."""

    request: str
    mode: Mode
    stream: bool
    caller_port: int


def read_trace(lines: Iterable[str]) -> Iterator[Call]:
    """The calls of one file of `strace -ff -ttt -T -yy`, without those that failed."""
    for line in lines:
        found = _LINE.match(line)
        if found is None or int(found["result"]) < 0:
            continue
        began = _nanoseconds(found["at"])
        yield Call(
            began_ns=began,
            ended_ns=began + _nanoseconds(found["took"]),
            name=found["call"],
            target=found["target"],
            data=b"".join(_bytes(text) for text in _TEXT.findall(found["rest"])),
        )


def faults_of(calls: Sequence[Call], asked: Asked, vendor_ports: frozenset[int]) -> list[str]:
    """What came in another order than promised (docs/internals/evidence.md), in a word each."""
    sent = _sent(calls, asked, vendor_ports)
    answer = [one for one in calls if one.target.endswith(f":{asked.caller_port}]")]
    if not sent or not answer:
        return ["nothing_seen"]
    decided = _durable(calls, asked.request, "decision")
    ended = _durable(calls, asked.request, "outcome")
    if decided is None or ended is None:
        return ["never_synced"]
    faults = []
    if asked.mode == "before_send" and sent[0].began_ns < decided:
        faults.append("sent_before_sync")
    if answer[0].began_ns < decided:
        faults.append("answered_before_sync")
    last = answer[-1] if asked.stream else answer[0]
    if last.began_ns < ended:
        faults.append("ended_before_sync")
    if asked.stream and any(_is_last(one.data) and one.began_ns < ended for one in answer):
        faults.append("last_frame_before_sync")
    return faults


def sent_first(calls: Sequence[Call], asked: Asked, vendor_ports: frozenset[int]) -> bool:
    """Whether the vendor had the request before its record was on disk."""
    decided = _durable(calls, asked.request, "decision")
    assert decided is not None
    return _sent(calls, asked, vendor_ports)[0].ended_ns < decided


def record_of(calls: Sequence[Call], request: str, kind: str) -> Call | None:
    """The write of a leaf to a segment of the log."""
    for one in calls:
        if one.target.endswith(".wal") and _tells(one.data, request, kind):
            return one
    return None


def sync_of(calls: Sequence[Call], record: Call) -> Call | None:
    """The first sync of the file that a record was written to, begun after it was written."""
    for one in calls:
        is_sync = one.name in ("fdatasync", "fsync") and one.target == record.target
        if is_sync and one.began_ns >= record.ended_ns:
            return one
    return None


@contextmanager
def traced(pids: Sequence[int], folder: Path, *options: str) -> Iterator[list[Call]]:
    """Attaches strace; after the block, the list that it gave holds the calls in order."""
    calls: list[Call] = []
    prefix = folder / "trace"
    stamps = ("--absolute-timestamps=format:unix,precision:ns", "--syscall-times=ns")
    with attached(
        pids,
        "-ff",
        *stamps,
        "-yy",
        "-s",
        "1000000",
        "-o",
        str(prefix),
        f"-etrace={CALLS}",
        *options,
    ):
        yield calls
    for path in folder.glob("trace.*"):
        with path.open(encoding="latin-1") as lines:
            calls += read_trace(lines)
    calls.sort(key=lambda one: one.began_ns)


@contextmanager
def attached(pids: Sequence[int], *options: str) -> Iterator[None]:
    """strace with these options on running processes, until the end of the block."""
    named = [part for pid in pids for part in ("-p", str(pid))]
    process = subprocess.Popen(["strace", *options, *named], stderr=subprocess.PIPE)
    try:
        _await_attached(process, len(pids))
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=BOUND_S)


def _await_attached(process: subprocess.Popen[bytes], count: int) -> None:
    """strace says `Process N attached` of each."""
    assert process.stderr is not None
    told = b""
    deadline = time.monotonic() + BOUND_S
    while told.count(b" attached") < count:
        ready, _, _ = select.select([process.stderr], [], [], deadline - time.monotonic())
        more = os.read(process.stderr.fileno(), 4096) if ready else b""
        assert more, f"strace did not attach: {told.decode()}"
        told += more


def _sent(calls: Sequence[Call], asked: Asked, vendor_ports: frozenset[int]) -> list[Call]:
    name = asked.request.encode()
    return [
        one
        for one in calls
        if name in one.data and any(one.target.endswith(f":{port}]") for port in vendor_ports)
    ]


def _durable(calls: Sequence[Call], request: str, kind: str) -> int | None:
    """When the record of a request was on disk."""
    record = record_of(calls, request, kind)
    sync = None if record is None else sync_of(calls, record)
    return None if sync is None else sync.ended_ns


def _tells(batch: bytes, request: str, kind: str) -> bool:
    """Whether a leaf of this kind and request is in a batch; a leaf begins with its instant."""
    return any(
        f'"kind":"{kind}"'.encode() in leaf and f'"request":"{request}"'.encode() in leaf
        for leaf in batch.split(b'{"at":"')
    )


def _is_last(data: bytes) -> bool:
    return b"data: [DONE]" in data or b'"type":"message_stop"' in data


def _nanoseconds(text: str) -> int:
    seconds, _, fraction = text.partition(".")
    return int(seconds) * 1_000_000_000 + int(fraction.ljust(9, "0")[:9])


def _bytes(text: str) -> bytes:
    return _ESCAPE.sub(_unescaped, text.encode("latin-1"))


def _unescaped(found: re.Match[bytes]) -> bytes:
    code = found[1]
    if code[:1] == b"x" and len(code) == 3:
        return bytes([int(code[1:], 16)])
    if code.isdigit():
        return bytes([int(code, 8)])
    return _NAMED.get(code, code)
