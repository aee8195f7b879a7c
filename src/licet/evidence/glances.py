"""What the recorder looks at in a leaf that it is given."""

from __future__ import annotations

import msgspec

from licet.terms import RequestId


class _Skipped(msgspec.Struct, frozen=True, gc=False):
    """A member that is only asked whether it is there."""


class Glance(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The few members by which the recorder keeps its books; everything else is skipped."""

    kind: str
    at: str
    log: str
    request: RequestId = RequestId("")
    attempt: int = 1
    valid_at: str = ""
    sending: _Skipped | None = None
