"""TLS of both sides: the certificate that callers see, and the authorities that vendors need."""

from __future__ import annotations

import ssl
from pathlib import Path

from licet.catalog import ListenSettings
from licet.terms import OperationFault


def listening_context(listen: ListenSettings, folder: Path) -> ssl.SSLContext | None:
    """TLS towards callers, or None where no certificate is configured.

    File names are relative to the configuration `folder`. Raises `OperationFault`
    (`wrong_certificate`) for files that are missing or do not belong together.
    """
    if listen.certificate_file is None or listen.key_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(folder / listen.certificate_file, folder / listen.key_file)
    except (OSError, ssl.SSLError) as error:
        raise OperationFault(
            "wrong_certificate",
            f"`{listen.certificate_file}` and `{listen.key_file}` cannot be used: {error}",
            remedy="`[listen]` names a PEM certificate, with its chain, and its private key",
        ) from error
    return context


def vendor_context(ca_file: str | None, folder: Path) -> ssl.SSLContext:
    """TLS towards a vendor: the system's authorities, or those in `ca_file` alone.

    Raises `OSError` or `ssl.SSLError` for a file that cannot be read.
    """
    context = ssl.create_default_context(cafile=folder / ca_file if ca_file else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
