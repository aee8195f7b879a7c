"""Identifiers: a request's id is a ULID."""

from __future__ import annotations

import pytest

from licet.terms import ENTROPY_BYTES, request_id

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def number(text: str) -> int:
    found = 0
    for digit in text:
        found = found * 32 + DIGITS.index(digit)
    return found


@pytest.mark.parametrize("at_ms", [0, 1, 1023, 1024, 1_781_299_260_123, 2**48 - 1, 2**48 + 5])
def test_a_request_id_begins_with_its_millisecond(at_ms: int) -> None:
    made = request_id(at_ms, bytes(ENTROPY_BYTES))
    assert len(made) == 26
    assert number(made[:10]) == at_ms % 2**48
    assert made[10:] == "0" * 16


def test_every_digit_is_equally_likely() -> None:
    drawn = [
        digit
        for start in range(0, 256, ENTROPY_BYTES)
        for digit in request_id(0, bytes(range(start, start + ENTROPY_BYTES)))[10:]
    ]
    assert sorted(drawn) == sorted(DIGITS * 8)


def test_entropy_is_never_stretched() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        request_id(0, b"short")
