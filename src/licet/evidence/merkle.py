"""The Merkle tree of RFC 6962, section 2.1, over hashes; whoever stores them is asked.

`Frontier` appends without keeping the tree: it holds the roots of the maximal complete
subtrees, largest first, which is all that the next root needs. Proofs are made from a
function that returns the root of any complete subtree, so the same code serves a list in
memory, tiles, or a write-ahead file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()

Subtree = Callable[[int, int], bytes]
"""`subtree(start, end)`: the root of the leaves `[start, end)`, `end - start` a power of two."""


def leaf_hash(leaf: bytes) -> bytes:
    return sha256(b"\x00" + leaf).digest()


def leaf_hashes(leaves: Iterable[bytes]) -> list[bytes]:
    """The hash of each leaf."""
    digest = sha256
    return [digest(b"\x00" + leaf).digest() for leaf in leaves]


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """An append-only tree by its right edge: `size` leaves and a root, nothing else."""

    __slots__ = ("_roots", "size")

    def __init__(self, size: int = 0, roots: Iterable[bytes] = ()) -> None:
        self.size = size
        self._roots = list(roots)
        if len(self._roots) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} complete subtrees")

    @property
    def roots(self) -> tuple[bytes, ...]:
        """The roots of the complete subtrees, largest first."""
        return tuple(self._roots)

    def copy(self) -> Frontier:
        return Frontier(self.size, self._roots)

    def append(self, hashed: bytes) -> None:
        self.extend((hashed,))

    def extend(self, hashes: Iterable[bytes]) -> None:
        """Appends leaf hashes in order."""
        roots = self._roots
        nodes = list(hashes)
        carry = self.size
        self.size += len(nodes)
        digest = sha256
        rest: list[bytes] = []
        # Level by level: a one bit of the size is a complete subtree to the left, whose right
        # neighbour the first node is; a node without a right neighbour stays as it is.
        while nodes:
            if carry & 1:
                nodes.insert(0, roots.pop())
            if len(nodes) & 1:
                rest.append(nodes.pop())
            pairs = zip(nodes[::2], nodes[1::2], strict=True)
            nodes = [digest(b"\x01" + left + right).digest() for left, right in pairs]
            carry >>= 1
        roots += reversed(rest)

    def graft(self, width: int, root: bytes) -> None:
        """Appends a complete subtree of `width` leaves, which must lie where one can."""
        if self.size % width:
            raise ValueError(f"a subtree of {width} leaves cannot begin at leaf {self.size}")
        carry = self.size // width
        while carry & 1:
            root = node_hash(self._roots.pop(), root)
            carry >>= 1
        self._roots.append(root)
        self.size += width

    def root(self) -> bytes:
        if not self._roots:
            return EMPTY_ROOT
        right = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            right = node_hash(left, right)
        return right


class Run:
    """Consecutive leaves somewhere in a tree, as few complete subtrees: what a part of a log
    contributes to the whole, whoever hashed the leaves before it."""

    __slots__ = ("_parts", "end", "start")

    def __init__(self, start: int) -> None:
        self.start = self.end = start
        self._parts: list[tuple[int, bytes]] = []

    @property
    def parts(self) -> tuple[tuple[int, bytes], ...]:
        """Width and root of each subtree, from left to right: `Frontier.graft` takes them."""
        return tuple(self._parts)

    def extend(self, hashes: Iterable[bytes]) -> None:
        parts = self._parts
        index = self.end
        digest = sha256
        for root in hashes:
            width, carry = 1, index
            while carry & 1 and parts and parts[-1][0] == width:
                root = digest(b"\x01" + parts.pop()[1] + root).digest()  # noqa: PLW2901
                width <<= 1
                carry >>= 1
            parts.append((width, root))
            index += 1
        self.end = index


class Hashes:
    """Leaf hashes in memory with every complete subtree's root: what small logs prove from."""

    __slots__ = ("_levels",)

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for hashed in leaf_hashes:
            self.append(hashed)

    def __len__(self) -> int:
        return len(self._levels[0])

    def append(self, hashed: bytes) -> None:
        level = 0
        self._levels[0].append(hashed)
        while len(self._levels[level]) % 2 == 0:
            if level + 1 == len(self._levels):
                self._levels.append([])
            self._levels[level + 1].append(node_hash(*self._levels[level][-2:]))
            level += 1

    def subtree(self, start: int, end: int) -> bytes:
        level = (end - start).bit_length() - 1
        return self._levels[level][start >> level]


def root_of(start: int, end: int, subtree: Subtree) -> bytes:
    """The root of the leaves `[start, end)`, MTH of RFC 6962."""
    if start == end:
        return EMPTY_ROOT
    width = end - start
    if width & (width - 1) == 0:
        return subtree(start, end)
    middle = start + _split(width)
    return node_hash(subtree(start, middle), root_of(middle, end, subtree))


def prove_inclusion(index: int, size: int, subtree: Subtree) -> tuple[bytes, ...]:
    """The audit path of the leaf at `index` in the tree of `size` leaves (2.1.1)."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(root_of(middle, end, subtree))
            end = middle
        else:
            path.append(root_of(start, middle, subtree))
            start = middle
    return tuple(reversed(path))


def verify_inclusion(
    hashed: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """Whether `path` shows the leaf hash at `index` under `root` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, running = index, size - 1, hashed
    for step in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            running = node_hash(step, running)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            running = node_hash(running, step)
        place >>= 1
        last >>= 1
    return last == 0 and running == root


def prove_consistency(old: int, new: int, subtree: Subtree) -> tuple[bytes, ...]:
    """The proof that the tree of `old` leaves is a prefix of that of `new` (2.1.2)."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {old} leaves is no prefix of one of {new}")
    if old in (0, new):
        return ()
    proof: list[bytes] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(root_of(middle, end, subtree))
            end = middle
        else:
            proof.append(root_of(start, middle, subtree))
            start, whole = middle, False
    if not whole:
        proof.append(root_of(start, end, subtree))
    return tuple(reversed(proof))


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether `proof` shows the older tree inside the newer (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    steps = list(proof)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place >>= 1
        last >>= 1
    older = newer = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            older, newer = node_hash(step, older), node_hash(step, newer)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            newer = node_hash(newer, step)
        place >>= 1
        last >>= 1
    return last == 0 and older == old_root and newer == new_root


def _split(width: int) -> int:
    """The largest power of two smaller than `width`."""
    return 1 << ((width - 1).bit_length() - 1)
