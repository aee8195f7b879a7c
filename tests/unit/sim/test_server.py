"""The shell around a conversation, on a clock and a transport that the test holds."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from licet.sim import (
    JUNE_2026,
    Close,
    Conversation,
    Cue,
    Finish,
    Hold,
    Simulation,
    Vendor,
    VendorProtocol,
    Vendors,
    VendorSpec,
    serve,
    table,
)
from licet.sim.server import FastProtocol
from licet.terms import Instant
from tests.unit.sim.world import PATH, hear, play, prompt, request, world

ROOT = Path(__file__).parents[3]
SPEC = VendorSpec(id="openai", dialect="chat", models=("gpt-5.6",), chunks=4)


class Clock:
    """Time that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 0
        self._calls: list[tuple[int, Callable[[], None]]] = []

    def instant(self) -> Instant:
        return Instant(self.now)

    def call_later(self, delay: float, call: Callable[[], None]) -> Call:
        entry = (self.now + round(delay * 1_000_000), call)
        self._calls.append(entry)
        return Call(self._calls, entry)

    def step(self) -> bool:
        """Goes on to the next call and makes it; false if there is none."""
        if not self._calls:
            return False
        self._calls.sort(key=lambda call: call[0])
        self.now, call = self._calls.pop(0)
        call()
        return True


class Call:
    def __init__(
        self,
        calls: list[tuple[int, Callable[[], None]]],
        entry: tuple[int, Callable[[], None]],
    ) -> None:
        self._calls = calls
        self._entry = entry

    def cancel(self) -> None:
        self._calls.remove(self._entry)


class Transport(asyncio.Transport):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.written: list[tuple[int, bytes]] = []
        self.ended: str | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append((self._clock.now, bytes(data)))

    def close(self) -> None:
        self.ended = "close"

    def abort(self) -> None:
        self.ended = "abort"

    def text(self) -> bytes:
        return b"".join(data for _, data in self.written)


def connected(spec: VendorSpec = SPEC) -> tuple[VendorProtocol, Transport, Clock, Simulation]:
    clock, simulation = Clock(), Simulation()
    protocol = VendorProtocol(
        Vendor(spec, simulation), now=clock.instant, call_later=clock.call_later
    )
    transport = Transport(clock)
    protocol.connection_made(transport)
    return protocol, transport, clock, simulation


def asked(text: str = "hi", **more: object) -> bytes:
    return request(PATH["chat"], prompt("chat", text, **more))


def paced(*, think_ms: int = 0, pace_ms: int = 0) -> VendorSpec:
    return msgspec.structs.replace(SPEC, think_ms=think_ms, pace_ms=pace_ms)


def test_a_vendor_thinks_before_the_head_and_paces_the_content() -> None:
    protocol, transport, clock, _ = connected(paced(think_ms=5, pace_ms=2))
    protocol.data_received(asked(stream=True))
    assert not transport.written
    while clock.step():
        pass
    times = [at for at, data in transport.written if b'"content":"' in data]
    assert transport.written[0][0] == 5_000
    assert times == [5_000, 7_000, 9_000, 11_000, 13_000]


@pytest.mark.parametrize(
    ("fault", "stream", "first_us", "last_us"),
    [
        ("slow_headers:700", False, 700_000, 700_000),
        ("slow_headers", True, 1_000_000, 1_000_000),
        ("first_event_not_content:800", True, 0, 800_000),
        ("first_event_not_content:800", False, 0, 800_000),
        ("slow_drip:10", True, 10_000, 70_000),
        ("slow_drip", False, 200_000, 2_200_000),
    ],
)
def test_slow_faults_take_their_time(fault: str, stream: bool, first_us: int, last_us: int) -> None:
    protocol, transport, clock, simulation = connected()
    protocol.data_received(asked(f"[[sim:{fault}]]", stream=stream))
    while clock.step():
        pass
    bodies = [at for at, data in transport.written if not data.startswith(b"HTTP") or not stream]
    assert transport.written[0][0] in (0, first_us)
    assert abs(bodies[-1] - last_us) <= last_us // 4
    assert simulation.ledger.ends()[1].outcome == "completed"


def test_answers_of_pipelined_requests_keep_their_order() -> None:
    protocol, transport, clock, _ = connected(paced(think_ms=1))
    protocol.data_received(asked("[[sim:status_500]]") + asked("two") + asked("[[sim:status_503]]"))
    while clock.step():
        pass
    heads = [data.split(b" ")[1] for _, data in transport.written if data.startswith(b"HTTP")]
    assert heads == [b"500", b"200", b"503"]


