"""Dialects: the HTTP languages that callers and vendors speak, and where they are spoken.

Sources: OpenAI API reference (Chat Completions, Responses, Embeddings, Models); Anthropic API
reference (Messages, Token counting, Models). The types of the packages `openai` and `anthropic`
are the ground truth in tests.
"""

from __future__ import annotations

from typing import Final, Literal

Dialect = Literal["chat", "messages", "responses"]
"""`chat` is OpenAI Chat Completions, `messages` is Anthropic Messages, `responses` is OpenAI
Responses."""

CHAT: Final = "chat"
MESSAGES: Final = "messages"
RESPONSES: Final = "responses"
DIALECTS: Final[tuple[Dialect, ...]] = (CHAT, MESSAGES, RESPONSES)

CHAT_PATH: Final = "/v1/chat/completions"
MESSAGES_PATH: Final = "/v1/messages"
RESPONSES_PATH: Final = "/v1/responses"
EMBEDDINGS_PATH: Final = "/v1/embeddings"
"""Of Chat Completions' family: its headers, its errors."""
COUNT_TOKENS_PATH: Final = "/v1/messages/count_tokens"
MODELS_PATH: Final = "/v1/models"
"""Spoken by OpenAI and Anthropic; a caller that sends `anthropic-version` wants the second."""

Operation = Literal["answer", "embeddings", "count_tokens"]
"""What a model is asked for: an answer, the vectors of texts, how many tokens a prompt has."""

OPERATIONS: Final[dict[str, tuple[Dialect, Operation]]] = {
    CHAT_PATH: (CHAT, "answer"),
    MESSAGES_PATH: (MESSAGES, "answer"),
    RESPONSES_PATH: (RESPONSES, "answer"),
    EMBEDDINGS_PATH: (CHAT, "embeddings"),
    COUNT_TOKENS_PATH: (MESSAGES, "count_tokens"),
}
"""From a path to the dialect that is spoken there and to what is asked in it."""
