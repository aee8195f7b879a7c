"""`licet evidence tiles, prove, consistency`: the log for those who trust no operator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from licet.cli.options import EVIDENCE_FOLDER, config_option, evidence_of, told_of
from licet.cli.progress import Steps
from licet.evidence import (
    Checkpoint,
    Proven,
    Submission,
    VerifierKey,
    encode_receipt,
    open_checkpoint,
    open_receipt,
    parse_submission,
    parse_verifier,
    relation,
    verify_consistency,
)
from licet.gateway import Folder
from licet.storage import build_tiles, prove_between, prove_request, verifier_key
from licet.terms import EvidenceFault

OUT = click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file instead of the screen.",
)
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@EVIDENCE_FOLDER
@config_option
def tiles(evidence_folder: Path | None, folder: Folder) -> None:
    """Bring `tiles/` up to date: the log as static files (C2SP tlog-tiles).

    Any web server can serve the folder, and tools that are not ours can read it. Works beside a
    running gateway, and slows it down in nothing but the disk.
    """
    path = evidence_of(evidence_folder, folder)
    with Steps("leaves") as steps:
        found = build_tiles(path, verifier_key(path), progress=steps.reach)
    click.echo(f"{path / 'tiles'}: {found.checkpoint.size} leaves, {found.written} files written")


@click.command()
@click.argument("request")
@click.option(
    "--each",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also a folder with each record and its proof as files of their own (C2SP tlog-proof).",
)
@OUT
@EVIDENCE_FOLDER
@config_option
def prove(
    request: str,
    each: Path | None,
    output: Path | None,
    evidence_folder: Path | None,
    folder: Folder,
) -> None:
    """Write a receipt of REQUEST: its records, each with a proof that it is in the signed log.

    `licet evidence verify --receipt FILE --vkey KEY` checks it, on any machine and without the log.
    """
    path = evidence_of(evidence_folder, folder)
    key = verifier_key(path)
    with Steps("leaves") as steps:
        proved = prove_request(path, request, [key], progress=steps.reach)
    if proved.unsigned:
        click.echo(
            f"warning: {proved.unsigned} records of `{request}` are younger than the checkpoint"
            " and not in the receipt; try again in a second",
            err=True,
        )
    _write(output, encode_receipt(key.name, request, proved.proofs))
    if each is not None:
        with _writing(each):
            each.mkdir(parents=True, exist_ok=True)
            for proof in proved.proofs:
                assert proof.extra is not None
                (each / f"{proof.index}.json").write_bytes(proof.extra)
                (each / f"{proof.index}.tlog-proof").write_bytes(proof.text())


@click.command()
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
@click.option("--vkey", help="The public key that you trust; without it, the one beside the log.")
@click.option("--proof", type=FILE, help="A proof that was made elsewhere: no log is needed.")
@OUT
@EVIDENCE_FOLDER
@config_option
@click.pass_context
def consistency(
    ctx: click.Context,
    old: Path,
    new: Path,
    vkey: str | None,
    proof: Path | None,
    output: Path | None,
    evidence_folder: Path | None,
    folder: Folder,
) -> None:
    """Show whether checkpoint NEW, seen later, extends checkpoint OLD.

    Both are files. Two checkpoints with two roots for one size are a split view; a newer one that
    is smaller is a log that was rewound. The exit code is 1 for both, and where the log here is
    not what was signed. With --output the proof is written as a file that --proof reads.
    """
    path = None if vkey is not None and proof is not None else evidence_of(evidence_folder, folder)
    key = parse_verifier(vkey) if vkey is not None else verifier_key(_required(path))
    before, after = (open_checkpoint(one.read_bytes(), [key]) for one in (old, new))
    found = relation(before, after)
    if found in ("split", "rewound"):
        click.echo(_accusation(before, after))
        ctx.exit(1)
    if proof is not None:
        steps = parse_submission(proof.read_bytes()).proof
    else:
        with Steps("leaves") as progress:
            steps = prove_between(_required(path), before, after, progress=progress.reach)
    if not verify_consistency(before.size, after.size, before.root, after.root, steps):
        click.echo(f"not shown: the proof is not of {before.size} and {after.size} leaves")
        ctx.exit(1)
    click.echo(f"consistent: {after.size} leaves extend {before.size}, {len(steps)} hashes")
    if output is not None:
        _write(output, Submission(old=before.size, proof=steps, note=new.read_bytes()).body())


def check_receipt(file: Path, vkeys: Sequence[str]) -> list[str]:
    """What a receipt proves, in lines; `EvidenceFault` unless it does by each of the keys."""
    keys = [parse_verifier(vkey) for vkey in vkeys]
    with _writing(file):
        content = file.read_bytes()
    proven = [open_receipt(content, [key]) for key in keys]
    return list(_told(proven[0], keys[0]))


def _told(proven: Proven, key: VerifierKey) -> Iterator[str]:
    head = proven.checkpoint
    yield f"proved: {len(proven.leaves)} records are in log `{key.name}`"
    yield f"signed     {head.size} leaves, root {head.root.hex()}"
    for index, leaf in proven.leaves:
        at = leaf.at
        word = getattr(leaf, "verdict", None) or getattr(leaf, "outcome", None)
        yield f"{index:>8} {at} {leaf.__struct_config__.tag}{f': {word}' if word else ''}"


def _accusation(before: Checkpoint, after: Checkpoint) -> str:
    if before.size == after.size:
        return (
            f"SPLIT VIEW: both checkpoints are signed, and {before.size} leaves have two roots:"
            f" {before.root.hex()} and {after.root.hex()}. Together they are proof of it: keep both"
        )
    return (
        f"REWOUND: {before.size} leaves were signed before, and the checkpoint seen later has only"
        f" {after.size}. Keep both"
    )


def _required(path: Path | None) -> Path:
    if path is None:
        raise EvidenceFault("no_log", "a log is needed to make a proof from")
    return path


def _write(output: Path | None, content: bytes) -> None:
    if output is None:
        click.echo(content.decode(), nl=False)
        return
    with _writing(output):
        output.write_bytes(content)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise told_of(error, path) from error
