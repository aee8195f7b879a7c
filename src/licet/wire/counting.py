"""Token counting: how many tokens a prompt has, as a vendor says or as we estimate.

Source: Anthropic API reference (`POST /v1/messages/count_tokens`). A count takes no tokens, so
it adds nothing to anybody's usage.
"""

from __future__ import annotations

from typing import Final

import msgspec

from licet.terms import VendorFault
from licet.wire.answer_bodies import what_instead
from licet.wire.answers import Answer
from licet.wire.dialect import Dialect
from licet.wire.usage import Usage, estimate_tokens

_NO_USAGE: Final = Usage(input_tokens=0, output_tokens=0)


class _Count(msgspec.Struct, gc=False):
    input_tokens: int


_DECODE: Final = msgspec.json.Decoder(_Count).decode


def read_count(dialect: Dialect, body: bytes, *, request_size: int = 0) -> Answer:
    """Reads the body of a 2xx.

    Raises `VendorFault` (`malformed_answer`) for what holds no count.
    """
    try:
        _DECODE(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise VendorFault("malformed_answer", what_instead(body)) from None
    return Answer(model=None, usage=_NO_USAGE, stop_reason=None, refusal=None)


def write_estimate(request_size: int) -> bytes:
    """A count of our own, by the rule of estimates, for a request of so many bytes."""
    return msgspec.json.encode({"input_tokens": estimate_tokens(request_size)})
