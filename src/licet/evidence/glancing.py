"""The glance that the recorder takes at each leaf."""

from __future__ import annotations

import msgspec

from licet.evidence.glances import Glance
from licet.terms import EvidenceFault

_GLANCE = msgspec.json.Decoder(Glance)


def glance(data: bytes) -> Glance:
    """The envelope of a leaf and how it opens or closes an attempt."""
    try:
        return _GLANCE.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EvidenceFault("leaf_malformed", f"not a record: {error}") from error
