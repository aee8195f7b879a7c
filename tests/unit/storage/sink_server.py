"""A web server that keeps what is put there, as those who keep checkpoints for others run one."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class SinkServer:
    """`kept`: content by path. With a `token` nobody else may do anything; `fails_with` a status
    every request fails."""

    def __init__(self, *, token: str | None = None) -> None:
        self.kept: dict[str, bytes] = {}
        self.fails_with: int | None = None
        self.puts = 0
        self.changed = threading.Condition()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = sink.kept.get(self.path)
                self._say(404 if found is None else 200, found or b"")

            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                # Who has the answer may look at once: what is put is kept before it is said.
                if self._refusal() is None:
                    with sink.changed:
                        sink.kept[self.path] = body
                        sink.puts += 1
                        sink.changed.notify_all()
                self._say(201)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

            def _refusal(self) -> tuple[int, bytes] | None:
                if token is not None and self.headers["Authorization"] != f"Bearer {token}":
                    return 401, b"who are you"
                if sink.fails_with is not None:
                    return sink.fails_with, b"not today"
                return None

            def _say(self, status: int, body: bytes = b"") -> None:
                status, body = self._refusal() or (status, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/logs/a"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
