"""Every request, answer and stream of the golden files, in each of the other dialects.

What is written lies in `translated/`; `.losses.json` are the names of what was dropped and
stripped on the way, or of what refused the request. Written anew by `LICET_GOLDEN=write`, and
then read before it is committed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from licet.terms import CallerFault
from licet.wire import (
    DIALECTS,
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


def ways(paths: list[Path]) -> list[Any]:
    """Each of these files with each dialect that it is not in."""
    return [
        pytest.param(path, target, id=f"{path.stem}.{target}")
        for path in paths
        for target in DIALECTS
        if target != dialect_of(path)
    ]


def compare(name: str, written: bytes) -> None:
    path = TRANSLATED / name
    if os.environ.get("LICET_GOLDEN") == "write":
        path.write_bytes(written)
    assert path.read_bytes() == written


def translator(path: Path, target: Dialect) -> AnswerTranslator:
    return AnswerTranslator(
        dialect_of(path),
        target,
        created_s=1_780_000_000,
        usage_asked=True,
        request_size=REQUEST_SIZE,
        asked={"metadata": {"run": "7"}, "temperature": 0.5, "model": "code-review"},
    )


def stream(path: Path, target: Dialect, pieces: list[bytes]) -> bytes:
    """What a caller is sent of a stream that arrives in these pieces."""
    reader, way = StreamReader(dialect_of(path)), translator(path, target)
    frames = [frame for piece in pieces for frame in reader.feed(piece)] + reader.finish()
    return b"".join(way.frame(frame, reader).raw for frame in frames)


STREAMS = ways(inputs("streams", ".sse"))


@pytest.mark.parametrize(("path", "target"), STREAMS)
def test_streams_are_said_in_the_other_dialect(path: Path, target: Dialect) -> None:
    compare(f"{path.stem}.{target}.sse", stream(path, target, [path.read_bytes()]))


@pytest.mark.parametrize(("path", "target"), STREAMS)
def test_wherever_a_stream_is_cut_the_same_is_said(path: Path, target: Dialect) -> None:
    whole = path.read_bytes()
    said = stream(path, target, [whole])
    # Each byte of the short ones; of the long ones each that is near the end of a line.
    cuts = [
        at for at in range(1, len(whole)) if len(whole) < 2000 or b"\n" in whole[at - 3 : at + 3]
    ]
    for at in cuts:
        assert stream(path, target, [whole[:at], whole[at:]]) == said, at
    assert stream(path, target, [whole[at : at + 1] for at in range(len(whole))]) == said


@pytest.mark.parametrize(("path", "target"), ways(inputs("answers", ".json", ".read.json")))
def test_answers_are_said_in_the_other_dialect(path: Path, target: Dialect) -> None:
    body = path.read_bytes()
    answer = read_answer(dialect_of(path), body, request_size=REQUEST_SIZE)
    compare(f"{path.stem}.{target}.answer.json", translator(path, target).answer(body, answer))


@pytest.mark.parametrize(
    ("path", "target"),
    ways(
        [*inputs("requests", ".json", ".sent.json"), *sorted(TRANSLATED.glob("*-everything.json"))]
    ),
)
def test_requests_are_said_in_the_other_dialect(path: Path, target: Dialect) -> None:
    losses: dict[str, object]
    try:
        found = translate_request(read_request(dialect_of(path), path.read_bytes()), target)
    except CallerFault as fault:
        losses = {"refused": str(fault.place)}
    else:
        sent = write_request(found.request, model="vendor-name")
        compare(f"{path.stem}.{target}.sent.json", sent)
        losses = {"dropped": found.dropped, "stripped": found.stripped}
    compare(f"{path.stem}.{target}.losses.json", json.dumps(losses, indent=1).encode() + b"\n")
