"""What we sign, publish and prove, judged by the Go project's own `note` and `tlog`.

`go/judge.go` reads the files by itself; Debian's `golang-golang-x-mod-dev` has the libraries as
source, so nothing comes from a network.
"""

from __future__ import annotations

import base64
import os
import random
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from licet.evidence import (
    Checkpoint,
    Hashes,
    SignerKey,
    cosign,
    leaf_hash,
    open_checkpoint,
    prove_consistency,
    prove_inclusion,
    root_of,
    sign_checkpoint,
    verify_consistency,
    verify_inclusion,
)
from licet.storage import Log, RealDisk, build_tiles, prove_request, verifier_key
from licet.terms import EvidenceFault
from tests.unit.evidence.examples import AT, LOG, attempt, decision, outcome

pytestmark = pytest.mark.system

SOURCE = Path(__file__).parent / "go" / "judge.go"
LIBRARIES = Path("/usr/share/gocode")
CASES = 6_000
LEAVES_MAX = 3_000


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judge")
    program = folder / "judge"
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": str(LIBRARIES),
        "GOFLAGS": "",
        "GOCACHE": str(folder / "cache"),
    }
    command = ["go", "build", "-o", str(program), str(SOURCE)]
    subprocess.run(command, env=environment, check=True)
    return program


