"""Witnesses: the cosignatures and the judgement of C2SP `tlog-witness`.

A witness signs that a checkpoint extends every earlier one that it has seen of the log. Whoever
asks for its signature cannot show two histories to two people. What a witness remembers, and
how it is reached, is somebody else's business: here are only bytes and values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from licet.evidence.checkpoints import Checkpoint, is_decimal, parse_checkpoint
from licet.evidence.merkle import verify_consistency
from licet.evidence.note_keys import SignerKey, VerifierKey, b64, unb64
from licet.evidence.notes import note_parts, open_checkpoint
from licet.evidence.signatures import signature_line, signed_at
from licet.terms import EvidenceFault

PROOF_LINES_MAX = 63
SIZE_TYPE = "text/x.tlog.size"

Relation = Literal["same", "grown", "split", "rewound"]
"""How a checkpoint seen later relates to one seen before. `grown` needs a proof; `split`: two
roots for one size, which nobody can sign honestly; `rewound`: smaller than it was."""


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint, and the proof that it extends that of `old` leaves."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes

    def body(self) -> bytes:
        """The body of `add-checkpoint`; also how a consistency proof is kept in a file."""
        lines = [f"old {self.old}", *map(b64, self.proof), "", ""]
        return "\n".join(lines).encode() + self.note


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a witness says: an HTTP status and body; `accepted` must be durable before."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    accepted: Checkpoint | None = None


class Cosigned(msgspec.Struct, frozen=True, kw_only=True):
    """A witness and the time, in seconds since the Unix epoch, at which it signed."""

    name: str
    at: int


def cosign(note: bytes, keys: Iterable[SignerKey], at: int) -> bytes:
    """The signature lines of a witness on a checkpoint, one by each key; `at` in seconds."""
    text, _ = note_parts(note)
    return b"".join(signature_line(key, key.cosigner(), text, at) for key in keys)


def cosigners(note: bytes, keys: Iterable[VerifierKey]) -> tuple[Cosigned, ...]:
    """The known witnesses that signed; `EvidenceFault` (`note_unsigned`) for a wrong signature
    by one of them, or one that says no time. Signatures by others are passed over."""
    text, signatures = note_parts(note)
    known = {(key.name, key.id): key for key in keys}
    found: list[Cosigned] = []
    for name, blob in signatures:
        key = known.get((name, blob[:4]))
        if key is None:
            continue
        at = signed_at(key, text, blob[4:])
        if not at:
            message = f"the signature by witness `{name}` does not say when it was made"
            raise EvidenceFault("note_unsigned", message)
        found.append(Cosigned(name=name, at=at))
    return tuple(found)


def relation(before: Checkpoint, after: Checkpoint) -> Relation:
    """What two checkpoints of one log, the second seen later, say by themselves."""
    if before.origin != after.origin:
        raise EvidenceFault(
            "wrong_log", f"`{before.origin}` and `{after.origin}` are different logs"
        )
    if before.size == after.size:
        return "same" if before.root == after.root else "split"
    return "grown" if before.size < after.size else "rewound"


def parse_submission(body: bytes) -> Submission:
    """Reads the body of `add-checkpoint`; `EvidenceFault` (`submission_malformed`)."""
    head, separator, note = body.partition(b"\n\n")
    try:
        first, *rest = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise _malformed("it is not text") from error
    number = first.removeprefix("old ")
    if not separator or first == number or not is_decimal(number):
        raise _malformed("it does not begin with `old` and a size")
    proof = [unb64(line) for line in rest]
    if len(proof) > PROOF_LINES_MAX or any(step is None or len(step) != 32 for step in proof):
        raise _malformed("its proof is not made of SHA-256 hashes")
    steps = tuple(step for step in proof if step is not None)
    return Submission(old=int(number), proof=steps, note=note)


def judge(
    body: bytes,
    logs: Mapping[str, Sequence[VerifierKey]],
    last: Mapping[str, Checkpoint],
    keys: Sequence[SignerKey],
    at: int,
) -> Answer:
    """A witness's answer to `add-checkpoint`.

    `logs`: origin -> the log's keys. `last`: origin -> what was cosigned last. `keys`: those of the
    witness. Checking and keeping `accepted` must happen under one lock.
    """
    try:
        submission = parse_submission(body)
        text, _ = note_parts(submission.note)
        origin = parse_checkpoint(text).origin
    except EvidenceFault as fault:
        return Answer(status=400, body=f"{fault.message}\n".encode())
    if origin not in logs:
        return Answer(status=404, body=b"this log is not known here\n")
    try:
        checkpoint = open_checkpoint(submission.note, logs[origin])
    except EvidenceFault as fault:
        return Answer(status=403, body=f"{fault.message}\n".encode())
    if submission.old > checkpoint.size:
        return Answer(status=400, body=b"the old size is larger than the checkpoint's\n")
    before = last.get(origin)
    size = before.size if before is not None else 0
    if submission.old != size:
        return Answer(status=409, body=f"{size}\n".encode(), content_type=SIZE_TYPE)
    if before is not None and relation(before, checkpoint) == "split":
        return Answer(status=409, body=f"{size}\n".encode(), content_type=SIZE_TYPE)
    if not _extends(before, checkpoint, submission.proof):
        return Answer(status=422, body=b"the checkpoint does not extend the one before\n")
    return Answer(status=200, body=cosign(submission.note, keys, at), accepted=checkpoint)


def _extends(before: Checkpoint | None, after: Checkpoint, proof: Sequence[bytes]) -> bool:
    if before is None or before.size == 0:
        return not proof
    return verify_consistency(before.size, after.size, before.root, after.root, proof)


def _malformed(why: str) -> EvidenceFault:
    return EvidenceFault("submission_malformed", f"not a checkpoint to be witnessed: {why}")