def test_a_request_may_come_byte_by_byte() -> None:
    protocol, transport, _, simulation = connected()
    for byte in asked():
        protocol.data_received(bytes([byte]))
    assert transport.text().startswith(b"HTTP/1.1 200 OK")
    assert len(simulation.ledger.entries()) == 1


def test_nothing_is_written_while_the_peer_cannot_read() -> None:
    protocol, transport, clock, _ = connected(paced(pace_ms=1))
    protocol.data_received(asked(stream=True))
    protocol.pause_writing()
    before = len(transport.written)
    while clock.step():
        pass
    assert len(transport.written) == before
    protocol.resume_writing()
    while clock.step():
        pass
    assert transport.text().endswith(b"0\r\n\r\n")


def test_a_lost_connection_stops_the_clock_and_cancels() -> None:
    protocol, transport, clock, simulation = connected(paced(pace_ms=1))
    protocol.data_received(asked(stream=True) + asked())
    clock.step()
    protocol.connection_lost(None)
    written = len(transport.written)
    assert not clock.step()
    assert len(transport.written) == written
    assert [end.outcome for end in simulation.ledger.ends().values()] == ["cancelled"] * 2


def test_a_held_connection_answers_nothing_more() -> None:
    protocol, transport, clock, _ = connected()
    protocol.data_received(asked("[[sim:stall]]"))
    protocol.data_received(asked())
    assert not clock.step()
    assert not transport.written


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "fault", ["stall", "stall_before_content", "stall_mid_text", "slow_headers:9", "slow_drip"]
)
def test_a_stall_or_a_slow_answer_ends_at_once_when_somebody_says_so(
    fault: str, stream: bool
) -> None:
    def said(*cues: Cue) -> tuple[bytes, bytes]:
        protocol, transport, clock, simulation = connected()
        simulation.script.add(cues)
        protocol.data_received(asked(stream=stream))
        before = transport.text()
        assert simulation.resume() == len(cues)
        assert simulation.resume() == 0
        assert simulation.ledger.ends()[1].outcome == "completed"
        assert not clock.step()
        return before, transport.text()

    unbroken, whole = said()
    begun, rest = said(Cue(fault=fault))
    assert unbroken == whole == rest
    assert len(begun) < len(whole)


def test_an_unkept_connection_is_closed_after_its_answer() -> None:
    protocol, transport, _, _ = connected()
    body = prompt("chat", "hi")
    protocol.data_received(request(PATH["chat"], body, headers={"connection": "close"}))
    assert b"connection: close" in transport.text()
    assert transport.ended == "close"


def test_an_idle_connection_is_closed_when_it_is_due() -> None:
    protocol, transport, clock, simulation = connected()
    protocol.data_received(asked("[[sim:close_idle:30]]"))
    answered = transport.ended
    assert clock.step()
    assert (answered, transport.ended, clock.now) == (None, "close", 30_000)
    assert simulation.ledger.ends()[1].outcome == "completed"


def test_whoever_waits_for_a_go_ahead_gets_it_before_the_body() -> None:
    protocol, transport, _, _ = connected()
    body = prompt("chat", "hi")
    whole = request(PATH["chat"], body, headers={"expect": "100-continue"})
    head, rest = whole[: -len(body)], whole[-len(body) :]
    protocol.data_received(head)
    assert transport.text() == b"HTTP/1.1 100 Continue\r\n\r\n"
    protocol.data_received(rest)
    assert b"HTTP/1.1 200 OK" in transport.text()


def test_what_is_no_http_is_refused_and_closed() -> None:
    protocol, transport, _, simulation = connected()
    protocol.data_received(b"\x16\x03\x01 hello\r\n\r\n")
    protocol.data_received(asked())
    assert transport.text().startswith(b"HTTP/1.1 400 ")
    assert transport.ended == "close"
    assert not simulation.ledger.lines()


def test_a_conversation_has_no_clock_of_its_own() -> None:
    def actions() -> list[object]:
        conversation = Conversation(Vendor(SPEC, Simulation()))
        return [
            *conversation.receive(asked("[[sim:stall_before_content]]", stream=True), Instant(1)),
            *conversation.receive(asked("[[sim:cut_before_head]]"), Instant(2)),
            *conversation.receive(asked(), Instant(3)),
        ]

    assert actions() == actions()
    kinds = [type(action) for action in actions()]
    # What follows a stall is kept back with it.
    assert kinds.index(Hold) < kinds.index(Finish) < kinds.index(Close)
    assert kinds[-1] is Finish


