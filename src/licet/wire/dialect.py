"""Dialects: the HTTP languages that callers and vendors speak, and where they are spoken.

Sources: OpenAI API reference (Chat Completions, Models); Anthropic API reference (Messages,
Models). The types of the packages `openai` and `anthropic` are the ground truth in tests.
"""

from __future__ import annotations

from typing import Final, Literal

Dialect = Literal["chat", "messages"]
"""`chat` is OpenAI Chat Completions, `messages` is Anthropic Messages."""

CHAT: Final = "chat"
MESSAGES: Final = "messages"
DIALECTS: Final[tuple[Dialect, ...]] = (CHAT, MESSAGES)

CHAT_PATH: Final = "/v1/chat/completions"
MESSAGES_PATH: Final = "/v1/messages"
MODELS_PATH: Final = "/v1/models"
"""Spoken in both dialects; a caller that sends `anthropic-version` wants the second."""
