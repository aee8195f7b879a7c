"""JSON Web Key Sets (RFC 7517) of issuers: public keys only, of sizes that still mean something."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from licet.identity.objects import read_object

RSA_BITS_MIN = 2048
RSA_BITS_MAX = 8192
SEED_BYTES = 32
KEYS_MAX = 64
"""Keys of one set; a token without `kid` is tried against each of its algorithm."""

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
    return tuple(read_key(key) for key in _written(data))


def usable_keys(data: bytes | str) -> str:
    """Of a set that an issuer published, those keys that `read_key_set` reads, as a key set.

    Issuers publish keys for encryption and of algorithms that nobody uses here beside those
    that they sign with; these are left out. `KeySetProblem` where none is left, or where a key
    is private or shared: who publishes one has lost control of the others too.
    """
    kept = []
    for written in _written(data):
        try:
            read_key(written)
        except KeySetProblem as problem:
            if problem.code == "credential_value":
                raise
            continue
        kept.append({name: written[name] for name in _KEPT if isinstance(written.get(name), str)})
    if not kept:
        raise KeySetProblem("wrong_jwks", "no key of the set verifies any of the algorithms")
    return _json({"keys": kept})


def _written(data: bytes | str) -> list[dict[str, object]]:
    try:
        keys = read_object(data)["keys"]
    except (ValueError, KeyError):
        raise KeySetProblem("wrong_jwks", "not a JSON Web Key Set") from None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise KeySetProblem("wrong_jwks", "not a JSON Web Key Set")
    if not keys:
        raise KeySetProblem("wrong_jwks", "a key set without keys verifies nothing")
    if len(keys) > KEYS_MAX:
        raise KeySetProblem("wrong_jwks", f"a key set of more than {KEYS_MAX} keys")
    return keys


def read_key(written: Mapping[str, object]) -> VerificationKey:
    """One JSON Web Key that verifies signatures; `KeySetProblem` for any other."""
    kind, kid = written.get("kty"), written.get("kid")
    if kind == "oct" or _PRIVATE & written.keys():
        raise KeySetProblem("credential_value", "the key set holds a private or shared key")
    if written.get("use", "sig") != "sig":
        raise KeySetProblem("wrong_jwks", "a key that is not for signatures")
    curve = None if kind == "RSA" else written.get("crv")
    algorithms = _ALGORITHMS.get((str(kind), curve if isinstance(curve, str) else None))
    if algorithms is None:
        shape = f"{kind} {curve}" if curve else f"{kind}"
        raise KeySetProblem(
            "wrong_jwks", f"a key of type `{shape}` verifies none of the algorithms"
        )
    only = written.get("alg")
    if only is not None and only not in algorithms:
        raise KeySetProblem("wrong_jwks", f"a key for `{only}`, which is not accepted")
    try:
        key = import_key({name: str(value) for name, value in written.items() if name in _PARTS})
        parsed = key.public_key
    except (JoseError, ValueError, TypeError) as cause:
        raise KeySetProblem("wrong_jwks", f"a key that cannot be read: {cause}") from None
    if isinstance(key, RSAKey) and not RSA_BITS_MIN <= key.public_key.key_size <= RSA_BITS_MAX:
        raise KeySetProblem(
            "wrong_jwks", f"an RSA key of fewer than {RSA_BITS_MIN} bits or over {RSA_BITS_MAX}"
        )
    assert parsed is not None
    assert isinstance(key, OKPKey | ECKey | RSAKey)
    return VerificationKey(key, kid if isinstance(kid, str) else None, algorithms)


_PARTS = ("kty", "crv", "x", "y", "n", "e")
_KEPT = (*_PARTS, "kid", "alg", "use")


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
