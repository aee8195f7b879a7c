"""What one request sends, and when: vendor, recorder and caller in one process, by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from bench.gateway import EvidenceMode
from bench.request_path import Bench, Wire
from licet.evidence import DecisionLeaf, Leaf, Messages, OutcomeLeaf, Submit, decode


class Scene(Bench):
    """One connection of a caller, to whom nothing happens by itself. `lost`: no recorder answers
    any more."""

    lost = False

    def __init__(self, mode: EvidenceMode) -> None:
        super().__init__(mode, connections=1)
        # The first request dials.
        self.turn()
        for wire in (self.caller, self.vendor, self.recorder):
            wire.last = b""

    def _connect(self, protocol: asyncio.Protocol, on_failure: Callable[[], None]) -> None:
        if not self.lost:
            super()._connect(protocol, on_failure)

    @property
    def caller(self) -> Wire:
        return self.callers[0][1]

    @property
    def vendor(self) -> Wire:
        return self.upstreams[0][1]

    def header(self, name: str) -> bytes:
        """The line of that name in the head that the caller was last sent."""
        lines = self.caller.last.partition(b"\r\n\r\n")[0].splitlines()
        (found,) = [line for line in lines if line.startswith(name.encode() + b":")]
        return found

    def aborts(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Whose connections are cut from here on."""
        cut: list[str] = []
        monkeypatch.setattr(self.vendor, "abort", lambda: cut.append("vendor"))
        monkeypatch.setattr(self.caller, "abort", lambda: cut.append("caller"))
        return cut

    def submitted(self) -> list[type[Leaf]]:
        """What kinds of records left last."""
        last, self.recorder.last = self.recorder.last, b""
        messages = [m for m in Messages().feed(last) if isinstance(m, Submit)]
        return [type(decode(entry.leaf)) for m in messages for entry in m.entries]


@pytest.fixture
def scene(request: pytest.FixtureRequest) -> Scene:
    return Scene(request.param)


before_answer = pytest.mark.parametrize("scene", ["before_answer"], indirect=True)
before_send = pytest.mark.parametrize("scene", ["before_send"], indirect=True)


@before_answer
def test_the_vendor_does_not_wait_for_the_record_to_be_written_down(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    pending: list[int] = []

    def write(data: bytes) -> None:
        pending.append(scene.committer._queue.pending)

    monkeypatch.setattr(scene.vendor, "write", write)
    scene.ask()
    assert pending == [0]
    assert scene.submitted() == []
    scene.turns.end()
    assert scene.submitted() == [DecisionLeaf]


@before_send
def test_where_the_record_comes_first_the_vendor_hears_nothing_before_it(scene: Scene) -> None:
    scene.ask()
    scene.turns.end()
    assert scene.submitted() == [DecisionLeaf]
    assert scene.vendor.last == b""
    scene.acknowledge()
    assert scene.vendor.last.startswith(b"POST ")


@before_answer
def test_an_answer_in_the_same_turn_is_recorded_after_its_decision(scene: Scene) -> None:
    scene.ask()
    scene.reply()
    scene.turns.end()
    assert scene.submitted() == [DecisionLeaf, OutcomeLeaf]
    assert scene.caller.last == b""
    scene.acknowledge()
    decided = scene.recorded
    assert scene.caller.last == b""
    scene.acknowledge()
    assert scene.caller.last.startswith(b"HTTP/1.1 200 OK")
    assert scene.header("licet-evidence").endswith(b"/%d" % (decided - 1))


@before_answer
def test_an_answer_is_put_together_while_the_disk_works(scene: Scene) -> None:
    scene.ask()
    scene.turns.end()
    scene.acknowledge()
    decided = scene.recorded
    scene.reply()
    scene.turns.end()
    (exchange,) = scene.desk.company.exchanges
    composed = exchange._composed
    assert composed.startswith(b"HTTP/1.1 200 OK")
    assert scene.caller.last == b""
    scene.acknowledge()
    assert scene.caller.last == composed
    assert scene.header("licet-evidence").endswith(b"/%d" % (decided - 1))


@before_answer
def test_the_caller_who_leaves_in_the_same_turn_is_on_record(scene: Scene) -> None:
    scene.ask()
    scene.callers[0][0].connection_lost(None)
    scene.turns.end()
    assert scene.submitted() == [DecisionLeaf, OutcomeLeaf]


@before_answer
@pytest.mark.parametrize("answered", [False, True])
def test_a_recorder_that_is_lost_before_the_record_leaves_ends_the_request(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, answered: bool
) -> None:
    aborted = scene.aborts(monkeypatch)
    scene.ask()
    if answered:
        scene.reply()
    scene.lost = True
    scene.committer.connection_lost(None)
    scene.turns.end()
    scene.turns.end()
    assert scene.caller.last.startswith(b"HTTP/1.1 503 ")
    assert b"recorder_unavailable" in scene.caller.last
    assert aborted == ([] if answered else ["vendor"])


@before_answer
def test_what_was_sent_is_on_record_though_an_error_of_ours_ends_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(data: bytes) -> None:
        raise ValueError("an error of ours")

    errors: list[Exception] = []
    monkeypatch.setattr(scene.desk.world, "report", errors.append)
    monkeypatch.setattr(scene.vendor, "write", fail)
    aborted = scene.aborts(monkeypatch)
    scene.ask()
    scene.turns.end()
    assert scene.submitted() == [DecisionLeaf, OutcomeLeaf]
    assert [str(error) for error in errors] == ["an error of ours"]
    assert scene.caller.last.startswith(b"HTTP/1.1 500 ")
    assert aborted == ["vendor"]


def _nothing(scene: Scene) -> None: ...


def _drain(scene: Scene) -> None:
    scene.desk.drain(60.0, lambda cut: None)


@before_answer
@pytest.mark.parametrize(("meanwhile", "closing"), [(_nothing, False), (_drain, True)])
def test_what_is_put_together_early_still_says_whether_the_connection_closes(
    scene: Scene, meanwhile: Callable[[Scene], None], closing: bool
) -> None:
    scene.ask()
    scene.turns.end()
    scene.acknowledge()
    scene.reply()
    scene.turns.end()
    meanwhile(scene)
    scene.acknowledge()
    head = scene.caller.last.partition(b"\r\n\r\n")[0]
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert (b"connection: close" in head.split(b"\r\n")) is closing
