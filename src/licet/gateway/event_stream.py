"""Amazon's event stream, turned into the server-sent events that it carries.

Source: Amazon Bedrock API reference (`InvokeModelWithResponseStream`). Frames are cut and checked
by botocore, the vendor's own package: length, checksums, headers. What is inside is an event of the
dialect Messages; from here on nothing differs from any other vendor of that dialect.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

import msgspec
from botocore.eventstream import EventStreamBuffer, EventStreamMessage, ParserError

from licet.terms import VendorFault

_TYPES: Final = {
    "throttlingException": "rate_limit_error",
    "serviceUnavailableException": "overloaded_error",
    "validationException": "invalid_request_error",
}


class _Chunk(msgspec.Struct, gc=False):
    """The payload of a `chunk`; `bytes` is base64 of one event's JSON."""

    bytes: str


class _Event(msgspec.Struct, gc=False):
    type: str


class _Told(msgspec.Struct, gc=False):
    message: Any = None


_CHUNK: Final = msgspec.json.Decoder(_Chunk).decode
_EVENT: Final = msgspec.json.Decoder(_Event).decode
_TOLD: Final = msgspec.json.Decoder(_Told).decode


class EventStreamUnwrapper:
    """Takes bytes as they come, gives whole server-sent events."""

    def __init__(self) -> None:
        self._buffer = EventStreamBuffer()

    def feed(self, data: bytes) -> bytes:
        """The events that are whole now.

        Raises `VendorFault` (`malformed_event`) where the bytes are no event stream, or a
        checksum is wrong.
        """
        self._buffer.add_data(data)
        try:
            return b"".join(_server_sent(message) for message in self._buffer)
        except (ParserError, ValueError, msgspec.MsgspecError, binascii.Error):
            message = "an event of the vendor's stream is broken"
            raise VendorFault("malformed_event", message) from None


def _server_sent(message: EventStreamMessage) -> bytes:
    if message.headers.get(":message-type") != "event":
        return _error(message)
    if message.headers.get(":event-type") != "chunk":
        # An event that nobody knows yet says nothing, as in any other stream.
        return b""
    event = base64.b64decode(_CHUNK(message.payload).bytes, validate=True)
    kind = _EVENT(event).type
    if b"\n" in event or b"\r" in event:
        event = msgspec.json.encode(msgspec.json.decode(event))
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), event)


def _error(message: EventStreamMessage) -> bytes:
    """An exception inside the stream, as Messages says that a stream has failed."""
    headers = message.headers
    name = str(headers.get(":exception-type") or headers.get(":error-code") or "error")
    said = headers.get(":error-message")
    if said is None and message.payload:
        said = _TOLD(message.payload).message
    error = {"type": _TYPES.get(name, "api_error"), "message": f"{name}: {said or 'no reason'}"}
    return b"event: error\ndata: %s\n\n" % msgspec.json.encode({"type": "error", "error": error})
