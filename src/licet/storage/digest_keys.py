"""Keys of content digests: one in use, `digest.key`, and those before it, `digests/ID.key`.

Records name the key of their digests by its id. Whoever has the key can say whether some bytes are
those that were asked or answered; once it is destroyed, nobody can.

INVARIANT (kept before named): a key lies in `digests/` before a record says that it was made, so
every key that the log names was once there, wherever a replacement was cut short.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from licet.evidence import (
    AdoptedLeaf,
    DecisionLeaf,
    DigestKeyLeaf,
    Leaf,
    OutcomeLeaf,
    digest_key_id,
)
from licet.storage.disk import Disk, RealDisk
from licet.storage.reading import Filters, show
from licet.storage.restoring import register
from licet.terms import OperationFault

DIGEST_KEY = "digest.key"
DIGEST_KEY_BYTES = 32
_KEPT = "digests"
_SUFFIX = ".key"
_PRIVATE = 0o600
_WIPED = bytes(DIGEST_KEY_BYTES)


def digest_key(
    folder: Path, *, disk: Disk | None = None, entropy: Callable[[int], bytes] = os.urandom
) -> bytes:
    """The key in use, in an evidence folder; made when it is first asked for.

    `OperationFault` (`digest_key`): the file holds no key.
    """
    chosen = disk or RealDisk()
    try:
        return _key(chosen, folder / DIGEST_KEY)
    except FileNotFoundError:
        key = entropy(DIGEST_KEY_BYTES)
        chosen.replace(folder / DIGEST_KEY, key, mode=_PRIVATE)
        return key


def digest_keys(folder: Path, *, disk: Disk | None = None) -> dict[str, bytes]:
    """Every key that is still there, by its id; `OperationFault` (`digest_key`) where a file does
    not hold what it should."""
    chosen = disk or RealDisk()
    keys = {}
    for name in _names(chosen, folder):
        path = _kept(folder, name)
        key = _key(chosen, path)
        if key == _WIPED:
            # Its destruction was cut short, and is finished by whoever destroys next.
            continue
        if digest_key_id(key) != name:
            raise _no_key(path, f"the key `{name}`")
        keys[name] = key
    if DIGEST_KEY in chosen.names(folder):
        key = _key(chosen, folder / DIGEST_KEY)
        keys[digest_key_id(key)] = key
    return keys


def prepare_digest_key(
    folder: Path, *, disk: Disk | None = None, entropy: Callable[[int], bytes] = os.urandom
) -> str:
    """Makes a key, which nobody uses yet; its id, to be recorded before it is put in use."""
    chosen = disk or RealDisk()
    fresh = entropy(DIGEST_KEY_BYTES)
    name = digest_key_id(fresh)
    chosen.make_folder(folder / _KEPT)
    chosen.replace(_kept(folder, name), fresh, mode=_PRIVATE)
    return name


def use_digest_key(folder: Path, name: str, *, disk: Disk | None = None) -> None:
    """Puts a prepared key in use, and keeps the one before it. Cut short, that stays in use."""
    chosen = disk or RealDisk()
    fresh = _key(chosen, _kept(folder, name))
    old = digest_key(folder, disk=chosen)
    chosen.replace(_kept(folder, digest_key_id(old)), old, mode=_PRIVATE)
    chosen.replace(folder / DIGEST_KEY, fresh, mode=_PRIVATE)


def unused_digest_keys(folder: Path, *, since: str, disk: Disk | None = None) -> list[str]:
    """The ids of the keys that may go: nothing that was recorded at the instant `since` or later
    names them, and whoever runs was given another one.

    A key of which the log knows nothing stays: it may be about to be recorded.
    """
    chosen = disk or RealDisk()
    in_use = digest_key_id(digest_key(folder, disk=chosen))
    left = set(_names(chosen, folder)) - {in_use}
    named: dict[str, str] = {}
    adopted = ""
    for _, leaf in register(folder, chosen) if left else ():
        if isinstance(leaf, AdoptedLeaf):
            adopted = leaf.digest_key
        _note(named, leaf)
    if not adopted:
        # Whoever runs was given a key before adoptions named one: nobody knows which.
        return []
    left -= {adopted, *(name for name, at in named.items() if at >= since)}
    traffic = Filters(kinds=frozenset({"decision", "outcome"}))
    for _, leaf in show(folder, traffic, disk=chosen) if left else ():
        _note(named, leaf)
    return sorted(name for name in left if "" < named.get(name, "") < since)


def is_recorded_as_destroyed(folder: Path, name: str, disk: Disk | None = None) -> bool:
    """Whether the log says that a key was destroyed: a crash may have come before it was."""
    return any(
        isinstance(leaf, DigestKeyLeaf) and (leaf.key, leaf.event) == (name, "destroyed")
        for _, leaf in register(folder, disk)
    )


def destroy_digest_key(folder: Path, name: str, *, disk: Disk | None = None) -> None:
    """Overwrites a key that is no longer in use, and removes it. Cut short, the next does it."""
    chosen = disk or RealDisk()
    path = _kept(folder, name)
    file = chosen.open(path)
    try:
        file.write_at(0, _WIPED)
        file.sync()
    finally:
        file.close()
    chosen.remove(path)


def _note(named: dict[str, str], leaf: Leaf) -> None:
    """The latest instant at which the log names each key."""
    match leaf:
        case AdoptedLeaf() | DecisionLeaf() | OutcomeLeaf():
            name = leaf.digest_key
        case DigestKeyLeaf():
            name = leaf.key
        case _:
            return
    named[name] = max(named.get(name, ""), leaf.at)


def _names(disk: Disk, folder: Path) -> Iterable[str]:
    names = disk.names(folder / _KEPT)
    return [name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)]


def _kept(folder: Path, name: str) -> Path:
    return folder / _KEPT / f"{name}{_SUFFIX}"


def _key(disk: Disk, path: Path) -> bytes:
    key = disk.read(path)
    if len(key) != DIGEST_KEY_BYTES:
        raise _no_key(path, f"a key of {DIGEST_KEY_BYTES} bytes")
    return key


def _no_key(path: Path, what: str) -> OperationFault:
    return OperationFault(
        "digest_key",
        f"`{path}` does not hold {what}",
        remedy="restore this file from a copy; without it, what it keyed can be compared with"
        " nothing any more",
    )
