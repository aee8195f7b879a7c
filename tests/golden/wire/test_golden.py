"""Whole requests, answers, streams and errors in files, and what is read from or written to them.

Beside each input lies what is expected of it: `.sent.json` is the body for the vendor,
`.read.json` what an answer says, the `.json` of a stream its frames and what they add up to.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from licet.wire import (
    DIALECTS,
    Dialect,
    ErrorBody,
    LicetDetails,
    StreamReader,
    read_answer,
    read_request,
    write_error,
    write_request,
    write_stream_error,
)

HERE = Path(__file__).parent
REQUEST_SIZE = 40

REFUSAL = ErrorBody(
    reason="refused",
    request_id="01K0",
    param="model",
    message="`claude-fable-5` is not permitted for this person in `code-review`",
    licet=LicetDetails(
        request_id="01K0",
        verdict="undetermined",
        directives=("us-commerce-2026-06-12",),
        missing=(("us_person",),),
        permitted=("claude-opus-4.8", "mistral-large-4"),
        contact="compliance@operator.example",
    ),
)


def inputs(folder: str, ending: str, *expected: str) -> list[Path]:
    paths = sorted((HERE / folder).glob(f"*{ending}"))
    return [path for path in paths if not path.name.endswith(expected)]


def dialect_of(path: Path) -> Dialect:
    for dialect in DIALECTS:
        if path.name.startswith(dialect):
            return dialect
    raise AssertionError(f"{path.name} begins with no dialect")


def read(path: Path) -> Any:
    return json.loads(path.read_bytes())


@pytest.mark.parametrize(
    "path", inputs("requests", ".json", ".sent.json"), ids=lambda path: path.stem
)
def test_requests_reach_the_vendor_as_written_down(path: Path) -> None:
    request = read_request(dialect_of(path), path.read_bytes())
    sent = write_request(request, model="vendor-name")
    assert request.model == "code-review"
    assert sent == path.with_suffix(".sent.json").read_bytes().rstrip()


@pytest.mark.parametrize(
    "path", inputs("answers", ".json", ".read.json"), ids=lambda path: path.stem
)
def test_answers_are_read_as_written_down(path: Path) -> None:
    answer = read_answer(dialect_of(path), path.read_bytes(), request_size=REQUEST_SIZE)
    assert msgspec.to_builtins(answer) == read(path.with_suffix(".read.json"))


@pytest.mark.parametrize("path", inputs("streams", ".sse"), ids=lambda path: path.stem)
def test_streams_are_read_as_written_down(path: Path) -> None:
    reader = StreamReader(dialect_of(path))
    frames = reader.feed(path.read_bytes()) + reader.finish()
    error = reader.error
    assert {
        "kinds": [frame.kind for frame in frames],
        "model": reader.model,
        "stop_reason": reader.stop_reason,
        "refusal": reader.refusal,
        "residency": reader.residency,
        "usage": msgspec.to_builtins(reader.estimate_usage(REQUEST_SIZE)),
        "text_size": reader.text_size,
        "ended": reader.ended,
        "open_block": reader.open_block,
        "error": None if error is None else [error.code, error.message, error.overloaded],
    } == read(path.with_suffix(".json"))


@pytest.mark.parametrize("path", inputs("streams", ".sse"), ids=lambda path: path.stem)
def test_streams_are_forwarded_byte_for_byte(path: Path) -> None:
    stream = path.read_bytes()
    reader = StreamReader(dialect_of(path))
    frames = reader.feed(stream) + reader.finish()
    forwarded = b"".join(frame.raw for frame in frames)
    if frames[-1].kind == "malformed":
        # Nothing of what is malformed passes, everything before it does.
        assert stream.startswith(forwarded)
    else:
        assert forwarded == stream


@pytest.mark.parametrize("dialect", get_args(Dialect))
def test_a_refusal_is_said_as_written_down(dialect: Dialect) -> None:
    expected = (HERE / "errors" / f"{dialect}-refusal.json").read_bytes().rstrip()
    assert write_error(dialect, REFUSAL) == expected


@pytest.mark.parametrize("dialect", get_args(Dialect))
def test_a_refusal_inside_a_stream_is_said_as_written_down(dialect: Dialect) -> None:
    expected = (HERE / "errors" / f"{dialect}-refusal.sse").read_bytes()
    assert write_stream_error(dialect, REFUSAL, sequence=6) == expected
