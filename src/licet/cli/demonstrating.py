"""`licet demo`."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import msgspec
import uvloop
from rich.console import Console

from licet.demo import Audience, Lines, Report, Screen, passes, play, summary

PACE_S = 0.35
"""How long a day lasts at least where somebody watches."""

INTERRUPTED = 130


@click.command()
@click.option("--headless", is_flag=True, help="No live display: lines, for logs.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object last, for programs.")
@click.option(
    "--forget",
    "forgotten",
    multiple=True,
    metavar="FILE",
    help="Keep FILE of the configuration from the gateway, and see it judged.",
)
@click.pass_context
def demo(ctx: click.Context, headless: bool, as_json: bool, forgotten: tuple[str, ...]) -> None:
    """Play June 2026 through a running gateway on simulated vendors.

    Twice: the developer's side, where three letters are applied to exactly those whom they
    name; and the deployer's, where both models are gone for everybody and work goes on. The
    exit code is 0 when nothing was unlawful, nobody wrongly refused, nothing lost, and every
    verdict as expected.
    """
    # With --json, standard output is for the object alone.
    console = Console(stderr=as_json, highlight=False, soft_wrap=headless or as_json)
    began = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="licet-demo-")))
        audience: Audience
        if headless or as_json or not console.is_terminal or console.is_dumb_terminal:
            audience, pace_s = Lines(lambda line: click.echo(line, err=as_json)), 0.0
        else:
            audience, pace_s = stack.enter_context(Screen(console)), PACE_S
        work = play(passes(), folder, audience, forgotten=forgotten, pace_s=pace_s)
        report = _run(work)
    if report is None:
        click.echo("ended early; nothing is left behind", err=True)
        ctx.exit(INTERRUPTED)
    console.print(summary(report, time.monotonic() - began))
    if as_json:
        sys.stdout.write(msgspec.json.encode(report.document()).decode() + "\n")
    ctx.exit(0 if report.ok else 1)


def _run(work: Coroutine[Any, Any, Report]) -> Report | None:
    """The report, or None if a signal ended it; whatever was started has ended then."""

    async def until_signalled() -> Report | None:
        loop = asyncio.get_running_loop()
        task = loop.create_task(work)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            return None

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(until_signalled())
