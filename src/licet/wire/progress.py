"""Progress: what is known of an answer while its stream is being read."""

from __future__ import annotations

from typing import Literal

from licet.wire.dialect import Dialect
from licet.wire.usage import MessagesUsage, Usage, estimate_tokens
from licet.wire.usage_reading import usage_of_messages
from licet.wire.vendor import VendorError

Kind = Literal["preamble", "content", "stop", "refusal", "usage", "end", "error", "malformed"]
"""What a frame of a stream is:

- `preamble`: nothing said and nothing decided (a role, a ping, a comment, the start or the
  end of a block); while there was nothing else, another upstream can still take over;
- `content`: text, reasoning, a tool call;
- `stop`: the model stopped, and `stop_reason` says why;
- `refusal`: the vendor refused, or its filter cut in; `refusal` has the category;
- `usage`: a chunk that carries usage alone;
- `end`: the last frame of a whole stream; in Responses it is also the `stop`;
- `error`: the vendor says inside the stream that it failed;
- `malformed`: not an event of this dialect.
"""


class Progress:
    """What has been read so far. The dialects' readers write it, everybody else reads it.

    `model` answers, as the vendor spells it; `usage` is None until the vendor's figures are
    final, `reached` holds the cumulative ones of Messages until then. `stop_reason` is kept
    as the vendor spells it, known or not. `refusal` is a category, `residency` the place of
    inference that the vendor names (`usage.inference_geo`). `text_size` counts characters
    of text, reasoning and tool arguments. `open_block` is the index of the content block
    that a stream of Messages has open, `sequence` the last number that a stream of Responses
    has given to an event, -1 before the first. `ended` says that the dialect's own last frame has
    come; `error` is what the last `error` or `malformed` frame said.
    """

    __slots__ = (
        "dialect",
        "ended",
        "error",
        "model",
        "open_block",
        "reached",
        "refusal",
        "residency",
        "sequence",
        "stop_reason",
        "text_size",
        "usage",
    )

    def __init__(self, dialect: Dialect) -> None:
        self.dialect: Dialect = dialect
        self.model: str | None = None
        self.usage: Usage | None = None
        self.reached: MessagesUsage | None = None
        self.stop_reason: str | None = None
        self.refusal: str | None = None
        self.residency: str | None = None
        self.text_size = 0
        self.open_block: int | None = None
        self.sequence = -1
        self.ended = False
        self.error: VendorError | None = None

    def estimate_usage(self, request_size: int = 0) -> Usage:
        """The final figures, or for an interrupted stream an estimate that says so.

        `request_size` is in bytes. What the vendor has said of the input is taken as it is;
        output is estimated from the text that came, since its count is only right at the end.
        """
        if self.usage is not None:
            return self.usage
        said = usage_of_messages(self.reached)
        output = estimate_tokens(self.text_size)
        if said is None:
            return Usage(
                input_tokens=estimate_tokens(request_size), output_tokens=output, estimated=True
            )
        return Usage(
            input_tokens=said.input_tokens,
            output_tokens=max(output, said.output_tokens),
            cached_input_tokens=said.cached_input_tokens,
            estimated=True,
        )
