"""Usage: how many tokens a request took, in one meaning for every dialect."""

from __future__ import annotations

from typing import Any, Final

import msgspec

CHARACTERS_PER_TOKEN: Final = 4
"""The rule of an estimate. English prose runs near four characters to a token and other
scripts below it, so an estimate is named as one wherever it is shown."""


class Usage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Tokens of one request. `input_tokens` includes the cached ones, whoever counted.

    `cached_input_tokens` were read from a vendor's cache; what was written to it counts as
    plain input. `reasoning_tokens` are those of the output that were thought and not said,
    where a vendor tells them apart. `estimated` says that no vendor gave final figures.
    """

    input_tokens: int
    output_tokens: int
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False


class SummedUsage(Usage, frozen=True, kw_only=True, gc=False):
    """What several `attempts` at one answer took."""

    attempts: int


def sum_of(earlier: Usage | None, later: Usage) -> Usage:
    """What an answer took that one attempt began and another continued."""
    if earlier is None:
        return later
    return SummedUsage(
        input_tokens=earlier.input_tokens + later.input_tokens,
        output_tokens=earlier.output_tokens + later.output_tokens,
        cached_input_tokens=earlier.cached_input_tokens + later.cached_input_tokens,
        reasoning_tokens=earlier.reasoning_tokens + later.reasoning_tokens,
        estimated=earlier.estimated or later.estimated,
        attempts=_attempts(earlier) + _attempts(later),
    )


def marks_of(usage: Usage) -> dict[str, bool | int]:
    """What a caller is told of figures that are no vendor's plain count of one attempt."""
    marks: dict[str, bool | int] = {"estimated": True} if usage.estimated else {}
    return marks | ({"attempts": usage.attempts} if isinstance(usage, SummedUsage) else {})


def _attempts(usage: Usage) -> int:
    return usage.attempts if isinstance(usage, SummedUsage) else 1


class ChatCached(msgspec.Struct, frozen=True, gc=False):
    """`prompt_tokens_details` of Chat Completions, `input_tokens_details` of Responses."""

    cached_tokens: Any = None


class Thinking(msgspec.Struct, frozen=True, gc=False):
    """What either dialect of OpenAI's tells of the output, as far as it is read."""

    reasoning_tokens: Any = None


class ChatUsage(msgspec.Struct, frozen=True, gc=False):
    """`usage` of Chat Completions: `prompt_tokens` includes the cached tokens."""

    prompt_tokens: Any = None
    completion_tokens: Any = None
    prompt_tokens_details: ChatCached | None = None
    completion_tokens_details: Thinking | None = None


class ResponsesUsage(msgspec.Struct, frozen=True, gc=False):
    """`usage` of Responses: `input_tokens` includes the cached tokens."""

    input_tokens: Any = None
    output_tokens: Any = None
    input_tokens_details: ChatCached | None = None
    output_tokens_details: Thinking | None = None


class ThinkingTokens(msgspec.Struct, frozen=True, gc=False):
    """`output_tokens_details` of Messages, as far as it is read."""

    thinking_tokens: Any = None


class MessagesUsage(msgspec.Struct, frozen=True, gc=False):
    """`usage` of Messages: `input_tokens` excludes what the cache read or wrote.

    In a stream the figures are cumulative, and a field that is absent has not changed.
    """

    input_tokens: Any = None
    output_tokens: Any = None
    cache_read_input_tokens: Any = None
    cache_creation_input_tokens: Any = None
    inference_geo: Any = None
    output_tokens_details: ThinkingTokens | None = None


def estimate_tokens(characters: int) -> int:
    """Tokens that so many characters are likely to be, rounded up."""
    return -(-characters // CHARACTERS_PER_TOKEN)


def value_size(value: object) -> int:
    """Characters of a value that is mostly text; of structured ones, those of its JSON."""
    if isinstance(value, str):
        return len(value)
    return len(msgspec.json.encode(value)) if value else 0


def later_usage(earlier: MessagesUsage | None, later: MessagesUsage) -> MessagesUsage:
    """Cumulative figures brought up to date: what `later` leaves out stands as it was."""
    if earlier is None:
        return later
    return MessagesUsage(
        *(
            old if new is None else new
            for old, new in zip(
                msgspec.structs.astuple(earlier), msgspec.structs.astuple(later), strict=True
            )
        )
    )
