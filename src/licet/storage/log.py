"""The evidence log on disk: one writer, group commit, signed checkpoints.

The folder holds `lock`, `log.key` and `log.vkey`, the segments in `wal/`, the newest signed
`checkpoint`, and two derived files, `state` and `register`, that make starts fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from licet.evidence import (
    SEED_BYTES,
    SEGMENT_HEADER_BYTES,
    Checkpoint,
    Glance,
    Leaf,
    OutcomeLeaf,
    SeedType,
    SegmentHeader,
    SignerKey,
    StartedLeaf,
    StoppedLeaf,
    decode,
    encode,
    encode_batch,
    encode_segment_header,
    glance,
    leaf_hashes,
    open_checkpoint,
    sign_checkpoint,
)
from licet.storage.appending import AppendFile, disk_fault
from licet.storage.books import NOBODY, Attempt, Books
from licet.storage.disk import Disk
from licet.storage.keys import HANDOVERS, handover_name, install, signing_keys
from licet.storage.reading import WAL, segment_name
from licet.storage.restoring import REGISTER, STATE, restore
from licet.storage.saved import Registered, State, seal
from licet.terms import EvidenceFault

SEGMENT_BYTES_MAX = 64 << 20
RESERVED_BYTES = 4 << 20
CHECKPOINT = "checkpoint"


class Checked:
    """A leaf that belongs to this log, and what the recorder needs to know of it."""

    __slots__ = ("leaf", "owner", "seen")

    def __init__(self, leaf: bytes, seen: Glance, owner: int) -> None:
        self.leaf = leaf
        self.seen = seen
        self.owner = owner


class Log:
    """An open log. Whatever `append` returned from is durable; nothing else is in it."""

    def __init__(
        self,
        folder: Path,
        disk: Disk,
        origin: str,
        entropy: Callable[[int], bytes],
        *,
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
    ) -> None:
        """Opens or begins the log, taking its lock and mending a torn tail.

        Raises `EvidenceFault`: `log_locked`, `log_damaged`, `log_rewound`, `wrong_log`,
        `disk_full`, `disk_failed`.
        """
        self.folder = folder
        self.origin = origin
        self._disk = disk
        self._segment_bytes_max = segment_bytes_max
        self._ahead = min(RESERVED_BYTES, segment_bytes_max)
        try:
            disk.make_folder(folder)
            disk.make_folder(folder / WAL)
            self._lock = disk.lock(folder / "lock")
        except OSError as error:
            raise disk_fault(error, folder) from error
        try:
            self._open(entropy)
        except OSError as error:
            self._lock.release()
            raise disk_fault(error, folder) from error
        except EvidenceFault:
            self._lock.release()
            raise

    def _open(self, entropy: Callable[[int], bytes]) -> None:
        self.keys = signing_keys(self.folder, self._disk, self.origin, entropy)
        self.checkpoint = self._read_checkpoint()
        found = restore(self.folder, self._disk, self.checkpoint)
        self._frontier = found.frontier
        self.books: Books = found.books
        self.scanned = found.scanned
        self._registered_saved = -1
        self._rotating = False
        if found.offset:
            path = self.folder / WAL / found.segment
            self._file = AppendFile(self._disk, path, found.offset, ahead=self._ahead)
        else:
            self._file = self._new_segment()
        self.mended = self._file.cut
        """Bytes of a torn tail that were cut off."""

    @property
    def key(self) -> SignerKey:
        """The key of Ed25519, which every log has."""
        return self.keys[0]

    @property
    def size(self) -> int:
        return self._frontier.size

    @property
    def last_at(self) -> str:
        """The last instant of the decision clock that the log knows; empty: none."""
        return self.books.last_at

    def register(self) -> Iterator[tuple[int, Leaf]]:
        """The register leaves so far, with their indices."""
        return ((index, decode(data)) for index, data in self.books.register)

    def check(self, leaf: bytes, owner: int = NOBODY) -> Checked:
        """A leaf that may be appended; `EvidenceFault` (`leaf_malformed`) otherwise."""
        seen = glance(leaf)
        if seen.log != self.origin or len(leaf) > 65_535:
            raise EvidenceFault("leaf_malformed", f"the record is not of log `{self.origin}`")
        return Checked(leaf, seen, owner)

    def append(
        self, entries: Sequence[Checked], durable: Callable[[int], None] | None = None
    ) -> int:
        """Makes leaves durable in one group commit; the index of the first.

        `durable` is told that index as soon as they are, so that whoever waits for the disk does
        not wait for the books besides. Raises `EvidenceFault` (`disk_full`, `disk_failed`): then
        none of them is in the log.
        """
        first = self._frontier.size
        leaves = [entry.leaf for entry in entries]
        hashes = leaf_hashes(leaves)
        data = encode_batch(first, leaves, hashes)
        try:
            if self._rotating or self._file.end + len(data) > self._segment_bytes_max:
                self._rotate()
            self._file.append(data)
        except OSError as error:
            raise disk_fault(error, self._file.path) from error
        if durable is not None:
            durable(first)
        self._frontier.extend(hashes)
        enter = self.books.enter
        for index, entry in enumerate(entries, first):
            enter(index, entry.leaf, entry.seen, entry.owner)
        return first

    def record(self, leaves: Sequence[Leaf]) -> int:
        """Appends leaves that this process itself has to say."""
        return self.append([self.check(encode(leaf)) for leaf in leaves])

    def begin(self, at: str, version: str) -> int:
        """Records the start, and an unknown outcome for each attempt that was left open."""
        started = StartedLeaf(
            at=max(at, self.last_at),
            log=self.origin,
            version=version,
            mended=self.mended,
            vkey=_named(self.keys, "ed25519"),
            vkey_second=_named(self.keys, "ml-dsa-44"),
        )
        return self.record([started, *self.unknown(list(self.books.open), at)])

    @contextmanager
    def session(self, at: str, version: str) -> Iterator[None]:
        """From the start that it records to the stop; `close` of a log whose block came to no end
        would claim good order, so whatever is raised within lets go without a word."""
        with ExitStack() as unended:
            unended.callback(self.abandon)
            self.begin(at, version)
            yield
            unended.pop_all()
        self.close(at)

    def unknown(self, attempts: Sequence[Attempt], at: str) -> list[Leaf]:
        """Outcomes of attempts whose process died."""
        now = max(at, self.last_at)
        return [
            OutcomeLeaf(at=now, log=self.origin, request=name, attempt=number, outcome="unknown")
            for name, number in attempts
        ]

    def probe(self) -> None:
        """Tries whether the disk can be written again; `EvidenceFault` while it cannot."""
        try:
            self._file.repair()
        except OSError as error:
            raise disk_fault(error, self._file.path) from error
        self.sign()

    def sign(self) -> Checkpoint:
        """Signs the log as it is, and saves where a start may begin.

        Only synced leaves are in the tree, so no checkpoint is ever signed that a crash could
        take back.
        """
        checkpoint = Checkpoint(
            origin=self.origin, size=self._frontier.size, root=self._frontier.root()
        )
        try:
            note = sign_checkpoint(checkpoint, self.keys)
            self._disk.replace(self.folder / CHECKPOINT, note)
            self.checkpoint = checkpoint
            self._save()
        except OSError as error:
            raise disk_fault(error, self.folder / CHECKPOINT) from error
        return checkpoint

    def rotate(
        self,
        entropy: Callable[[int], bytes],
        at: str,
        version: str,
        by: str,
        *,
        second: bool = False,
    ) -> tuple[SignerKey, ...]:
        """Hands over to new signing keys, which the log names before anybody relies on them.

        The new keys are in a `started` leaf; the checkpoint over it is signed by old and new, and
        kept for ever in `handovers/`, so that whoever trusts an old key can come to trust the new
        one of its type. Interrupted before they are in place, the old ones go on. `second`: from
        here on the log is signed with ML-DSA-44 too, as it stays once it is.
        """
        types: tuple[SeedType, ...] = ("ed25519",)
        if second or len(self.keys) > 1:
            types = ("ed25519", "ml-dsa-44")
        fresh = tuple(
            SignerKey(name=self.origin, seed=entropy(SEED_BYTES), type=kind) for kind in types
        )
        named = StartedLeaf(
            at=max(at, self.last_at),
            log=self.origin,
            version=version,
            by=by,
            vkey=_named(fresh, "ed25519"),
            vkey_second=_named(fresh, "ml-dsa-44"),
        )
        self.record([named])
        head = Checkpoint(origin=self.origin, size=self.size, root=self._frontier.root())
        note = sign_checkpoint(head, (*self.keys, *fresh))
        try:
            folder = self.folder / HANDOVERS
            self._disk.make_folder(folder)
            self._disk.replace(folder / handover_name(head.size), note)
            # Signed by all, it opens with whichever keys a crash leaves in place.
            self._disk.replace(self.folder / CHECKPOINT, note)
            for key in fresh:
                install(self.folder, self._disk, key)
        except OSError as error:
            raise disk_fault(error, self.folder) from error
        self.keys = fresh
        self.checkpoint = head
        return fresh

    def close(self, at: str = "") -> None:
        """Records the stop, signs, and lets go of the lock, also when the disk fails."""
        try:
            self.record([StoppedLeaf(at=max(at, self.last_at), log=self.origin)])
            self.sign()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Lets go of file and lock without a word."""
        self._file.close()
        self._lock.release()

    def _save(self) -> None:
        books = self.books
        if self._registered_saved != len(books.register):
            self._disk.replace(self.folder / REGISTER, seal(Registered(leaves=books.register)))
            self._registered_saved = len(books.register)
        state = State(
            size=self._frontier.size,
            roots=list(self._frontier.roots),
            segment=self._file.path.name,
            offset=self._file.end,
            last_at=books.last_at,
            open_attempts=list(books.open),
            registered=len(books.register),
        )
        self._disk.replace(self.folder / STATE, seal(state))

    def _read_checkpoint(self) -> Checkpoint | None:
        try:
            note = self._disk.read(self.folder / CHECKPOINT)
        except FileNotFoundError:
            return None
        return open_checkpoint(note, [key.verifier() for key in self.keys])

    def _rotate(self) -> None:
        if self._file.end == SEGMENT_HEADER_BYTES:
            return
        # Once the next segment may have its name, nothing may be added to this one any more.
        self._rotating = True
        self._file.repair()
        fresh = self._new_segment()
        self._file.close()
        self._file = fresh
        self._rotating = False

    def _new_segment(self) -> AppendFile:
        """The segment that the next leaf begins; the one before is synced to its end."""
        header = SegmentHeader(first=self._frontier.size, root=self._frontier.root())
        path = self.folder / WAL / segment_name(self._frontier.size)
        head = encode_segment_header(header)
        return AppendFile.create(self._disk, path, head, ahead=self._ahead)


def _named(keys: Sequence[SignerKey], kind: SeedType) -> str:
    """The key of a type, as a `started` leaf names it; empty: there is none."""
    return next((str(key.verifier()) for key in keys if key.type == kind), "")
