"""Receipts: records that prove themselves, one by one in C2SP `tlog-proof`, and bundled.

A `tlog-proof` is a text: where a leaf is, its audit path, and the signed checkpoint. Its
`extra` line holds the leaf here, so that the file alone is enough. A receipt is a JSON file
with one such proof for every record of a request.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import msgspec

from licet.evidence.checkpoints import Checkpoint, is_decimal
from licet.evidence.codec import decode, is_canonical
from licet.evidence.leaves import Leaf
from licet.evidence.merkle import leaf_hash, verify_inclusion
from licet.evidence.note_keys import VerifierKey
from licet.evidence.notes import open_checkpoint
from licet.terms import EvidenceFault

PROOF_HEAD = "c2sp.org/tlog-proof@v1"
RECEIPT_FORMAT = "licet/receipt/v1"
PATH_MAX = 63


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """That the leaf at `index` is in the tree of a checkpoint; `note` is the signed note.

    `extra` is opaque and proves nothing by itself: here it is the leaf.
    """

    index: int
    path: tuple[bytes, ...]
    note: bytes
    extra: bytes | None = None

    def text(self) -> bytes:
        """The content of a `.tlog-proof` file."""
        lines = [PROOF_HEAD]
        if self.extra is not None:
            lines.append(f"extra {_b64(self.extra)}")
        lines += [f"index {self.index}", *map(_b64, self.path), "", ""]
        return "\n".join(lines).encode() + self.note


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A leaf's exact bytes as text, and its `tlog-proof`."""

    leaf: str
    proof: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every record of one request, as far as the checkpoint signs."""

    format: str
    log: str
    request: str
    records: tuple[Record, ...]


class Proven(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt shows: the leaves with their places, under one signed checkpoint."""

    checkpoint: Checkpoint
    leaves: tuple[tuple[int, Leaf], ...]


def parse_proof(data: bytes) -> Proof:
    """Reads a `tlog-proof`; `EvidenceFault` (`proof_malformed`) unless it is exactly one."""
    try:
        head, separator, note = data.decode("utf-8").partition("\n\n")
    except UnicodeDecodeError as error:
        raise _malformed("it is not UTF-8") from error
    lines = head.split("\n")
    if lines[0] != PROOF_HEAD or not separator:
        raise _malformed(f"it does not begin with `{PROOF_HEAD}`")
    extra = None
    rest = lines[1:]
    if rest and rest[0].startswith("extra "):
        extra = _unb64(rest.pop(0).removeprefix("extra "))
    number = rest.pop(0).removeprefix("index ") if rest and rest[0].startswith("index ") else ""
    if not is_decimal(number):
        raise _malformed("it does not say which leaf it is about")
    path = tuple(_unb64(line) for line in rest)
    if len(path) > PATH_MAX or any(len(step) != 32 for step in path):
        raise _malformed("its path is not made of SHA-256 hashes")
    return Proof(index=int(number), path=path, note=note.encode(), extra=extra)


def check_proof(proof: Proof, leaf: bytes, keys: Sequence[VerifierKey]) -> Checkpoint:
    """The checkpoint under which a proof shows this leaf.

    Raises `EvidenceFault`: as `open_checkpoint` does, `wrong_log` when the checkpoint is of another
    log than its key, or `not_included`.
    """
    checkpoint = open_checkpoint(proof.note, keys)
    if checkpoint.origin not in {key.name for key in keys}:
        raise EvidenceFault("wrong_log", f"the checkpoint is of log `{checkpoint.origin}`")
    hashed = leaf_hash(leaf)
    if not verify_inclusion(hashed, proof.index, checkpoint.size, proof.path, checkpoint.root):
        raise EvidenceFault(
            "not_included",
            f"the record is not leaf {proof.index} of the {checkpoint.size} that were signed",
        )
    return checkpoint


def encode_receipt(log: str, request: str, proofs: Sequence[Proof]) -> bytes:
    """A receipt file of proofs that hold their leaves as `extra`."""
    records = []
    for proof in proofs:
        assert proof.extra is not None
        bare = msgspec.structs.replace(proof, extra=None)
        records.append(Record(leaf=proof.extra.decode(), proof=bare.text().decode()))
    receipt = Receipt(format=RECEIPT_FORMAT, log=log, request=request, records=tuple(records))
    return msgspec.json.format(msgspec.json.encode(receipt), indent=2) + b"\n"


def open_receipt(data: bytes, keys: Sequence[VerifierKey]) -> Proven:
    """What a receipt proves to whoever trusts one of `keys`.

    Raises `EvidenceFault`: `receipt_malformed`, `not_canonical`, or as `check_proof` does.
    """
    receipt = _parse_receipt(data)
    leaves: list[tuple[int, Leaf]] = []
    checkpoints: set[tuple[int, bytes]] = set()
    checkpoint = None
    for record in receipt.records:
        content = record.leaf.encode()
        proof = parse_proof(record.proof.encode())
        checkpoint = check_proof(proof, content, keys)
        checkpoints.add((checkpoint.size, checkpoint.root))
        leaf = decode(content)
        if not is_canonical(content, leaf):
            raise EvidenceFault("not_canonical", f"leaf {proof.index} is not canonical JSON")
        if getattr(leaf, "request", None) != receipt.request or leaf.log != receipt.log:
            raise _unlike(f"leaf {proof.index} is not about request `{receipt.request}`")
        leaves.append((proof.index, leaf))
    if checkpoint is None or len(checkpoints) != 1:
        raise _unlike("its records are not under one checkpoint")
    places = [index for index, _ in leaves]
    if places != sorted(set(places)):
        raise _unlike("its records are not in order")
    return Proven(checkpoint=checkpoint, leaves=tuple(leaves))


def _parse_receipt(data: bytes) -> Receipt:
    try:
        receipt = msgspec.json.decode(data, type=Receipt)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _unlike(str(error)) from error
    if receipt.format != RECEIPT_FORMAT:
        raise _unlike(f"its format is `{receipt.format}`")
    return receipt


def _unlike(why: str) -> EvidenceFault:
    return EvidenceFault("receipt_malformed", f"not a receipt: {why}")


def _malformed(why: str) -> EvidenceFault:
    return EvidenceFault("proof_malformed", f"not a proof of inclusion: {why}")


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unb64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _malformed(f"`{text}` is not base64") from error
    if _b64(data) != text:
        raise _malformed(f"`{text}` is not base64 in its one form")
    return data
