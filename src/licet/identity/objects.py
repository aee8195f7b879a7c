"""JSON objects that strangers wrote: one reading only, or none.

RFC 8259 lets a parser choose among members of one name, and parsers choose differently. What
decides who somebody is has one meaning, so such an object is refused, and so is what nests
deeper than any claim does.
"""

from __future__ import annotations

import json
from typing import Any

DEPTH_MAX = 16


def read_object(data: bytes | str) -> dict[str, Any]:
    """The object; `ValueError` for everything that is not one, or not only one."""
    value = read_value(data)
    if isinstance(value, dict):
        return value
    raise ValueError("not an object")


def read_value(data: bytes | str) -> Any:
    """Any JSON value, as strictly; `ValueError` for what is none."""
    try:
        # UTF-8 only (RFC 8259 §8.1): the library would guess other encodings from the bytes.
        text = data if isinstance(data, str) else data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deep") from None
    _check_depth(value, DEPTH_MAX)
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is there twice")
    return members


def _refuse(constant: str) -> None:
    raise ValueError(f"`{constant}` is not JSON")


def _check_depth(value: object, left: int) -> None:
    if left == 0:
        raise ValueError("nested too deep")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        if isinstance(one, dict | list):
            _check_depth(one, left - 1)
