"""Embeddings: the vectors of texts, read for the record and passed on untouched.

Source: OpenAI API reference (Embeddings). A vector means something beside vectors of the same
model alone, so that nothing here is ever said in another dialect or by another model.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from licet.terms import VendorFault
from licet.wire.answer_bodies import what_instead
from licet.wire.answers import Answer
from licet.wire.dialect import Dialect
from licet.wire.usage import ChatUsage, Usage, estimate_tokens
from licet.wire.usage_reading import usage_of_chat
from licet.wire.vendor import mended


class _Vectors(msgspec.Struct, gc=False):
    data: list[msgspec.Raw]
    model: Any = None
    usage: ChatUsage | None = None


_DECODE: Final = msgspec.json.Decoder(_Vectors).decode


def read_embeddings(dialect: Dialect, body: bytes, *, request_size: int = 0) -> Answer:
    """Reads the body of a 2xx; `request_size` in bytes is the ground of an estimate.

    Raises `VendorFault` (`malformed_answer`) for what holds no vectors.
    """
    try:
        said = _DECODE(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = _read_leniently(body)
    if not said.data:
        raise VendorFault("malformed_answer", "the vendor's answer holds no vector")
    usage = usage_of_chat(said.usage)
    if usage is None:
        tokens = estimate_tokens(request_size)
        usage = Usage(input_tokens=tokens, output_tokens=0, estimated=True)
    return Answer(
        model=said.model if isinstance(said.model, str) and said.model else None,
        usage=usage,
        stop_reason=None,
        refusal=None,
    )


def _read_leniently(body: bytes) -> _Vectors:
    try:
        return _DECODE(mended(body))
    except (ValueError, RecursionError):
        raise VendorFault("malformed_answer", what_instead(body)) from None
