"""An issuer's web server with TLS: what it publishes is set by the test, path by path."""

from __future__ import annotations

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import trustme

METADATA = "/.well-known/openid-configuration"


class Publisher:
    """`answers`: status, headers and body by path. `asked`: the paths, in order of arrival."""

    def __init__(self, folder: Path, *, tls: bool = True) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.ca_file = folder / "authority.pem"
        if tls:
            authority = trustme.CA()
            authority.cert_pem.write_to_path(self.ca_file)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("localhost").configure_cert(context)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://localhost:{self.server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def publish(self, jwks: str, **metadata: Any) -> None:
        """A key set, and metadata that lead to it."""
        whole = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"} | metadata
        self.say("/keys", jwks.encode())
        self.say(METADATA, json.dumps(whole).encode())

    def say(self, path: str, body: bytes, status: int = 200, **headers: str) -> None:
        self.answers[path] = (status, headers, body)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.asked.append(self.path)
                status, headers, body = publisher.answers.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in ({"content_length": str(len(body))} | headers).items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Whoever wants to know looks at `asked`."""

        return Handler
