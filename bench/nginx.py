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
        keepalive 256;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass http://vendor;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
"""
_FIXED = """
    server {{
        listen 127.0.0.1:{port} backlog=4096;
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

    def __init__(self, name: str, folder: Path, *, core: int, body: str, port: int) -> None:
        self.name = name
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
        return Running(url=f"http://127.0.0.1:{self._port}", pids=(self._spawned.pid,))

    def stop(self) -> None:
        """Ends nginx."""
        if self._spawned:
            self._spawned.stop()


def proxy(folder: Path, *, upstream: str, core: int) -> Nginx:
    """A plain proxy to `upstream` (a URL) that keeps its connections alive."""
    port = free_port()
    body = _PROXY.format(upstream=upstream.removeprefix("http://"), port=port)
    return Nginx("nginx", folder, core=core, body=body, port=port)


def fixed(folder: Path, *, answer: bytes, core: int) -> Nginx:
    """An upstream that gives the same JSON to everybody; `answer` holds no quote of nginx's."""
    port = free_port()
    text = answer.decode("ascii")
    if "'" in text or "$" in text or "\\" in text:
        raise ValueError("the answer would have to be escaped for nginx")
    return Nginx(
        "fixed upstream", folder, core=core, body=_FIXED.format(port=port, answer=text), port=port
    )
