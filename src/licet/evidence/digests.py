"""Keyed digests of content: of requests and answers, which are not kept."""

from __future__ import annotations

import hmac
from hashlib import sha256

_BLOCK_BYTES = 64


def digest_key_id(key: bytes) -> str:
    """What records call a key of content digests: the first 16 digits of its SHA-256."""
    return sha256(key).hexdigest()[:16]


class KeyedDigest:
    """HMAC-SHA-256 in hexadecimal: says whether content is the same, to holders of the key.

    The key is taken in once: that is half of the work for a short text (RFC 2104, section 4).
    """

    __slots__ = ("_inner", "_outer", "_whole")

    def __init__(self, key: bytes) -> None:
        self._whole = hmac.new(key, digestmod="sha256")
        block = (sha256(key).digest() if len(key) > _BLOCK_BYTES else key).ljust(
            _BLOCK_BYTES, b"\0"
        )
        self._inner = sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in block))

    def __call__(self, content: bytes) -> str:
        """The digest of content that is there as a whole."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(content)
        outer.update(inner.digest())
        return outer.hexdigest()

    def begin(self) -> hmac.HMAC:
        """A digest of content that comes in pieces."""
        return self._whole.copy()
