"""Tampering with a whole folder, at random: a bit of any file of it, and whole records.

What is detected must also be located: the finding names the file, or the leaf that it is about.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from licet.evidence import (
    Checkpoint,
    Frontier,
    Opening,
    SignerKey,
    StartedLeaf,
    VerifierKey,
    commit,
    decode,
    digest_of,
    encode,
    leaf_hash,
    parse_signer,
    parse_verifier,
    sign_checkpoint,
)
from licet.policy import Snapshot
from licet.storage import (
    Finding,
    Log,
    RealDisk,
    SideStore,
    SnapshotStore,
    build_tiles,
    leaves,
    verifier_key,
    verify,
)
from tests.golden.persons import read_example
from tests.unit.evidence.examples import AT, LOG, adoption, attempt, decision, outcome
from tests.unit.storage.test_verifying import forge

FLIPS = 120
REQUESTS = 150


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of some segments, with tiles, a handover of its key, openings and a snapshot."""
    folder = tmp_path_factory.mktemp("whole")
    log = Log(folder, RealDisk(), LOG, os.urandom, segment_bytes_max=60_000)
    SnapshotStore(folder).put(b"{}")
    side = SideStore(folder, RealDisk(), os.urandom)
    log.begin(AT, "0.1.0")
    log.record([adoption()])
    for number in range(REQUESTS):
        name, salt = f"01K{number}", number.to_bytes(32, "big")
        side.append([Opening(request=name, holder=f"p{number % 5}", salt=salt, inputs=b"{}")])
        first = decision(name, commitment=commit(salt, b"{}"))
        log.record([first, attempt(name), outcome(name), outcome(name, 2)])
        if number == REQUESTS // 2:
            log.rotate(os.urandom, AT, "0.1.0", "ada")
    side.close()
    log.close(AT)
    build_tiles(folder, verifier_key(folder))
    return folder


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def first_key(folder: Path) -> VerifierKey:
    """The key that an auditor was given at the beginning, before the rotation."""
    started = next(
        leaf for _, data in leaves(folder) if isinstance(leaf := decode(data), StartedLeaf)
    )
    return parse_verifier(started.vkey)


def damage(folder: Path, key: VerifierKey) -> list[Finding]:
    report = verify(folder, key)
    assert report.ok is not any(one.severity == "damage" for one in report.findings)
    return [one for one in report.findings if one.severity == "damage"]


def signed_files(folder: Path) -> list[Path]:
    """What an auditor is handed: everything but keys, locks, derived files, and the side store."""
    found = [folder / "checkpoint", *(folder / "snapshots").iterdir()]
    for name in ("wal", "tiles", "handovers"):
        found += (path for path in (folder / name).rglob("*") if path.is_file())
    return found


def test_the_folder_is_sound_before(whole: Path) -> None:
    report = verify(whole, first_key(whole))
    assert (report.ok, report.findings) == (True, ())
    assert (len(report.keys), report.openings) == (2, REQUESTS)
    assert report.served == report.leaves == report.signed
    assert len(list((whole / "wal").iterdir())) > 3


def test_a_bit_anywhere_is_detected_and_located(copy: Path) -> None:
    key = first_key(copy)
    draw = random.Random(5)
    files = signed_files(copy)
    for _ in range(FLIPS):
        path = draw.choice(files)
        content = path.read_bytes()
        changed = bytearray(content)
        # Behind the last batch of a segment only zeros count, and a signature line of somebody
        # who is not known may say anything.
        place = draw.randrange(len(content))
        changed[place] ^= 1 << draw.randrange(8)
        path.write_bytes(bytes(changed))
        found = damage(copy, key)
        path.write_bytes(content)
        if path.suffix == ".note" and not found:
            # The half of a handover that another key signed: this key is not about to follow it.
            continue
        assert found, (path, place)
        for one in found:
            # One damage is at one leaf, and what it says of itself is the same.
            assert one.code != "log_damaged" or f", leaf {one.index}:" in one.message
        assert any(_locates(one, path) for one in found), (path, place, found)


def _locates(finding: Finding, path: Path) -> bool:
    named = finding.path or finding.message
    # Tiles of level 0 and bundles are held against each other: either may be the one named.
    return path.name in named or finding.index >= 0 or "tiles" in named or "checkpoint" in named


Change = Callable[[list[bytes]], list[bytes]]
CHANGES: dict[str, Change] = {
    "removed": lambda data: data[:100] + data[101:],
    "removed at the end": lambda data: data[:-1],
    "swapped": lambda data: [*data[:100], data[101], data[100], *data[102:]],
    "added": lambda data: [*data[:100], encode(decision("01X", sent=False)), *data[100:]],
    "doubled": lambda data: [*data[:100], data[100], *data[100:]],
    "edited": lambda data: [leaf.replace(b'"acme"', b'"acne"') for leaf in data],
}


def rewritten(folder: Path, change: Change, key: SignerKey | None) -> None:
    data = change([leaf for _, leaf in leaves(folder)])
    names = sorted((folder / "wal").iterdir())
    for name in names[1:]:
        name.unlink()
    forge(folder, data, key=key)


@pytest.mark.parametrize("change", CHANGES)
def test_records_changed_with_every_check_made_to_fit_are_not_what_was_signed(
    copy: Path, change: str
) -> None:
    key = first_key(copy)
    rewritten(copy, CHANGES[change], None)
    assert {one.code for one in damage(copy, key)} & {"root_differs", "leaves_missing"}


@pytest.mark.parametrize("change", CHANGES)
def test_a_log_signed_again_by_its_own_key_differs_from_what_was_published(
    copy: Path, change: str
) -> None:
    """The operator can sign another tree; handovers, tiles and witnesses have the first one."""
    key = first_key(copy)
    rewritten(copy, CHANGES[change], parse_signer((copy / "log.key").read_text()))
    found = damage(copy, key)
    places = {Path(one.path).parent.name for one in found if one.code.startswith(("root", "leav"))}
    assert places & {"tiles", "handovers"}


def test_a_checkpoint_over_another_tree_is_named(copy: Path) -> None:
    signer = parse_signer((copy / "log.key").read_text())
    frontier = Frontier()
    frontier.extend([leaf_hash(b"other")] * verify(copy, first_key(copy)).leaves)
    head = Checkpoint(origin=LOG, size=frontier.size, root=frontier.root())
    (copy / "checkpoint").write_bytes(sign_checkpoint(head, [signer]))
    (found,) = damage(copy, first_key(copy))
    assert (found.code, found.path) == ("root_differs", str(copy / "checkpoint"))


def test_another_snapshot_under_the_name_of_one_is_named(copy: Path) -> None:
    (path,) = (copy / "snapshots").iterdir()
    SnapshotStore(copy).put(b'{"directives":[]}')
    name = digest_of(b'{"directives":[]}')
    other = copy / "snapshots" / f"{name}.json.z"
    other.replace(path)
    (found,) = damage(copy, first_key(copy))
    assert (found.code, path.name in found.message) == ("snapshot_damaged", True)
    assert found.index >= 0


def test_a_list_or_directive_changed_inside_a_snapshot_changes_its_name() -> None:
    """Lists are inside snapshots, so whoever edits one has another digest."""
    sources = read_example().sources
    document = Snapshot.of(sources).document
    edited = document.replace(b"plainfield", b"plainfjeld")
    assert edited != document
    assert digest_of(edited) != digest_of(document)
