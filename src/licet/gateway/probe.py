"""One small request to one endpoint, for an operator who wonders whether a vendor answers.

Apart from the path of requests on purpose: it shares no code with it that could be wrong in the
same way, and blocks as a command may.
"""

from __future__ import annotations

import socket
import ssl
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from licet.catalog import Endpoint
from licet.gateway.routing import carrier_of, route_of

ANSWER_BYTES_MAX = 1 << 20
PROMPT = "Say: yes"


class Probed(msgspec.Struct, frozen=True, kw_only=True):
    """How an endpoint answered. `detail` says what it was, in words."""

    endpoint: str
    model: str
    verdict: Literal["answers", "refuses", "confused", "unreachable"]
    detail: str
    status: int = 0
    elapsed_ms: int = 0

    def told(self) -> dict[str, Any]:
        return dict(msgspec.to_builtins(self))


def probe_endpoint(
    endpoint: Endpoint, model: str, credential: str, *, timeout_s: float, ca_file: Path | None
) -> Probed:
    """Asks `model` (by its id in the catalogue) for a word in the endpoint's dialect."""
    started = time.monotonic()
    try:
        status, body = _ask(endpoint, model, credential, timeout_s, ca_file)
    except (OSError, HTTPException) as error:
        return Probed(
            endpoint=endpoint.id,
            model=model,
            verdict="unreachable",
            detail=_told(error, endpoint),
            elapsed_ms=_since(started),
        )
    verdict, detail = _judge(endpoint.dialect, status, body)
    return Probed(
        endpoint=endpoint.id,
        model=model,
        verdict=verdict,
        detail=detail,
        status=status,
        elapsed_ms=_since(started),
    )


def _told(error: OSError | HTTPException, endpoint: Endpoint) -> str:
    host = urlsplit(endpoint.base_url).hostname
    match error:
        case socket.gaierror():
            return f"the name `{host}` leads nowhere from here: {error.strerror}"
        case TimeoutError():
            return f"`{host}` said nothing in time"
        case OSError(strerror=str(why)):
            return f"`{host}`: {why}"
    return f"{type(error).__name__}: {error}"


def _ask(
    endpoint: Endpoint, model: str, credential: str, timeout_s: float, ca_file: Path | None
) -> tuple[int, bytes]:
    url = urlsplit(endpoint.base_url)
    connection: HTTPConnection
    if url.scheme == "https":
        context = ssl.create_default_context(cafile=ca_file)
        connection = HTTPSConnection(
            url.hostname or "", url.port, timeout=timeout_s, context=context
        )
    else:
        connection = HTTPConnection(url.hostname or "", url.port, timeout=timeout_s)
    body: dict[str, Any] = {"model": endpoint.models[model]}
    if endpoint.dialect == "responses":
        body |= {"max_output_tokens": 16, "input": PROMPT, "store": False}
    else:
        body |= {"messages": [{"role": "user", "content": PROMPT}]}
        body[endpoint.token_limit or "max_tokens"] = 16
    path, headers, sent = _put(endpoint, credential, msgspec.json.encode(body), model)
    try:
        connection.request("POST", path, sent, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(ANSWER_BYTES_MAX)
    finally:
        connection.close()


def _put(
    endpoint: Endpoint, credential: str, body: bytes, model: str
) -> tuple[str, dict[str, str], bytes]:
    """Path, headers and body. What has to be signed is put as the gateway puts it: a signature of
    another making would say nothing of the gateway's."""
    if endpoint.carriage != "plain":
        carrier = carrier_of(endpoint, route_of(endpoint), credential)
        path, signed, sent = carrier.put(body, endpoint.models[model], (), time.time())
        return path, {name.decode(): value.decode("latin-1") for name, value in signed}, sent
    path, headers = _manners(endpoint, credential)
    prefix = urlsplit(endpoint.base_url).path.removesuffix(f"/{endpoint.version}")
    return prefix + path, headers, body


def _manners(endpoint: Endpoint, credential: str) -> tuple[str, dict[str, str]]:
    """The path and headers of an endpoint."""
    headers = {"content-type": "application/json", "accept": "application/json"}
    path, auth = "/chat/completions", "bearer"
    if endpoint.dialect == "messages":
        headers["anthropic-version"] = "2023-06-01"
        path, auth = "/messages", "x-api-key"
    elif endpoint.dialect == "responses":
        path = "/responses"
    auth = endpoint.auth or auth
    if credential and auth in ("bearer", "google"):
        headers["authorization"] = f"Bearer {credential}"
    elif credential:
        headers[auth] = credential
    return f"/{endpoint.version}{path}" if endpoint.version else path, headers


def _judge(
    dialect: str, status: int, body: bytes
) -> tuple[Literal["answers", "refuses", "confused"], str]:
    try:
        answer = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "confused", f"status {status} with a body that is no JSON object"
    if status != 200:
        error = answer.get("error")
        said = error.get("message") if isinstance(error, dict) else error
        return "refuses", f"status {status}: {said}"
    expected = _HELD[dialect]
    if not isinstance(answer.get(expected), list):
        return "confused", f"status 200 without `{expected}`: is it the dialect `{dialect}`?"
    return "answers", f"as model `{answer.get('model')}`"


_HELD = {"chat": "choices", "messages": "content", "responses": "output"}
"""What an answer of each dialect holds."""


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
