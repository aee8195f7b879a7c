"""What an issuer publishes: its metadata (OpenID Connect Discovery 1.0 §4, RFC 8414), its keys.

Pure: which address to ask, and what its answer means. Asking is the business of an adapter.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from licet.identity.key_sets import KeySetProblem, usable_keys
from licet.identity.nouns import Issuer, KeySource
from licet.identity.objects import read_object

METADATA = "/.well-known/openid-configuration"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class PublicationProblem(ValueError):
    """Why what was published is of no use; the message says it."""


def check_url(url: str) -> str | None:
    """Why nothing is fetched from there, or None. Whoever could change what is underway could
    become anybody: so it is TLS, except within one machine."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is no address"
    if not parts.hostname or parts.username is not None or parts.fragment or port == 0:
        return "is no address of a document"
    if not url.isascii() or any(one <= " " or one == "\x7f" for one in url):
        return "holds characters that no address has"
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return None
    return "is not protected by TLS"


def metadata_url(source: KeySource) -> str:
    """Where an issuer's metadata is: the address itself if it says so, or beneath it."""
    if "/.well-known/" in source.url:
        return source.url
    return source.url.rstrip("/") + METADATA


def read_metadata(data: bytes, issuer: Issuer) -> str:
    """Where this issuer's keys are, by its metadata; `PublicationProblem` if it does not say."""
    try:
        metadata = read_object(data)
    except ValueError:
        raise PublicationProblem("its metadata is no JSON object") from None
    # Discovery §4.3: or somebody who publishes on the same host could stand in for it.
    if metadata.get("issuer") != issuer.id:
        named = metadata.get("issuer")
        shown = f"`{named[:200]}`" if isinstance(named, str) else "nobody"
        raise PublicationProblem(f"its metadata is that of {shown}")
    url = metadata.get("jwks_uri")
    if not isinstance(url, str):
        raise PublicationProblem("its metadata does not say where its keys are")
    problem = check_url(url)
    if problem is not None:
        raise PublicationProblem(f"the address of its keys {problem}")
    return url


def read_published_keys(data: bytes) -> str:
    """The usable keys as a key set; `PublicationProblem` if there are none."""
    try:
        return usable_keys(data)
    except KeySetProblem as problem:
        raise PublicationProblem(str(problem)) from None


def with_keys(issuer: Issuer, jwks: str, fetched_s: int) -> Issuer:
    """The issuer with keys that were fetched at `fetched_s` (Unix seconds)."""
    if issuer.source is None:
        return issuer
    until_s = fetched_s + issuer.source.max_age_s
    return msgspec.structs.replace(issuer, jwks=jwks, keys_until_s=until_s)
