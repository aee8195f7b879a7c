"""Vectors of texts, in the form of OpenAI's Embeddings API."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import Any

from licet.sim.pieces import encode
from licet.sim.questions import Question
from licet.sim.script import ScriptedFault

DIMENSIONS = 8
"""Of a vector for which nobody asks another length."""


def embed(question: Question, fault: ScriptedFault) -> bytes:
    """A `list` of one vector for each text, which a model always makes the same."""
    length = question.dimensions or DIMENSIONS
    vectors = [_vector(question.model, text, length) for text in question.texts]
    tokens = max(1, len(question.prompt) // 4)
    body: dict[str, Any] = {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": _shown(vector, question.encoding)}
            for index, vector in enumerate(vectors)
        ],
        "model": f"{question.model}-lite" if fault.name == "wrong_model" else question.model,
    }
    if fault.name != "missing_usage":
        body["usage"] = {"prompt_tokens": tokens, "total_tokens": tokens}
    return encode(body)


def _vector(model: str, text: str, length: int) -> list[float]:
    """Numbers in [-1, 1) that single precision holds exactly."""
    bytes_ = hashlib.shake_128(f"{model}\n{text}".encode("utf-8", "surrogatepass")).digest(length)
    return [byte / 128 - 1 for byte in bytes_]


def _shown(vector: list[float], encoding: str) -> list[float] | str:
    if encoding == "float":
        return vector
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
