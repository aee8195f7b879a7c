"""Canonical JSON: RFC 8785 restricted to what Licet records.

No floats, integers below 2^53 in magnitude, ASCII member names. Under these restrictions
sorting names by code point is the order of RFC 8785, and the string escapes of msgspec are
exactly those of ECMAScript; a test holds both against an implementation we did not write.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from licet.terms import EvidenceFault

INTEGER_MAX = 2**53 - 1

_ENCODER = msgspec.json.Encoder(order="sorted")


def canonical(value: Any) -> bytes:
    """The one canonical form of a JSON value of dicts, lists, strings, integers, booleans.

    Raises `EvidenceFault` (`not_canonical`) for anything that the restricted form excludes.
    """
    _require(value)
    return encode_sorted(value)


def encode_sorted(value: Any) -> bytes:
    """The canonical bytes of a value already known to obey the restrictions (a leaf)."""
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError as error:
        raise EvidenceFault(
            "not_canonical", f"a text cannot be recorded: it has a lone surrogate: {error.reason}"
        ) from error


def digest_of(content: bytes) -> str:
    """SHA-256 of bytes in lower case hexadecimal: how the log names content."""
    return hashlib.sha256(content).hexdigest()


def clip(text: str, limit: int) -> str:
    """`text` fit for a leaf: at most `limit` characters, what was cut is said, no surrogates.

    Texts that callers and vendors choose (a model's name, an error) must neither make a leaf
    too long nor impossible to encode, since then the request itself would go unrecorded.
    """
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    if len(text) <= limit:
        return text
    mark = f"[{len(text)} characters]"
    return text[: max(0, limit - len(mark))] + mark


def _require(value: Any) -> None:
    match value:
        case None | bool() | str():
            return
        case int():
            if not -INTEGER_MAX <= value <= INTEGER_MAX:
                raise EvidenceFault("not_canonical", f"integer `{value}` is not below 2^53")
        case dict():
            for name, member in value.items():
                if not (isinstance(name, str) and name.isascii()):
                    raise EvidenceFault("not_canonical", f"member name `{name!r}` is not ASCII")
                _require(member)
        case list() | tuple():
            for member in value:
                _require(member)
        case _:
            kind = type(value).__name__
            raise EvidenceFault("not_canonical", f"a {kind} has no canonical form here")
