"""Requests as Vertex AI takes those of Messages: the model in the path, the version in the body.

Source: Vertex AI reference (`publishers.models.rawPredict`, `streamRawPredict`). Streams are those
of the dialect itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

import msgspec

from licet.gateway.outbound import Route
from licet.gateway.reply import Header
from licet.wire import credential_headers

VERSION: Final = "vertex-2023-10-16"
"""The dialect's version as Vertex calls it, in the body."""

_TOP_LEVEL: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Vertex:
    """One endpoint; its credential is an access token."""

    def __init__(self, route: Route, secret: str) -> None:
        """Raises `ConfigurationFault` (`invalid_credential`) for one that no header may hold."""
        self._route = route
        self._proof = credential_headers("messages", secret, "bearer") if secret else []

    def put(
        self, body: bytes, model: str, passed: Iterable[Header], at_s: float
    ) -> tuple[str, list[Header], bytes]:
        """Path, headers but for the length, and body, for a `body` that is one of Messages;
        `passed` are the caller's headers, `at_s` Unix time."""
        fields: dict[str, Any] = _TOP_LEVEL.decode(body)
        stream = bytes(fields.get("stream", b"")).strip() == b"true"
        fields.pop("model", None)
        fields["anthropic_version"] = VERSION
        route = self._route
        call = "streamRawPredict" if stream else "rawPredict"
        named = quote(model, safe="-_.~@")
        path = f"{route.prefix}/publishers/anthropic/models/{named}:{call}"
        headers: list[Header] = [
            (b"host", route.authority.encode()),
            (b"content-type", b"application/json"),
            *self._proof,
            *(header for header in passed if header[0] == b"anthropic-beta"),
            (b"accept-encoding", b"identity"),
            (b"user-agent", b"licet"),
        ]
        return path, headers, msgspec.json.encode(fields)
