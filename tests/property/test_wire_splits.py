"""However a stream is cut on its way, the same frames come out of it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from licet.wire import DIALECTS, Dialect, Frame, StreamReader

RECORDED = Path(__file__).parents[1] / "golden" / "wire" / "streams"
STREAMS: list[tuple[Dialect, bytes]] = [
    (dialect, path.read_bytes().replace(b"\n", end) if end != b"\n" else path.read_bytes())
    for dialect in DIALECTS
    for path in sorted(RECORDED.glob(f"{dialect}-*.sse"))
    for end in ((b"\n",) if b"\r" in path.read_bytes() else (b"\n", b"\r\n", b"\r"))
]
EVENT_SIZE_MAX = 600


def read(dialect: Dialect, *pieces: bytes) -> tuple[list[Frame], tuple[object, ...]]:
    reader = StreamReader(dialect, strip_usage=True, event_size_max=EVENT_SIZE_MAX)
    frames = [frame for piece in pieces for frame in reader.feed(piece)] + reader.finish()
    state = (
        reader.model,
        reader.usage,
        reader.stop_reason,
        reader.refusal,
        reader.text_size,
        reader.open_block,
        reader.ended,
        reader.error,
    )
    return frames, state


@pytest.mark.parametrize(("dialect", "stream"), STREAMS)
def test_a_cut_at_any_byte_changes_nothing(dialect: Dialect, stream: bytes) -> None:
    whole = read(dialect, stream)
    assert whole[0]
    for cut in range(1, len(stream)):
        assert read(dialect, stream[:cut], stream[cut:]) == whole, cut


@pytest.mark.parametrize(("dialect", "stream"), STREAMS)
def test_single_bytes_change_nothing(dialect: Dialect, stream: bytes) -> None:
    single = [stream[at : at + 1] for at in range(len(stream))]
    assert read(dialect, *single) == read(dialect, stream)


@given(chosen=st.sampled_from(STREAMS), cuts=st.lists(st.integers(0, 4000), max_size=12))
def test_many_cuts_change_nothing(chosen: tuple[Dialect, bytes], cuts: list[int]) -> None:
    dialect, stream = chosen
    bounds = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(bounds)]
    assert read(dialect, *pieces) == read(dialect, stream)


LINES = st.sampled_from(
    [
        b"data: {",
        b'data: {"choices":[{"delta":{"content":"a"}}]}',
        b"data:",
        b": comment",
        b"event: error",
        b"id: 7",
        b"<html>",
        b"",
        b"\xef\xbb\xbf",
        b"data: [DONE]",
        b"data: " + b"x" * EVENT_SIZE_MAX,
    ]
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n", b"\r\n\r\n", b"\n\r\n", b"\r\r", b""])


@given(
    dialect=st.sampled_from(DIALECTS),
    lines=st.lists(st.tuples(LINES, ENDS), max_size=8),
    cuts=st.lists(st.integers(0, 900), max_size=5),
)
@example(dialect="chat", lines=[(b"data: {", b"\n\r\n"), (b"", b"\r")], cuts=[8])
def test_rubbish_is_cut_alike_and_raises_nothing(
    dialect: Dialect, lines: list[tuple[bytes, bytes]], cuts: list[int]
) -> None:
    stream = b"".join(line + end for line, end in lines)
    bounds = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(bounds)]
    assert read(dialect, *pieces) == read(dialect, stream)


@given(stream=st.binary(max_size=300), dialect=st.sampled_from(DIALECTS))
def test_any_bytes_raise_nothing(stream: bytes, dialect: Dialect) -> None:
    frames, _ = read(dialect, stream)
    assert all(frame.raw == b"" or frame.kind != "malformed" for frame in frames)
