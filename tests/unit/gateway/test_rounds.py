"""What is published when: each place in its own time, and failures never forgotten."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import pytest

from licet.gateway import Place, Rounds, Work
from licet.terms import OperationFault


class Threads(Executor):
    """Does at once what it is asked to do, unless it is told to `hold`: then on `go_on`."""

    def __init__(self) -> None:
        self.hold = False
        self.held: list[Callable[[], None]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def run() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except (ArithmeticError, OperationFault, OSError) as error:
                future.set_exception(error)

        if self.hold:
            self.held.append(run)
        else:
            run()
        return future

    def go_on(self) -> None:
        for run in self.held:
            run()
        self.held.clear()


class World:
    def __init__(self) -> None:
        self.threads = Threads()
        self.woken = 0
        self.now_s = 0.0
        self.calls: list[tuple[float, str]] = []
        self.faults: set[str] = set()

    def rounds(self, **every_s: float) -> Rounds:
        works = [(name, seconds, self.work(name)) for name, seconds in every_s.items()]
        return self.of(works)

    def of(self, works: list[tuple[str, float, Work]]) -> Rounds:
        return Rounds(
            works,
            threads=self.threads,
            wake=self.wake,
            clock_s=lambda: self.now_s,
            wall_s=lambda: 1_000 + self.now_s,
        )

    def wake(self) -> None:
        self.woken += 1

    def work(self, name: str) -> Work:
        def publish() -> int:
            self.calls.append((self.now_s, name))
            if name in self.faults:
                raise OperationFault("sink_refused", "not today", remedy="ask")
            return len(self.calls)

        return publish

    def run(self, rounds: Rounds, until_s: float) -> None:
        while self.now_s <= until_s:
            settled(rounds)
            wait_s = rounds.wait_s()
            assert wait_s is not None
            self.now_s += max(wait_s, 0.001)


def settled(rounds: Rounds) -> None:
    """What is due was begun, and what was begun and ended is settled."""
    rounds.take()
    rounds.take()


def test_each_place_has_its_own_time() -> None:
    world = World()
    world.run(world.rounds(often=10, seldom=25), 55)
    assert [round(at) for at, name in world.calls if name == "often"] == [0, 10, 20, 30, 40, 50]
    assert [round(at) for at, name in world.calls if name == "seldom"] == [0, 25, 50]


def test_what_fails_is_tried_again_later_and_later_and_holds_up_nobody() -> None:
    world = World()
    world.faults = {"broken"}
    rounds = world.rounds(broken=100, sound=100)
    world.run(rounds, 99)
    assert [round(at) for at, name in world.calls if name == "broken"] == [0, 1, 3, 7, 15, 31, 63]
    assert [round(at) for at, name in world.calls if name == "sound"] == [0]
    broken, sound = rounds.publication.places
    assert broken == Place(name="broken", fault="not today", code="sink_refused", failures=7)
    assert (sound.fault, sound.size, sound.at_s) == ("", 2, 1_000)


def test_what_works_again_says_so_and_how_often_it_had_failed() -> None:
    world = World()
    world.faults = {"place"}
    rounds = world.rounds(place=5)
    settled(rounds)
    world.faults = set()
    rounds.end()
    (place,) = rounds.publication.places
    assert place == Place(name="place", size=2, at_s=1_000, failures=1)
    assert rounds.wait_s() == 5


def test_it_is_tried_at_least_as_often_as_it_is_due() -> None:
    world = World()
    world.faults = {"place"}
    world.run(world.rounds(place=3), 13)
    assert [round(at) for at, _ in world.calls] == [0, 1, 3, 6, 9, 12]


def test_a_disk_that_cannot_be_read_is_told_of_like_any_failure() -> None:
    def unreadable() -> int:
        raise PermissionError(13, "Permission denied", "log/checkpoint")

    rounds = World().of([("place", 5, unreadable)])
    settled(rounds)
    (place,) = rounds.publication.places
    assert (place.code, place.failures) == ("disk_failed", 1)
    assert place.fault == "`log/checkpoint` cannot be read: Permission denied"


def test_a_place_that_hangs_keeps_nobody_waiting_and_has_one_turn_at_a_time() -> None:
    world = World()
    rounds = world.rounds(mute=10, sound=10)
    world.threads.hold = True
    rounds.take()
    mute, sound = world.threads.held
    world.threads.held = [sound]
    world.threads.go_on()
    assert world.woken == 1
    world.threads.hold = False
    world.run(rounds, 25)
    assert [round(at) for at, name in world.calls if name == "sound"] == [0, 10, 20]
    assert rounds.publication.places[0] == Place(name="mute")
    mute()
    rounds.take()
    assert rounds.publication.places[0].size is not None


def test_while_every_place_has_its_turn_there_is_nothing_to_wait_for_but_them() -> None:
    world = World()
    world.threads.hold = True
    rounds = world.rounds(place=10)
    rounds.take()
    assert rounds.wait_s() is None
    world.threads.go_on()
    rounds.take()
    assert rounds.wait_s() == 10


@pytest.mark.parametrize(("faults", "calls"), [(set[str](), 2), ({"place"}, 1)])
def test_at_the_end_what_is_under_way_is_followed_by_one_more_unless_it_fails(
    faults: set[str], calls: int
) -> None:
    world = World()
    world.faults = faults
    rounds = world.rounds(place=10)
    world.threads.hold = True
    rounds.take()
    world.threads.hold = False
    world.threads.go_on()
    rounds.end()
    assert len(world.calls) == calls
    assert (rounds.publication.places[0].fault == "") == (not faults)


def test_an_error_of_ours_is_not_taken_for_a_place_that_fails() -> None:
    def wrong() -> int:
        raise ZeroDivisionError

    rounds = World().of([("place", 5, wrong)])
    with pytest.raises(ZeroDivisionError):
        settled(rounds)
