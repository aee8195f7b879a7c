"""Fates: what can become of a parameter on its way into another dialect, as rows of a table."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

Fate = Literal["kept", "emulated", "refused", "dropped", "stripped"]
"""- `kept`: said in other words, with the same meaning;
- `emulated`: what comes near to it is done, as the note says;
- `refused`: the request is refused with 400, since the answer would be another one;
- `dropped`: left out, and named in `Licet-Dropped` and on record; refused if `lossless`;
- `stripped`: bound to the vendor that made it, so it never reaches another; on record.
"""

KEPT: Final = frozenset({"kept", "emulated"})
"""Fates of what a translation reads and says again."""


class Loss(msgspec.Struct, frozen=True, gc=False):
    """A row: `harmless` are the values (as compact JSON) that say nothing, and so lose nothing."""

    parameter: str
    fate: Fate
    note: str
    harmless: frozenset[bytes] = frozenset()


NO: Final = frozenset({b"false"})
NONE: Final = frozenset({b"[]"})
NO_NAMES: Final = frozenset({b"{}"})
ZERO: Final = frozenset({b"0", b"0.0"})
DEFAULT_TIER: Final = frozenset({b'"auto"', b'"default"', b'"standard_only"'})
