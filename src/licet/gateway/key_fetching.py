"""Fetching what an issuer publishes: one small document, over TLS, within bounds.

Only the supervisor fetches, never the path of requests. An answer that sends elsewhere is none:
whoever is trusted for keys is named in the configuration.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from http.client import HTTPException, HTTPResponse
from io import BytesIO
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from licet.identity import (
    Issuer,
    PublicationProblem,
    metadata_url,
    read_metadata,
    read_published_keys,
)
from licet.terms import OperationFault

DOCUMENT_BYTES_MAX = 256 * 1024
FETCH_BOUND_S = 10.0


async def fetch_keys(issuer: Issuer, folder: Path, bound_s: float = FETCH_BOUND_S) -> str:
    """The issuer's usable keys as a key set; `OperationFault` says why there are none.

    `folder`: what a relative `ca_file` is relative to. The bound is for everything together.
    """
    source = issuer.source
    assert source is not None
    try:
        async with asyncio.timeout(bound_s):
            context = _context(None if source.ca_file is None else folder / source.ca_file)
            url = source.url
            if source.discovery:
                url = read_metadata(await _get(metadata_url(source), context), issuer)
            return read_published_keys(await _get(url, context))
    except TimeoutError:
        raise _fault(issuer, f"nothing within {bound_s:g} s") from None
    except (OSError, HTTPException, PublicationProblem) as error:
        raise _fault(issuer, str(error) or type(error).__name__) from error


def _fault(issuer: Issuer, why: str) -> OperationFault:
    return OperationFault("keys_not_fetched", f"the keys of `{issuer.id}`: {why}")


def _context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


async def _get(url: str, context: ssl.SSLContext) -> bytes:
    parts = urlsplit(url)
    secure = context if parts.scheme == "https" else None
    port = parts.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=secure)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        writer.write(
            f"GET {path} HTTP/1.1\r\nhost: {parts.netloc}\r\naccept: application/json\r\n"
            "user-agent: licet\r\nconnection: close\r\n\r\n".encode("ascii")
        )
        await writer.drain()
        answer = bytearray()
        while data := await reader.read(65_536):
            answer += data
            if len(answer) > DOCUMENT_BYTES_MAX:
                raise PublicationProblem(f"an answer of more than {DOCUMENT_BYTES_MAX} bytes")
    finally:
        # Not waited for: a server that does not say goodbye must not hold anything up.
        writer.transport.abort()
    return _body(bytes(answer))


def _body(answer: bytes) -> bytes:
    """Of a whole answer; what is cut short is an error and not a shorter document."""
    response = HTTPResponse(cast("socket.socket", _Whole(answer)))
    response.begin()
    if response.status != 200:
        raise PublicationProblem(f"an answer with status {response.status}")
    return response.read()


class _Whole:
    """All that was received, in the form in which the standard library reads an answer."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> BytesIO:
        return BytesIO(self._data)
