"""Signatures that withstand quantum computers: beside those of Ed25519, and alone."""

from __future__ import annotations

import base64
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from licet.evidence import (
    Checkpoint,
    SignerKey,
    Submission,
    cosign,
    cosigners,
    judge,
    note_parts,
    open_checkpoint,
    open_note,
    parse_cosigner,
    parse_signer,
    parse_verifier,
    sign,
    sign_checkpoint,
)
from licet.terms import EvidenceFault

LOG = "operator.example/licet/node-1"
FIRST = SignerKey(name=LOG, seed=b"s" * 32)
SECOND = SignerKey(name=LOG, seed=b"s" * 32, type="ml-dsa-44")
WITNESS = SignerKey(name="witness.example/w1", seed=b"w" * 32)
SECOND_WITNESS = SignerKey(name="witness.example/w1", seed=b"v" * 32, type="ml-dsa-44")
HEAD = Checkpoint(origin=LOG, size=20_852_163, root=b"\x07" * 32)
AT = 1_781_299_260


def fault_of(note: bytes, key: SignerKey = SECOND) -> str:
    with pytest.raises(EvidenceFault) as caught:
        open_note(note, [key.verifier()])
    return caught.value.code


def test_a_checkpoint_bears_both_signatures_and_each_opens_it_alone() -> None:
    note = sign_checkpoint(HEAD, [FIRST, SECOND])
    for keys in ([FIRST], [SECOND], [FIRST, SECOND]):
        known = [key.verifier() for key in keys]
        assert open_checkpoint(note, known) == HEAD
        assert open_note(note, known)[1] == tuple(known)
    _, ((_, first), (name, second)) = note_parts(note)
    assert (name, len(first), len(second)) == (LOG, 4 + 64, 4 + 8 + 2420)
    assert FIRST.verifier().id != SECOND.verifier().id == second[:4]


def test_what_is_signed_is_the_message_of_the_standard() -> None:
    """`cosigned_message` of C2SP tlog-cosignature, put together by hand."""
    _, ((_, blob),) = note_parts(sign_checkpoint(HEAD, [SECOND]))
    name = LOG.encode()
    message = b"subtree/v1\n\0" + bytes([len(name)]) + name + struct.pack(">Q", 0)
    message += bytes([len(name)]) + name + struct.pack(">QQ", 0, HEAD.size) + HEAD.root
    public = MLDSA44PublicKey.from_public_bytes(SECOND.verifier().public)
    public.verify(blob[12:], message)
    assert blob[4:12] == bytes(8)


def test_keys_read_back_from_their_texts() -> None:
    text = str(SECOND.verifier())
    assert parse_verifier(text) == parse_cosigner(text) == SECOND.verifier() == SECOND.cosigner()
    raw = base64.b64decode(text.split("+", 2)[2])
    assert (raw[:1], len(raw)) == (b"\x06", 1 + 1312)
    assert parse_signer(SECOND.text()) == SECOND
    assert "s" * 32 not in repr(SECOND)


def test_a_key_is_of_a_log_or_of_a_witness() -> None:
    assert parse_cosigner(str(WITNESS.cosigner())) == WITNESS.cosigner()
    for parse, key in ((parse_verifier, WITNESS.cosigner()), (parse_cosigner, WITNESS.verifier())):
        with pytest.raises(EvidenceFault, match="is not"):
            parse(str(key))


@pytest.mark.parametrize("kind", [b"\x02", b"\x05", b"\x07", b"\xff"])
def test_a_key_of_a_type_that_is_not_known_is_refused(kind: bytes) -> None:
    data = base64.b64encode(kind + bytes(1952)).decode()
    with pytest.raises(EvidenceFault) as caught:
        parse_verifier(f"log.example+00000000+{data}")
    assert caught.value.code == "key_malformed"
    assert len(caught.value.message) < 300
    secret = f"PRIVATE+KEY+log.example+00000000+{base64.b64encode(kind + b'z' * 32).decode()}"
    with pytest.raises(EvidenceFault) as caught:
        parse_signer(secret)
    assert "enp6" not in caught.value.message


