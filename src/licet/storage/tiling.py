"""Tiles on disk: a folder that any web server can serve as a C2SP `tlog-tiles` log.

`tiles/` is made behind the log and from it, never on the way of a request: by `licet evidence
tiles`, in a process of its own, beside a recorder that may be writing. It has its own
`checkpoint`, put there last, so that whatever it signs can be fetched. Lost, it is made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from licet.evidence import (
    ENTRIES,
    TILE_WIDTH,
    Checkpoint,
    Edge,
    Tile,
    Tiling,
    VerifierKey,
    leaf_hash,
    note_parts,
    open_checkpoint,
    parse_checkpoint,
    read_bundle,
    read_tile,
    tile_path,
    tile_widths,
)
from licet.storage.appending import disk_fault
from licet.storage.disk import Disk, RealDisk
from licet.storage.log import CHECKPOINT
from licet.storage.reading import first_of, segment_names, stretches
from licet.terms import EvidenceFault

TILES = "tiles"


class Tiled(msgspec.Struct, frozen=True, kw_only=True):
    """The checkpoint that the tiles now serve, and how many files were written for it."""

    checkpoint: Checkpoint
    written: int


def build_tiles(
    folder: Path,
    key: VerifierKey,
    *,
    disk: Disk | None = None,
    progress: Callable[[int], None] | None = None,
) -> Tiled:
    """Brings `tiles/` up to the newest signed checkpoint; full tiles are written once.

    Raises `EvidenceFault`: `no_log`, `note_...`, `log_damaged`, `root_differs` when the log is not
    what its checkpoint signs, `log_rewound` when the tiles are ahead of it, `disk_...`.
    """
    chosen = disk or RealDisk()
    try:
        note = chosen.read(folder / CHECKPOINT)
    except FileNotFoundError as error:
        raise EvidenceFault("no_log", f"there is no signed log in `{folder}`") from error
    checkpoint = open_checkpoint(note, [key])
    edge = _edge(chosen, folder / TILES, checkpoint)
    writing = _Writing(chosen, folder / TILES)
    try:
        tiling = Tiling(edge)
        for leaves in _signed(chosen, folder, edge.size, checkpoint.size):
            writing.write(tiling.extend(leaves, map(leaf_hash, leaves)))
            if progress is not None:
                progress(tiling.size)
        if tiling.size != checkpoint.size or tiling.root() != checkpoint.root:
            raise EvidenceFault(
                "root_differs",
                f"the log in `{folder}` is not what its checkpoint signs",
                remedy="`licet evidence verify` says where; nothing more was published",
            )
        writing.write(tiling.partial())
        writing.write([Tile(path=CHECKPOINT, content=note)])
    except OSError as error:
        raise disk_fault(error, folder / TILES) from error
    return Tiled(checkpoint=checkpoint, written=writing.written - 1)


def tiles_checkpoint(folder: Path, disk: Disk | None = None) -> bytes | None:
    """The signed note that the tiles serve; None where there are none."""
    try:
        return (disk or RealDisk()).read(folder / TILES / CHECKPOINT)
    except FileNotFoundError:
        return None


def check_tiles(folder: Path, checkpoint: Checkpoint, disk: Disk) -> Iterator[tuple[Path, str]]:
    """What is wrong with the files that serve `checkpoint`: each path, and why."""
    root = folder / TILES
    tiling = Tiling()
    for index, width in _widths(checkpoint.size):
        hashes_path = root / tile_path(0, index, width)
        leaves_path = root / tile_path(ENTRIES, index, width)
        try:
            hashes = read_tile(disk.read(hashes_path))
            leaves = read_bundle(disk.read(leaves_path))
        except FileNotFoundError as error:
            yield Path(str(error.filename)), "it is missing"
            return
        except EvidenceFault as fault:
            yield leaves_path, fault.message
            return
        if len(hashes) != width or len(leaves) != width:
            yield hashes_path, f"it does not have {width} hashes, or its bundle not as many records"
            return
        for number, (leaf, hashed) in enumerate(zip(leaves, hashes, strict=True)):
            if leaf_hash(leaf) != hashed:
                place = index * TILE_WIDTH + number
                yield leaves_path, f"leaf {place} does not have the hash in `{hashes_path.name}`"
        for tile in tiling.extend(leaves, hashes):
            if not tile.path.startswith(("tile/0/", f"tile/{ENTRIES}/")):
                yield from _compare(disk, root, tile)
    for tile in tiling.partial():
        yield from _compare(disk, root, tile)
    if tiling.root() != checkpoint.root:
        yield root / CHECKPOINT, f"the tiles are not the {checkpoint.size} leaves that it signs"


def _compare(disk: Disk, root: Path, tile: Tile) -> Iterator[tuple[Path, str]]:
    try:
        if disk.read(root / tile.path) != tile.content:
            yield root / tile.path, "it is not what the tiles below it say"
    except FileNotFoundError:
        yield root / tile.path, "it is missing"


def _widths(size: int) -> Iterator[tuple[int, int]]:
    """Index and width of each tile of level 0."""
    yield from ((index, TILE_WIDTH) for index in range(size // TILE_WIDTH))
    if size % TILE_WIDTH:
        yield size // TILE_WIDTH, size % TILE_WIDTH


def _edge(disk: Disk, root: Path, checkpoint: Checkpoint) -> Edge:
    """Where to go on: after the last full tile that was served, or from the beginning.

    What was served may be signed by an earlier key, so its signature is not asked for: the root
    over old tiles and new is held against the checkpoint in the end.
    """
    try:
        text, _ = note_parts(disk.read(root / CHECKPOINT))
    except FileNotFoundError:
        return Edge()
    served = parse_checkpoint(text)
    if served.size > checkpoint.size:
        raise EvidenceFault(
            "log_rewound",
            f"`{root}` serves {served.size} leaves, and the log's checkpoint signs only"
            f" {checkpoint.size}",
            remedy="what was published cannot be taken back; look for the log's newer copy",
        )
    size = served.size - served.size % TILE_WIDTH
    levels = []
    try:
        for level, full, width in list(tile_widths(size))[1:]:
            tile = disk.read(root / tile_path(level, full, width)) if width else b""
            levels.append(read_tile(tile))
        return Edge(size=size, hashes=tuple(levels))
    except FileNotFoundError:
        # Derived files that are not all there are made again.
        return Edge()


def _signed(disk: Disk, folder: Path, start: int, end: int) -> Iterator[list[bytes]]:
    """The leaves `[start, end)` in stretches as they lie in the log."""
    names = [name for name in segment_names(disk, folder) if first_of(name) <= start]
    segment = names[-1] if names else ""
    for stretch in stretches(
        disk, folder, segment=segment, index=first_of(segment) if segment else 0
    ):
        batch = stretch.batch
        if batch is None or batch.first >= end:
            return
        leaves = batch.leaves[max(0, start - batch.first) : end - batch.first]
        if leaves:
            yield leaves


class _Writing:
    """Writes tiles, making the folders that they lie in."""

    def __init__(self, disk: Disk, root: Path) -> None:
        self._disk = disk
        self._root = root
        self._made: set[Path] = set()
        self.written = 0

    def write(self, tiles: Iterable[Tile]) -> None:
        for tile in tiles:
            path = self._root / tile.path
            if path.parent not in self._made:
                self._disk.make_folder(path.parent)
                self._made.add(path.parent)
            self._disk.replace(path, tile.content)
            self.written += 1
