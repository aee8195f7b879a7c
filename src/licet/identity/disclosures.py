"""Selective disclosure (RFC 9901 §4 and §7.1): digests that were signed, and what they are of.

A digest without its disclosure leaves nothing behind: neither a claim nor a hint that there was
one. A disclosure without its digest was never signed, and then nothing of the whole counts.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from licet.identity.objects import read_value
from licet.identity.signatures import decode_part

DISCLOSURES_MAX = 128
_DEPTH_MAX = 16

_NEVER_DISCLOSED = frozenset(("iss", "nbf", "exp", "cnf", "vct", "status"))
"""What decides whether a credential counts is in it from the start (SD-JWT VC §3.2.2.2)."""


def disclose(claims: Mapping[str, Any], disclosures: Iterable[str]) -> dict[str, Any]:
    """The claims with what is disclosed in its places; `ValueError` if anything is amiss."""
    if claims.get("_sd_alg", "sha-256") != "sha-256":
        raise ValueError("digests of another algorithm than SHA-256")
    opened = _Opened(disclosures)
    found = opened.restore({name: one for name, one in claims.items() if name != "_sd_alg"})
    if opened.left:
        raise ValueError("a disclosure that nothing refers to")
    if any(name in _NEVER_DISCLOSED and name not in claims for name in found):
        raise ValueError("a claim that cannot be disclosed selectively")
    return found


def digest(text: str) -> str:
    """SHA-256 of ASCII text in base64url, as digests and `sd_hash` are written."""
    return urlsafe_b64encode(sha256(text.encode("ascii")).digest()).rstrip(b"=").decode()


class _Opened:
    """Disclosures by digest; `left` are those that have not found their place."""

    def __init__(self, disclosures: Iterable[str]) -> None:
        self.left: dict[str, list[Any]] = {}
        self._seen: set[str] = set()
        for one in disclosures:
            if len(self.left) >= DISCLOSURES_MAX:
                raise ValueError(f"more than {DISCLOSURES_MAX} disclosures")
            name = digest(one)
            if name in self.left:
                raise ValueError("a disclosure that is there twice")
            self.left[name] = _read(one)

    def restore(self, members: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
        if depth > _DEPTH_MAX:
            raise ValueError("nested too deep")
        found = {
            name: self._value(one, depth + 1) for name, one in members.items() if name != "_sd"
        }
        for written in _digests(members):
            parts = self._take(written, 3)
            if parts is None:
                continue
            _, name, value = parts
            if not isinstance(name, str) or name in ("_sd", "...") or name in found:
                raise ValueError("a disclosed claim that cannot be there")
            found[name] = self._value(value, depth + 1)
        if "..." in found:
            raise ValueError("a digest of an element outside a list")
        return found

    def _value(self, value: Any, depth: int) -> Any:
        if isinstance(value, dict):
            return self.restore(value, depth)
        if not isinstance(value, list):
            return value
        if depth > _DEPTH_MAX:
            raise ValueError("nested too deep")
        found = []
        for one in value:
            if isinstance(one, dict) and one.keys() == {"..."}:
                parts = self._take(one["..."], 2)
                found += [] if parts is None else [self._value(parts[1], depth + 1)]
            else:
                found.append(self._value(one, depth + 1))
        return found

    def _take(self, written: object, length: int) -> list[Any] | None:
        """The disclosure of a digest, if it is disclosed; every digest occurs once."""
        if not isinstance(written, str) or written in self._seen:
            raise ValueError("a digest that is none, or is there twice")
        self._seen.add(written)
        parts = self.left.pop(written, None)
        if parts is not None and len(parts) != length:
            raise ValueError("a disclosure in the wrong place")
        return parts


def _digests(members: Mapping[str, Any]) -> list[Any]:
    written = members.get("_sd", [])
    if isinstance(written, list):
        return written
    raise ValueError("`_sd` is no list")


def _read(written: str) -> list[Any]:
    """`[salt, name, value]` of a member, `[salt, value]` of an element of a list."""
    parts = read_value(decode_part(written))
    if isinstance(parts, list) and len(parts) in (2, 3) and isinstance(parts[0], str):
        return parts
    raise ValueError("not a disclosure")
