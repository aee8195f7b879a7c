"""JSON Web Key Sets (RFC 7517) of issuers: public keys only, of sizes that still mean something."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

RSA_BITS_MIN = 2048
SEED_BYTES = 32

PublicKey = OKPKey | ECKey | RSAKey

_PRIVATE = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))
_ALGORITHMS = {
    ("OKP", "Ed25519"): ("EdDSA", "Ed25519"),
    ("EC", "P-256"): ("ES256",),
    ("RSA", None): ("RS256",),
}


class KeySetProblem(ValueError):
    """Why a text is no usable key set; `code` as of a configuration fault."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """One public key, its `kid` if it has one, and the algorithms it verifies."""

    key: PublicKey
    kid: str | None
    algorithms: tuple[str, ...]


def read_key_set(data: bytes | str) -> tuple[VerificationKey, ...]:
    """Every key of the set; `KeySetProblem` for what is no set, private, weak or unusable."""
    try:
        keys = msgspec.json.decode(data, type=dict[str, list[dict[str, object]]])["keys"]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError):
        raise KeySetProblem("wrong_jwks", "not a JSON Web Key Set") from None
    if not keys:
        raise KeySetProblem("wrong_jwks", "a key set without keys verifies nothing")
    return tuple(_read_key(key) for key in keys)


def _read_key(written: dict[str, object]) -> VerificationKey:
    kind, kid = written.get("kty"), written.get("kid")
    if kind == "oct" or _PRIVATE & written.keys():
        raise KeySetProblem("credential_value", "the key set holds a private or shared key")
    curve = None if kind == "RSA" else written.get("crv")
    algorithms = _ALGORITHMS.get((str(kind), curve if isinstance(curve, str) else None))
    if algorithms is None:
        shape = f"{kind} {curve}" if curve else f"{kind}"
        raise KeySetProblem(
            "wrong_jwks", f"a key of type `{shape}` verifies none of the algorithms"
        )
    try:
        key = import_key({name: str(value) for name, value in written.items() if name in _PARTS})
        parsed = key.public_key
    except (JoseError, ValueError, TypeError) as cause:
        raise KeySetProblem("wrong_jwks", f"a key that cannot be read: {cause}") from None
    if isinstance(key, RSAKey) and key.public_key.key_size < RSA_BITS_MIN:
        raise KeySetProblem("wrong_jwks", f"an RSA key of fewer than {RSA_BITS_MIN} bits")
    assert parsed is not None
    assert isinstance(key, OKPKey | ECKey | RSAKey)
    return VerificationKey(key, kid if isinstance(kid, str) else None, algorithms)


_PARTS = ("kty", "crv", "x", "y", "n", "e")


def new_signing_key(key_id: str, seed: bytes) -> tuple[str, str]:
    """An Ed25519 key from 32 bytes of entropy, for test subjects and demonstrations.

    Returns the private JSON Web Key, which stays with the issuer, and the key set of its
    public half, which goes into `jwks` or `jwks_file` (RFC 8037).
    """
    if len(seed) != SEED_BYTES:
        raise ValueError(f"a signing key takes {SEED_BYTES} bytes of entropy")
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    x = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    shown = {"kty": "OKP", "crv": "Ed25519", "kid": key_id, "x": _base64url(x)}
    private = {**shown, "d": _base64url(seed)}
    return _json(private), _json({"keys": [shown]})


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
