"""`licet worker`, which only `licet up` calls: the path of requests."""

from __future__ import annotations

from pathlib import Path

import click

from licet.gateway import run_worker


@click.command()
@click.option("--control-fd", type=int, required=True)
@click.option("--listen-fd", type=int, required=True)
@click.option("--recorder", required=True)
@click.option("--index", type=int, required=True)
@click.option("--configuration", type=click.Path(path_type=Path), required=True)
@click.pass_context
def worker(
    ctx: click.Context,
    control_fd: int,
    listen_fd: int,
    recorder: str,
    index: int,
    configuration: Path,
) -> None:
    """The path of requests."""
    ctx.exit(run_worker(control_fd, listen_fd, recorder, index, configuration))
