"""Tiles: names and content as C2SP `tlog-tiles` has them, whatever the size of the tree."""

import pytest

from licet.evidence import (
    Edge,
    Hashes,
    Tile,
    Tiling,
    leaf_hash,
    read_bundle,
    read_tile,
    root_of,
    tile_path,
    tile_widths,
)
from licet.terms import EvidenceFault

LEAVES = [b"leaf %d" % number for number in range(66_000)]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]
TREE = Hashes(HASHES)


def tiled(size: int, edge: Edge | None = None) -> tuple[Tiling, dict[str, bytes]]:
    tiling = Tiling(edge)
    start = tiling.size
    full = tiling.extend(LEAVES[start:size], HASHES[start:size])
    return tiling, {tile.path: tile.content for tile in [*full, *tiling.partial()]}


@pytest.mark.parametrize(
    ("level", "index", "width", "path"),
    [
        (0, 0, 256, "tile/0/000"),
        (1, 1234067, 256, "tile/1/x001/x234/067"),
        ("entries", 1000, 5, "tile/entries/x001/000.p/5"),
        (63, 999, 255, "tile/63/999.p/255"),
    ],
)
def test_names(level: int | str, index: int, width: int, path: str) -> None:
    assert tile_path(level, index, width) == path


def test_the_example_of_the_standard() -> None:
    assert list(tile_widths(70_000)) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert list(tile_widths(256)) == [(0, 1, 0), (1, 0, 1)]
    assert list(tile_widths(0)) == []


@pytest.mark.parametrize("size", [1, 255, 256, 257, 1000, 65_535, 65_536, 65_537, 66_000])
def test_tiles_hold_the_hashes_that_the_standard_defines(size: int) -> None:
    tiling, files = tiled(size)
    for level, full, width in tile_widths(size):
        span = 256**level
        for index in range(full + bool(width)):
            held = 256 if index < full else width
            hashes = read_tile(files.pop(tile_path(level, index, held)))
            first = index * 256
            for place in {0, held // 2, held - 1}:
                start = (first + place) * span
                assert hashes[place] == TREE.subtree(start, start + span)
    for index in range(size // 256 + bool(size % 256)):
        held = min(256, size - index * 256)
        content = files.pop(tile_path("entries", index, held))
        assert read_bundle(content) == LEAVES[index * 256 : index * 256 + held]
    assert not files
    assert tiling.root() == root_of(0, size, TREE.subtree)


@pytest.mark.parametrize("size", [256, 300, 65_536, 65_900])
def test_tiling_goes_on_from_what_was_written(size: int) -> None:
    _, files = tiled(size)
    start = size - size % 256
    hashes = tuple(
        read_tile(files[tile_path(level, full, width)]) if width else ()
        for level, full, width in list(tile_widths(start))[1:]
    )
    later, more = tiled(66_000, Edge(size=start, hashes=hashes))
    whole, everything = tiled(66_000)
    assert later.root() == whole.root()
    assert more == {path: everything[path] for path in more}
    assert everything.keys() - more.keys() <= files.keys()


@pytest.mark.parametrize("cut", [1, 2, 5])
def test_a_bundle_or_tile_that_is_cut_is_refused(cut: int) -> None:
    _, files = tiled(3)
    with pytest.raises(EvidenceFault, match="ends inside"):
        read_bundle(files["tile/entries/000.p/3"][:-cut])
    with pytest.raises(EvidenceFault, match="ends inside"):
        read_tile(files["tile/0/000.p/3"][:-cut])


def test_the_longest_leaf_has_room() -> None:
    leaf = b"x" * 65_535
    tiling = Tiling()
    assert tiling.extend([leaf], [leaf_hash(leaf)]) == []
    bundle: Tile = tiling.partial()[0]
    assert read_bundle(bundle.content) == [leaf]
