"""`licet init`."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import click

from licet.cli.options import told_of
from licet.cli.wording import called
from licet.gateway import Folder
from licet.identity import KEY_BYTES, SEED_BYTES, new_key, new_signing_key, write_key
from licet.policy import SCHEMAS, schema_text
from licet.sim import SIM_KEY
from licet.terms import OperationFault

EXAMPLE = "example"
KEY_NAME = "first"
PRIVATE = 0o600


@click.command()
@click.argument("path", metavar="DIR", type=click.Path(path_type=Path))
def init(path: Path) -> None:
    """Write a working configuration into a new folder.

    Its endpoints are simulated vendors, so that the printed request is answered at once, without
    any account.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise OperationFault(
            "not_empty",
            f"`{path}` exists already and is not an empty folder",
            remedy="name another one; nothing was written",
        )
    shown = _write(path)
    settings = Folder(path).sound().settings
    where = f"http://{settings.listen.host}:{settings.listen.port}"
    click.echo(_instructions(path, where, shown))


def _write(path: Path) -> str:
    """Everything there is in the example, schemas for editors, and keys of its own; the gateway
    key, shown once."""
    try:
        for name, data in _example():
            target = path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        for name in SCHEMAS:
            target = path / "schema" / f"{name}.json"
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(schema_text(name))
        private, public = new_signing_key("local-1", secrets.token_bytes(SEED_BYTES))
        shown, key = new_key(
            KEY_NAME,
            secrets.token_bytes(KEY_BYTES),
            organisation="acme",
            workloads=("assistant", "assistant-messages"),
            created=datetime.now(UTC).replace(microsecond=0),
        )
        _write_text(path / "keys" / f"{KEY_NAME}.toml", write_key(key))
        _write_text(path / "issuers" / "local.jwks.json", public)
        _write_text(path / "issuers" / "local.private.json", private, mode=PRIVATE)
        _write_text(path / "sim.credential", SIM_KEY + "\n", mode=PRIVATE)
    except OSError as error:
        raise told_of(error, path) from error
    return shown


def _example() -> list[tuple[str, bytes]]:
    """(path in the folder, content) of each file of the example."""
    root = resources.files("licet.cli") / EXAMPLE
    found: list[tuple[str, bytes]] = []
    for entry in sorted(root.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            found += [
                (f"{entry.name}/{one.name}", one.read_bytes())
                for one in sorted(entry.iterdir(), key=lambda one: one.name)
                if one.name.endswith(".toml")
            ]
        elif entry.name.endswith(".toml"):
            found.append((entry.name, entry.read_bytes()))
    return found


def _write_text(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=mode)
    path.write_text(text, encoding="utf-8")


def _instructions(path: Path, where: str, shown: str) -> str:
    return f"""\
wrote {path}: a gateway before two simulated vendors

  {called()} up --sim --config {path}

then, in another terminal (this key is shown once):

  curl -s {where}/v1/chat/completions \\
    -H 'authorization: Bearer {shown}' -H 'content-type: application/json' \\
    -d '{{"model": "assistant", "messages": [{{"role": "user", "content": "Good morning"}}]}}'
"""
