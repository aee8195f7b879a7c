"""The tree against the known answers of Certificate Transparency, and proofs against forgery."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.evidence import (
    EMPTY_ROOT,
    Frontier,
    Hashes,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root_of,
    verify_consistency,
    verify_inclusion,
)

INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def tree(size: int) -> Hashes:
    return Hashes(leaf_hash(b"leaf %d" % number) for number in range(size))


def hashes(size: int) -> list[bytes]:
    return [leaf_hash(b"leaf %d" % number) for number in range(size)]


@pytest.mark.parametrize("size", range(9))
def test_known_roots(size: int) -> None:
    frontier = Frontier()
    frontier.extend(leaf_hash(leaf) for leaf in INPUTS[:size])
    kept = Hashes(leaf_hash(leaf) for leaf in INPUTS[:size])
    assert frontier.root().hex() == ROOTS[size]
    assert root_of(0, size, kept.subtree).hex() == ROOTS[size]


@given(st.lists(st.binary(max_size=8), max_size=200), st.integers(0, 200))
def test_a_frontier_saved_and_continued_has_the_same_root(leaves: list[bytes], cut: int) -> None:
    whole = Frontier()
    whole.extend(map(leaf_hash, leaves))
    begun = Frontier()
    begun.extend(map(leaf_hash, leaves[:cut]))
    continued = Frontier(begun.size, begun.roots)
    for leaf in leaves[cut:]:
        continued.append(leaf_hash(leaf))
    assert (continued.size, continued.root()) == (whole.size, whole.root())


def test_a_copy_of_a_frontier_is_its_own() -> None:
    frontier = Frontier()
    frontier.append(leaf_hash(b""))
    copy = frontier.copy()
    copy.append(leaf_hash(b""))
    assert (frontier.size, copy.size) == (1, 2)


def test_a_frontier_needs_as_many_roots_as_its_size_has_one_bits() -> None:
    with pytest.raises(ValueError, match="2 complete subtrees"):
        Frontier(5, [EMPTY_ROOT])


@given(st.data())
def test_inclusion_holds_for_the_leaf_and_its_place_alone(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    index = data.draw(st.integers(0, size - 1))
    kept = tree(size)
    root = root_of(0, size, kept.subtree)
    path = prove_inclusion(index, size, kept.subtree)
    leaf = hashes(size)[index]
    assert verify_inclusion(leaf, index, size, path, root)
    assert not verify_inclusion(leaf_hash(b"other"), index, size, path, root)
    assert not verify_inclusion(leaf, size, size, path, root)
    assert not verify_inclusion(leaf, index, size, (*path, root), root)
    assert not any(
        verify_inclusion(leaf, other, size, path, root) for other in range(size) if other != index
    )


@given(st.data())
def test_consistency_holds_for_the_two_trees_alone(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, 300))
    old = data.draw(st.integers(0, new))
    kept = tree(new)
    roots = root_of(0, old, kept.subtree), root_of(0, new, kept.subtree)
    proof = prove_consistency(old, new, kept.subtree)
    assert verify_consistency(old, new, *roots, proof)
    assert not verify_consistency(old, new, roots[0], leaf_hash(b"other"), proof) or old == 0
    assert not verify_consistency(old, new, *roots, (*proof, roots[0]))
    if old:
        assert not verify_consistency(old, new, leaf_hash(b"other"), roots[1], proof)


def test_thousands_of_tampered_proofs_are_refused() -> None:
    draw = random.Random(6962)
    kept = tree(1_000)
    leaves = hashes(1_000)
    for _ in range(3_000):
        size = draw.randint(2, 1_000)
        index = draw.randrange(size)
        root = root_of(0, size, kept.subtree)
        path = list(prove_inclusion(index, size, kept.subtree))
        place = draw.randrange(len(path))
        flipped = bytearray(path[place])
        flipped[draw.randrange(32)] ^= 1 << draw.randrange(8)
        assert verify_inclusion(leaves[index], index, size, path, root)
        forged = [*path[:place], bytes(flipped), *path[place + 1 :]]
        assert not verify_inclusion(leaves[index], index, size, forged, root)
        assert not verify_inclusion(leaves[index], index, size, path[:-1], root)


def test_there_is_no_proof_of_what_is_not_there() -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        prove_inclusion(3, 3, tree(3).subtree)
    with pytest.raises(ValueError, match="no prefix"):
        prove_consistency(4, 3, tree(4).subtree)
    assert not verify_consistency(4, 3, EMPTY_ROOT, EMPTY_ROOT, ())
