"""The signing key of a log: made at its first start, readable by its owner alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from licet.evidence import (
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
HANDOVERS = "handovers"
_NOTE = ".note"
SEED_BYTES = 32


def signing_key(
    folder: Path, disk: Disk, origin: str, entropy: Callable[[int], bytes]
) -> SignerKey:
    """The key in the folder, or a new one for `origin`.

    Raises `EvidenceFault` (`wrong_log`) when the folder belongs to another origin.
    """
    if not is_key_name(origin):
        raise EvidenceFault(
            "key_malformed", f"`{origin}` cannot name a log: it has a space or a plus, or is empty"
        )
    try:
        key = parse_signer(disk.read(folder / SIGNER).decode("utf-8", "replace"))
    except FileNotFoundError:
        key = SignerKey(name=origin, seed=entropy(SEED_BYTES))
        install(folder, disk, key)
    if key.name != origin:
        raise EvidenceFault(
            "wrong_log",
            f"the evidence log in `{folder}` is `{key.name}`, not `{origin}`",
            remedy="a node keeps its name; give a renamed node a new evidence folder",
        )
    if _public(folder, disk) != key.verifier():
        # A rotation was cut short between the two files: the secret one is what signs.
        disk.replace(folder / VERIFIER, f"{key.verifier()}\n".encode())
    return key


def _public(folder: Path, disk: Disk) -> VerifierKey | None:
    try:
        return parse_verifier(disk.read(folder / VERIFIER).decode("utf-8", "replace"))
    except (FileNotFoundError, EvidenceFault):
        return None


def install(folder: Path, disk: Disk, key: SignerKey) -> None:
    """Puts a signing key, and its public one, in place."""
    disk.replace(folder / SIGNER, f"{key.text()}\n".encode(), mode=0o600)
    disk.replace(folder / VERIFIER, f"{key.verifier()}\n".encode())


def verifier_key(folder: Path, disk: Disk | None = None) -> VerifierKey:
    """The public key that lies beside the log: whoever distrusts the operator brings his own."""
    try:
        text = (disk or RealDisk()).read(folder / VERIFIER).decode("utf-8", "replace")
    except FileNotFoundError as error:
        raise EvidenceFault("no_log", f"there is no evidence log in `{folder}`") from error
    return parse_verifier(text)


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

    `named`: the key that the log's last `started` leaf before that checkpoint names, as text.
    None: `key` hands over nothing here. Raises `EvidenceFault` (`note_...`) when a signature of
    either is wrong.
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
