"""A witness that remembers: C2SP `tlog-witness` over HTTP, one durable checkpoint per log.

Checking a checkpoint and keeping it happen under one lock, and what was accepted is on disk
before its signature leaves: a witness that forgets signs two histories.
"""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from licet.evidence import (
    Answer,
    Checkpoint,
    SignerKey,
    VerifierKey,
    is_decimal,
    judge,
    parse_checkpoint,
)
from licet.storage.appending import disk_fault
from licet.storage.disk import Disk, RealDisk
from licet.terms import EvidenceFault

BODY_BYTES_MAX = 128 << 10
"""A note of sixteen signatures, as many as verifiers must read, of nearly 5 kB each."""
UNREAD_BYTES_MAX = 1 << 20
IDLE_S = 30.0
_SUFFIX = ".seen"


class Witness:
    """What was cosigned last of each log, in a folder that nobody else writes."""

    def __init__(
        self,
        folder: Path,
        keys: Sequence[SignerKey],
        logs: Iterable[VerifierKey],
        *,
        disk: Disk | None = None,
    ) -> None:
        """`keys`: those of the witness, each of which signs. `logs`: the keys of the logs that are
        witnessed; several may be of one log.

        Raises `EvidenceFault`: `log_locked` when another witness has the folder, `disk_...`,
        `witness_damaged`.
        """
        self._keys = tuple(keys)
        self._folder = folder
        self._disk = disk or RealDisk()
        self._guard = threading.Lock()
        self._logs: dict[str, list[VerifierKey]] = {}
        for log in logs:
            self._logs.setdefault(log.name, []).append(log)
        try:
            self._disk.make_folder(folder)
            self._held = self._disk.lock(folder / "lock")
            self._last = {origin: seen for origin in self._logs if (seen := self._seen(origin))}
        except OSError as error:
            raise disk_fault(error, folder) from error

    @property
    def logs(self) -> Mapping[str, Sequence[VerifierKey]]:
        return self._logs

    def last(self, origin: str) -> Checkpoint | None:
        return self._last.get(origin)

    def answer(self, body: bytes, at: int) -> Answer:
        """The answer to `add-checkpoint` at the time `at`, in seconds."""
        with self._guard:
            found = judge(body, self._logs, self._last, self._keys, at)
            if found.accepted is not None:
                try:
                    path = self._path(found.accepted.origin)
                    self._disk.replace(path, found.accepted.text().encode())
                except OSError as error:
                    message = f"not remembered, so not signed: {error.strerror}\n"
                    return Answer(status=503, body=message.encode())
                self._last[found.accepted.origin] = found.accepted
            return found

    def close(self) -> None:
        self._held.release()

    def _seen(self, origin: str) -> Checkpoint | None:
        path = self._path(origin)
        try:
            found = parse_checkpoint(self._disk.read(path).decode("utf-8", "replace"))
        except FileNotFoundError:
            return None
        except EvidenceFault as fault:
            raise EvidenceFault(
                "witness_damaged",
                f"`{path}` is not what a witness remembers: {fault.message}",
                remedy="restore it from a copy; without it this witness must not sign for"
                f" `{origin}` again",
            ) from fault
        return found

    def _path(self, origin: str) -> Path:
        # Origins may have slashes; a digest is a name on every file system.
        return self._folder / f"{sha256(origin.encode()).hexdigest()[:32]}{_SUFFIX}"


def witness_server(
    witness: Witness, host: str, port: int, now: Callable[[], int]
) -> http.server.ThreadingHTTPServer:
    """An HTTP server for `POST /add-checkpoint`, bound and not yet serving; `now` in seconds."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = IDLE_S

        def do_POST(self) -> None:
            told = self.headers.get("Content-Length", "")
            length = int(told) if is_decimal(told) else -1
            if not 0 <= length <= BODY_BYTES_MAX:
                self.close_connection = True
                # What is left unread when a connection is closed may take the answer with it.
                self.rfile.read(min(max(length, 0), UNREAD_BYTES_MAX))
                self._say(
                    Answer(status=400, body=b"a checkpoint has a length of 128 KiB at most\n")
                )
                return
            body = self.rfile.read(length)
            if self.path != "/add-checkpoint":
                self._say(Answer(status=404, body=b"there is only add-checkpoint here\n"))
                return
            self._say(witness.answer(body, now()))

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing: what was signed is in the folder, and who asked does not matter."""

        def _say(self, answer: Answer) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

    return http.server.ThreadingHTTPServer((host, port), Handler)
