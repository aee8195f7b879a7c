"""Writes a model that llama.cpp serves: one layer, random weights, words instead of nonsense.

Run by the engine's own environment: `engine_model.py FILE`. Its first dimension is the same for
every token, and words alone have it in the output, so that nothing else is ever said.
"""

import sys
from typing import Any

import numpy as np  # type: ignore[import-not-found]  # of another environment
from gguf import GGUFWriter, TokenType  # type: ignore[import-not-found]  # of another environment

WORDS = "the ledger keeps what arrived and for whom so that anybody who was not there can judge it"
TOKENS = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
WIDTH, INNER, CONTEXT = 32, 64, 2048


def main(path: str) -> None:
    """Writes the model, the same bytes every time."""
    words = [f"\u2581{word}" for word in WORDS.split()]
    draw = np.random.default_rng(2026)

    def weights(*shape: int, scale: float = 0.3) -> Any:
        return (draw.standard_normal(shape) * scale).astype(np.float32)

    model = GGUFWriter(path, "llama")
    model.add_name("tiny")
    model.add_context_length(CONTEXT)
    model.add_embedding_length(WIDTH)
    model.add_block_count(1)
    model.add_feed_forward_length(INNER)
    model.add_head_count(2)
    model.add_head_count_kv(2)
    model.add_layer_norm_rms_eps(1e-5)
    model.add_rope_dimension_count(WIDTH // 2)
    vocabulary = [*TOKENS, *words]
    model.add_vocab_size(len(vocabulary))
    model.add_tokenizer_model("llama")
    model.add_tokenizer_pre("default")
    model.add_token_list(vocabulary)
    model.add_token_scores([0.0] * 3 + [-1000.0] * 256 + [-1.0] * len(words))
    model.add_token_types(
        [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL]
        + [TokenType.BYTE] * 256
        + [TokenType.NORMAL] * len(words)
    )
    model.add_bos_token_id(1)
    model.add_eos_token_id(2)
    model.add_unk_token_id(0)
    embedding, output = weights(len(vocabulary), WIDTH), weights(len(vocabulary), WIDTH)
    embedding[:, 0] = 4.0
    output[:, 0] = -5.0
    output[len(TOKENS) :, 0] = 5.0
    ones = np.ones(WIDTH, np.float32)
    model.add_tensor("token_embd.weight", embedding)
    model.add_tensor("output.weight", output)
    model.add_tensor("output_norm.weight", ones)
    model.add_tensor("blk.0.attn_norm.weight", ones)
    model.add_tensor("blk.0.ffn_norm.weight", ones)
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        model.add_tensor(f"blk.0.{name}.weight", weights(WIDTH, WIDTH))
    model.add_tensor("blk.0.ffn_gate.weight", weights(INNER, WIDTH))
    model.add_tensor("blk.0.ffn_up.weight", weights(INNER, WIDTH))
    model.add_tensor("blk.0.ffn_down.weight", weights(WIDTH, INNER, scale=0.05))
    model.write_header_to_file()
    model.write_kv_data_to_file()
    model.write_tensors_to_file()
    model.close()


main(sys.argv[1])
