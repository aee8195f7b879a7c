"""What the supervisor fetches from elsewhere for its workers: keys of issuers, vendors' tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from msgspec import structs

from licet.gateway.google_tokens import fetch_token
from licet.gateway.key_fetching import fetch_keys
from licet.gateway.key_keeping import KeyKeeper
from licet.gateway.messages import Secrets
from licet.gateway.token_keeping import TokenKeeper

BOUND_S: Final = 3.0


class Provisions:
    """`folder`: where keys are kept over restarts. `configuration`: what relative paths of issuers
    are relative to. `wall_s`: Unix seconds. `changed`: workers should be told of what is furnished
    now. Of what is followed, everything is fetched again and again.
    """

    def __init__(
        self,
        *,
        folder: Path,
        configuration: Path,
        wall_s: Callable[[], float],
        changed: Callable[[], None],
        report: Callable[[str], None],
    ) -> None:
        self._keys = KeyKeeper(
            folder=folder,
            wall_s=wall_s,
            fetch=lambda issuer: fetch_keys(issuer, configuration),
            changed=changed,
            report=report,
        )
        self._tokens = TokenKeeper(wall_s=wall_s, fetch=fetch_token, changed=changed, report=report)

    def follow(self, secrets: Secrets) -> None:
        self._keys.follow(secrets.issuers)
        self._tokens.follow(secrets.google)

    async def settled(self) -> None:
        """Once all is there, or was asked for long enough."""
        await asyncio.gather(self._keys.settled(BOUND_S), self._tokens.settled(BOUND_S))

    def furnish(self, secrets: Secrets) -> Secrets:
        """As workers get them: with the keys and tokens of now, without what gets tokens."""
        return structs.replace(
            secrets,
            issuers=self._keys.furnish(secrets.issuers),
            credentials=secrets.credentials | self._tokens.known(),
            google={},
        )

    def unknown_key(self, issuer: str) -> None:
        """A worker has seen a token of this issuer, signed with a key that it does not know."""
        self._keys.unknown_key(issuer)

    def status(self) -> dict[str, Any]:
        return {"issuers": self._keys.status(), "tokens": self._tokens.status()}

    def close(self) -> None:
        self._keys.close()
        self._tokens.close()