def ask(judge: Path, *arguments: object) -> tuple[bool, str]:
    """Whether the judge accepts, and what it says."""
    command = [str(judge), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0, done.stdout


@cache
def tree() -> Hashes:
    return Hashes(leaf_hash(b"leaf %d" % number) for number in range(LEAVES_MAX))


@cache
def root(size: int) -> bytes:
    return root_of(0, size, tree().subtree)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def tampered(draw: random.Random, path: list[bytes]) -> list[bytes]:
    """A path with one change: a bit, a step too many or too few, two steps swapped."""
    changed = list(path)
    way = draw.randrange(4)
    place = draw.randrange(len(changed)) if changed else 0
    if way == 0 and changed:
        step = bytearray(changed[place])
        step[draw.randrange(32)] ^= 1 << draw.randrange(8)
        changed[place] = bytes(step)
    elif way == 1 and changed:
        del changed[place]
    elif way == 2 and len(changed) > 1:
        changed[place - 1], changed[place] = changed[place], changed[place - 1]
    else:
        changed.insert(place, draw.randbytes(32))
    return changed


def inclusion(draw: random.Random) -> dict[str, Any]:
    size = draw.randint(1, LEAVES_MAX)
    index = draw.randrange(size)
    leaf = tree().subtree(index, index + 1)
    path = list(prove_inclusion(index, size, tree().subtree))
    match draw.randrange(6):
        case 0 | 1:
            path = tampered(draw, path)
        case 2:
            index = draw.randrange(size)
        case _:
            pass
    return {
        "Kind": "inclusion",
        "Index": index,
        "Size": size,
        "Leaf": b64(leaf),
        "Root": b64(root(size)),
        "Path": [b64(step) for step in path],
        "Holds": verify_inclusion(leaf, index, size, path, root(size)),
    }


def consistency(draw: random.Random) -> dict[str, Any]:
    new = draw.randint(1, LEAVES_MAX)
    old = draw.randint(1, new)
    path = list(prove_consistency(old, new, tree().subtree))
    old_root = root(old)
    match draw.randrange(6):
        case 0 | 1:
            path = tampered(draw, path)
        case 2:
            old_root = root(draw.randint(1, new))
        case _:
            pass
    return {
        "Kind": "consistency",
        "Old": old,
        "Size": new,
        "OldRoot": b64(old_root),
        "Root": b64(root(new)),
        "Path": [b64(step) for step in path],
        "Holds": verify_consistency(old, new, old_root, root(new), path),
    }


def places_of(note: bytes) -> list[int]:
    """All bytes but a character before padding: unused bits of it may be set for Go's base64,
    and not for ours, which has one text for one value."""
    return [place for place in range(len(note)) if note[place + 1 : place + 2] != b"="]


def signed(draw: random.Random) -> dict[str, Any]:
    """A checkpoint by one or two keys, cosigned or not, with a bit turned over or not."""
    keys = [SignerKey(name=LOG, seed=draw.randbytes(32)) for _ in range(draw.randint(1, 2))]
    head = Checkpoint(origin=LOG, size=draw.randrange(1 << 40), root=draw.randbytes(32))
    note = sign_checkpoint(head, keys)
    if draw.random() < 0.2:
        # Of a type that Go's note does not know, and passes over.
        keys.append(SignerKey(name=LOG, seed=draw.randbytes(32), type="ml-dsa-44"))
        note = sign_checkpoint(head, keys)
    if draw.random() < 0.3:
        note += cosign(note, [SignerKey(name="witness.example", seed=draw.randbytes(32))], 1)
    if draw.random() < 0.5:
        changed = bytearray(note)
        changed[draw.choice(places_of(note))] ^= 1 << draw.randrange(8)
        note = bytes(changed)
    trusted = draw.choice([key for key in keys if key.type == "ed25519"]).verifier()
    try:
        holds = open_checkpoint(note, [trusted]).origin == trusted.name
    except EvidenceFault:
        holds = False
    return {"Kind": "note", "Note": b64(note), "Vkey": str(trusted), "Holds": holds}


@pytest.mark.parametrize("make", [inclusion, consistency, signed])
def test_thousands_of_proofs_and_signatures_are_judged_alike(
    judge: Path, tmp_path: Path, make: Any
) -> None:
    draw = random.Random(20260612)
    cases = [make(draw) for _ in range(CASES)]
    held = sum(case["Holds"] for case in cases)
    assert CASES // 4 < held < CASES * 3 // 4
    path = tmp_path / "cases"
    path.write_bytes(b"\n".join(map(msgspec.json.encode, cases)))
    assert ask(judge, "cases", path) == (True, f"agreed: {CASES} questions, {held} hold\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log over several segments, with tiles of three levels."""
    path = tmp_path_factory.mktemp("log")
    log = Log(path, RealDisk(), LOG, os.urandom, segment_bytes_max=4 << 20)
    log.begin(AT, "0.1.0")
    while log.size < 66_000:
        log.record([decision(f"R{log.size + n}", sent=False) for n in range(1_000)])
    log.record([decision("01K1"), attempt("01K1"), outcome("01K1"), outcome("01K1", 2)])
    log.close(AT)
    build_tiles(path, log.key.verifier())
    return path


def vkey(folder: Path) -> str:
    return (folder / "log.vkey").read_text().strip()


def test_tiles_signature_and_leaves_are_sound_to_the_judge(judge: Path, folder: Path) -> None:
    accepted, said = ask(judge, "log", folder / "tiles", vkey(folder))
    assert (accepted, said.startswith("sound: 66")) == (True, True), said


def places(folder: Path) -> Iterator[Path]:
    """Of each kind of served file one or two."""
    tiles = folder / "tiles"
    yield tiles / "checkpoint"
    for name in ("0/000", "0/255", "1/000", "entries/000", "entries/256"):
        yield tiles / "tile" / name
    yield from (tiles / "tile" / "2").rglob("*.p/*")


def test_the_judge_refuses_what_was_tampered_with(judge: Path, folder: Path) -> None:
    draw = random.Random(7)
    for path in places(folder):
        content = path.read_bytes()
        changed = bytearray(content)
        # In the text of the checkpoint: a signature may be written in several ways.
        place = draw.randrange(min(len(content), 60))
        changed[place] ^= 1 << draw.randrange(8)
        path.write_bytes(bytes(changed))
        accepted, said = ask(judge, "log", folder / "tiles", vkey(folder))
        path.write_bytes(content)
        assert not accepted, f"{path}: {said}"


def test_receipts_are_proofs_to_the_judge(judge: Path, folder: Path, tmp_path: Path) -> None:
    proved = prove_request(folder, "01K1", [verifier_key(folder)])
    assert len(proved.proofs) == 4
    proof_path, leaf_path = tmp_path / "one.tlog-proof", tmp_path / "one.json"
    for proof in proved.proofs:
        assert proof.extra is not None
        proof_path.write_bytes(proof.text())
        leaf_path.write_bytes(proof.extra)
        accepted, said = ask(judge, "proof", vkey(folder), proof_path, leaf_path)
        assert accepted, said
        leaf_path.write_bytes(proof.extra.replace(b"01K1", b"01K2"))
        assert not ask(judge, "proof", vkey(folder), proof_path, leaf_path)[0]
