"""Gateway keys: made from entropy, kept as a hash, written one per file to `keys/`."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from licet.identity.attesting import write_attests
from licet.identity.nouns import Key
from licet.terms import Document, Entry, Identifier, ProfileFile, Text, When

KEY_BYTES = 32
PREFIX = "lk_"


def hash_key(plaintext: str) -> str:
    """SHA-256 (hex) of the whole key, prefix included. No salt and no slow hash: the key is
    256 random bits, so there is nothing to guess."""
    return hashlib.sha256(plaintext.encode("utf-8", "surrogatepass")).hexdigest()


def new_key(
    key_id: str,
    entropy: bytes,
    *,
    organisation: str,
    workloads: tuple[str, ...],
    created: datetime,
    subject: str | None = None,
    speaks_for_others: bool | None = None,
    expires: datetime | None = None,
) -> tuple[str, Key]:
    """A key from 32 bytes of entropy: the plaintext `lk_...`, shown once, and what is kept.

    A personal key (`subject`) speaks for nobody else unless it says so.
    """
    if len(entropy) != KEY_BYTES:
        raise ValueError(f"a key takes {KEY_BYTES} bytes of entropy")
    plaintext = PREFIX + urlsafe_b64encode(entropy).rstrip(b"=").decode()
    key = Key(
        id=key_id,
        hash=hash_key(plaintext),
        organisation=organisation,
        workloads=workloads,
        subject=subject,
        speaks_for_others=subject is None if speaks_for_others is None else speaks_for_others,
        created=created,
        expires=expires,
    )
    return plaintext, key


class _KeyFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Identifier
    hash: str
    organisation: Identifier
    workloads: Annotated[tuple[Identifier, ...], Meta(min_length=1)]
    subject: Text | None = None
    speaks_for_others: bool | None = None
    created: When | None = None
    expires: When | None = None
    revoked: When | None = None
    attests: ProfileFile | None = None


def parse_key(document: Document) -> Entry[Key]:
    """Reads `keys/NAME.toml`. A date alone is the start of that day, UTC."""
    written = document.convert(_KeyFile)
    if written.hash.startswith(PREFIX):
        # The key itself: it is not repeated in the fault.
        raise document.fault(
            "credential_value",
            "a key is never written into a file, only its hash",
            ("hash",),
            remedy="revoke this key; `licet key new` writes the file of a new one",
        )
    if not re.fullmatch(r"[0-9a-f]{64}", written.hash):
        raise document.fault(
            "wrong_hash",
            "`hash` is not a SHA-256 in lower-case hexadecimal",
            ("hash",),
            remedy="`licet key new` writes it",
        )
    key = Key(
        id=written.id,
        hash=written.hash,
        organisation=written.organisation,
        workloads=written.workloads,
        subject=written.subject,
        speaks_for_others=written.subject is None
        if written.speaks_for_others is None
        else written.speaks_for_others,
        attests=written.attests.profile(written.organisation) if written.attests else None,
        created=_moment(written.created),
        expires=_moment(written.expires),
        revoked=_moment(written.revoked),
    )
    return Entry(key, document)


def write_key(key: Key) -> str:
    """The TOML of a key, `attest` having made what it attests; `parse_key` reads it back."""
    workloads = ", ".join(_quoted(name) for name in key.workloads)
    lines = [
        f"id = {_quoted(key.id)}",
        f"hash = {_quoted(key.hash)}",
        f"organisation = {_quoted(key.organisation)}",
        f"workloads = [{workloads}]",
    ]
    if key.subject is not None:
        lines.append(f"subject = {_quoted(key.subject)}")
    if key.speaks_for_others is (key.subject is not None):
        lines.append(f"speaks_for_others = {str(key.speaks_for_others).lower()}")
    for name in ("created", "expires", "revoked"):
        moment: datetime | None = getattr(key, name)
        if moment is not None:
            lines.append(f"{name} = {moment.astimezone(UTC).isoformat().replace('+00:00', 'Z')}")
    attests = "" if key.attests is None else f"\n{write_attests(key.attests)}"
    return "\n".join(lines) + "\n" + attests


def _quoted(text: str) -> str:
    """A TOML basic string; what JSON escapes, TOML escapes alike, except for DEL."""
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")


def _moment(when: When | None) -> datetime | None:
    return None if when is None else when.first(UTC)
