"""Keys and tokens of the tests: made from fixed entropy, so that every run has the same ones."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from licet.identity import new_key, new_signing_key, sign_subject, write_key

ISSUER = "https://login.acme.example"
PRIVATE, JWKS = new_signing_key("idp-1", b"\x01" * 32)
STRANGER, _ = new_signing_key("idp-1", b"\x02" * 32)
ISSUER_FILE = f"""
[[issuer]]
id = "{ISSUER}"
audience = "licet"
jwks = '{JWKS}'
may_attest = ["us_person"]
"""
WORKLOADS = ("chat", "messages", "chat-any", "messages-any")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def token(*, key: str = PRIVATE, lifetime_s: int = 600, **claims: Any) -> str:
    """A token of `alice`; `licet` is what is attested of her. A claim that is None is left out."""
    now_s = int(time.time())
    whole = {
        "iss": ISSUER,
        "aud": "licet",
        "sub": "alice",
        "iat": now_s - 1,
        "exp": now_s + lifetime_s,
        "licet": {"us_person": True},
    } | claims
    return sign_subject({n: v for n, v in whole.items() if v is not None}, key)


def key(
    name: str,
    *,
    attests: str = "",
    revoked: bool = False,
    workloads: tuple[str, ...] = WORKLOADS,
    **fields: Any,
) -> tuple[str, str]:
    """A key and its file."""
    entropy = name.encode().ljust(32, b"-")
    plain, noun = new_key(
        name, entropy, organisation="acme", workloads=workloads, created=LONG_AGO, **fields
    )
    ended = f"revoked = {(LONG_AGO + timedelta(days=1)).isoformat()}\n" if revoked else ""
    return plain, write_key(noun) + ended + attests
