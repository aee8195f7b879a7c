"""What is published when: each place in its own time, and failures never forgotten."""

from licet.gateway import Place, Rounds, Work
from licet.terms import OperationFault


class World:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.calls: list[tuple[float, str]] = []
        self.faults: set[str] = set()

    def rounds(self, **every_s: float) -> Rounds:
        works = [(name, seconds, self.work(name)) for name, seconds in every_s.items()]
        return Rounds(works, clock_s=lambda: self.now_s, wall_s=lambda: 1_000 + self.now_s)

    def work(self, name: str) -> Work:
        def publish() -> int:
            self.calls.append((self.now_s, name))
            if name in self.faults:
                raise OperationFault("sink_refused", "not today", remedy="ask")
            return len(self.calls)

        return publish

    def run(self, rounds: Rounds, until_s: float) -> None:
        while self.now_s <= until_s:
            rounds.take()
            self.now_s += max(rounds.wait_s(), 0.001)


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
    rounds.take()
    world.faults = set()
    rounds.take_all()
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

    rounds = Rounds([("place", 5, unreadable)], clock_s=lambda: 0.0, wall_s=lambda: 0.0)
    rounds.take()
    (place,) = rounds.publication.places
    assert (place.code, place.failures) == ("disk_failed", 1)
    assert place.fault == "`log/checkpoint` cannot be read: Permission denied"
