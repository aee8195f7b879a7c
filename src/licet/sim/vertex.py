"""A vendor as Vertex AI is one for Messages: the model in the path, the version in the body."""

from __future__ import annotations

import json
import re
from typing import Final
from urllib.parse import unquote

import msgspec

from licet.sim.questions import Arrival, Rejection

VERSION: Final = "vertex-2023-10-16"
_CALL = re.compile(r"/publishers/anthropic/models/([^/]+):(rawPredict|streamRawPredict)")


def plain(arrival: Arrival) -> Arrival | Rejection:
    """The request as vendors of Messages have it; or why it is none of Vertex's."""
    call = _CALL.fullmatch(arrival.path)
    if call is None:
        return Rejection(status=404, type="NOT_FOUND", message="no such method")
    try:
        body = json.loads(arrival.body)
    except ValueError as error:
        return Rejection(status=400, type="INVALID_ARGUMENT", message=str(error))
    if not isinstance(body, dict) or body.pop("anthropic_version", None) != VERSION:
        return Rejection(status=400, type="INVALID_ARGUMENT", message="anthropic_version")
    if "model" in body or (body.get("stream") is True) != (call[2] == "streamRawPredict"):
        return Rejection(status=400, type="INVALID_ARGUMENT", message="model, or stream")
    body["model"] = unquote(call[1])
    headers = {**arrival.headers, "anthropic-version": VERSION}
    return msgspec.structs.replace(
        arrival, path="/v1/messages", headers=headers, body=json.dumps(body).encode()
    )
