"""What the bench counts of streams is what was sent, wherever TCP cuts it."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from bench.streams import PIECE, Counting, Paced, Tally, request

CHUNKS = 5


class Wire(asyncio.Transport):
    """Remembers what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.over = asyncio.Event()

    def write(self, data: object) -> None:
        self.written += cast("bytes", data)
        if self.written.endswith(b"0\r\n\r\n"):
            self.over.set()


def answered() -> bytes:
    """A whole paced stream, as the vendor sends it."""

    async def play() -> bytes:
        wire = Wire()
        vendor = Paced(pace_s=0, chunks=CHUNKS)
        vendor.connection_made(wire)
        vendor.data_received(request("127.0.0.1", "/v1/chat/completions", "key"))
        await wire.over.wait()
        return bytes(wire.written)

    return asyncio.run(play())


STREAM = answered()


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_every_piece_is_counted_once_however_the_stream_is_cut(cuts: list[int]) -> None:
    tally = Tally(1)
    wire = Wire()
    caller = Counting(tally, b"again")
    caller.connection_made(wire)
    assert not wire.written
    caller.ask()
    edges = sorted({0, *cuts, len(STREAM)})
    for start, end in pairwise(edges):
        caller.data_received(STREAM[start:end])
    assert tally.pieces == STREAM.count(PIECE) == CHUNKS + 1
    assert tally.faults == 0
    assert bytes(wire.written) == b"againagain"


def test_an_answer_that_is_no_stream_is_a_fault() -> None:
    tally = Tally(2)
    caller = Counting(tally, b"")
    caller.connection_made(Wire())
    caller.data_received(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n")
    assert tally.faults == 1
    assert tally.begun.is_set(), "nobody waits for a stream that does not come"


def test_they_have_begun_when_text_has_come_on_each() -> None:
    tally = Tally(2)
    callers = [Counting(tally, b""), Counting(tally, b"")]
    first = STREAM.index(PIECE)
    for caller in callers:
        caller.connection_made(Wire())
        caller.data_received(STREAM[:first])
    assert not tally.begun.is_set(), "a head is no text"
    callers[0].data_received(STREAM[first:])
    callers[0].data_received(STREAM)
    assert not tally.begun.is_set(), "the other one is silent"
    callers[1].data_received(STREAM[first:])
    assert tally.begun.is_set()
