"""Erasing a holder, and recording that somebody read: through the recorder, or in its absence.

The log has one writer. Where a gateway runs it is the recorder, which is asked over its socket;
where none does, the log is opened, which the lock allows only then, and closed again.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

from licet.evidence import (
    Erase,
    Erased,
    Hello,
    Messages,
    Nack,
    ReadLeaf,
    encode_message,
)
from licet.storage.disk import Disk, RealDisk
from licet.storage.log import Log
from licet.storage.recorder import Recorder
from licet.storage.side import SideStore
from licet.terms import EvidenceFault, OperationFault

BOUND_S = 10.0


def erase_by_recorder(path: Path, holder: str, by: str, *, bound_s: float = BOUND_S) -> int | None:
    """The slot that a running recorder wiped, -1 where nothing was held; None: none runs.

    `path` is its Unix socket. Raises `EvidenceFault` with the recorder's code when the disk fails,
    `OperationFault` (`recorder_slow`) when it does not answer: it may then have been done.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(bound_s)
        try:
            sock.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        sock.sendall(encode_message(Hello(worker=by)) + encode_message(Erase(holder=holder)))
        messages = Messages()
        try:
            while data := sock.recv(1 << 16):
                for message in messages.feed(data):
                    if isinstance(message, Erased):
                        return message.slot
                    if isinstance(message, Nack):
                        raise EvidenceFault(message.code, message.message)
        except OSError as error:
            raise _slow(str(error)) from error
        raise _slow("it closed the connection")


def erase_alone(
    folder: Path,
    origin: str,
    holder: str,
    by: str,
    at: str,
    version: str,
    *,
    disk: Disk | None = None,
    entropy: Callable[[int], bytes] = os.urandom,
) -> int:
    """As `erase_by_recorder`, where none runs; `EvidenceFault` (`log_locked`) where one does."""
    answers = bytearray()
    recorder = _opened(folder, origin, at, disk or RealDisk(), entropy)
    recorder.begin(version)
    recorder.connected(1, answers.extend)
    recorder.received(1, encode_message(Hello(worker=by)) + encode_message(Erase(holder=holder)))
    recorder.close()
    for message in Messages().feed(bytes(answers)):
        if isinstance(message, Erased):
            return message.slot
        if isinstance(message, Nack):
            raise EvidenceFault(message.code, message.message)
    raise AssertionError("the recorder answers every message")


def record_alone(
    folder: Path,
    origin: str,
    what: str,
    by: str,
    at: str,
    version: str,
    *,
    disk: Disk | None = None,
    entropy: Callable[[int], bytes] = os.urandom,
) -> int:
    """Records that somebody read, where no recorder runs; the leaf's index."""
    log = Log(folder, disk or RealDisk(), origin, entropy)
    with log.session(at, version):
        return log.record([ReadLeaf(at=max(at, log.last_at), log=origin, what=what, by=by)])


def _opened(
    folder: Path, origin: str, at: str, disk: Disk, entropy: Callable[[int], bytes]
) -> Recorder:
    log = Log(folder, disk, origin, entropy)
    try:
        return Recorder(log, SideStore(folder, disk, entropy), lambda: at, lambda _fault: None)
    except EvidenceFault:
        log.abandon()
        raise


def _slow(why: str) -> OperationFault:
    return OperationFault(
        "recorder_slow",
        f"the recorder has not said whether it erased: {why}",
        remedy="ask again: erasing what is erased does nothing",
    )
