"""`licet sim`, and which vendors `licet up --sim` simulates."""

from __future__ import annotations

from collections.abc import Mapping
from os import environ
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import click

from licet.cli.options import told_of
from licet.gateway import Folder
from licet.sim import Cue, Dialect, VendorSpec, read_cues, run
from licet.terms import OperationFault

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command()
@click.option("--ledger", type=click.Path(path_type=Path), help="Append what arrives to FILE.")
@click.option("--script", type=click.Path(path_type=Path), help="Faults to play, as TOML.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.pass_context
def sim(ctx: click.Context, ledger: Path | None, script: Path | None, host: str) -> None:
    """Run the simulated vendors alone.

    They speak Chat Completions, Messages and Responses on real sockets, play faults, and keep a
    ledger of what reached them. They take the credential `sim`.
    """
    ctx.exit(run(cues=_cues(script), ledger=ledger, host=host, say=click.echo))


def vendors_of(folder: Folder, environment: Mapping[str, str] = environ) -> tuple[VendorSpec, ...]:
    """A simulated vendor for each endpoint whose URL is a port of this machine."""
    configuration = folder.startable()
    secrets = folder.credentials(configuration.credentials, environment)
    found = []
    for endpoint in configuration.sources.endpoints:
        url = urlsplit(endpoint.base_url)
        if url.scheme != "http" or url.hostname not in LOOPBACK or endpoint.self_hosted:
            continue
        found.append(
            VendorSpec(
                id=endpoint.id,
                dialect=cast("Dialect", endpoint.dialect),
                models=tuple(endpoint.models.values()),
                port=url.port or 80,
                # Tokens of Google are as many as they are renewed: any of them will do.
                key=None if endpoint.auth == "google" else secrets.get(endpoint.id, ""),
            )
        )
    if not found:
        raise OperationFault(
            "nothing_to_simulate",
            "no endpoint has the URL of a port of this machine, so there is nothing to simulate",
            remedy="give one a `base_url` such as `http://127.0.0.1:8751`",
        )
    return tuple(found)


def _cues(script: Path | None) -> tuple[Cue, ...]:
    if script is None:
        return ()
    try:
        return tuple(read_cues(script.read_bytes(), form="toml"))
    except OSError as error:
        raise told_of(error, script) from error
    except ValueError as error:
        raise OperationFault("script", f"`{script}`: {error}") from error
