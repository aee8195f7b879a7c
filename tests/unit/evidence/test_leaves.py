import json
from pathlib import Path

import msgspec
import pytest
import rfc8785

from licet.evidence import (
    LEAF_BYTES_MAX,
    Leaf,
    OutcomeLeaf,
    Usage,
    adopted,
    decode,
    encode,
    glance,
    is_canonical,
    leaf_schema_text,
    tokens,
)
from licet.terms import EvidenceFault
from tests.unit.evidence.examples import AT, LOG, adoption, attempt, decision, outcome, recorded

PUBLISHED = Path(__file__).parents[3] / "docs" / "schema" / "evidence-leaf-v1.json"
LEAVES: list[Leaf] = [
    decision("01K1"),
    attempt("01K1"),
    outcome("01K1"),
    adoption(recorded("us-commerce-2026-06-12")),
]


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: type(leaf).__name__)
def test_a_leaf_is_canonical_and_reads_back_as_itself(leaf: Leaf) -> None:
    data = encode(leaf)
    assert data == rfc8785.dumps(json.loads(data))
    assert decode(data) == leaf
    assert is_canonical(data, leaf)


def test_what_has_its_published_default_is_left_out() -> None:
    leaf = OutcomeLeaf(at=AT, log=LOG, request="01K1", outcome="cancelled")
    assert json.loads(encode(leaf)) == {
        "at": AT,
        "kind": "outcome",
        "log": LOG,
        "outcome": "cancelled",
        "request": "01K1",
    }


def test_the_same_leaf_in_another_spelling_is_not_canonical() -> None:
    data = encode(outcome("01K1"))
    for other in (data.replace(b'":', b'": ', 1), data.replace(b"01K1", b"\\u00301K1")):
        assert not is_canonical(other, decode(other))


def test_a_default_that_is_written_out_is_not_canonical() -> None:
    data = encode(outcome("01K1")).replace(b'"outcome":', b'"attempt":1,"outcome":', 1)
    assert not is_canonical(data, decode(data))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"null",
        b'{"kind":"decision"}',
        encode(outcome("01K1")).replace(b"answered", b"applauded"),
        encode(outcome("01K1")).replace(b'"log"', b'"lag"'),
        encode(outcome("01K1")).replace(b'"status":200', b'"status":-1'),
        encode(outcome("01K1")).replace(b'"status":200', b'"schema":2'),
        b"\xff" + encode(outcome("01K1")),
    ],
)
def test_what_is_not_of_the_schema_is_refused(data: bytes) -> None:
    with pytest.raises(EvidenceFault) as caught:
        decode(data)
    assert caught.value.code == "leaf_malformed"


def test_a_leaf_longer_than_an_entry_bundle_can_hold_is_refused() -> None:
    long = msgspec.structs.replace(outcome("01K1"), fault="x" * LEAF_BYTES_MAX)
    with pytest.raises(EvidenceFault) as caught:
        encode(long)
    assert caught.value.code == "leaf_too_long"


def test_a_lone_surrogate_cannot_be_recorded() -> None:
    with pytest.raises(EvidenceFault) as caught:
        encode(msgspec.structs.replace(outcome("01K1"), fault="\ud800"))
    assert caught.value.code == "not_canonical"


def test_a_glance_sees_what_opens_and_closes_an_attempt() -> None:
    seen = glance(encode(decision("01K1")))
    assert (seen.kind, seen.request, seen.attempt) == ("decision", "01K1", 1)
    assert seen.sending is not None
    assert glance(encode(decision("01K1", sent=False))).sending is None
    assert glance(encode(attempt("01K1", 3))).attempt == 3


def test_a_large_adoption_is_split_into_leaves_that_fit() -> None:
    versions = [recorded(f"directive-{number}") for number in range(2_000)]
    parts = adopted(adoption(*versions))
    assert [part.part for part in parts] == list(range(1, len(parts) + 1))
    assert {part.parts for part in parts} == {len(parts)}
    assert [version for part in parts for version in part.directives] == versions
    assert len(parts) > 1
    assert all(len(encode(part)) <= LEAF_BYTES_MAX for part in parts)


def test_a_small_adoption_is_one_leaf() -> None:
    (part,) = adopted(adoption(recorded("a")))
    assert (part.part, part.parts) == (1, 1)


@pytest.mark.parametrize(
    ("reported", "count"), [(7, 7), (-1, 0), (2**70, 2**53 - 1), ("12", 0), (None, 0), (True, 0)]
)
def test_counts_of_vendors_are_brought_into_range(reported: object, count: int) -> None:
    assert tokens(reported) == count


def test_a_count_out_of_range_cannot_enter_a_leaf() -> None:
    with pytest.raises(ValueError, match="tokens"):
        Usage(input=2**53)


def test_the_published_schema_is_current() -> None:
    assert PUBLISHED.read_bytes() == leaf_schema_text(), (
        "write docs/schema/evidence-leaf-v1.json anew from licet.evidence.leaf_schema_text()"
    )
