"""What vendors count, read into the one meaning of `Usage`; None where it cannot be read."""

from __future__ import annotations

from typing import Any

from licet.wire.usage import (
    ChatCached,
    ChatUsage,
    MessagesUsage,
    ResponsesUsage,
    Thinking,
    Usage,
)


def usage_of_chat(usage: ChatUsage | None) -> Usage | None:
    """The neutral usage, or None where the vendor gave no figures that can be read."""
    if usage is None:
        return None
    details, thought = usage.prompt_tokens_details, usage.completion_tokens_details
    return _with_cached(usage.prompt_tokens, usage.completion_tokens, details, thought)


def usage_of_responses(usage: ResponsesUsage | None) -> Usage | None:
    """The neutral usage, or None where the vendor gave no figures that can be read."""
    if usage is None:
        return None
    details, thought = usage.input_tokens_details, usage.output_tokens_details
    return _with_cached(usage.input_tokens, usage.output_tokens, details, thought)


def usage_of_messages(usage: MessagesUsage | None) -> Usage | None:
    """The neutral usage, or None where the vendor gave no figures that can be read."""
    if usage is None or not _is_count(usage.input_tokens):
        return None
    cached = _count(usage.cache_read_input_tokens)
    written = _count(usage.cache_creation_input_tokens)
    thought = usage.output_tokens_details
    return Usage(
        input_tokens=usage.input_tokens + cached + written,
        output_tokens=_count(usage.output_tokens),
        cached_input_tokens=cached,
        reasoning_tokens=0 if thought is None else _count(thought.thinking_tokens),
    )


def _with_cached(
    asked: Any, said: Any, details: ChatCached | None, thought: Thinking | None
) -> Usage | None:
    """The usage of either dialect in which what was `asked` includes what a cache had of it."""
    if not _is_count(asked):
        return None
    return Usage(
        input_tokens=asked,
        output_tokens=_count(said),
        cached_input_tokens=0 if details is None else _count(details.cached_tokens),
        reasoning_tokens=0 if thought is None else _count(thought.reasoning_tokens),
    )


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _count(value: Any) -> int:
    return value if _is_count(value) else 0
