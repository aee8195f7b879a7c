"""What a key of each type signs of a note: C2SP `signed-note`, `tlog-cosignature`.

`ed25519` signs the text itself. The two others sign with a time, in seconds since the Unix epoch:
`cosignature` the text behind a line that says it, `ml-dsa-44` the origin, size and root of a
checkpoint and the signer's own name. A log says no time, which is 0; a witness always does.
"""

from __future__ import annotations

import struct
from typing import assert_never

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from licet.evidence.checkpoints import parse_checkpoint
from licet.evidence.note_keys import SignerKey, VerifierKey, b64, ml_dsa_44, unsupported
from licet.terms import EvidenceFault

_LABEL = b"subtree/v1\n\0"
_TIME = struct.Struct(">Q")
_SPAN = struct.Struct(">QQ")
_NAME_BYTES_MAX = 255
_TIME_MAX = 2**63 - 1


def signature_line(key: SignerKey, public: VerifierKey, text: str, at: int = 0) -> bytes:
    """The signature of a note's text as a line of it, by `key` in the use that `public` has."""
    return f"— {key.name} {b64(public.id + _signature(key, public, text, at))}\n".encode()


def _signature(key: SignerKey, public: VerifierKey, text: str, at: int) -> bytes:
    match public.type:
        case "ed25519":
            return Ed25519PrivateKey.from_private_bytes(key.seed).sign(text.encode())
        case "cosignature":
            message = _timed(text, at)
            signed = Ed25519PrivateKey.from_private_bytes(key.seed).sign(message)
            return _TIME.pack(at) + signed
        case "ml-dsa-44":
            # The library mixes fresh randomness into each signature (FIPS 204, section 3.4):
            # two of one text differ, and both hold.
            return _TIME.pack(at) + ml_dsa_44(key.seed).sign(_cosigned(public.name, text, at))
        case _:
            assert_never(public.type)


def signed_at(key: VerifierKey, text: str, signature: bytes) -> int:
    """The time that a signature by `key` says; 0: none.

    Raises `EvidenceFault`: `note_unsigned` when it does not fit the text, `key_unsupported`.
    """
    try:
        return _checked(key, text, signature)
    except InvalidSignature as error:
        raise EvidenceFault(
            "note_unsigned", f"the signature by `{key.name}` ({key.type}) does not fit the text"
        ) from error
    except UnsupportedAlgorithm as error:
        raise unsupported() from error


def _checked(key: VerifierKey, text: str, signature: bytes) -> int:
    if key.type == "ed25519":
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
        return 0
    at = int.from_bytes(signature[: _TIME.size], "big")
    if at > _TIME_MAX:
        raise InvalidSignature
    rest = signature[_TIME.size :]
    match key.type:
        case "cosignature":
            Ed25519PublicKey.from_public_bytes(key.public).verify(rest, _timed(text, at))
        case "ml-dsa-44":
            message = _cosigned(key.name, text, at)
            MLDSA44PublicKey.from_public_bytes(key.public).verify(rest, message)
        case _:
            assert_never(key.type)
    return at


def _timed(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _cosigned(name: str, text: str, at: int) -> bytes:
    """The message of an ML-DSA-44 signature, which is over a checkpoint; lines that extend its text
    are not in it."""
    head = parse_checkpoint(text)
    span = _SPAN.pack(0, head.size)
    return b"".join((_LABEL, _named(name), _TIME.pack(at), _named(head.origin), span, head.root))


def _named(name: str) -> bytes:
    data = name.encode()
    if len(data) > _NAME_BYTES_MAX:
        raise EvidenceFault(
            "key_malformed", f"`{name[:40]}...` is longer than {_NAME_BYTES_MAX} bytes"
        )
    return bytes([len(data)]) + data
