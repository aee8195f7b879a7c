"""Proofs from one pass over a log: which subtrees they need, and these subtrees' roots.

A log has no stored tree beside its leaves, and may be larger than memory. So a proof is first
made with an empty hand, to learn what it asks for; then the leaves pass by once, and only what
was asked for is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256

from licet.evidence.merkle import Subtree

Node = tuple[int, int]
"""A complete subtree over the leaves `[start, end)`."""


def nodes_of(prove: Callable[[Subtree], object]) -> frozenset[Node]:
    """The subtrees for which a proof asks."""
    asked: set[Node] = set()

    def subtree(start: int, end: int) -> bytes:
        asked.add((start, end))
        return bytes(32)

    prove(subtree)
    return frozenset(asked)


class Gathering:
    """Leaf hashes in order, from the first; of the roots it passes, it keeps those of `nodes`."""

    __slots__ = ("_kept", "_nodes", "_roots", "size")

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._nodes = frozenset(nodes)
        self._kept: dict[Node, bytes] = {}
        self._roots: list[bytes] = []
        self.size = 0

    def extend(self, hashes: Iterable[bytes]) -> None:
        roots, nodes, kept = self._roots, self._nodes, self._kept
        size = self.size
        for hashed in hashes:
            root, width, carry = hashed, 1, size
            if (size, size + 1) in nodes:
                kept[(size, size + 1)] = root
            while carry & 1:
                root = sha256(b"\x01" + roots.pop() + root).digest()
                carry >>= 1
                width <<= 1
                node = (size + 1 - width, size + 1)
                if node in nodes:
                    kept[node] = root
            roots.append(root)
            size += 1
        self.size = size

    def subtree(self, start: int, end: int) -> bytes:
        """The root of one of `nodes`; `KeyError` when the leaves have not come so far."""
        return self._kept[(start, end)]
