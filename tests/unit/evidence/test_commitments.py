import hashlib

import pytest

from licet.evidence import Opening, commit, commit_to, opens
from licet.evidence.commitments import decode_opening, encode_opening
from licet.terms import EvidenceFault

SALT = bytes(range(32))


def test_a_commitment_is_what_the_format_says() -> None:
    commitment, data = commit_to(SALT, {"us_person": True, "key": "k"})
    assert data == b'{"key":"k","us_person":true}'
    assert commitment == hashlib.sha256(b"licet/commitment/v1\x00" + SALT + data).hexdigest()


def test_it_opens_to_its_own_inputs_and_salt_alone() -> None:
    commitment, data = commit_to(SALT, {"us_person": True})
    opening = Opening(request="01K1", holder="s", salt=SALT, inputs=data)
    assert opens(opening, commitment)
    assert not opens(opening, commit(bytes(32), data))
    assert not opens(opening, commit(SALT, b"{}"))


def test_a_salt_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        commit(b"short", b"{}")


def test_an_opening_reads_back() -> None:
    opening = Opening(request="01K1", holder="s", salt=SALT, inputs=b"{}", parts=(b"profile",))
    assert decode_opening(encode_opening(opening)) == opening
    with pytest.raises(EvidenceFault):
        decode_opening(b"\xc1")
