"""A vendor as Amazon Bedrock is one: the model in the path, a signature, frames of its own.

Written apart from botocore on purpose: signatures are computed here from the description of AWS
Signature Version 4, and frames are made from that of the event stream encoding, so that what the
gateway does with botocore meets somebody who knows only the papers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from binascii import crc32
from struct import pack
from typing import Final
from urllib.parse import quote, unquote

import msgspec

from licet.sim.performance import Reply
from licet.sim.pieces import Piece
from licet.sim.questions import Arrival, Rejection

ACCESS_KEY: Final = "AKIDSIMULATED"
SERVICE: Final = "bedrock"
VERSION: Final = "bedrock-2023-05-31"
CONTENT_TYPE: Final = "application/vnd.amazon.eventstream"
_CALL = re.compile(r"/model/([^/]+)/(invoke|invoke-with-response-stream)")
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8}/[^/]+/[^/]+/aws4_request), ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)
_STRING: Final = 7
"""The type of a header's value that is a string, in an event stream."""


def plain(arrival: Arrival) -> Arrival | Rejection:
    """The request as vendors of Messages have it; or why it is none of Bedrock's."""
    call = _CALL.fullmatch(arrival.path)
    if call is None:
        return Rejection(status=404, type="UnknownOperationException", message="unknown operation")
    try:
        body = json.loads(arrival.body)
    except ValueError as error:
        return Rejection(status=400, type="ValidationException", message=str(error))
    if not isinstance(body, dict) or body.pop("anthropic_version", None) != VERSION:
        return Rejection(status=400, type="ValidationException", message="anthropic_version")
    if {"model", "stream"} & body.keys():
        message = "extraneous key [model] or [stream] is not permitted"
        return Rejection(status=400, type="ValidationException", message=message)
    body["model"] = unquote(call[1])
    body["stream"] = call[2] != "invoke"
    headers = {**arrival.headers, "anthropic-version": VERSION}
    return msgspec.structs.replace(
        arrival, path="/v1/messages", headers=headers, body=json.dumps(body).encode()
    )


def check_signature(arrival: Arrival, secret: str) -> Rejection | None:
    """Whether the request is signed with `secret`, whole and as it arrived."""
    found = _AUTHORIZATION.fullmatch(arrival.headers.get("authorization", ""))
    if found is None:
        return _refused("MissingAuthenticationTokenException", "no signature")
    access, scope, signed, signature = found.groups()
    names = signed.split(";")
    if access != ACCESS_KEY or not {"host", "x-amz-date"} <= set(names):
        return _refused("UnrecognizedClientException", "unknown key, or too little is signed")
    wanted = sign(
        secret,
        scope=scope,
        at=arrival.headers.get("x-amz-date", ""),
        method=arrival.method,
        path=arrival.path,
        headers={name: arrival.headers.get(name, "") for name in names},
        body=arrival.body,
    )
    if not hmac.compare_digest(wanted, signature):
        return _refused("InvalidSignatureException", "the signature does not match")
    return None


def sign(
    secret: str,
    *,
    scope: str,
    at: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
) -> str:
    """The signature (AWS Signature Version 4) of a request without a query."""
    names = sorted(headers)
    canonical = "\n".join(
        [
            method,
            quote(path, safe="/-_.~"),
            "",
            *(f"{name}:{' '.join(headers[name].split())}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(body).hexdigest(),
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{digest}"
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def framed(reply: Reply) -> Reply:
    """A stream of Messages in frames of the event stream encoding."""
    headers = tuple(
        (name, CONTENT_TYPE if name == "content-type" else value) for name, value in reply.headers
    )
    return msgspec.structs.replace(
        reply,
        headers=headers,
        pieces=tuple(Piece(stage=p.stage, data=_frame_of(p.data)) for p in reply.pieces),
        in_band=_frame_of(reply.in_band) if reply.in_band else b"",
    )


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """One message: lengths, checksum of them, headers, payload, checksum of it all."""
    packed = b"".join(
        pack("!B", len(name)) + name.encode() + pack("!BH", _STRING, len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = pack("!II", 16 + len(packed) + len(payload), len(packed))
    prelude += pack("!I", crc32(prelude))
    message = prelude + packed + payload
    return message + pack("!I", crc32(message))


def _frame_of(event: bytes) -> bytes:
    """The frame of a server-sent event; an error is an exception of the stream."""
    lines = event.split(b"\n")
    data = next((line[6:] for line in lines if line.startswith(b"data: ")), b"")
    if b"event: error" in lines:
        told = json.loads(data)["error"]["message"]
        payload = json.dumps({"message": told}).encode()
        kinds = {":message-type": "exception", ":exception-type": "internalServerException"}
        return frame({**kinds, ":content-type": "application/json"}, payload)
    payload = json.dumps({"bytes": base64.b64encode(data).decode(), "p": "abcdefgh"}).encode()
    kinds = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
    return frame(kinds, payload)


def _refused(kind: str, message: str) -> Rejection:
    return Rejection(status=403, type=kind, message=message)
