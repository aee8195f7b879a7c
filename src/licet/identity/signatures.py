"""Signed JSON (RFC 7515, compact form): opened once, checked against keys that are given.

Nothing in a token says where its key is: `jwk`, `jku` and `x5c` of a header are not read. `alg`
is one of those that are accepted of the signer; `none` and shared secrets are none of them.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

from licet.identity.key_sets import VerificationKey
from licet.identity.nouns import TokenProblem
from licet.identity.objects import read_object


class _Registry(JWSRegistry):
    """`EdDSA` with an Ed25519 key is what RFC 9864 renamed to `Ed25519`; both verify alike."""

    max_header_length = 4096

    def get_alg(self, name: str) -> JWSAlgModel:
        return super().get_alg("Ed25519" if name == "EdDSA" else name)


_REGISTRY = _Registry(algorithms=("Ed25519", "ES256", "RS256"))
_BASE64URL = re.compile("[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Opened:
    """A signed object whose signature nobody has checked yet."""

    token: bytes
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    @property
    def type(self) -> str:
        """The media type of `typ` in lower case, without `application/`; empty without one."""
        written = self.header.get("typ", "")
        return str(written).lower().removeprefix("application/")


def open_signed(token: str) -> Opened:
    """Header and claims; `ValueError` for what is no signed object."""
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("not three parts")
    header = read_object(decode_part(parts[0]))
    if "crit" in header or "b64" in header:
        # RFC 7515 §4.1.11: an extension that is critical and not understood must be refused.
        raise ValueError("a critical header")
    if parts[2]:
        decode_part(parts[2])
    return Opened(token.encode("ascii"), header, read_object(decode_part(parts[1])))


def decode_part(text: str) -> bytes:
    """Base64url without padding (RFC 7515 §2), in that alphabet only."""
    if not _BASE64URL.fullmatch(text):
        raise ValueError("not base64url")
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def check_signature(
    opened: Opened, keys: Iterable[VerificationKey], algorithms: tuple[str, ...]
) -> TokenProblem | None:
    """Why none of these keys vouches for it, or None."""
    algorithm = opened.header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        return TokenProblem("algorithm_refused", "its algorithm is not accepted from its issuer")
    kid = opened.header.get("kid")
    fitting = [
        one.key
        for one in keys
        if algorithm in one.algorithms and (kid is None or one.kid in (None, kid))
    ]
    # Said, because whoever signs with certificates cannot see why a good signature does not count.
    unread = "; certificates in its header (`x5c`) are not read" if "x5c" in opened.header else ""
    if not fitting:
        return TokenProblem("key_unknown", f"its issuer has no such key{unread}")
    for key in fitting:
        try:
            jws.deserialize_compact(opened.token, key, registry=_REGISTRY)
        except (JoseError, ValueError, TypeError):
            continue
        return None
    return TokenProblem("signature_invalid", f"its signature does not verify{unread}")


def sign(header: Mapping[str, Any], payload: bytes, private_key: Mapping[str, Any]) -> str:
    """A signed object by a private Ed25519 key, as a JSON Web Key."""
    key = OKPKey.import_key(dict(private_key))
    return jws.serialize_compact(dict(header), payload, key, registry=_REGISTRY)
