"""`licet witness`, and `licet evidence publish`: those who saw the log before."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from licet.cli.options import EVIDENCE_FOLDER, config_option, evidence_of, told_of
from licet.evidence import (
    SEED_BYTES,
    SeedType,
    SignerKey,
    is_key_name,
    parse_cosigner,
    parse_signer,
    parse_verifier,
)
from licet.gateway import Folder
from licet.storage import verifier_key
from licet.storage.witnesses import (
    FolderSink,
    HttpSink,
    Sink,
    Witness,
    is_url,
    publish,
    witness_server,
)
from licet.terms import OperationFault

KEY = click.option(
    "--key",
    "key_file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file of the witness's signing key.",
)


@click.group()
def witness() -> None:
    """Sign, for others, that their log only ever grew."""


@witness.command("new")
@click.argument("name")
@click.option(
    "--ml-dsa-44",
    "second",
    is_flag=True,
    help="A key of ML-DSA-44 too, which withstands quantum computers; both sign.",
)
@KEY
def new_witness(name: str, second: bool, key_file: Path) -> None:
    """Make a signing key for the witness NAME, such as `witness.example/w1`.

    Prints the public key, for those who will rely on its signatures; with --ml-dsa-44 two.
    """
    if not is_key_name(name):
        raise OperationFault("witness_name", f"`{name}` has a space or a plus, or is empty")
    types: tuple[SeedType, ...] = ("ed25519", "ml-dsa-44") if second else ("ed25519",)
    keys = [SignerKey(name=name, seed=os.urandom(SEED_BYTES), type=kind) for kind in types]
    try:
        fd = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.writelines(f"{key.text()}\n" for key in keys)
    except OSError as error:
        raise told_of(error, key_file) from error
    for key in keys:
        click.echo(str(key.cosigner()))


@witness.command("serve")
@KEY
@click.option(
    "--state",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder that remembers what was signed last; keep it.",
)
@click.option("--log", "logs", multiple=True, required=True, help="The public key of a log.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8790, show_default=True, type=click.IntRange(0, 65535))
def serve(key_file: Path, state: Path, logs: tuple[str, ...], host: str, port: int) -> None:
    """Answer `POST /add-checkpoint` (C2SP tlog-witness) until Ctrl-C.

    A checkpoint is signed when it is of a log that --log names and extends the one that was
    signed before. Put a server that speaks TLS in front of it.
    """
    try:
        keys = [parse_signer(line) for line in key_file.read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        raise told_of(error, key_file) from error
    if not keys or len({key.name for key in keys}) > 1:
        raise OperationFault("witness_name", f"`{key_file}` does not hold the keys of one witness")
    standing = Witness(state, keys, [parse_verifier(one) for one in logs])
    try:
        server = witness_server(standing, host, port, lambda: int(time.time()))
    except OSError as error:
        raise OperationFault("listen", f"`{host}:{port}`: {error.strerror}") from error
    bound = server.server_address[1]
    click.echo(f"witness `{keys[0].name}` at http://{host}:{bound}, for {len(standing.logs)} logs")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        click.echo("ended")
    finally:
        server.server_close()
        standing.close()


@click.command("publish")
@click.option(
    "--to",
    "sink",
    required=True,
    metavar="DIR|URL",
    help="Where others keep it: a folder, such as a mounted share, or a URL for GET and PUT.",
)
@click.option(
    "--credential",
    "variable",
    metavar="NAME",
    help="The environment variable with the bearer token for the URL.",
)
@click.option(
    "--witness",
    "asked",
    multiple=True,
    nargs=2,
    metavar="URL VKEY",
    help="Ask this witness to sign, and check its signature.",
)
@EVIDENCE_FOLDER
@config_option
def publish_checkpoint(
    sink: str,
    variable: str | None,
    asked: tuple[tuple[str, str], ...],
    evidence_folder: Path | None,
    folder: Folder,
) -> None:
    """Put the newest checkpoint where others keep it, signed by witnesses.

    It must extend what was published last: a log that went back, or that has two trees for one
    size, is reported and not published. The exit code is 1 then.
    """
    path = evidence_of(evidence_folder, folder)
    witnesses = tuple((url, parse_cosigner(vkey)) for url, vkey in asked)
    found = publish(path, _sink(sink, variable), verifier_key(path), witnesses=witnesses)
    by = f", signed by {', '.join(found.witnesses)}" if found.witnesses else ""
    click.echo(f"published: {found.checkpoint.size} leaves, {found.before} before{by}")


def _sink(place: str, variable: str | None) -> Sink:
    if not is_url(place):
        if "://" in place or variable is not None:
            raise OperationFault(
                "wrong_url",
                f"`{place}` is no URL that checkpoints can be put under",
                remedy="`https://...` or `http://...`, or the path of a folder, which takes no"
                " credential",
            )
        return FolderSink(Path(place))
    secret = None if variable is None else os.environ.get(variable)
    if variable is not None and not secret:
        raise OperationFault("no_credential", f"environment variable `{variable}` is not set")
    return HttpSink(place, secret)
