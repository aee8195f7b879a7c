"""`licet suspend`."""

from __future__ import annotations

from typing import Any

import click

from licet.cli.options import DURATION, config_option, who
from licet.gateway import Folder, ask
from licet.terms import OperationFault


@click.command()
@click.argument("name")
@click.option("--for", "seconds", type=DURATION, help="End it by itself: `90s`, `12h`, `7d`.")
@click.option("--model", "party", flag_value="model", help="NAME is a model.")
@click.option("--endpoint", "party", flag_value="endpoint", help="NAME is an endpoint.")
@click.option("--why", default="", help="The reason, which refused callers may be told.")
@click.option("--lift", is_flag=True, help="End a suspension that runs.")
@config_option
def suspend(
    name: str, seconds: int | None, party: str | None, why: str, lift: bool, folder: Folder
) -> None:
    """Stop the use of a model or an endpoint, now.

    The emergency stop: it needs nothing but the running gateway, is in the evidence log before
    it takes effect, and outlives restarts. NAME is the id of a model, or of an endpoint.
    """
    configuration = folder.configuration()
    asked: dict[str, Any] = {"lift": lift, "why": why, "by": who()}
    if seconds is not None:
        asked["seconds"] = seconds
    asked[party or "either"] = name
    if lift and seconds is not None:
        raise OperationFault("suspension", "`--lift` ends a suspension; `--for` has no place there")
    result = ask(
        folder.control(configuration.settings),
        "suspend",
        **asked,
    )
    done = "lifted" if lift else "in force"
    click.echo(f"`{result['directive']}` is {done} in {result['workers']} workers")
