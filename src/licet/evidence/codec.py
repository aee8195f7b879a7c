"""Leaves to canonical bytes and back."""

from __future__ import annotations

from typing import get_args

import msgspec

from licet.evidence.canonical import clip, encode_sorted
from licet.evidence.leaves import AdoptedLeaf, Leaf, RecordedVersion
from licet.terms import EvidenceFault

LEAF_BYTES_MAX = 65_535
"""The most that an entry of a C2SP `tlog-tiles` bundle can hold."""

READING_CHARACTERS_MAX = 2_000
_ADOPTED_BYTES_MAX = 60_000

_DECODER: msgspec.json.Decoder[Leaf] = msgspec.json.Decoder(Leaf)


TRAFFIC_KINDS = frozenset({"decision", "attempt", "outcome"})
KINDS = frozenset(str(one.__struct_config__.tag) for one in get_args(Leaf))
"""Of all records, those of the register among them."""


def encode(leaf: Leaf) -> bytes:
    """The canonical bytes of a leaf; `EvidenceFault` when longer than 65,535."""
    data = encode_sorted(leaf)
    if len(data) > LEAF_BYTES_MAX:
        raise EvidenceFault(
            "leaf_too_long", f"a record of {len(data)} bytes is longer than {LEAF_BYTES_MAX}"
        )
    return data


def decode(data: bytes) -> Leaf:
    """A leaf from its bytes; `EvidenceFault` (`leaf_malformed`) unless exactly of the schema."""
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EvidenceFault("leaf_malformed", f"not a record of schema 1: {error}") from error


def is_canonical(data: bytes, leaf: Leaf) -> bool:
    """Whether `data` is the one form of the leaf that was decoded from it."""
    return encode_sorted(leaf) == data


def adopted(leaf: AdoptedLeaf) -> tuple[AdoptedLeaf, ...]:
    """An adoption split into leaves that fit, numbered `part` of `parts`."""
    pieces: list[tuple[list[RecordedVersion], list[RecordedVersion]]] = [([], [])]
    room = _ADOPTED_BYTES_MAX
    versions = [(0, one) for one in leaf.directives] + [(1, one) for one in leaf.lists]
    for place, version in versions:
        fit = msgspec.structs.replace(
            version, reading=clip(version.reading, READING_CHARACTERS_MAX)
        )
        needed = len(encode_sorted(fit)) + 1
        if needed > room:
            pieces.append(([], []))
            room = _ADOPTED_BYTES_MAX
        room -= needed
        pieces[-1][place].append(fit)
    return tuple(
        msgspec.structs.replace(
            leaf,
            directives=tuple(directives),
            lists=tuple(lists),
            removed=leaf.removed if number == 1 else (),
            part=number,
            parts=len(pieces),
        )
        for number, (directives, lists) in enumerate(pieces, 1)
    )
