"""Framing: where a server-sent event ends, and the data it carries.

Source: WHATWG HTML, 9.2 "Server-sent events". Lines end with LF, CRLF or CR, an empty line
ends an event, and bytes are cut anywhere on the way. A lone CR at the end of what has come
waits for its successor, because CRLF may have been cut in two.
"""

from __future__ import annotations

import re
from typing import Final

from licet.terms import VendorFault

_LINE_END: Final = rb"(?:\r\n|\n|\r(?=[^\n]))"
_EMPTY_LINE: Final = re.compile(_LINE_END + _LINE_END)
_FIELDS: Final = frozenset({b"data", b"event", b"id", b"retry", b""})
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def end_of_event(data: bytes | bytearray, start: int) -> int:
    """Where the event that begins at `start` is over, or -1 while it is not."""
    if b"\r" not in data:
        end = data.find(b"\n\n", start)
        return end + 2 if end >= 0 else -1
    match = _EMPTY_LINE.search(data, start)
    return match.end() if match else -1


def data_of(raw: bytes) -> tuple[bytes | None, bytes]:
    """The data of a whole event, None where it carries none, and the event's name.

    Raises `VendorFault` (`malformed_event`) for bytes that no event stream holds.
    """
    lines = raw.split(b"\n")
    # Nearly every event is `data: ...` or `event: ...` and `data: ...`, and ends with LF.
    count = len(lines)
    if b"\r" not in raw:
        if count == 3:
            if lines[0].startswith(b"data: "):
                return lines[0][6:], b""
        elif count == 4 and lines[1].startswith(b"data: ") and lines[0].startswith(b"event: "):
            return lines[1][6:], lines[0][7:]
    return _fields_of(raw)


def _fields_of(raw: bytes) -> tuple[bytes | None, bytes]:
    data: list[bytes] = []
    name = b""
    strange = False
    for line in raw.removeprefix(_BYTE_ORDER_MARK).splitlines():
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
        elif field not in _FIELDS:
            strange = True
    if data:
        return b"\n".join(data), name
    # The standard says to ignore unknown fields; an event of nothing else is no event, but
    # a page of HTML, and must not be held for a preamble.
    if strange:
        raise VendorFault("malformed_event", "the vendor's stream is no event stream")
    return None, name
