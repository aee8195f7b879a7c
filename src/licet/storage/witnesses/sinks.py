"""Where checkpoints are published: a folder that others keep, or a place that speaks HTTP.

Over HTTP it is plain `GET` and `PUT` of RFC 9110 below one URL, which WebDAV, object stores and
a few lines of any web framework answer alike: `GET URL/checkpoint` (404: nothing yet) and
`PUT URL/NAME` (any 2xx). Redirections are not followed: where evidence goes is configured.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from licet.storage.disk import Disk, RealDisk
from licet.terms import OperationFault

BOUND_S = 30.0
ANSWER_BYTES_MAX = 128 << 10

Ask = Callable[[str, str, bytes, Mapping[str, str]], tuple[int, bytes]]
"""`ask(method, url, body, headers)`: status and body of the answer; `OSError` and
`http.client.HTTPException` when there is none."""


class Sink(Protocol):
    """Keeps files under their names."""

    def get(self, name: str) -> bytes | None:
        """None: there is no such file. Raises `OperationFault`: `sink_...`."""

    def put(self, name: str, content: bytes) -> None:
        """Kept on return. Raises `OperationFault`: `sink_...`."""


class FolderSink:
    """A folder: a mounted share, a repository."""

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self._folder = folder
        self._disk = disk or RealDisk()

    def get(self, name: str) -> bytes | None:
        try:
            return self._disk.read(self._folder / name)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._fault(error, "read") from error

    def put(self, name: str, content: bytes) -> None:
        try:
            self._disk.make_folder(self._folder)
            self._disk.replace(self._folder / name, content)
        except OSError as error:
            raise self._fault(error, "written") from error

    def _fault(self, error: OSError, what: str) -> OperationFault:
        # Not the log's disk: nothing that is served depends on it.
        return OperationFault(
            "sink_unreachable",
            f"`{self._folder}` cannot be {what}: {error.strerror or error}",
            remedy="look at where it is mounted, and at who may write there",
        )


class HttpSink:
    """`url`: the prefix of all names. `secret`: sent as a bearer token (RFC 6750), if any."""

    def __init__(self, url: str, secret: str | None = None, ask: Ask | None = None) -> None:
        self._url = url.rstrip("/")
        self._headers = {"authorization": f"Bearer {secret}"} if secret else {}
        self._ask = ask or http_ask

    def get(self, name: str) -> bytes | None:
        status, content = self._answer("GET", name, b"")
        if status == 404:
            return None
        if status != 200:
            raise self._refused("GET", name, status, content)
        return content

    def put(self, name: str, content: bytes) -> None:
        status, said = self._answer("PUT", name, content)
        if not 200 <= status < 300:
            raise self._refused("PUT", name, status, said)

    def _answer(self, method: str, name: str, body: bytes) -> tuple[int, bytes]:
        try:
            return self._ask(method, f"{self._url}/{name}", body, self._headers)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise OperationFault(
                "sink_unreachable", f"nobody answers at `{self._url}`: {error}"
            ) from error

    def _refused(self, method: str, name: str, status: int, said: bytes) -> OperationFault:
        words = said.decode("utf-8", "replace").strip()[:200]
        return OperationFault(
            "sink_refused",
            f"`{self._url}` answered {method} of `{name}` with {status}"
            + (f": {words}" if words else ""),
            remedy="it must answer GET with 200 or 404 and PUT with 2xx; 401 or 403: look at the"
            " credential",
        )


def is_url(place: str) -> bool:
    """Whether a place to publish at is spoken to over HTTP; a folder otherwise."""
    return place.startswith(("https://", "http://"))


def http_ask(method: str, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """One request on a connection of its own, with TLS as the system trusts it."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    with closing(connect(parts.netloc, timeout=BOUND_S)) as connection:
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, path, body or None, dict(headers))
        answer = connection.getresponse()
        content = answer.read(ANSWER_BYTES_MAX + 1)
        if len(content) > ANSWER_BYTES_MAX:
            raise ValueError(f"an answer of more than {ANSWER_BYTES_MAX} bytes")
        return answer.status, content
