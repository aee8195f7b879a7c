"""Signed notes and checkpoints, exactly as C2SP `signed-note` and `tlog-checkpoint` have them.

Signatures by keys that are not known, and of types that are not, are kept and passed over, as the
standard demands: a note may bear those of witnesses, and of algorithms to come.
"""

from __future__ import annotations

from collections.abc import Iterable

from licet.evidence.checkpoints import Checkpoint, parse_checkpoint
from licet.evidence.note_keys import SignerKey, VerifierKey, is_spaced, unb64
from licet.evidence.signatures import signature_line, signed_at
from licet.terms import EvidenceFault

_DASH = "— "


def sign(text: str, keys: Iterable[SignerKey]) -> bytes:
    """A signed note of `text`, which ends in a newline, and is a checkpoint's where a key is of
    ML-DSA-44."""
    if not text.endswith("\n"):
        raise ValueError("the text of a note ends in a newline")
    lines = [signature_line(key, key.verifier(), text) for key in keys]
    return b"".join((text.encode(), b"\n", *lines))


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
        signed_at(key, text, blob[4:])
        signers.append(key)
    if not signers:
        names = ", ".join(f"`{key.name}` ({key.type})" for key in known.values())
        raise EvidenceFault("note_unsigned", f"no signature by {names}")
    return text, tuple(signers)


def sign_checkpoint(checkpoint: Checkpoint, keys: Iterable[SignerKey]) -> bytes:
    return sign(checkpoint.text(), keys)


def open_checkpoint(note: bytes, keys: Iterable[VerifierKey]) -> Checkpoint:
    """The checkpoint of a signed note; `EvidenceFault` unless signed by a known key."""
    text, _ = open_note(note, keys)
    return parse_checkpoint(text)


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
        blob = unb64(encoded)
        named = name != "" and "+" not in name and not is_spaced(name)
        if not line.startswith(_DASH) or not named or blob is None or len(blob) < 5:
            raise EvidenceFault("note_malformed", f"`{line}` is not a signature line")
        signatures.append((name, blob))
    return text + "\n", signatures