def test_nobody_goes_on_who_was_left_alone_amid_the_text() -> None:
    protocol, transport, _, simulation = connected()
    protocol.data_received(asked("[[sim:stall_mid_text]]", stream=True))
    held = transport.text()
    protocol.connection_lost(None)
    assert simulation.resume() == 0
    assert transport.text() == held
    assert [end.outcome for end in simulation.ledger.ends().values()] == ["cancelled"]


def test_a_fast_vendor_answers_each_pipelined_request_and_writes_nothing_down() -> None:
    fast = VendorSpec(id="openai", dialect="chat", models=("gpt-5.6",), fast=True, answer_bytes=500)

    async def scene() -> None:
        async with world(fast) as here:
            heard = await hear(here.port("openai"), request(PATH["chat"], prompt("chat", "hi")))
            assert heard.json()["object"] == "chat.completion"
            assert not here.simulation.ledger.lines()

    play(scene())
    clock = Clock()
    transport = Transport(clock)
    protocol = FastProtocol(b"answer;", delay_us=5_000, call_later=clock.call_later)
    protocol.connection_made(transport)
    protocol.data_received(asked() * 3 + asked()[:20])
    assert not transport.written
    assert clock.step()
    assert transport.written == [(5_000, b"answer;" * 3)]


def test_the_vendors_of_june_2026_are_the_endpoints_of_the_example_catalogue() -> None:
    claude = {(s.dialect, m) for s in JUNE_2026 for m in s.models if m.startswith("claude")}
    assert len(claude) == 6
    endpoints = tomllib.loads(
        (ROOT / "examples/june-2026/catalog/endpoints.toml").read_text(encoding="utf-8")
    )
    served = {(s.id, s.dialect, name) for s in JUNE_2026 for name in s.models}
    for endpoint in endpoints["endpoint"]:
        models = endpoint["models"]
        for name in models.values() if isinstance(models, dict) else models:
            assert (endpoint["id"], endpoint["dialect"], name) in served

    async def scene() -> None:
        vendors = await Vendors.start(asyncio.get_running_loop())
        assert len(set(vendors.ports.values())) == len(JUNE_2026)
        assert vendors.url("mistral") + "/v1/chat/completions" in table(vendors, JUNE_2026)
        vendors.close()

    play(scene())


def test_a_taken_port_leaves_none_open() -> None:
    async def scene() -> None:
        async with world() as here:
            free = VendorSpec(id="a", dialect="chat", models=("m",))
            taken = VendorSpec(id="b", dialect="chat", models=("m",), port=here.port("openai"))
            with pytest.raises(OSError, match="in use"):
                await Vendors.start(asyncio.get_running_loop(), (free, taken))

    play(scene())


def test_a_vendor_that_is_down_resets_and_refuses_until_it_is_up_again() -> None:
    async def scene() -> None:
        async with world() as here:
            port = here.port("openai")
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(asked("[[sim:stall]]"))
            await here.lines(1)
            here.vendors.refuse("openai")
            with pytest.raises(ConnectionResetError):
                await reader.read()
            writer.close()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)
            with socket.socket() as other, pytest.raises(OSError, match="in use"):
                other.bind(("127.0.0.1", port))
            await here.vendors.admit("openai")
            assert here.port("openai") == port
            assert (await hear(port, asked())).status == 200

    play(scene())


def test_running_prints_where_the_vendors_are_and_ends_cleanly_with_ctrl_c() -> None:
    program = "import functools, sys; from licet.sim import run; sys.exit(run(say=say))"
    say = "say = functools.partial(print, flush=True)"
    argv = [sys.executable, "-c", program.replace("; sys.exit", f"; {say}; sys.exit")]
    source = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdout=pipe, stderr=pipe, env=source) as running:
        assert running.stdout is not None
        lines = [running.stdout.readline().decode() for _ in range(1 + len(JUNE_2026))]
        assert lines[0].split() == ["vendor", "url", "models"]
        assert [line.split()[0] for line in lines[1:]] == [spec.id for spec in JUNE_2026]
        running.send_signal(signal.SIGINT)
        assert running.communicate(timeout=10) == (b"", b"")
        assert running.returncode == 0


def test_serving_ends_with_a_signal_and_keeps_the_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"

    async def scene() -> None:
        ready: asyncio.Future[Vendors] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve((SPEC,), ledger=path, ready=ready.set_result))
        vendors = await ready
        await hear(vendors.ports["openai"], asked())
        os.kill(os.getpid(), signal.SIGTERM)
        await serving

    play(scene())
    assert len(path.read_bytes().splitlines()) >= 1
