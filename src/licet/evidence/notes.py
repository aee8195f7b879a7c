"""Signed notes and checkpoints, exactly as C2SP `signed-note` and `tlog-checkpoint` have them.

Keys are written as Go's `golang.org/x/mod/sumdb/note` writes them, so its tools read ours.
Ed25519 alone is signed and verified here (signature type 0x01); signatures by other keys and
of other types (ML-DSA-44, witnesses) are kept and passed over, as the standard demands.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from hashlib import sha256

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from licet.terms import EvidenceFault

_ED25519 = b"\x01"
_DASH = "— "
DIGITS_MAX = 19
"""Of a size: no log has 2^63 leaves, and nobody's time is spent on reading longer numbers."""


class VerifierKey(msgspec.Struct, frozen=True, kw_only=True):
    """A name and an Ed25519 public key of 32 bytes."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_b64(_ED25519 + self.public)}"


class SignerKey(msgspec.Struct, frozen=True, kw_only=True):
    """A name and an Ed25519 seed of 32 bytes; its text is a secret."""

    name: str
    seed: bytes

    def verifier(self) -> VerifierKey:
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return VerifierKey(name=self.name, public=public.public_bytes_raw())

    def text(self) -> str:
        key_id = self.verifier().id.hex()
        return f"PRIVATE+KEY+{self.name}+{key_id}+{_b64(_ED25519 + self.seed)}"

    def __repr__(self) -> str:
        return f"SignerKey({self.name!r})"


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a log: `size` leaves under `root`."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{_b64(self.root)}\n"


def is_key_name(name: str) -> bool:
    """Whether a log or key may be called so: no space, no `+`, and, for our own, no control
    character. Others may be called as they like, so signatures are read with less."""
    return name != "" and "+" not in name and name.isprintable() and not _spaced(name)


def parse_verifier(text: str) -> VerifierKey:
    """Reads `name+id+base64`; `EvidenceFault` (`key_malformed`) unless all of it agrees."""
    name, _, rest = text.strip().partition("+")
    key_id, _, data = rest.partition("+")
    raw = _unb64(data)
    if not is_key_name(name) or raw is None or len(raw) != 33 or raw[:1] != _ED25519:
        raise EvidenceFault("key_malformed", f"`{text.strip()}` is not an Ed25519 verifier key")
    key = VerifierKey(name=name, public=raw[1:])
    if key.id.hex() != key_id:
        raise EvidenceFault("key_malformed", f"`{text.strip()}` has a wrong key id")
    return key


def parse_signer(text: str) -> SignerKey:
    """Reads `PRIVATE+KEY+name+id+base64`; the message never repeats the key."""
    fields = text.strip().split("+", 4)
    raw = _unb64(fields[4]) if len(fields) == 5 else None
    if fields[:2] != ["PRIVATE", "KEY"] or raw is None or len(raw) != 33 or raw[:1] != _ED25519:
        raise EvidenceFault("key_malformed", "the signing key is not an Ed25519 note key")
    key = SignerKey(name=fields[2], seed=raw[1:])
    if not is_key_name(key.name) or key.verifier().id.hex() != fields[3]:
        raise EvidenceFault("key_malformed", "the signing key's name and id do not agree")
    return key


def sign(text: str, keys: Iterable[SignerKey]) -> bytes:
    """A signed note of `text`, which ends in a newline."""
    if not text.endswith("\n"):
        raise ValueError("the text of a note ends in a newline")
    message = text.encode()
    lines = []
    for key in keys:
        signature = Ed25519PrivateKey.from_private_bytes(key.seed).sign(message)
        lines.append(f"{_DASH}{key.name} {_b64(key.verifier().id + signature)}\n")
    return message + b"\n" + "".join(lines).encode()


def open_note(note: bytes, keys: Iterable[VerifierKey]) -> tuple[str, tuple[VerifierKey, ...]]:
    """The text of a note and the known keys that signed it.

    Raises `EvidenceFault`: `note_malformed`, or `note_unsigned` when no known key signed or a
    known key's signature is wrong.
    """
    text, signatures = note_parts(note)
    known = {(key.name, key.id): key for key in keys}
    signers: list[VerifierKey] = []
    for name, blob in signatures:
        key = known.get((name, blob[:4]))
        if key is None or key in signers:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(blob[4:], text.encode())
        except InvalidSignature as error:
            raise EvidenceFault(
                "note_unsigned", f"the signature by `{key.name}` does not fit the text"
            ) from error
        signers.append(key)
    if not signers:
        names = ", ".join(f"`{key.name}`" for key in known.values())
        raise EvidenceFault("note_unsigned", f"no signature by {names}")
    return text, tuple(signers)


def sign_checkpoint(checkpoint: Checkpoint, keys: Iterable[SignerKey]) -> bytes:
    return sign(checkpoint.text(), keys)


def open_checkpoint(note: bytes, keys: Iterable[VerifierKey]) -> Checkpoint:
    """The checkpoint of a signed note; `EvidenceFault` unless signed by a known key."""
    text, _ = open_note(note, keys)
    return parse_checkpoint(text)


def parse_checkpoint(text: str) -> Checkpoint:
    """Reads the text of a checkpoint; extension lines are allowed and passed over."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] != "" or "" in lines[:-1]:
        raise EvidenceFault("checkpoint_malformed", "a checkpoint has at least three full lines")
    origin, size, root = lines[0], lines[1], _unb64(lines[2])
    if not is_decimal(size):
        raise EvidenceFault("checkpoint_malformed", f"`{size}` is not a tree size")
    if root is None or len(root) != 32:
        raise EvidenceFault("checkpoint_malformed", f"`{lines[2]}` is not a root hash")
    return Checkpoint(origin=origin, size=int(size), root=root)


def is_decimal(text: str) -> bool:
    """Whether a text is a size or an index in its one form: no sign, no leading zero."""
    return (
        text.isascii()
        and text.isdigit()
        and len(text) <= DIGITS_MAX
        and (text == "0" or not text.startswith("0"))
    )


def note_parts(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """The text of a note and its signatures: key name, and key id before signature."""
    try:
        whole = note.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EvidenceFault("note_malformed", "a note is UTF-8") from error
    if any(character < " " and character != "\n" for character in whole):
        raise EvidenceFault("note_malformed", "a note has no control character but newline")
    text, separator, tail = whole.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise EvidenceFault("note_malformed", "a note ends in an empty line and signature lines")
    signatures = []
    for line in tail[:-1].split("\n"):
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        blob = _unb64(encoded)
        named = name != "" and "+" not in name and not _spaced(name)
        if not line.startswith(_DASH) or not named or blob is None or len(blob) < 5:
            raise EvidenceFault("note_malformed", f"`{line}` is not a signature line")
        signatures.append((name, blob))
    return text + "\n", signatures


def _spaced(name: str) -> bool:
    return any(character.isspace() for character in name)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unb64(text: str) -> bytes | None:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # Non-canonical padding bits would give one value two texts.
    return data if _b64(data) == text else None
