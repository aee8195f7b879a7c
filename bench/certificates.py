"""A certificate for this machine and the authority behind it, thrown away after the run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Files in PEM: who is trusted, and what the upstream shows."""

    authority: Path
    identity: tuple[Path, Path]


def issue(folder: Path) -> Certificates:
    """Writes them into `folder`."""
    made = Certificates(
        authority=folder / "authority.pem",
        identity=(folder / "upstream.pem", folder / "upstream.key"),
    )
    authority = trustme.CA()
    # nginx checks names alone, so the address gets one.
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    authority.cert_pem.write_to_path(made.authority)
    chain, key = made.identity
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(chain, append=True)
    certificate.private_key_pem.write_to_path(key)
    return made
