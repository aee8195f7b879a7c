"""Identifiers are types, so that one kind is never passed for another."""

from __future__ import annotations

import re
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
# Each of the 32 digits stands for eight of the 256 bytes, so that random bytes make random digits.
_DIGIT_OF_BYTE = _CROCKFORD.encode() * 8
ENTROPY_BYTES = 16
"""Of a request's id: one for each of its random digits."""


def is_identifier(text: str) -> bool:
    """Whether `text` may name something: lower case, digits, `.`, `_`, `-`; at most 128."""
    return IDENTIFIER.fullmatch(text) is not None


def request_id(at_ms: int, entropy: bytes) -> RequestId:
    """A ULID: 48 bits of milliseconds since the Unix epoch, then 80 bits of randomness, which
    are five of each of 16 bytes of `entropy`.

    Written here because the published packages read clock and randomness by themselves,
    which nothing below the adapters may do. Source: the ULID specification.
    """
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"a request id takes {ENTROPY_BYTES} bytes of entropy")
    time = (
        _PAIRS[at_ms >> 40 & 255]
        + _PAIRS[at_ms >> 30 & 1023]
        + _PAIRS[at_ms >> 20 & 1023]
        + _PAIRS[at_ms >> 10 & 1023]
        + _PAIRS[at_ms & 1023]
    )
    return RequestId(time + entropy.translate(_DIGIT_OF_BYTE).decode())
