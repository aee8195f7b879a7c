"""The signing key of a log: made at its first start, readable by its owner alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from licet.evidence import (
    SignerKey,
    VerifierKey,
    is_key_name,
    parse_signer,
    parse_verifier,
)
from licet.storage.disk import Disk, RealDisk
from licet.terms import EvidenceFault

SIGNER = "log.key"
VERIFIER = "log.vkey"
_SEED_BYTES = 32


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
        key = SignerKey(name=origin, seed=entropy(_SEED_BYTES))
        disk.replace(folder / SIGNER, f"{key.text()}\n".encode(), mode=0o600)
        disk.replace(folder / VERIFIER, f"{key.verifier()}\n".encode())
    if key.name != origin:
        raise EvidenceFault(
            "wrong_log",
            f"the evidence log in `{folder}` is `{key.name}`, not `{origin}`",
            remedy="a node keeps its name; give a renamed node a new evidence folder",
        )
    return key


def verifier_key(folder: Path, disk: Disk | None = None) -> VerifierKey:
    """The public key that lies beside the log: whoever distrusts the operator brings his own."""
    try:
        text = (disk or RealDisk()).read(folder / VERIFIER).decode("utf-8", "replace")
    except FileNotFoundError as error:
        raise EvidenceFault("no_log", f"there is no evidence log in `{folder}`") from error
    return parse_verifier(text)
