"""Identifiers are types, so that one kind is never passed for another."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NewType

DirectiveId = NewType("DirectiveId", str)
EndpointId = NewType("EndpointId", str)
IssuerId = NewType("IssuerId", str)
KeyId = NewType("KeyId", str)
ListId = NewType("ListId", str)
ModelId = NewType("ModelId", str)
OrganisationId = NewType("OrganisationId", str)
RequestId = NewType("RequestId", str)
SubjectId = NewType("SubjectId", str)
WorkloadId = NewType("WorkloadId", str)

IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9._-]{0,126}[a-z0-9]|[a-z0-9]")

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(a + b for a in _CROCKFORD for b in _CROCKFORD)


def is_identifier(text: str) -> bool:
    """Whether `text` may name something: lower case, digits, `.`, `_`, `-`; at most 128."""
    return IDENTIFIER.fullmatch(text) is not None


def request_id(at_ms: int, entropy: bytes) -> RequestId:
    """A ULID: 48 bits of milliseconds since the Unix epoch, then 10 bytes of entropy.

    Written here because the published packages read clock and randomness by themselves,
    which nothing below the adapters may do. Source: the ULID specification.
    """
    if len(entropy) != 10:
        raise ValueError("a request id takes 10 bytes of entropy")
    time = _time_part(at_ms & 0xFFFF_FFFF_FFFF)
    return RequestId(time + _base32(entropy[:5]) + _base32(entropy[5:]))


@lru_cache(maxsize=2)
def _time_part(at_ms: int) -> str:
    """Ten digits; remembered, because many requests share a millisecond."""
    return "".join(_PAIRS[(at_ms >> shift) & 1023] for shift in (40, 30, 20, 10, 0))


def _base32(data: bytes) -> str:
    """Eight digits of five bytes."""
    n = int.from_bytes(data, "big")
    return _PAIRS[n >> 30] + _PAIRS[n >> 20 & 1023] + _PAIRS[n >> 10 & 1023] + _PAIRS[n & 1023]
