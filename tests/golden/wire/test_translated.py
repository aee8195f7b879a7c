"""Every request, answer and stream of the golden files, in the other dialect.

What is written lies in `translated/`; `.losses.json` are the names of what was dropped and
stripped on the way. Written anew by `LICET_GOLDEN=write`, and then read before it is committed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from licet.wire import (
    AnswerTranslator,
    Dialect,
    StreamReader,
    read_answer,
    read_request,
    translate_request,
    write_request,
)
from tests.golden.wire.test_golden import HERE, REQUEST_SIZE, dialect_of, inputs

TRANSLATED = HERE / "translated"
OTHER: dict[Dialect, Dialect] = {"chat": "messages", "messages": "chat"}


def compare(name: str, written: bytes) -> None:
    path = TRANSLATED / name
    if os.environ.get("LICET_GOLDEN") == "write":
        path.write_bytes(written)
    assert path.read_bytes() == written


def translator(path: Path, *, usage_asked: bool = True) -> AnswerTranslator:
    source = dialect_of(path)
    return AnswerTranslator(
        source,
        OTHER[source],
        created_s=1_780_000_000,
        usage_asked=usage_asked,
        request_size=REQUEST_SIZE,
    )


def stream(path: Path, pieces: list[bytes]) -> bytes:
    """What a caller is sent of a stream that arrives in these pieces."""
    reader, way = StreamReader(dialect_of(path)), translator(path)
    frames = [frame for piece in pieces for frame in reader.feed(piece)] + reader.finish()
    return b"".join(way.frame(frame, reader).raw for frame in frames)


STREAMS = inputs("streams", ".sse")


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_streams_are_said_in_the_other_dialect(path: Path) -> None:
    compare(f"{path.stem}.sse", stream(path, [path.read_bytes()]))


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_wherever_a_stream_is_cut_the_same_is_said(path: Path) -> None:
    whole = path.read_bytes()
    said = stream(path, [whole])
    assert all(stream(path, [whole[:at], whole[at:]]) == said for at in range(1, len(whole)))
    assert stream(path, [whole[at : at + 1] for at in range(len(whole))]) == said


@pytest.mark.parametrize(
    "path", inputs("answers", ".json", ".read.json"), ids=lambda path: path.stem
)
def test_answers_are_said_in_the_other_dialect(path: Path) -> None:
    body = path.read_bytes()
    answer = read_answer(dialect_of(path), body, request_size=REQUEST_SIZE)
    compare(f"{path.stem}.answer.json", translator(path).answer(body, answer))


@pytest.mark.parametrize(
    "path",
    [*inputs("requests", ".json", ".sent.json"), *sorted(TRANSLATED.glob("*-everything.json"))],
    ids=lambda path: path.stem,
)
def test_requests_are_said_in_the_other_dialect(path: Path) -> None:
    source = dialect_of(path)
    found = translate_request(read_request(source, path.read_bytes()), OTHER[source])
    compare(f"{path.stem}.sent.json", write_request(found.request, model="vendor-name"))
    losses = {"dropped": found.dropped, "stripped": found.stripped}
    compare(f"{path.stem}.losses.json", json.dumps(losses, indent=1).encode() + b"\n")
