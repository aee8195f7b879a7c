"""The tree as static files, exactly as C2SP `tlog-tiles` has them.

A tile holds 256 hashes of one level, `tile/LEVEL/INDEX`; an entry bundle holds the leaves under
a tile of level 0, `tile/entries/INDEX`. What is not full yet has its width in its name
(`.p/WIDTH`); what is full never changes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from licet.evidence.merkle import Frontier, node_hash
from licet.terms import EvidenceFault

TILE_WIDTH = 256
HASH_BYTES = 32
ENTRIES = "entries"
_LENGTH = struct.Struct(">H")


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """A static file: its path below the log's prefix, and its content."""

    path: str
    content: bytes


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the tree at which a tile of level 0 begins: `size` is a multiple of 256.

    `hashes[n]`: what the unfinished tile of level `n + 1` holds.
    """

    size: int = 0
    hashes: tuple[tuple[bytes, ...], ...] = ()


def tile_path(level: int | str, index: int, width: int = TILE_WIDTH) -> str:
    """`tile/1/x001/x234/067.p/5`; `level` is a number, or `entries` for the leaves themselves."""
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.append(f"x{index % 1000:03}")
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"


def tile_widths(size: int) -> Iterator[tuple[int, int, int]]:
    """Level, number of full tiles, and width of the partial one, of a tree of `size` leaves."""
    level = 0
    while (held := size >> (8 * level)) > 0:
        yield level, held // TILE_WIDTH, held % TILE_WIDTH
        level += 1


def bundle(leaves: Iterable[bytes]) -> bytes:
    """An entry bundle: each leaf behind its length in two bytes, big endian."""
    return b"".join(_LENGTH.pack(len(leaf)) + leaf for leaf in leaves)


def read_bundle(content: bytes) -> list[bytes]:
    """The leaves of a bundle; `EvidenceFault` (`tile_damaged`) when it ends inside one."""
    leaves = []
    place = 0
    while place < len(content):
        start = place + _LENGTH.size
        length = _LENGTH.unpack_from(content, place)[0] if start <= len(content) else 0
        place = start + length
        if place > len(content):
            raise EvidenceFault("tile_damaged", "an entry bundle ends inside a record")
        leaves.append(content[start:place])
    return leaves


def read_tile(content: bytes) -> tuple[bytes, ...]:
    """The hashes of a tile; `EvidenceFault` (`tile_damaged`) unless it has whole ones."""
    if len(content) % HASH_BYTES:
        raise EvidenceFault("tile_damaged", "a tile ends inside a hash")
    return tuple(content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES))


def tile_root(hashes: Sequence[bytes]) -> bytes:
    """The root over the hashes of a full tile."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[at], level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]


class Tiling:
    """Leaves in, tiles out: those that became full at once, the partial ones when asked."""

    def __init__(self, edge: Edge | None = None) -> None:
        begun = edge or Edge()
        self.size = begun.size
        self._leaves: list[bytes] = []
        self._levels: list[list[bytes]] = [[], *(list(hashes) for hashes in begun.hashes)]

    def extend(self, leaves: Iterable[bytes], hashes: Iterable[bytes]) -> list[Tile]:
        """Appends leaves with their RFC 6962 hashes; the tiles and bundles that are now full."""
        full: list[Tile] = []
        for leaf, hashed in zip(leaves, hashes, strict=True):
            self._leaves.append(leaf)
            self._levels[0].append(hashed)
            self.size += 1
            if len(self._leaves) == TILE_WIDTH:
                index = self.size // TILE_WIDTH - 1
                full.append(Tile(path=tile_path(ENTRIES, index), content=bundle(self._leaves)))
                self._leaves = []
                full += self._finish()
        return full

    def partial(self) -> list[Tile]:
        """The partial tiles and the partial bundle of the tree as it is."""
        found = []
        if self._leaves:
            index, width = self.size // TILE_WIDTH, len(self._leaves)
            path = tile_path(ENTRIES, index, width)
            found.append(Tile(path=path, content=bundle(self._leaves)))
        for level, (full, width) in enumerate((f, w) for _, f, w in tile_widths(self.size)):
            if width:
                content = b"".join(self._levels[level])
                found.append(Tile(path=tile_path(level, full, width), content=content))
        return found

    def root(self) -> bytes:
        """The root over all leaves, made from the tiles' own hashes."""
        return _fold(self.size, self._levels)

    def _finish(self) -> Iterator[Tile]:
        """Writes each level that is full, from the lowest, and its root into the next."""
        level = 0
        while len(self._levels[level]) == TILE_WIDTH:
            hashes = self._levels[level]
            index = (self.size >> (8 * (level + 1))) - 1
            yield Tile(path=tile_path(level, index), content=b"".join(hashes))
            if level + 1 == len(self._levels):
                self._levels.append([])
            self._levels[level + 1].append(tile_root(hashes))
            self._levels[level] = []
            level += 1


def _fold(size: int, levels: Sequence[Sequence[bytes]]) -> bytes:
    """The root of a tree from its unfinished tiles, the lowest level first."""
    roots: list[bytes] = []
    for hashes in reversed(levels):
        # An unfinished tile contributes the largest complete subtrees over what it holds.
        held = Frontier()
        held.extend(hashes)
        roots += held.roots
    return Frontier(size, roots).root()