def test_every_changed_character_of_the_text_is_noticed() -> None:
    note = sign_checkpoint(HEAD, [SECOND])
    for place in range(len(HEAD.text()) + 60):
        changed = bytearray(note)
        changed[place] ^= 1
        codes = {"note_unsigned", "note_malformed", "checkpoint_malformed"}
        assert fault_of(bytes(changed)) in codes


def test_a_signature_cut_short_or_changed_is_none() -> None:
    text, ((name, blob),) = note_parts(sign_checkpoint(HEAD, [SECOND]))
    changed = bytearray(blob)
    changed[-1] ^= 1
    late = blob[:4] + (2**63).to_bytes(8, "big") + blob[12:]
    for wrong in (blob[:11], blob[:-1], bytes(changed), blob + b"\0", late):
        line = f"— {name} {base64.b64encode(wrong).decode()}\n"
        assert fault_of(f"{text}\n{line}".encode()) == "note_unsigned"


def test_a_signature_of_a_key_or_type_that_is_not_known_is_kept_and_passed_over() -> None:
    """A checkpoint as others sign it, with sixteen signatures of up to 5 kB."""
    note = sign_checkpoint(HEAD, [FIRST])
    for number in range(15):
        blob = bytes([number]) * 4 + bytes(8) + bytes(4_627 if number % 2 else 2_420)
        note += f"— other.example/{number} {base64.b64encode(blob).decode()}\n".encode()
    assert open_checkpoint(note, [FIRST.verifier()]) == HEAD
    assert len(note_parts(note)[1]) == 16
    assert fault_of(note) == "note_unsigned"
    # The id of a known key under another name, and its name with another id, are others' too.
    _, ((_, mine),) = note_parts(sign_checkpoint(HEAD, [SECOND]))
    strange = f"— other.example {base64.b64encode(mine).decode()}\n".encode()
    assert fault_of(note + strange) == "note_unsigned"


def test_only_a_checkpoint_can_be_signed() -> None:
    with pytest.raises(EvidenceFault, match="three full lines"):
        sign("just a text\n", [SECOND])


def test_a_witness_signs_with_each_of_its_keys_and_says_when() -> None:
    keys = [WITNESS, SECOND_WITNESS]
    note = sign_checkpoint(HEAD, [FIRST])
    whole = note + cosign(note, keys, AT)
    assert [one.at for one in cosigners(whole, [key.cosigner() for key in keys])] == [AT, AT]
    for key in keys:
        (found,) = cosigners(whole, [key.cosigner()])
        assert (found.name, found.at) == (WITNESS.name, AT)
    timeless = note + cosign(note, [SECOND_WITNESS], 0)
    with pytest.raises(EvidenceFault, match="does not say when"):
        cosigners(timeless, [SECOND_WITNESS.cosigner()])


def test_the_signature_of_another_witness_is_not_this_ones() -> None:
    """Its name is in what it signs, as it is not with Ed25519."""
    note = sign_checkpoint(HEAD, [FIRST])
    other = SignerKey(name="witness.example/w2", seed=SECOND_WITNESS.seed, type="ml-dsa-44")
    _, (_, (_, blob)) = note_parts(note + cosign(note, [other], AT))
    claimed = SECOND_WITNESS.cosigner().id + blob[4:]
    line = f"— {SECOND_WITNESS.name} {base64.b64encode(claimed).decode()}\n".encode()
    with pytest.raises(EvidenceFault, match="does not fit"):
        cosigners(note + line, [SECOND_WITNESS.cosigner()])


def test_a_log_that_signs_with_ml_dsa_44_alone_is_witnessed() -> None:
    note = sign_checkpoint(HEAD, [SECOND])
    body = Submission(old=0, proof=(), note=note).body()
    found = judge(body, {LOG: [SECOND.verifier()]}, {}, [WITNESS, SECOND_WITNESS], AT)
    assert (found.status, found.accepted, found.body.count(b"\n")) == (200, HEAD, 2)
    assert judge(body, {LOG: [FIRST.verifier()]}, {}, [WITNESS], AT).status == 403
