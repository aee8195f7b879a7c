"""The worker's line to the recorder: what may be submitted, and when it is given up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from licet.evidence import Ack, Message, Messages, Submit, Welcome, encode_message
from licet.gateway.committer import Committer

SILENCE_S = 5.0


class Clock:
    """Timers of which the test moves the hands; what is due soon is done by `turn`."""

    def __init__(self) -> None:
        self.now = 100.0
        self._soon: list[Callable[[], object]] = []

    def time(self) -> float:
        return self.now

    def call_soon(self, callback: Callable[[], object]) -> object:
        self._soon.append(callback)
        return callback

    def call_later(self, delay: float, callback: Callable[[], object]) -> object:
        return callback

    def turn(self) -> None:
        soon, self._soon = self._soon, []
        for callback in soon:
            callback()


class Line(asyncio.Transport):
    """The recorder's end, which says nothing by itself."""

    def __init__(self, committer: Committer) -> None:
        super().__init__()
        self._committer = committer
        self.aborted = False
        self.written: list[list[bytes]] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        for message in Messages().feed(bytes(data)):
            if isinstance(message, Submit):
                self.written.append([entry.leaf for entry in message.entries])

    def close(self) -> None:
        self._committer.connection_lost(None)

    def abort(self) -> None:
        self.aborted = True
        self._committer.connection_lost(None)


class Owner:
    def __init__(self) -> None:
        self.told: list[int | str] = []

    def recorded(self, index: int) -> None:
        self.told.append(index)

    def unrecorded(self, code: str) -> None:
        self.told.append(code)


class Scene:
    """A committer whose connection stands."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.dialled = 0
        self.committer = Committer(
            "worker-0", timers=self.clock, connect=self._dial, silence_s=SILENCE_S
        )
        self.line = Line(self.committer)
        self.committer.connection_made(self.line)
        self.owner = Owner()

    def state(self) -> tuple[bool, bool]:
        """Whether it is connected, and whether it accepts."""
        return self.committer.connected, self.committer.accepts

    def hear(self, message: Message) -> None:
        self.committer.data_received(encode_message(message))

    def submit(self) -> bool:
        submitted = self.committer.submit(b"{}", self.owner)
        self.clock.turn()
        return submitted

    def after(self, seconds: float) -> None:
        self.clock.now += seconds
        self.committer.sweep(self.clock.now)

    def stood_still(self, seconds: float) -> None:
        self.clock.now += seconds
        self.committer.forgive(seconds)
        self.committer.sweep(self.clock.now)

    def _dial(self, protocol: asyncio.Protocol, on_failure: Callable[[], None]) -> None:
        self.dialled += 1


@pytest.fixture
def scene() -> Scene:
    return Scene()


def welcome(fault: str = "") -> Welcome:
    return Welcome(log="node-1", size=0, last_at="", fault=fault)


def test_a_connection_that_nobody_has_greeted_on_is_not_yet_a_recorder(scene: Scene) -> None:
    assert scene.state() == (False, False)
    scene.hear(welcome())
    assert scene.state() == (True, True)


def test_a_recorder_that_cannot_write_is_given_nothing_new(scene: Scene) -> None:
    scene.hear(welcome("disk_full"))
    assert scene.state() == (True, False)
    scene.hear(welcome())
    assert scene.state() == (True, True)


def test_what_is_already_under_way_waits_for_a_recorder_that_is_starting(scene: Scene) -> None:
    assert scene.submit()
    assert scene.owner.told == []


def test_a_recorder_that_leaves_entries_in_silence_is_given_up(scene: Scene) -> None:
    scene.hear(welcome())
    scene.submit()
    scene.after(SILENCE_S - 0.1)
    assert scene.owner.told == []
    scene.after(0.2)
    assert scene.line.aborted
    assert scene.owner.told == ["recorder_gone"]
    assert scene.dialled == 1
    assert scene.state() == (False, False)


def test_a_recorder_that_answers_bit_by_bit_is_not_given_up(scene: Scene) -> None:
    scene.hear(welcome())
    scene.submit()
    scene.submit()
    scene.after(SILENCE_S - 0.1)
    scene.hear(Ack(first=1, count=1, index=7))
    scene.after(SILENCE_S - 0.1)
    assert not scene.line.aborted
    assert scene.owner.told == [7]


def test_a_recorder_that_nobody_listened_to_is_not_given_up(scene: Scene) -> None:
    scene.hear(welcome())
    scene.submit()
    scene.after(SILENCE_S - 0.1)
    scene.stood_still(SILENCE_S)
    assert not scene.line.aborted
    scene.after(0.2)
    assert scene.line.aborted


def test_a_connection_that_comes_after_the_end_is_not_kept(scene: Scene) -> None:
    scene.committer.close()
    late = Line(scene.committer)
    scene.committer.connection_made(late)
    assert late.aborted
    assert late.written == []
    assert scene.dialled == 0


def test_nobody_waits_for_a_recorder_that_was_asked_nothing(scene: Scene) -> None:
    scene.hear(welcome())
    scene.after(SILENCE_S * 100)
    scene.submit()
    scene.after(0.1)
    assert not scene.line.aborted


def test_what_is_put_off_leaves_with_the_rest_of_its_turn_and_after_it(scene: Scene) -> None:
    def first() -> None:
        scene.committer.submit(b"2", scene.owner)
        scene.committer.defer(lambda: scene.committer.submit(b"4", scene.owner))

    scene.committer.defer(first)
    scene.committer.defer(lambda: scene.committer.submit(b"3", scene.owner))
    scene.committer.submit(b"1", scene.owner)
    assert scene.line.written == []
    scene.clock.turn()
    assert scene.line.written == [[b"1", b"2", b"3", b"4"]]


def test_what_is_done_meanwhile_is_done_once_the_records_have_left(scene: Scene) -> None:
    seen: list[int] = []
    scene.committer.meanwhile(lambda: seen.append(len(scene.line.written)))
    scene.committer.submit(b"1", scene.owner)
    assert seen == []
    scene.clock.turn()
    scene.clock.turn()
    assert seen == [1]


def test_what_one_of_those_put_off_raises_keeps_nobody_from_the_log(scene: Scene) -> None:
    def fail() -> None:
        raise ValueError("an error of ours")

    scene.committer.defer(fail)
    scene.committer.defer(lambda: scene.committer.submit(b"1", scene.owner))
    with pytest.raises(ValueError, match="an error of ours"):
        scene.clock.turn()
    scene.clock.turn()
    assert scene.line.written == [[b"1"]]
