"""`licet probe`."""

from __future__ import annotations

import os

import click

from licet.cli.options import config_option, json_option, show_json
from licet.gateway import Folder, ask_token, check_sources, probe_endpoint
from licet.terms import OperationFault, did_you_mean


@click.command()
@click.argument("endpoint")
@click.option("--model", help="Which of its models; without it, the first.")
@click.option("--timeout", "timeout_s", type=float, default=30.0, show_default=True)
@config_option
@json_option
@click.pass_context
def probe(
    ctx: click.Context,
    endpoint: str,
    model: str | None,
    timeout_s: float,
    folder: Folder,
    as_json: bool,
) -> None:
    """Whether a vendor's ENDPOINT answers, and how.

    Sends one request of a few tokens with the configured credential. Nothing is decided and
    nothing recorded: no person and no data stand behind it. The exit code is 1 when there is no
    proper answer.
    """
    configuration = folder.sound()
    endpoints = {one.id: one for one in configuration.sources.endpoints}
    if endpoint not in endpoints:
        raise OperationFault(
            "unknown_endpoint",
            f"there is no endpoint `{endpoint}`",
            remedy=did_you_mean(endpoint, endpoints) or "there are: " + ", ".join(endpoints),
        )
    chosen = endpoints[endpoint]
    asked = model or next(iter(chosen.models))
    if asked not in chosen.models:
        raise OperationFault(
            "not_served",
            f"`{endpoint}` does not serve `{asked}`",
            remedy=did_you_mean(asked, chosen.models),
        )
    references = {name: one for name, one in configuration.credentials.items() if name == endpoint}
    secrets = folder.credentials(references, os.environ)
    secret = secrets.get(endpoint, "")
    if chosen.auth == "google":
        check_sources({endpoint: secret})
        secret = ask_token(secret).value
    ca_file = folder.within(chosen.ca_file) if chosen.ca_file is not None else None
    found = probe_endpoint(chosen, asked, secret, timeout_s=timeout_s, ca_file=ca_file)
    if as_json:
        show_json(found.told())
    else:
        click.echo(f"{endpoint}: {found.verdict}, {found.detail}, {found.elapsed_ms} ms")
    ctx.exit(0 if found.verdict == "answers" else 1)
