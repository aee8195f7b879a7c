"""Honesty about loss: what becomes of each parameter in another dialect, in one table.

Translators ask this table, the documentation is made from it (`docs/loss.md`), and a test
walks the parameter lists of both official clients and fails on any that has no row.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from licet.wire.dialect import CHAT, MESSAGES, Dialect, Operation

Fate = Literal["kept", "emulated", "refused", "dropped", "stripped"]
"""- `kept`: said in other words, with the same meaning;
- `emulated`: what comes near to it is done, as the note says;
- `refused`: the request is refused with 400, since the answer would be another one;
- `dropped`: left out, and named in `Licet-Dropped` and on record; refused if `lossless`;
- `stripped`: bound to the vendor that made it, so it never reaches another; on record.
"""


class Loss(msgspec.Struct, frozen=True, gc=False):
    """A row: `harmless` are the values (as compact JSON) that say nothing, and so lose nothing."""

    parameter: str
    fate: Fate
    note: str
    harmless: frozenset[bytes] = frozenset()


_NO: Final = frozenset({b"false"})
_AUTO: Final = frozenset({b'"auto"'})
_DEFAULT_TIER: Final = frozenset({b'"auto"', b'"default"', b'"standard_only"'})
_NOTHING_THOUGHT: Final = frozenset({b'{"type":"disabled"}'})

_CHAT_TO_MESSAGES: Final = (
    Loss("model", "kept", "the vendor's name of the model"),
    Loss("messages", "kept", "turns, in order; `tool` messages become results in a user's turn"),
    Loss("stream", "kept", "`stream`"),
    Loss("stream_options", "kept", "usage is always streamed, and shown if `include_usage`"),
    Loss("max_completion_tokens", "kept", "`max_tokens`; without either, 8192 is sent"),
    Loss("max_tokens", "kept", "`max_tokens`; without either, 8192 is sent"),
    Loss("temperature", "kept", "`temperature`; above 1, see `temperature_above_1`"),
    Loss("temperature_above_1", "dropped", "1 is sent: the dialect ends there"),
    Loss("top_p", "kept", "`top_p`"),
    Loss("stop", "kept", "`stop_sequences`"),
    Loss("tools", "kept", "`tools`"),
    Loss("tools.custom", "refused", "no tool without a schema exists there"),
    Loss("tool_choice", "kept", "`required` is `any`, a function is `tool`"),
    Loss("tool_choice.allowed_tools", "refused", "no subset of the tools can be named"),
    Loss("parallel_tool_calls", "emulated", "`tool_choice.disable_parallel_tool_use`"),
    Loss(
        "response_format",
        "emulated",
        "`json_schema` is `output_config.format`; its name has no place",
        frozenset({b'{"type":"text"}'}),
    ),
    Loss("response_format.json_object", "refused", "no JSON without a schema exists there"),
    Loss("user", "kept", "`metadata.user_id`"),
    Loss("safety_identifier", "kept", "`metadata.user_id`"),
    Loss("n", "refused", "one answer to a request", frozenset({b"1"})),
    Loss("audio", "refused", "no audio"),
    Loss("modalities", "refused", "text alone", frozenset({b'["text"]'})),
    Loss("functions", "refused", "the older form of `tools`", frozenset({b"[]"})),
    Loss("function_call", "refused", "the older form of `tool_choice`"),
    Loss("web_search_options", "refused", "a tool of the vendor's own"),
    Loss("logprobs", "refused", "no probabilities are told", _NO),
    Loss("top_logprobs", "refused", "no probabilities are told", frozenset({b"0"})),
    Loss("moderation", "dropped", "of this vendor alone"),
    Loss("frequency_penalty", "dropped", "not known there", frozenset({b"0", b"0.0"})),
    Loss("presence_penalty", "dropped", "not known there", frozenset({b"0", b"0.0"})),
    Loss("logit_bias", "dropped", "bound to one tokenizer", frozenset({b"{}"})),
    Loss("seed", "dropped", "not known there"),
    Loss("reasoning_effort", "dropped", "levels differ from model to model"),
    Loss("verbosity", "dropped", "not known there"),
    Loss("prediction", "dropped", "speed alone"),
    Loss("prompt_cache_key", "dropped", "speed and cost alone"),
    Loss("prompt_cache_options", "dropped", "speed and cost alone"),
    Loss("prompt_cache_retention", "dropped", "speed and cost alone"),
    Loss("service_tier", "dropped", "of the operator's account", _DEFAULT_TIER),
    Loss("store", "dropped", "nothing is stored there", _NO),
    Loss("metadata", "dropped", "of stored answers alone", frozenset({b"{}"})),
    Loss("messages.name", "dropped", "no participant has a name there"),
    Loss("messages.role.system_after_others", "dropped", "the text moves to `system`"),
    Loss("messages.content.input_audio", "refused", "no audio"),
    Loss("messages.content.file.file_id", "refused", "the file is stored with one vendor"),
    Loss("messages.content.image_url.detail", "dropped", "not known there"),
    Loss("messages.content.unknown", "refused", "nobody knows what it says"),
    Loss("messages.audio", "refused", "stored with one vendor"),
    Loss("messages.function_call", "refused", "the older form of `tool_calls`"),
    Loss("messages.tool_calls.custom", "refused", "no tool without a schema exists there"),
    Loss("messages.refusal", "kept", "text of the assistant"),
    Loss("messages.reasoning_content", "stripped", "reasoning of one vendor"),
    Loss("messages.reasoning", "stripped", "reasoning of one vendor"),
    Loss("messages.reasoning_details", "stripped", "reasoning of one vendor"),
)

_MESSAGES_TO_CHAT: Final = (
    Loss("model", "kept", "the vendor's name of the model"),
    Loss("messages", "kept", "turns, in order; results become `tool` messages"),
    Loss("system", "kept", "a `system` message"),
    Loss("stream", "kept", "`stream`, with `include_usage`"),
    Loss("max_tokens", "kept", "`max_completion_tokens`"),
    Loss("temperature", "kept", "`temperature`"),
    Loss("top_p", "kept", "`top_p`"),
    Loss("stop_sequences", "kept", "`stop`; which one stopped it is not told"),
    Loss("tools", "kept", "functions"),
    Loss("tools.type", "refused", "a tool that the vendor defines or runs"),
    Loss("tools.cache_control", "dropped", "speed and cost alone"),
    Loss("tool_choice", "kept", "`any` is `required`, `tool` is a function"),
    Loss("metadata", "kept", "`user_id` is `user`"),
    Loss("output_config", "emulated", "`format` is `response_format`, strict, named `answer`"),
    Loss("output_config.effort", "dropped", "levels differ from model to model"),
    Loss("output_format", "refused", "the older form of `output_config.format`"),
    Loss("top_k", "dropped", "not known there"),
    Loss("thinking", "dropped", "bound to the model", _NOTHING_THOUGHT),
    Loss("cache_control", "dropped", "speed and cost alone"),
    Loss("service_tier", "dropped", "of the operator's account", _DEFAULT_TIER),
    Loss("speed", "dropped", "speed and cost alone", frozenset({b'"standard"'})),
    Loss("diagnostics", "dropped", "of this vendor alone"),
    Loss("betas", "dropped", "of this vendor alone", frozenset({b"[]"})),
    Loss("anthropic-beta", "dropped", "a header, of this vendor alone"),
    Loss("user_profile_id", "dropped", "of the operator's account"),
    Loss("workspace_id", "dropped", "of the operator's account"),
    Loss("fallback_credit_token", "dropped", "of the operator's account"),
    Loss("fallbacks", "dropped", "which model follows is the gateway's to decide"),
    Loss("inference_geo", "refused", "where it is inferred would not be as asked"),
    Loss("container", "refused", "stored with one vendor"),
    Loss("thread", "refused", "stored with one vendor"),
    Loss("context_management", "refused", "the vendor would change the conversation"),
    Loss("compaction", "refused", "the vendor would change the conversation"),
    Loss("mcp_servers", "refused", "tools that the vendor runs", frozenset({b"[]"})),
    Loss("messages.prefill", "refused", "a begun answer is not continued there"),
    Loss("messages.content.cache_control", "dropped", "speed and cost alone"),
    Loss("messages.content.thinking", "stripped", "reasoning of one vendor"),
    Loss("messages.content.redacted_thinking", "stripped", "reasoning of one vendor"),
    Loss("messages.content.citations", "dropped", "sources are not told apart there"),
    Loss("messages.content.context", "dropped", "a document has a name alone there"),
    Loss("messages.content.is_error", "dropped", "a result has a text alone there"),
    Loss("messages.content.caller", "dropped", "of this vendor alone"),
    Loss("messages.content.image.file", "refused", "the file is stored with one vendor"),
    Loss("messages.content.document.file", "refused", "the file is stored with one vendor"),
    Loss("messages.content.document.url", "refused", "no document by address there"),
    Loss("messages.content.unknown", "refused", "nobody knows what it says"),
    Loss("system.cache_control", "dropped", "speed and cost alone"),
    Loss("system.citations", "dropped", "sources are not told apart there"),
)

LOSSES: Final[dict[tuple[Dialect, Dialect], dict[str, Loss]]] = {
    (CHAT, MESSAGES): {row.parameter: row for row in _CHAT_TO_MESSAGES},
    (MESSAGES, CHAT): {row.parameter: row for row in _MESSAGES_TO_CHAT},
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
