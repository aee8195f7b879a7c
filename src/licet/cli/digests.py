"""`licet evidence rotate-digest-key, compare`: keys of content digests, and what they are for."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from licet import __version__
from licet.cli.options import EVIDENCE_FOLDER, config_option, evidence_of, who
from licet.cli.persons import person_options
from licet.cli.viewing import record_reading, require_view, system_time
from licet.evidence import DecisionLeaf, DigestKeyLeaf, KeyedDigest, Leaf, OutcomeLeaf
from licet.gateway import Folder
from licet.storage import (
    Filters,
    digest_keys,
    prepare_digest_key,
    record_leaf,
    show,
    use_digest_key,
    verifier_key,
)
from licet.terms import OperationFault

OTHERWISE = 4
"""The exit code where content is not what was recorded."""


@click.command("rotate-digest-key")
@EVIDENCE_FOLDER
@config_option
def rotate_digest_key(evidence_folder: Path | None, folder: Folder) -> None:
    """Replace the key of content digests. It is used from the next `licet reload` on.

    What is being answered then is digested to its end with the key with which it began. The key
    before is kept for `licet evidence compare`, until `licet evidence expire` destroys it: when
    the last record that names it is older than `openings_days`, and than any duty to retain.
    """
    path = evidence_of(evidence_folder, folder)
    settings = folder.configuration().settings
    recorder = None if evidence_folder is not None else folder.recorder(settings)
    log = verifier_key(path).name
    name = prepare_digest_key(path)
    leaf = DigestKeyLeaf(at=system_time(settings), log=log, by=who(), key=name, event="made")
    record_leaf(path, recorder, leaf, __version__)
    use_digest_key(path, name)
    click.echo(f"made: `{name}`, used from the next `licet reload` on")


@click.command("compare")
@click.argument("request")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@person_options
@EVIDENCE_FOLDER
@config_option
@click.pass_context
def compare(
    ctx: click.Context,
    /,
    request: str,
    file: Path,
    evidence_folder: Path | None,
    folder: Folder,
    **attributes: Any,
) -> None:
    """Say whether FILE is, byte by byte, what REQUEST asked, or what it was answered.

    Records have keyed digests of both, and never the content. As with `licet evidence open`,
    directives can restrict it, and it is recorded before anything is said. The exit code is 3
    where it is not permitted, and 4 where FILE is neither.
    """
    path = evidence_of(evidence_folder, folder)
    records = [leaf for _, leaf in show(path, Filters(request=request))]
    digests = _digests(records)
    if not digests:
        raise OperationFault("no_digest", f"no digest of content of `{request}` is recorded")
    require_view(ctx, folder, records, attributes)
    content, keys = file.read_bytes(), digest_keys(path)
    record_reading(folder, path, f"comparison with {request}")
    for what, name, digest in digests:
        if name in keys and hmac.compare_digest(KeyedDigest(keys[name])(content), digest):
            click.echo(f"the same: `{file}` is {what} of `{request}`")
            return
    gone = sorted({name for _, name, _ in digests} - set(keys))
    if gone:
        raise OperationFault(
            "digest_key_gone",
            f"the key `{gone[0]}` of the digests of `{request}` is not there",
            remedy="where it was destroyed, nobody can compare them any more",
        )
    click.echo(f"otherwise: `{file}` is nothing that `{request}` asked or was answered")
    ctx.exit(OTHERWISE)


def _digests(records: Iterable[Leaf]) -> list[tuple[str, str, str]]:
    """What it is of, the key's id, and the digest."""
    found = []
    for leaf in records:
        if isinstance(leaf, DecisionLeaf) and leaf.request_digest:
            found.append(("the request", leaf.digest_key, leaf.request_digest))
        if isinstance(leaf, OutcomeLeaf) and leaf.answer_digest:
            found.append(("the answer", leaf.digest_key, leaf.answer_digest))
    return found
