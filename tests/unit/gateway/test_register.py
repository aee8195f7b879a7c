"""Register leaves are durable when `append` returns, or a fault says that they may not be."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from licet.evidence import Ack, Hello, Message, Messages, Nack, Submit, Welcome, encode_message
from licet.evidence import StoppedLeaf as Leaf
from licet.gateway.register import Register
from licet.terms import OperationFault

BOUND_S = 10.0
LEAVES = tuple(Leaf(at=f"2026-06-12T00:00:0{n}.000000Z", log="node-1") for n in range(3))
WELCOME = Welcome(log="node-1", size=7, last_at="2026-06-11T00:00:00.000000Z")
GREETING = encode_message(WELCOME)

Answer = Callable[[Submit], list[Message] | None]


def acknowledge(submit: Submit) -> list[Message]:
    return [Ack(first=submit.first, count=len(submit.entries), index=7)]


def refuse(submit: Submit) -> list[Message]:
    return [Nack(first=submit.first, count=len(submit.entries), code="disk_full", message="full")]


def hang_up(_: Submit) -> None:
    return None


class FakeRecorder:
    """Answers each `Submit` by the next of its answers; None closes the connection."""

    def __init__(self, *answers: Answer, first_greeting: bytes = GREETING) -> None:
        self._first_greeting = first_greeting
        self._answers = list(answers)
        self.heard: list[Message] = []
        self.conversations = 0

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.conversations += 1
        try:
            await self._answer(reader, writer)
        except ConnectionError:
            # Whoever does not believe a recorder hangs up before it has read everything.
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._first_greeting if self.conversations == 1 else GREETING)
        messages = Messages()
        while data := await reader.read(65536):
            for message in messages.feed(data):
                self.heard.append(message)
                replies = self._answers.pop(0)(message) if isinstance(message, Submit) else []
                if replies is None:
                    return
                for reply in replies:
                    writer.write(encode_message(reply))


def play(path: Path, recorder: FakeRecorder, act: Callable[[Register], Awaitable[None]]) -> None:
    async def run() -> None:
        server = await asyncio.start_unix_server(recorder.converse, path)
        register = Register(asyncio.get_running_loop(), str(path))
        try:
            await act(register)
        finally:
            register.close()
            # Of those too that were accepted a moment ago and have not said a word; and before the
            # server goes, or what is made of them then is never closed.
            while others := asyncio.all_tasks() - {asyncio.current_task()}:
                await asyncio.gather(*others)
            server.close()

    asyncio.run(run())


def test_the_greeting_says_where_the_log_stands(tmp_path: Path) -> None:
    async def act(register: Register) -> None:
        assert await register.connect(BOUND_S) == WELCOME
        assert register.is_connected

    play(tmp_path / "sock", FakeRecorder(), act)


def test_leaves_come_back_with_their_places_in_one_submission(tmp_path: Path) -> None:
    recorder = FakeRecorder(acknowledge)

    async def act(register: Register) -> None:
        assert await register.append(LEAVES, BOUND_S) == (7, 8, 9)
        assert await register.append((), BOUND_S) == ()

    play(tmp_path / "sock", recorder, act)
    hello, submit = recorder.heard
    assert hello == Hello(worker="supervisor")
    assert isinstance(submit, Submit)
    assert len(submit.entries) == 3


def test_what_the_recorder_refuses_is_a_fault_with_its_code(tmp_path: Path) -> None:
    async def act(register: Register) -> None:
        with pytest.raises(OperationFault, match="disk_full") as caught:
            await register.append(LEAVES, BOUND_S)
        assert caught.value.code == "disk_full"

    play(tmp_path / "sock", FakeRecorder(refuse), act)


def test_a_recorder_that_goes_leaves_nothing_believed_and_is_found_again(tmp_path: Path) -> None:
    recorder = FakeRecorder(hang_up, acknowledge)

    async def act(register: Register) -> None:
        with pytest.raises(OperationFault) as caught:
            await register.append(LEAVES, BOUND_S)
        assert caught.value.code == "recorder_lost"
        assert await register.append(LEAVES, BOUND_S) == (7, 8, 9)

    play(tmp_path / "sock", recorder, act)
    assert [type(message) for message in recorder.heard] == [Hello, Submit, Hello, Submit]


def test_a_recorder_that_is_not_there_is_waited_for_only_so_long(tmp_path: Path) -> None:
    async def act() -> None:
        register = Register(asyncio.get_running_loop(), str(tmp_path / "nothing"))
        with pytest.raises(OperationFault, match="has not answered"):
            await register.connect(0.1)

    asyncio.run(act())


def test_a_recorder_that_talks_nonsense_is_not_believed_and_asked_again(tmp_path: Path) -> None:
    async def act(register: Register) -> None:
        assert await register.connect(BOUND_S) == WELCOME

    recorder = FakeRecorder(first_greeting=struct.pack(">I", 3) + b"\xc1\xc1\xc1")
    play(tmp_path / "sock", recorder, act)
    assert recorder.conversations == 2
