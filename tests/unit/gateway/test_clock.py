"""Decision time: never backwards, certain within its error, scripted only when told so."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from licet.gateway.clock import DecisionClock
from licet.terms import Instant


class Wall:
    """A system clock that the test sets, in microseconds."""

    def __init__(self, at: int = 1_000) -> None:
        self.at = at

    def __call__(self) -> int:
        return self.at * 1000


def clock(wall: Wall, error_max_us: int = 50) -> DecisionClock:
    return DecisionClock(wall_ns=wall, error_max_us=error_max_us)


@given(st.lists(st.integers(0, 10_000), min_size=1))
def test_it_never_goes_backwards_whatever_the_wall_does(walls: list[int]) -> None:
    wall = Wall()
    decided = clock(wall)
    seen = []
    for at in walls:
        wall.at = at
        seen.append(decided.now())
    assert seen == sorted(seen)
    assert seen[-1] == max(walls)


def test_it_begins_where_the_log_has_been() -> None:
    decided = clock(Wall(1_000))
    decided.set_floor(Instant(5_000))
    decided.set_floor(Instant(4_000))
    assert decided.now() == 5_000
    assert decided.lag_us == 4_000


def test_it_is_uncertain_once_the_wall_is_further_behind_than_permitted() -> None:
    wall = Wall(1_000)
    decided = clock(wall)
    assert decided.now() == 1_000
    found = []
    for at in (950, 949, 1_000):
        wall.at = at
        found.append(decided.uncertain)
    assert found == [False, True, False]


def test_a_scripted_clock_stands_where_it_was_put_and_only_goes_on() -> None:
    wall = Wall(1_000)
    decided = clock(wall)
    decided.step(Instant(500))
    wall.at = 9_000
    assert (decided.now(), decided.wall()) == (500, 9_000)
    decided.step(Instant(400))
    assert decided.now() == 500
    decided.step(Instant(600))
    assert decided.now() == 600
    assert decided.scripted
    assert not decided.uncertain
