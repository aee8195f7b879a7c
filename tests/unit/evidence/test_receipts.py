"""Receipts: what a file alone proves to whoever has the log's public key."""

import random
from functools import partial

import msgspec
import pytest

from licet.evidence import (
    Checkpoint,
    Frontier,
    Gathering,
    Hashes,
    Proof,
    SignerKey,
    check_proof,
    encode,
    encode_receipt,
    leaf_hash,
    nodes_of,
    open_receipt,
    parse_proof,
    prove_consistency,
    prove_inclusion,
    sign_checkpoint,
)
from licet.terms import EvidenceFault
from tests.unit.evidence.examples import LOG, adoption, attempt, decision, outcome

KEY = SignerKey(name=LOG, seed=b"s" * 32)
LEAVES = [
    encode(leaf)
    for leaf in (
        adoption(),
        decision("01K1"),
        decision("01K2"),
        attempt("01K1"),
        outcome("01K1"),
        outcome("01K1", 2),
        outcome("01K2"),
    )
]
TREE = Hashes(map(leaf_hash, LEAVES))


def note(leaves: list[bytes], key: SignerKey = KEY) -> bytes:
    frontier = Frontier()
    frontier.extend(map(leaf_hash, leaves))
    head = Checkpoint(origin=LOG, size=len(leaves), root=frontier.root())
    return sign_checkpoint(head, [key])


def proof(index: int) -> Proof:
    path = prove_inclusion(index, len(LEAVES), TREE.subtree)
    return Proof(index=index, path=path, note=note(LEAVES), extra=LEAVES[index])


def receipt() -> bytes:
    return encode_receipt(LOG, "01K1", [proof(index) for index in (1, 3, 4, 5)])


def test_a_proof_is_the_text_that_the_standard_describes() -> None:
    lines = proof(4).text().decode().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1].startswith("extra ")
    assert lines[2] == "index 4"
    assert lines[3 : 3 + len(proof(4).path) + 1][-1] == ""
    assert parse_proof(proof(4).text()) == proof(4)
    bare = msgspec.structs.replace(proof(0), extra=None)
    assert parse_proof(bare.text()) == bare


def test_a_tree_of_one_leaf_needs_no_path() -> None:
    alone = Proof(index=0, path=(), note=note(LEAVES[:1]))
    assert b"index 0\n\n" in alone.text()
    assert check_proof(parse_proof(alone.text()), LEAVES[0], [KEY.verifier()]).size == 1


def test_a_receipt_proves_every_record_of_its_request() -> None:
    proven = open_receipt(receipt(), [KEY.verifier()])
    assert proven.checkpoint.size == len(LEAVES)
    assert [index for index, _ in proven.leaves] == [1, 3, 4, 5]
    assert [encode(leaf) for _, leaf in proven.leaves] == [LEAVES[i] for i in (1, 3, 4, 5)]


def test_every_character_of_a_receipt_matters() -> None:
    data = receipt()
    want = open_receipt(data, [KEY.verifier()])
    draw = random.Random(1)
    for _ in range(1500):
        changed = bytearray(data)
        changed[draw.randrange(len(data))] ^= 1 << draw.randrange(7)
        try:
            found = open_receipt(bytes(changed), [KEY.verifier()])
        except EvidenceFault:
            continue
        # White space between members of JSON says nothing; and a signature by nobody known, or a
        # text that is written in another way, proves what it proved before.
        assert found == want


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"index 4", b"index 5", "not_included"),
        (b"index 4", b"index 04", "proof_malformed"),
        (b"index 4", b"place 4", "proof_malformed"),
        (b"tlog-proof@v1", b"tlog-proof@v2", "proof_malformed"),
        (b"licet/receipt/v1", b"licet/receipt/v9", "receipt_malformed"),
        (b'"request": "01K1"', b'"request": "01K2"', "receipt_malformed"),
        (b'\\"claude-opus-4.8\\"', b'\\"claude-opus-4.9\\"', "not_included"),
    ],
)
def test_what_is_wrong_is_named(old: bytes, new: bytes, code: str) -> None:
    assert old in receipt()
    with pytest.raises(EvidenceFault) as caught:
        open_receipt(receipt().replace(old, new), [KEY.verifier()])
    assert caught.value.code == code


def test_another_key_proves_nothing() -> None:
    stranger = SignerKey(name=LOG, seed=bytes(32)).verifier()
    with pytest.raises(EvidenceFault) as caught:
        open_receipt(receipt(), [stranger])
    assert caught.value.code == "note_unsigned"


@pytest.mark.parametrize("size", [1, 2, 7, 64, 100, 257])
def test_one_pass_gathers_what_proofs_ask_for(size: int) -> None:
    hashes = [leaf_hash(b"%d" % number) for number in range(size)]
    tree = Hashes(hashes)
    for index in {0, size // 3, size - 1}:
        for prove in (
            partial(prove_inclusion, index, size),
            partial(prove_consistency, index, size),
        ):
            gathering = Gathering(nodes_of(prove))
            gathering.extend(hashes)
            assert prove(gathering.subtree) == prove(tree.subtree)
