"""Access tokens: one for whoever shares a source, renewed in time, gone when they end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from licet.gateway.google_tokens import Token
from licet.gateway.token_keeping import TokenKeeper
from licet.terms import OperationFault

NOW_S = 1_781_300_000
BOUND_S = 10.0
HOUR_S = 3600.0


class House:
    """A keeper, a clock that is set by hand, and whoever gives tokens: for `lifetime_s`, unless
    that is None."""

    def __init__(self) -> None:
        self.now_s = float(NOW_S)
        self.lifetime_s: float | None = HOUR_S
        self.asked: list[str] = []
        self.changes = asyncio.Queue[None]()
        self.looks = asyncio.Queue[None]()
        self.told: list[str] = []
        self.keeper = TokenKeeper(
            wall_s=lambda: self.now_s,
            fetch=self.fetch,
            changed=lambda: self.changes.put_nowait(None),
            report=self.told.append,
            retry_s=0.001,
        )

    async def fetch(self, source: str) -> Token:
        self.asked.append(source)
        self.looks.put_nowait(None)
        if self.lifetime_s is None:
            raise OperationFault("no_token", "no access token of Google: no network")
        value = f"{source}-{len(self.asked)}"
        return Token(value=value, ends_s=self.now_s + self.lifetime_s)


def play(work: Callable[[House], Awaitable[None]]) -> None:
    async def bounded() -> None:
        house = House()
        async with asyncio.timeout(BOUND_S):
            await work(house)
        house.keeper.close()

    asyncio.run(bounded())


def test_endpoints_of_one_source_share_a_token() -> None:
    async def work(house: House) -> None:
        house.keeper.follow({"one": "key", "two": "key", "three": ""})
        await house.keeper.settled(BOUND_S)
        assert house.asked == ["key", ""]
        assert house.keeper.known() == {"one": "key-1", "two": "key-1", "three": "-2"}
        house.keeper.follow({"two": "key"})
        assert house.keeper.known() == {"two": "key-1"}
        assert house.asked == ["key", ""]

    play(work)


def test_a_token_is_renewed_at_half_its_time_where_that_is_short() -> None:
    async def work(house: House) -> None:
        house.lifetime_s = 0.002
        house.keeper.follow({"one": "key"})
        for _ in range(3):
            await house.changes.get()
        assert len(house.asked) >= 3
        assert house.keeper.known() == {"one": f"key-{len(house.asked)}"}

    play(work)


def test_a_token_that_has_ended_opens_nothing_and_is_told_once() -> None:
    async def work(house: House) -> None:
        house.lifetime_s = 0.01
        house.keeper.follow({"one": "key"})
        await house.changes.get()
        house.lifetime_s = None
        house.now_s += 1
        assert house.keeper.known() == {}
        await house.changes.get()
        (row,) = house.keeper.status()
        assert (row["left_s"], row["fault"]) == (0, "no access token of Google: no network")
        for _ in range(len(house.asked) + 3):
            await house.looks.get()
        (told,) = house.told
        assert told.endswith("; without one, `one` is not called")
        house.lifetime_s = HOUR_S
        await house.changes.get()
        assert house.keeper.known() != {}

    play(work)


def test_what_never_gives_a_token_holds_nobody_up() -> None:
    async def work(house: House) -> None:
        house.lifetime_s = None
        house.keeper.follow({"one": "key"})
        await house.keeper.settled(BOUND_S)
        assert house.keeper.known() == {}
        house.keeper.follow({})
        assert house.keeper.status() == []

    play(work)


def test_a_token_never_prints() -> None:
    assert "secret" not in f"{Token(value='secret', ends_s=1.0)!r}{Token(value='secret', ends_s=1)}"
