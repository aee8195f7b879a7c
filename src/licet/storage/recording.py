"""One register leaf, recorded by whoever may write: the recorder of a gateway that runs, or, where
none does, this process, which the lock of the log allows only then."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec

from licet.evidence import (
    Ack,
    Entry,
    Hello,
    Message,
    Messages,
    Nack,
    RegisterLeaf,
    Submit,
    Welcome,
    encode,
    encode_message,
)
from licet.storage.disk import Disk, RealDisk
from licet.storage.log import Log
from licet.terms import EvidenceFault, OperationFault

BOUND_S = 10.0


def record_leaf(
    folder: Path,
    recorder: Path | None,
    leaf: RegisterLeaf,
    version: str,
    *,
    disk: Disk | None = None,
    entropy: Callable[[int], bytes] = os.urandom,
) -> int:
    """Records `leaf`, at its instant or where the log stands if that is later; its index.

    `recorder`: the Unix socket at which one may run; None: none does. Durable on return. Raises
    `EvidenceFault` with the recorder's code, or `log_locked` where another process writes, and
    `OperationFault` (`recorder_slow`): it may then have been recorded.
    """
    index = None if recorder is None else _by_recorder(recorder, leaf)
    if index is not None:
        return index
    log = Log(folder, disk or RealDisk(), leaf.log, entropy)
    with log.session(leaf.at, version):
        return log.record([msgspec.structs.replace(leaf, at=max(leaf.at, log.last_at))])


def _by_recorder(path: Path, leaf: RegisterLeaf) -> int | None:
    """The index at which a running recorder has it; None: none runs."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(BOUND_S)
        try:
            sock.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        try:
            messages = _Heard(sock)
            welcome = messages.next()
            while not isinstance(welcome, Welcome):
                welcome = messages.next()
            if welcome.log != leaf.log:
                raise OperationFault(
                    "another_log", f"the gateway that runs writes `{welcome.log}`, not `{leaf.log}`"
                )
            dated = msgspec.structs.replace(leaf, at=max(leaf.at, welcome.last_at))
            submit = Submit(first=1, entries=[Entry(leaf=encode(dated))])
            sock.sendall(encode_message(Hello(worker=leaf.by)) + encode_message(submit))
            while True:
                message = messages.next()
                if isinstance(message, Ack):
                    return message.index
                if isinstance(message, Nack):
                    raise EvidenceFault(message.code, message.message)
        except OSError as error:
            raise OperationFault(
                "recorder_slow",
                f"the recorder has not said whether it is recorded: {error}",
                remedy="`licet evidence show` says whether it is",
            ) from error


class _Heard:
    """What a recorder says, message by message."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._messages = Messages()
        self._waiting: list[Message] = []

    def next(self) -> Message:
        while not self._waiting:
            data = self._sock.recv(1 << 16)
            if not data:
                raise OSError("it closed the connection")
            self._waiting += self._messages.feed(data)
        return self._waiting.pop(0)
