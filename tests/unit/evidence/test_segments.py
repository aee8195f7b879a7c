"""The write-ahead file's bytes: what was torn is told from what was damaged."""

from licet.evidence import EMPTY_ROOT, leaf_hash
from licet.evidence.batches import encode_batch
from licet.evidence.segments import (
    BATCH_HEADER_BYTES,
    SEGMENT_HEADER_BYTES,
    Batch,
    Damaged,
    Ended,
    SegmentHeader,
    Torn,
    decode_segment_header,
    encode_segment_header,
    read_batch,
)

LEAVES = [b'{"n":%d}' % number for number in range(5)]


def batch(first: int, leaves: list[bytes]) -> bytes:
    return encode_batch(first, leaves, [leaf_hash(leaf) for leaf in leaves])


def test_a_segment_header_reads_back_and_notices_every_changed_bit() -> None:
    header = SegmentHeader(first=7, root=EMPTY_ROOT)
    data = encode_segment_header(header)
    assert len(data) == SEGMENT_HEADER_BYTES
    assert decode_segment_header(data) == header
    assert decode_segment_header(data[:-1]) is None
    for place in range(len(data) * 8):
        changed = bytearray(data)
        changed[place // 8] ^= 1 << place % 8
        assert decode_segment_header(bytes(changed)) is None


def test_a_batch_reads_back_with_the_hashes_of_its_leaves() -> None:
    data = batch(3, LEAVES)
    found = read_batch(data, 0, 3)
    hashes = [leaf_hash(leaf) for leaf in LEAVES]
    assert found == Batch(first=3, leaves=LEAVES, hashes=hashes, end=len(data))
    assert read_batch(data, len(data), 8) == Ended()
    assert read_batch(data + bytes(4096), len(data), 8) == Ended()


def test_a_last_batch_cut_anywhere_is_torn() -> None:
    first, second = batch(0, LEAVES[:2]), batch(2, LEAVES[2:])
    for cut in range(1, len(second)):
        found = read_batch(first + second[:cut], len(first), 2)
        assert found == Torn(offset=len(first))


def test_a_last_batch_with_any_byte_changed_is_torn() -> None:
    first, second = batch(0, LEAVES[:2]), batch(2, LEAVES[2:])
    for place in range(len(second)):
        changed = bytearray(first + second)
        changed[len(first) + place] ^= 0x40
        assert read_batch(bytes(changed), len(first), 2) == Torn(offset=len(first))


def test_the_same_before_a_later_batch_is_damage_and_says_where() -> None:
    first, second = batch(0, LEAVES[:2]), batch(2, LEAVES[2:])
    for place in range(len(first)):
        changed = bytearray(first + second)
        changed[place] ^= 0x40
        found = read_batch(bytes(changed), 0, 0)
        assert isinstance(found, Damaged)
        assert found.offset <= place
        assert found.index in {0, 1, 2}


def test_damage_names_the_leaf() -> None:
    first, second = batch(0, LEAVES[:2]), batch(2, LEAVES[2:])
    changed = bytearray(first + second)
    changed[len(first) - 1] ^= 1
    found = read_batch(bytes(changed), 0, 0)
    assert isinstance(found, Damaged)
    assert (found.index, found.why) == (1, "a record that does not fit its hash")
    assert BATCH_HEADER_BYTES < found.offset < len(first)


def test_a_batch_that_is_missing_is_damage() -> None:
    data = batch(0, LEAVES[:2]) + batch(3, LEAVES[3:])
    found = read_batch(data + batch(4, LEAVES[4:]), len(batch(0, LEAVES[:2])), 2)
    assert isinstance(found, Damaged)
    assert found.index == 2
