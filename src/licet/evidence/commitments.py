"""Salted commitments to what a decision was made from.

A leaf holds `SHA-256("licet/commitment/v1" NUL salt inputs)`; the salt of 32 bytes and the
inputs lie in the side store, under a key of the person. Once that key is gone, nobody can
find the inputs by trying, because the salt is gone too.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any

import msgspec

from licet.evidence.canonical import canonical
from licet.terms import EvidenceFault

SALT_BYTES = 32
_LABEL = b"licet/commitment/v1\x00"


class Opening(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What opens a commitment.

    `inputs` is canonical JSON. Large parts that return with every request (the attested
    profile) are in `parts`, and `inputs` names each by its SHA-256, so that they are hashed and
    stored once. `holder` says under whose key it lies: the subject, or else the key's id.
    """

    request: str
    holder: str
    salt: bytes
    inputs: bytes
    parts: tuple[bytes, ...] = ()


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Opening)


def commit(salt: bytes, inputs: bytes) -> str:
    """The commitment, in hexadecimal, to canonical `inputs`; `salt` has 32 random bytes."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    return sha256(_LABEL + salt + inputs).hexdigest()


def commit_to(salt: bytes, inputs: dict[str, Any]) -> tuple[str, bytes]:
    """The commitment to a JSON object, and the object's canonical bytes."""
    data = canonical(inputs)
    return commit(salt, data), data


def opens(opening: Opening, commitment: str) -> bool:
    """Whether this opening is of that commitment."""
    return hmac.compare_digest(commit(opening.salt, opening.inputs), commitment)


def encode_opening(opening: Opening) -> bytes:
    return _ENCODER.encode(opening)


def decode_opening(data: bytes) -> Opening:
    """An opening from the bytes that `encode_opening` made."""
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EvidenceFault("opening_malformed", f"not an opening: {error}") from error
