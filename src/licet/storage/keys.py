"""The signing keys of a log, readable by their owner alone: one of Ed25519, made at its first
start, and beside it, where the operator wants it, one of ML-DSA-44."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from licet.evidence import (
    SEED_BYTES,
    SeedType,
    SignerKey,
    VerifierKey,
    is_key_name,
    note_parts,
    open_note,
    parse_signer,
    parse_verifier,
)
from licet.storage.disk import Disk, RealDisk
from licet.terms import EvidenceFault

SIGNER = "log.key"
VERIFIER = "log.vkey"
SECOND_SIGNER = "log.ml-dsa-44.key"
SECOND_VERIFIER = "log.ml-dsa-44.vkey"
HANDOVERS = "handovers"
_NOTE = ".note"
_FILES: dict[SeedType, tuple[str, str]] = {
    "ed25519": (SIGNER, VERIFIER),
    "ml-dsa-44": (SECOND_SIGNER, SECOND_VERIFIER),
}
"""Where a key lies that signs the log: the secret one, and the public one."""


def signing_keys(
    folder: Path, disk: Disk, origin: str, entropy: Callable[[int], bytes]
) -> tuple[SignerKey, ...]:
    """The keys in the folder, or a new one for `origin`: the first is of Ed25519, a second, where
    the log has one, of ML-DSA-44.

    Raises `EvidenceFault` (`wrong_log`) when the folder belongs to another origin.
    """
    if not is_key_name(origin):
        raise EvidenceFault(
            "key_malformed", f"`{origin}` cannot name a log: it has a space or a plus, or is empty"
        )
    first = _signer(folder, disk, "ed25519")
    if first is None:
        first = SignerKey(name=origin, seed=entropy(SEED_BYTES))
        install(folder, disk, first)
    second = _signer(folder, disk, "ml-dsa-44")
    keys = (first,) if second is None else (first, second)
    for key in keys:
        if key.name != origin:
            raise EvidenceFault(
                "wrong_log",
                f"the evidence log in `{folder}` is `{key.name}`, not `{origin}`",
                remedy="a node keeps its name; give a renamed node a new evidence folder",
            )
        path = folder / _FILES[key.type][1]
        if _public(path, disk) != key.verifier():
            # A rotation was cut short between the two files: the secret one is what signs.
            disk.replace(path, f"{key.verifier()}\n".encode())
    return keys


def _signer(folder: Path, disk: Disk, kind: SeedType) -> SignerKey | None:
    path = folder / _FILES[kind][0]
    try:
        key = parse_signer(disk.read(path).decode("utf-8", "replace"))
    except FileNotFoundError:
        return None
    if key.type != kind:
        raise EvidenceFault("key_malformed", f"`{path}` holds a key of type `{key.type}`")
    return key


def _public(path: Path, disk: Disk) -> VerifierKey | None:
    try:
        return parse_verifier(disk.read(path).decode("utf-8", "replace"))
    except (FileNotFoundError, EvidenceFault):
        return None


def install(folder: Path, disk: Disk, key: SignerKey) -> None:
    """Puts a signing key, and its public one, in place."""
    secret, public = _FILES[key.type]
    disk.replace(folder / secret, f"{key.text()}\n".encode(), mode=0o600)
    disk.replace(folder / public, f"{key.verifier()}\n".encode())


def verifier_key(folder: Path, disk: Disk | None = None) -> VerifierKey:
    """The public key that lies beside the log: whoever distrusts the operator brings his own."""
    try:
        text = (disk or RealDisk()).read(folder / VERIFIER).decode("utf-8", "replace")
    except FileNotFoundError as error:
        raise EvidenceFault("no_log", f"there is no evidence log in `{folder}`") from error
    return parse_verifier(text)


def verifier_keys(folder: Path, disk: Disk | None = None) -> tuple[VerifierKey, ...]:
    """As `verifier_key`, and the second one, where the log is signed with two."""
    chosen = disk or RealDisk()
    first = verifier_key(folder, chosen)
    try:
        text = chosen.read(folder / SECOND_VERIFIER).decode("utf-8", "replace")
    except FileNotFoundError:
        return (first,)
    return first, parse_verifier(text)


def handovers(folder: Path, disk: Disk) -> Iterator[tuple[Path, bytes]]:
    """The notes at which one signing key handed over to the next, the oldest first."""
    for name in disk.names(folder / HANDOVERS):
        if name.endswith(_NOTE):
            path = folder / HANDOVERS / name
            yield path, disk.read(path)


def handover_name(size: int) -> str:
    return f"{size:020}{_NOTE}"


def successor(note: bytes, key: VerifierKey, named: str) -> VerifierKey | None:
    """The key to which `key` hands over in a checkpoint that both signed.

    `named`: the key of the same type that the log's last `started` leaf before that checkpoint
    names, as text. None: `key` hands over nothing here. Raises `EvidenceFault` (`note_...`) when a
    signature of either is wrong.
    """
    _, signatures = note_parts(note)
    signed = {(name, blob[:4]) for name, blob in signatures}
    found = parse_verifier(named)
    if found == key or found.name != key.name:
        return None
    if not {(key.name, key.id), (found.name, found.id)} <= signed:
        return None
    open_note(note, [key])
    open_note(note, [found])
    return found
