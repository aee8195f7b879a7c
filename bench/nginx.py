"""nginx as a plain proxy, what everything is measured against, and as a fixed upstream."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from bench.processes import Spawned, free_port
from bench.targets import Running

HELP = "nginx is not installed: `apt-get install nginx-light` (or nginx) brings it"

_FRAME = """
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    default_type application/json;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    client_body_buffer_size 64k;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{body}
}}
"""
_PROXY = """
    upstream vendor {{
        server {upstream};
        keepalive 1024;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass {scheme}://vendor;
            {trust}
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            {buffering}
        }}
    }}
"""
_FIXED = """
    server {{
        listen 127.0.0.1:{port} {ssl} backlog=4096;
        {certificate}
        location / {{ return 200 '{answer}'; }}
    }}
"""


def binary() -> str:
    """Where nginx is; `RuntimeError` with the remedy if it is nowhere."""
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if found is None:
        raise RuntimeError(HELP)
    return found


class Nginx:
    """One worker process of nginx on one core, with a configuration of its own."""

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        core: int,
        body: str,
        port: int,
        scheme: str = "http",
    ) -> None:
        self.name = name
        self.url = f"{scheme}://127.0.0.1:{port}"
        self._folder = folder / name.replace(" ", "-")
        self._core = core
        self._body = body
        self._port = port
        self._spawned: Spawned | None = None

    def start(self) -> Running:
        """Writes the configuration and starts nginx with it."""
        self._folder.mkdir(parents=True)
        user = "user root;" if os.geteuid() == 0 else ""
        configuration = self._folder / "nginx.conf"
        configuration.write_text(_FRAME.format(user=user, folder=self._folder, body=self._body))
        argv = [binary(), "-p", str(self._folder), "-c", str(configuration)]
        self._spawned = Spawned(argv, core=self._core, log=self._folder / "log")
        self._spawned.await_port(self._port)
        return Running(url=self.url, pids=(self._spawned.pid,))

    def stop(self) -> None:
        """Ends nginx."""
        if self._spawned:
            self._spawned.stop()


def proxy(
    folder: Path,
    *,
    upstream: str,
    core: int,
    authority: Path | None = None,
    buffering: bool = True,
) -> Nginx:
    """A plain proxy to `upstream` (a URL) that keeps its connections alive.

    Without `buffering` what arrives is passed on at once, as streams want it. With an `authority`
    (PEM) it speaks TLS to the upstream and checks its certificate.
    """
    port = free_port()
    scheme, _, place = upstream.partition("://")
    trust = (
        f"proxy_ssl_verify on; proxy_ssl_trusted_certificate {authority};"
        " proxy_ssl_name localhost; proxy_ssl_session_reuse on;"
        if authority
        else ""
    )
    passing = "" if buffering else "proxy_buffering off;"
    body = _PROXY.format(upstream=place, port=port, scheme=scheme, trust=trust, buffering=passing)
    return Nginx("nginx", folder, core=core, body=body, port=port)


def fixed(
    folder: Path, *, answer: bytes, core: int, identity: tuple[Path, Path] | None = None
) -> Nginx:
    """An upstream that gives the same JSON to everybody; `answer` holds no quote of nginx's.

    With an `identity` (certificate and key, PEM) it speaks TLS.
    """
    port = free_port()
    text = answer.decode("ascii")
    if "'" in text or "$" in text or "\\" in text:
        raise ValueError("the answer would have to be escaped for nginx")
    shown = "ssl_certificate {}; ssl_certificate_key {};".format(*identity) if identity else ""
    ssl, scheme = ("ssl", "https") if identity else ("", "http")
    body = _FIXED.format(port=port, answer=text, ssl=ssl, certificate=shown)
    return Nginx("fixed upstream", folder, core=core, body=body, port=port, scheme=scheme)
