"""Waiting for all workers: who has acknowledged, who has not, who was replaced meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from licet.gateway.children import Backoff
from licet.gateway.messages import Adopted, FromWorker, Ready
from licet.gateway.workers import Barrier

BOUND_S = 10.0
NO_TIME_S = 0.0
ADOPTED = Adopted(serial=2, digest="two")


def said(message: FromWorker) -> bool:
    return message == ADOPTED


async def outcome(barrier: Barrier, bound_s: float = BOUND_S) -> tuple[int, ...]:
    return await barrier.over(bound_s)


def test_it_is_over_when_all_have_said_it() -> None:
    async def play() -> tuple[int, ...]:
        loop = asyncio.get_running_loop()
        barrier = Barrier(loop, (0, 1), said)
        barrier.see(0, ADOPTED)
        loop.call_soon(barrier.see, 1, ADOPTED)
        return await outcome(barrier)

    assert asyncio.run(play()) == ()


def test_those_that_have_not_are_named_when_the_bound_is_over() -> None:
    async def play() -> tuple[int, ...]:
        barrier = Barrier(asyncio.get_running_loop(), (0, 1, 2), said)
        barrier.see(1, ADOPTED)
        barrier.see(2, Adopted(serial=1, digest="two"))
        return await outcome(barrier, NO_TIME_S)

    assert asyncio.run(play()) == (0, 2)


def test_a_replacement_counts_once_it_has_adopted_what_is_current() -> None:
    async def play() -> tuple[tuple[int, ...], tuple[int, ...]]:
        barrier = Barrier(asyncio.get_running_loop(), (0,), said)
        barrier.see_death(0)
        dead = await outcome(barrier, NO_TIME_S)
        barrier.see(0, Adopted(serial=9, digest="nine"))
        return dead, await outcome(barrier)

    assert asyncio.run(play()) == ((0,), ())


def test_what_was_adopted_before_says_nothing_of_what_was_asked() -> None:
    async def play() -> tuple[int, ...]:
        barrier = Barrier(asyncio.get_running_loop(), (0,), said)
        barrier.see(0, Adopted(serial=1, digest="one"))
        barrier.see(0, Ready(pid=2))
        return await outcome(barrier, NO_TIME_S)

    assert asyncio.run(play()) == (0,)


def test_where_death_is_an_answer_it_is_one() -> None:
    async def play() -> tuple[int, ...]:
        barrier = Barrier(asyncio.get_running_loop(), (0,), said, forgiving=True)
        barrier.see_death(0)
        return await outcome(barrier)

    assert asyncio.run(play()) == ()


@pytest.mark.parametrize(("deaths", "delay_s"), [(1, 0.0), (2, 0.1), (3, 0.2), (4, 0.4), (9, 1.0)])
def test_a_child_that_keeps_dying_waits_longer_but_never_beyond_a_bound(
    deaths: int, delay_s: float
) -> None:
    backoff = Backoff(first_s=0.1, factor=2.0, most_s=1.0)
    assert backoff.delay_s(deaths) == delay_s
