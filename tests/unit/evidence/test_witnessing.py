"""Witnesses: what they sign, what they refuse, and what two checkpoints say about a log."""

import pytest

from licet.evidence import (
    Answer,
    Checkpoint,
    Hashes,
    SignerKey,
    Submission,
    cosign,
    cosigners,
    judge,
    leaf_hash,
    open_checkpoint,
    parse_cosigner,
    parse_submission,
    prove_consistency,
    relation,
    root_of,
    sign_checkpoint,
)
from licet.terms import EvidenceFault

LOG = "operator.example/licet/node-1"
KEY = SignerKey(name=LOG, seed=b"s" * 32)
WITNESS = SignerKey(name="witness.example/w1", seed=b"w" * 32)
TREE = Hashes(leaf_hash(b"%d" % number) for number in range(100))
AT = 1_781_299_260


def head(size: int, *, origin: str = LOG) -> Checkpoint:
    return Checkpoint(origin=origin, size=size, root=root_of(0, size, TREE.subtree))


def body(old: int, new: int, *, key: SignerKey = KEY, at: Checkpoint | None = None) -> bytes:
    proof = prove_consistency(old, new, TREE.subtree)
    note = sign_checkpoint(at or head(new), [key])
    return Submission(old=old, proof=proof, note=note).body()


def answer(data: bytes, last: Checkpoint | None = None) -> Answer:
    known = {LOG: [KEY.verifier()]}
    return judge(data, known, {} if last is None else {LOG: last}, [WITNESS], AT)


def test_a_witness_signs_what_extends_what_it_has_seen() -> None:
    for old, new in ((0, 7), (7, 7), (7, 64), (64, 100)):
        last = head(old) if old else None
        found = answer(body(old, new), last)
        assert found.status == 200
        assert found.accepted == head(new)
        note = sign_checkpoint(head(new), [KEY]) + found.body
        (cosigned,) = cosigners(note, [WITNESS.cosigner()])
        assert (cosigned.name, cosigned.at) == (WITNESS.name, AT)
        # Whoever knows no witness reads the checkpoint as before.
        assert open_checkpoint(note, [KEY.verifier()]) == head(new)


@pytest.mark.parametrize(
    ("data", "last", "status"),
    [
        (body(0, 9), head(5), 409),
        (body(5, 9), None, 409),
        (body(5, 5, at=Checkpoint(origin=LOG, size=5, root=bytes(32))), head(5), 409),
        (body(5, 9, at=Checkpoint(origin=LOG, size=9, root=bytes(32))), head(5), 422),
        (body(3, 9).replace(b"old 3", b"old 5"), head(5), 422),
        (body(0, 9).replace(b"old 0\n", b"old 0\n" + b"A" * 43 + b"=\n"), None, 422),
        (body(5, 9).replace(b"old 5", b"old 10"), head(10), 400),
        (body(0, 9, key=SignerKey(name=LOG, seed=bytes(32))), None, 403),
        (body(0, 9, at=head(9, origin="other.example")), None, 404),
        (b"old x\n\n", None, 400),
        (b"old 05\n\nx", None, 400),
        (b"old 0\nAAAA\n\nx", None, 400),
        (b"\xff", None, 400),
        (body(0, 9).replace(b"old 0\n", b"old 0\n" + (b"A" * 43 + b"=\n") * 64), None, 400),
    ],
)
def test_what_a_witness_refuses(data: bytes, last: Checkpoint | None, status: int) -> None:
    found = answer(data, last)
    assert (found.status, found.accepted) == (status, None)
    if status == 409:
        size = last.size if last else 0
        assert (found.body, found.content_type) == (f"{size}\n".encode(), "text/x.tlog.size")


def test_a_signature_of_a_known_witness_that_does_not_fit_is_refused() -> None:
    note = sign_checkpoint(head(7), [KEY])
    other = sign_checkpoint(head(8), [KEY])
    with pytest.raises(EvidenceFault, match="does not fit the text"):
        cosigners(note + cosign(other, [WITNESS], AT), [WITNESS.cosigner()])
    stranger = SignerKey(name="witness.example/w2", seed=b"x" * 32)
    assert cosigners(note + cosign(note, [stranger], AT), [WITNESS.cosigner()]) == ()


def test_a_witness_has_a_key_of_its_own_type() -> None:
    text = str(WITNESS.cosigner())
    assert parse_cosigner(text) == WITNESS.cosigner()
    for wrong in (str(WITNESS.verifier()), text[:-4] + "AAAA", "w+1+x"):
        with pytest.raises(EvidenceFault):
            parse_cosigner(wrong)


def test_a_signature_of_a_type_that_is_not_known_here_is_passed_over() -> None:
    """ML-DSA-44 by the log, say: 2,420 bytes under an id of its own."""
    note = sign_checkpoint(head(7), [KEY])
    later = f"— {LOG} {'A' * 3240}\n".encode()
    assert open_checkpoint(note + later, [KEY.verifier()]) == head(7)


def test_a_submission_is_read_as_it_was_written() -> None:
    found = parse_submission(body(7, 64))
    assert found.old == 7
    assert found.proof == prove_consistency(7, 64, TREE.subtree)
    assert found.body() == body(7, 64)


def test_two_checkpoints_alone_show_a_split_view_or_a_log_that_went_back() -> None:
    other = Checkpoint(origin=LOG, size=7, root=bytes(32))
    assert relation(head(7), head(7)) == "same"
    assert relation(head(7), head(9)) == "grown"
    assert relation(head(7), other) == "split"
    assert relation(head(9), head(7)) == "rewound"
    with pytest.raises(EvidenceFault, match="different logs"):
        relation(head(7), head(7, origin="other.example"))
