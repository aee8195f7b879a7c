"""Frames: the events of a stream, as they are passed on."""

from __future__ import annotations

import msgspec

from licet.wire.progress import Kind
from licet.wire.vendor import VendorError


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One event of a stream.

    `raw` is to be forwarded as it stands: the whole event with its terminator, or nothing
    where the caller is not to see it. `error` comes with `error` and `malformed`.
    """

    raw: bytes
    kind: Kind
    error: VendorError | None = None
