"""Keyed digests are those that everybody else computes."""

from __future__ import annotations

import hmac

from licet.evidence import KeyedDigest


def test_a_keyed_digest_is_hmac_sha_256() -> None:
    for key in (b"", b"key", b"k" * 64, b"longer than a block" * 4):
        digest = KeyedDigest(key)
        expected = hmac.new(key, b"content", "sha256").hexdigest()
        assert digest(b"content") == digest(b"content") == expected
        pieces = digest.begin()
        pieces.update(b"con")
        pieces.update(b"tent")
        assert pieces.hexdigest() == expected
