"""Keys of issuers: looked up in time and seldom, kept over failures, restarts and clocks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from licet.gateway.key_keeping import KeyKeeper
from licet.identity import Issuer, KeySource, new_signing_key
from licet.terms import OperationFault

_, OLD = new_signing_key("old", b"\x01" * 32)
_, NEW = new_signing_key("new", b"\x02" * 32)
SOURCE = KeySource(url="https://login.example/keys", refresh_s=3600, max_age_s=86_400)
REMOTE = Issuer(id="https://login.example", audience="licet", source=SOURCE)
LOCAL = Issuer(id="local", audience="licet", jwks=OLD)
NOW_S = 1_781_300_000
BOUND_S = 10.0
NEVER_S = 3600.0


class Publisher:
    """An issuer's address: what it answers with, and how often it was asked."""

    def __init__(self, answer: str | None = OLD) -> None:
        self.answer = answer
        self.asked = 0
        self.looked = asyncio.Event()

    async def fetch(self, issuer: Issuer) -> str:
        self.asked += 1
        self.looked.set()
        if self.answer is None:
            raise OperationFault("keys_not_fetched", f"the keys of `{issuer.id}`: no network")
        return self.answer


class House:
    """A keeper, with a clock that is set by hand."""

    def __init__(self, folder: Path, publisher: Publisher, *, pause_s: float = NEVER_S) -> None:
        self.now_s = float(NOW_S)
        self.changes = asyncio.Queue[None]()
        self.told: list[str] = []
        self.keeper = KeyKeeper(
            folder=folder,
            wall_s=lambda: self.now_s,
            fetch=publisher.fetch,
            changed=lambda: self.changes.put_nowait(None),
            report=self.told.append,
            pause_s=pause_s,
        )

    def issuer(self) -> Issuer:
        return self.keeper.furnish((REMOTE, LOCAL))[0]


def play(work: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(BOUND_S):
            await work()

    asyncio.run(bounded())


def test_an_issuer_has_its_keys_before_anybody_is_served(tmp_path: Path) -> None:
    async def work() -> None:
        house = House(tmp_path, Publisher())
        house.keeper.follow((REMOTE, LOCAL))
        await house.keeper.settled(BOUND_S)
        assert house.issuer().jwks == OLD
        assert house.issuer().keys_until_s == NOW_S + SOURCE.max_age_s
        assert house.keeper.furnish((LOCAL,)) == (LOCAL,)
        (row,) = house.keeper.status()
        assert (row["keys"], row["age_s"], row["fault"]) == (1, 0, "")
        house.keeper.close()

    play(work)


def test_a_key_that_nobody_knows_is_looked_up_at_once_but_not_again_and_again(
    tmp_path: Path,
) -> None:
    async def work() -> None:
        publisher = Publisher()
        house = House(tmp_path, publisher, pause_s=0.0)
        house.keeper.follow((REMOTE,))
        await house.changes.get()
        publisher.answer = NEW
        house.keeper.unknown_key(REMOTE.id)
        house.keeper.unknown_key("https://elsewhere.example")
        await house.changes.get()
        assert house.issuer().jwks == NEW
        assert publisher.asked == 2
        house.keeper.close()

    play(work)


def test_made_up_key_ids_cost_an_issuer_one_look_per_pause(tmp_path: Path) -> None:
    async def work() -> None:
        publisher = Publisher()
        house = House(tmp_path, publisher, pause_s=NEVER_S)
        house.keeper.follow((REMOTE,))
        await house.changes.get()
        publisher.looked.clear()
        for _ in range(100):
            house.keeper.unknown_key(REMOTE.id)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await publisher.looked.wait()
        assert publisher.asked == 1
        house.keeper.close()

    play(work)


def test_what_was_fetched_last_outlives_a_failure_and_is_told_as_old(tmp_path: Path) -> None:
    async def work() -> None:
        publisher = Publisher()
        house = House(tmp_path, publisher, pause_s=0.0)
        house.keeper.follow((REMOTE,))
        await house.changes.get()
        publisher.answer = None
        publisher.looked.clear()
        house.now_s += 7200
        house.keeper.unknown_key(REMOTE.id)
        await publisher.looked.wait()
        assert house.issuer().jwks == OLD
        assert house.issuer().keys_until_s == NOW_S + SOURCE.max_age_s
        (row,) = house.keeper.status()
        assert (row["age_s"], "no network" in row["fault"]) == (7200, True)
        assert len(house.told) == 1
        house.keeper.close()

    play(work)


def test_a_restart_without_a_network_begins_with_what_was_kept(tmp_path: Path) -> None:
    async def work() -> None:
        first = House(tmp_path, Publisher())
        first.keeper.follow((REMOTE,))
        await first.keeper.settled(BOUND_S)
        first.keeper.close()
        second = House(tmp_path, Publisher(None))
        second.now_s += 600
        second.keeper.follow((REMOTE,))
        await second.keeper.settled(BOUND_S)
        assert second.issuer().jwks == OLD
        assert second.issuer().keys_until_s == NOW_S + SOURCE.max_age_s
        second.keeper.close()

    play(work)


def test_a_clock_that_was_ahead_does_not_let_kept_keys_count_for_longer(tmp_path: Path) -> None:
    async def work() -> None:
        first = House(tmp_path, Publisher())
        first.now_s += 10_000_000
        first.keeper.follow((REMOTE,))
        await first.keeper.settled(BOUND_S)
        first.keeper.close()
        second = House(tmp_path, Publisher(None))
        second.keeper.follow((REMOTE,))
        assert second.issuer().keys_until_s == NOW_S + SOURCE.max_age_s
        second.keeper.close()

    play(work)


def test_kept_keys_that_were_damaged_or_are_of_another_address_are_not_used(
    tmp_path: Path,
) -> None:
    async def fetch() -> None:
        first = House(tmp_path, Publisher())
        first.keeper.follow((REMOTE,))
        await first.keeper.settled(BOUND_S)
        first.keeper.close()

    async def work() -> None:
        for text in (
            "",
            "{}",
            whole.replace("Ed25519", "secp256k1"),
            whole.replace(".example", ""),
        ):
            file.write_text(text)
            second = House(tmp_path, Publisher(None))
            second.keeper.follow((REMOTE,))
            assert second.issuer().jwks == ""
            second.keeper.close()

    play(fetch)
    (file,) = tmp_path.glob("*.json")
    whole = file.read_text()
    play(work)


def test_an_issuer_that_is_configured_otherwise_is_followed_anew(tmp_path: Path) -> None:
    async def work() -> None:
        publisher = Publisher()
        house = House(tmp_path, publisher)
        house.keeper.follow((REMOTE,))
        await house.keeper.settled(BOUND_S)
        house.keeper.follow((REMOTE,))
        assert publisher.asked == 1
        house.keeper.follow((LOCAL,))
        assert house.keeper.status() == []
        assert house.issuer() == REMOTE
        house.keeper.close()

    play(work)
