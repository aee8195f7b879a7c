"""What workers are told of secrets: tokens, and never what they are got with."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from licet.gateway import provisions
from licet.gateway.google_tokens import Token
from licet.gateway.messages import Secrets
from licet.gateway.provisions import Provisions

NOW_S = 1_781_300_000.0
BOUND_S = 10.0
SECRETS = Secrets(credentials={"plain": "secret"}, google={"vertex": "a service account's key"})


def test_a_worker_gets_the_token_and_not_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fetch(source: str) -> Token:
        assert source == "a service account's key"
        return Token(value="token", ends_s=NOW_S + 3600)

    monkeypatch.setattr(provisions, "fetch_token", fetch)

    async def work() -> None:
        changes: list[None] = []
        said: list[str] = []
        house = Provisions(
            folder=tmp_path,
            configuration=tmp_path,
            wall_s=lambda: NOW_S,
            changed=lambda: changes.append(None),
            report=said.append,
        )
        assert house.furnish(SECRETS) == Secrets(credentials={"plain": "secret"})
        house.follow(SECRETS)
        async with asyncio.timeout(BOUND_S):
            await house.settled()
        assert (changes, said) == ([None], [])
        told = house.furnish(SECRETS)
        assert told == Secrets(credentials={"plain": "secret", "vertex": "token"})
        (row,) = house.status()["tokens"]
        assert (row["endpoints"], row["left_s"]) == (["vertex"], 3600)
        house.close()

    asyncio.run(work())
