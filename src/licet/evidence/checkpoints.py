"""The text of a checkpoint, exactly as C2SP `tlog-checkpoint` has it."""

from __future__ import annotations

import msgspec

from licet.evidence.note_keys import b64, unb64
from licet.terms import EvidenceFault

DIGITS_MAX = 19
"""Of a size: no log has 2^63 leaves, and nobody's time is spent on reading longer numbers."""


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a log: `size` leaves under `root`."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Reads the text of a checkpoint; extension lines are allowed and passed over."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] != "" or "" in lines[:-1]:
        raise EvidenceFault("checkpoint_malformed", "a checkpoint has at least three full lines")
    origin, size, root = lines[0], lines[1], unb64(lines[2])
    if not is_decimal(size):
        raise EvidenceFault("checkpoint_malformed", f"`{size}` is not a tree size")
    if root is None or len(root) != 32:
        raise EvidenceFault("checkpoint_malformed", f"`{lines[2]}` is not a root hash")
    return Checkpoint(origin=origin, size=int(size), root=root)


def is_decimal(text: str) -> bool:
    """Whether a text is a size or an index in its one form: no sign, no leading zero."""
    return (
        text.isascii()
        and text.isdigit()
        and len(text) <= DIGITS_MAX
        and (text == "0" or not text.startswith("0"))
    )
