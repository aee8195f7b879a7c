"""Parts of an answer on their way to the wire, each with the stage that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

Stage = Literal["opening", "reasoning", "text", "tool", "closing"]
"""Where a piece stands: `opening` and `closing` carry no content, the others do."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that are written at once: an event of a stream, or a part of a whole body."""

    stage: Stage
    data: bytes


def first_content(pieces: Sequence[Piece]) -> int:
    """The place before the first content; the end of all pieces if there is none."""
    for index, piece in enumerate(pieces):
        if piece.stage in ("reasoning", "text", "tool"):
            return index
    return len(pieces)


def middle_of(pieces: Sequence[Piece], stage: Stage) -> int:
    """A place within the pieces of `stage`, with some before it and, of two, some after it.

    Where there is no piece of that stage: the place before the first content.
    """
    places = [index for index, piece in enumerate(pieces) if piece.stage == stage]
    if not places:
        return first_content(pieces)
    return places[(len(places) - 1) // 2] + 1


def halves(body: bytes) -> tuple[Piece, ...]:
    """A whole body as two pieces of text, so that it too has a middle."""
    middle = len(body) // 2
    return (Piece(stage="text", data=body[:middle]), Piece(stage="text", data=body[middle:]))


def split(text: str, parts: int) -> tuple[str, ...]:
    """At most `parts` non-empty parts of about equal length which join to `text`."""
    step = max(1, -(-len(text) // max(1, parts)))
    return tuple(text[start : start + step] for start in range(0, len(text), step))


def encode(value: Any) -> bytes:
    """Compact JSON."""
    return msgspec.json.encode(value)
