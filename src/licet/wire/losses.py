"""Honesty about loss: what becomes of each parameter in another dialect, in one table.

Translators ask this table, the documentation is made from it (`docs/loss.md`), and a test
walks the parameter lists of the official clients and fails on any that has no row.
"""

from __future__ import annotations

from typing import Final

from licet.wire import chat_losses, messages_losses, responses_losses
from licet.wire.dialect import CHAT, MESSAGES, RESPONSES, Dialect, Operation
from licet.wire.fates import Loss

_TABLES: Final[dict[tuple[Dialect, Dialect], tuple[Loss, ...]]] = {
    (CHAT, MESSAGES): chat_losses.TO_MESSAGES,
    (CHAT, RESPONSES): chat_losses.TO_RESPONSES,
    (MESSAGES, CHAT): messages_losses.TO_CHAT,
    (MESSAGES, RESPONSES): messages_losses.TO_RESPONSES,
    (RESPONSES, CHAT): responses_losses.TO_CHAT,
    (RESPONSES, MESSAGES): responses_losses.TO_MESSAGES,
}

LOSSES: Final[dict[tuple[Dialect, Dialect], dict[str, Loss]]] = {
    pair: {row.parameter: row for row in rows} for pair, rows in _TABLES.items()
}
"""From (what the caller speaks, what the vendor speaks) and a parameter to its row."""


def loss_of(source: Dialect, target: Dialect, parameter: str) -> Loss | None:
    """The row of `parameter`; None where the table has none."""
    return LOSSES[source, target].get(parameter)


_PASSES: Final = "passes as it came"
_EMBEDDINGS: Final = (
    Loss("model", "kept", "the vendor's name of the model"),
    Loss("input", "kept", _PASSES),
    Loss("dimensions", "kept", _PASSES),
    Loss("encoding_format", "kept", _PASSES),
    Loss("user", "kept", "passes as it came"),
)
_COUNT_TOKENS: Final = (
    Loss("model", "kept", "the vendor's name of the model"),
    *(
        Loss(name, "kept", _PASSES)
        for name in (
            "messages",
            "system",
            "tools",
            "tool_choice",
            "thinking",
            "output_config",
            "output_format",
            "cache_control",
            "context_management",
            "mcp_servers",
            "speed",
            "compaction",
            "betas",
            "anthropic-beta",
        )
    ),
    Loss("user_profile_id", "dropped", "of the operator's account"),
    Loss("workspace_id", "dropped", "of the operator's account"),
)

UNTRANSLATED: Final[dict[Operation, dict[str, Loss]]] = {
    "embeddings": {row.parameter: row for row in _EMBEDDINGS},
    "count_tokens": {row.parameter: row for row in _COUNT_TOKENS},
}
"""Of what is asked in one dialect alone: its parameters. No other dialect has a word for it, so
that a vendor of another is never asked."""
