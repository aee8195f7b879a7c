"""What becomes of the parameters of Messages in the other dialects."""

from __future__ import annotations

from typing import Final

from licet.wire.fates import DEFAULT_TIER, NONE, Loss

_COMMON: Final = (
    Loss("model", "kept", "the vendor's name of the model"),
    Loss("temperature", "kept", "`temperature`"),
    Loss("top_p", "kept", "`top_p`"),
    Loss("tools.type", "refused", "a tool that the vendor defines or runs"),
    Loss("tools.cache_control", "dropped", "speed and cost alone"),
    Loss("metadata", "kept", "`user_id` is `user`"),
    Loss("output_config.effort", "dropped", "levels differ from model to model"),
    Loss("output_format", "refused", "the older form of `output_config.format`"),
    Loss("top_k", "dropped", "not known there"),
    Loss("thinking", "dropped", "bound to the model", frozenset({b'{"type":"disabled"}'})),
    Loss("cache_control", "dropped", "speed and cost alone"),
    Loss("service_tier", "dropped", "of the operator's account", DEFAULT_TIER),
    Loss("speed", "dropped", "speed and cost alone", frozenset({b'"standard"'})),
    Loss("diagnostics", "dropped", "of this vendor alone"),
    Loss("betas", "dropped", "of this vendor alone", NONE),
    Loss("anthropic-beta", "dropped", "a header, of this vendor alone"),
    Loss("user_profile_id", "dropped", "of the operator's account"),
    Loss("workspace_id", "dropped", "of the operator's account"),
    Loss("fallback_credit_token", "dropped", "of the operator's account"),
    Loss("fallbacks", "dropped", "which model follows is the gateway's to decide"),
    Loss("inference_geo", "refused", "where it is inferred would not be as asked"),
    Loss("container", "refused", "stored with one vendor"),
    Loss("thread", "refused", "stored with one vendor; its client then asks without one"),
    Loss("context_management", "dropped", "nobody shortens the conversation: it goes whole"),
    Loss("compaction", "dropped", "nobody shortens the conversation: it goes whole"),
    Loss("mcp_servers", "refused", "tools that the vendor runs", NONE),
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
    Loss("messages.content.unknown", "refused", "nobody knows what it says"),
    Loss("system.cache_control", "dropped", "speed and cost alone"),
    Loss("system.citations", "dropped", "sources are not told apart there"),
)

TO_CHAT: Final = (
    *_COMMON,
    Loss("messages", "kept", "turns, in order; results become `tool` messages"),
    Loss("system", "kept", "a `system` message"),
    Loss("stream", "kept", "`stream`, with `include_usage`"),
    Loss("max_tokens", "kept", "`max_completion_tokens`"),
    Loss("stop_sequences", "kept", "`stop`; which one stopped it is not told"),
    Loss("tools", "kept", "functions"),
    Loss("tool_choice", "kept", "`any` is `required`, `tool` is a function"),
    Loss("output_config", "emulated", "`format` is `response_format`, strict, named `answer`"),
    Loss("messages.content.document.url", "refused", "no document by address there"),
)

TO_RESPONSES: Final = (
    *_COMMON,
    Loss("messages", "kept", "items, in order; calls and results are items of their own"),
    Loss("system", "kept", "`instructions`"),
    Loss("stream", "kept", "`stream`"),
    Loss("max_tokens", "kept", "`max_output_tokens`"),
    Loss("stop_sequences", "refused", "the answer would go on behind it", NONE),
    Loss("tools", "kept", "functions, not strict unless the caller says so"),
    Loss("tool_choice", "kept", "`any` is `required`, `tool` is a function"),
    Loss("output_config", "emulated", "`format` is `text.format`, strict, named `answer`"),
    Loss("messages.content.document.url", "kept", "`file_url`"),
)
