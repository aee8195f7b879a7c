"""Keys of signed notes, as Go's `golang.org/x/mod/sumdb/note` writes them, of three types.

`ed25519` (01) signs the text of a note; `cosignature` (04) is the same key as a witness uses it,
with a time; `ml-dsa-44` (06, FIPS 204) is of logs and witnesses alike, and withstands quantum
computers. Which types there are is C2SP `signed-note` and `tlog-cosignature`; another one is
another word here, and mypy says where it is missing.
"""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache
from hashlib import sha256
from typing import Literal, assert_never, get_args

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from licet.terms import EvidenceFault

KeyType = Literal["ed25519", "cosignature", "ml-dsa-44"]
SeedType = Literal["ed25519", "ml-dsa-44"]
"""What a secret key is of; a witness's `cosignature` key has the seed of an `ed25519` one."""

_BYTE: dict[KeyType, bytes] = {"ed25519": b"\x01", "cosignature": b"\x04", "ml-dsa-44": b"\x06"}
_TYPE: dict[bytes, KeyType] = {byte: word for word, byte in _BYTE.items()}
_PUBLIC_BYTES: dict[KeyType, int] = {"ed25519": 32, "cosignature": 32, "ml-dsa-44": 1312}
SEED_BYTES = 32
"""Of every type: FIPS 204 expands its keys from a seed of 32 bytes too."""


class VerifierKey(msgspec.Struct, frozen=True, kw_only=True):
    """A name and a public key: 32 bytes, or 1,312 of ML-DSA-44."""

    name: str
    public: bytes
    type: KeyType = "ed25519"

    @property
    def id(self) -> bytes:
        kind = _BYTE[self.type]
        return sha256(self.name.encode() + b"\n" + kind + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64(_BYTE[self.type] + self.public)}"


class SignerKey(msgspec.Struct, frozen=True, kw_only=True):
    """A name and a seed of 32 bytes; its text is a secret."""

    name: str
    seed: bytes
    type: SeedType = "ed25519"

    def verifier(self) -> VerifierKey:
        """The public key of what it signs as a log."""
        return VerifierKey(name=self.name, public=self._public(), type=self.type)

    def cosigner(self) -> VerifierKey:
        """The public key of what it signs as a witness."""
        kind: KeyType = "cosignature" if self.type == "ed25519" else self.type
        return VerifierKey(name=self.name, public=self._public(), type=kind)

    def text(self) -> str:
        secret = b64(_BYTE[self.type] + self.seed)
        return f"PRIVATE+KEY+{self.name}+{self.verifier().id.hex()}+{secret}"

    def _public(self) -> bytes:
        match self.type:
            case "ed25519":
                secret = Ed25519PrivateKey.from_private_bytes(self.seed)
                return secret.public_key().public_bytes_raw()
            case "ml-dsa-44":
                return ml_dsa_44(self.seed).public_key().public_bytes_raw()
            case _:
                assert_never(self.type)

    def __repr__(self) -> str:
        return f"SignerKey({self.name!r})"


@lru_cache(maxsize=16)
def ml_dsa_44(seed: bytes) -> MLDSA44PrivateKey:
    """The key of a seed, whose expansion takes longer than a signature.

    `EvidenceFault` (`key_unsupported`): the library was built without it.
    """
    try:
        return MLDSA44PrivateKey.from_seed_bytes(seed)
    except UnsupportedAlgorithm as error:
        raise unsupported() from error


def unsupported() -> EvidenceFault:
    return EvidenceFault(
        "key_unsupported",
        "`cryptography` is built here with a library that has no ML-DSA-44",
        remedy="install its wheel, or build it with OpenSSL 3.5 or later",
    )


def is_key_name(name: str) -> bool:
    """Whether a log or key may be called so: no space, no `+`, and, for our own, no control
    character. Others may be called as they like, so signatures are read with less."""
    return name != "" and "+" not in name and name.isprintable() and not is_spaced(name)


def is_spaced(name: str) -> bool:
    return any(character.isspace() for character in name)


def parse_verifier(text: str) -> VerifierKey:
    """Reads the public key of a log, `name+id+base64`: `ed25519` or `ml-dsa-44`.

    Raises `EvidenceFault` (`key_malformed`) unless all of it agrees.
    """
    key = _parsed(text)
    if key is None or key.type == "cosignature":
        raise EvidenceFault("key_malformed", f"`{_short(text)}` is not the verifier key of a log")
    return key


def parse_cosigner(text: str) -> VerifierKey:
    """Reads the public key of a witness: `cosignature` or `ml-dsa-44`; as `parse_verifier`."""
    key = _parsed(text)
    if key is None or key.type == "ed25519":
        raise EvidenceFault("key_malformed", f"`{_short(text)}` is not a witness's key")
    return key


def parse_signer(text: str) -> SignerKey:
    """Reads `PRIVATE+KEY+name+id+base64`; the message never repeats the key."""
    fields = text.strip().split("+", 4)
    raw = unb64(fields[4]) if len(fields) == 5 else None
    kind = None if raw is None else _TYPE.get(raw[:1])
    if fields[:2] != ["PRIVATE", "KEY"] or raw is None or len(raw) != 1 + SEED_BYTES:
        raise EvidenceFault("key_malformed", "the signing key is not a note key")
    if kind is None or kind == "cosignature":
        types = " or ".join(f"`{word}`" for word in get_args(SeedType))
        raise EvidenceFault("key_malformed", f"the signing key is not of type {types}")
    key = SignerKey(name=fields[2], seed=raw[1:], type=kind)
    if not is_key_name(key.name) or key.verifier().id.hex() != fields[3]:
        raise EvidenceFault("key_malformed", "the signing key's name and id do not agree")
    return key


def _parsed(text: str) -> VerifierKey | None:
    """None: it is no key of a type that is known here."""
    name, _, rest = text.strip().partition("+")
    key_id, _, data = rest.partition("+")
    raw = unb64(data)
    kind = None if raw is None else _TYPE.get(raw[:1])
    if raw is None or kind is None or len(raw) != 1 + _PUBLIC_BYTES[kind] or not is_key_name(name):
        return None
    key = VerifierKey(name=name, public=raw[1:], type=kind)
    if key.id.hex() != key_id:
        raise EvidenceFault("key_malformed", f"`{_short(text)}` has a wrong key id")
    return key


def _short(text: str) -> str:
    """A key as a message shows it: one of ML-DSA-44 has 1,800 characters."""
    told = text.strip()
    return told if len(told) <= 200 else f"{told[:197]}..."


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def unb64(text: str) -> bytes | None:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # Non-canonical padding bits would give one value two texts.
    return data if b64(data) == text else None
