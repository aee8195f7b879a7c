"""Framing: where a server-sent event ends, and the data it carries.

Source: WHATWG HTML, 9.2 "Server-sent events". Lines end with LF, CRLF or CR, an empty line
ends an event, and bytes are cut anywhere on the way. A lone CR at the end of what has come
waits for its successor, because CRLF may have been cut in two.
"""

from __future__ import annotations

import re
from typing import Final

from licet.terms import VendorFault

CR: Final = 0x0D
LF: Final = 0x0A

EVENT_LINES_MAX: Final = 1000
"""Vendors send one line of data to an event; the bound is for whoever sends a million."""

_LINE_END: Final = rb"(?:\r\n|\n|\r(?=[^\n]))"
_EMPTY_LINE: Final = re.compile(_LINE_END + _LINE_END)
_FIELDS: Final = frozenset({b"data", b"event", b"id", b"retry", b""})
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def end_of_event(data: bytes | bytearray, start: int, *, plain: bool) -> int:
    """Where the event that begins at `start` is over, or -1 while it is not.

    `plain` says that there is no CR in `data`, which is looked for once, not per event.
    """
    if not plain:
        match = _EMPTY_LINE.search(data, start)
        return match.end() if match else -1
    # An event has one line or two: for these, looking for a byte is faster than for a pair.
    last = len(data) - 1
    newline = data.find(b"\n", start)
    if 0 <= newline < last and data[newline + 1] != LF:
        newline = data.find(b"\n", newline + 1)
    if newline < 0:
        return -1
    if newline < last and data[newline + 1] == LF:
        return newline + 2
    end = data.find(b"\n\n", newline)
    return end + 2 if end >= 0 else -1


def data_of(raw: bytes) -> bytes | None:
    """The data of a whole event, white space around it allowed; None where it has none.

    Raises `VendorFault` (`malformed_event`) for bytes that no event stream holds.
    """
    # Nearly every event is `data: ...`, or `event: ...` and `data: ...`, and ends with LF.
    at = 6
    if raw[:6] != b"data: ":
        at = raw.find(b"\n") + 7
        if raw[:7] != b"event: " or raw[at - 6 : at] != b"data: ":
            at = len(raw)
    if raw.find(b"\n", at) == len(raw) - 2 and CR not in raw:
        return raw[at:]
    data, _, strange = _fields_of(raw)
    # The standard says to ignore unknown fields; an event of nothing else is no event, but
    # a page of HTML, and must not be held for a preamble.
    if data is None and strange:
        raise VendorFault("malformed_event", "the vendor's stream is no event stream")
    return data


def name_of(raw: bytes) -> bytes:
    """The name of a whole event; empty where it has none."""
    return _fields_of(raw)[1]


def _fields_of(raw: bytes) -> tuple[bytes | None, bytes, bool]:
    """Data, name, and whether there are fields that no event has."""
    data: list[bytes] = []
    name = b""
    strange = False
    lines = raw.removeprefix(_BYTE_ORDER_MARK).splitlines()
    if len(lines) > EVENT_LINES_MAX:
        raise VendorFault("malformed_event", f"an event has more than {EVENT_LINES_MAX} lines")
    for line in lines:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
        elif field not in _FIELDS:
            strange = True
    return b"\n".join(data) if data else None, name, strange
