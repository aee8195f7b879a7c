"""What was said, where a workload keeps it: for a stated time, under a key of the person."""

from __future__ import annotations

from typing import Literal

import msgspec

ContentPart = Literal["request", "answer"]


class Content(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The bytes of a request as its caller sent them, or of an answer as its caller got them.

    `until`: an instant as leaves write it, from which nobody may read it any more. `size` is the
    length of the whole in bytes; `data` is shorter where that is beyond what is kept of one.
    `holder` says under whose key it lies, as with an `Opening`.
    """

    request: str
    holder: str
    part: ContentPart
    until: str
    size: int
    data: bytes

    @property
    def is_whole(self) -> bool:
        """Whether it can be compared with the digest that the log has of it."""
        return len(self.data) == self.size
