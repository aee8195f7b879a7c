"""`licet demo`."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import msgspec
import uvloop
from rich.console import Console

from licet.cli.options import told_of
from licet.demo import Audience, Lines, Report, Screen, passes, play, summary
from licet.terms import OperationFault

PACE_S = 0.35
"""How long a day lasts at least where somebody watches."""

INTERRUPTED = 130


@click.command()
@click.option("--headless", is_flag=True, help="No live display: lines, for logs.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object last, for programs.")
@click.option(
    "--keep",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Leave configurations and evidence logs in DIR.",
)
@click.option(
    "--forget",
    "forgotten",
    multiple=True,
    metavar="FILE",
    help="Keep FILE of the configuration from the gateway, and see it judged.",
)
@click.pass_context
def demo(
    ctx: click.Context,
    headless: bool,
    as_json: bool,
    keep: Path | None,
    forgotten: tuple[str, ...],
) -> None:
    """Play June 2026 through a running gateway on simulated vendors.

    Twice: the developer's side, where three letters are applied to exactly those whom they
    name; and the deployer's, where both models are gone for everybody and work goes on. The
    exit code is 0 when nothing was unlawful, nobody wrongly refused, nothing lost, and every
    verdict as expected.
    """
    # With --json, standard output is for the object alone.
    console = Console(stderr=as_json, highlight=False, soft_wrap=False)
    plain = headless or as_json or not console.is_terminal or console.is_dumb_terminal
    began = time.monotonic()
    with ExitStack() as stack:
        audience: Audience
        if plain:
            audience = Lines(lambda line: click.echo(line, err=as_json))
        else:
            audience = stack.enter_context(Screen(console))
        pace_s = 0.0 if plain else PACE_S
        report = _run(
            lambda folder: play(passes(), folder, audience, forgotten=forgotten, pace_s=pace_s),
            keep,
        )
    if report is None:
        click.echo("ended early: every process that was started has ended", err=True)
        ctx.exit(INTERRUPTED)
    console.print(summary(report, time.monotonic() - began, kept=keep))
    if as_json:
        click.echo(msgspec.json.encode(report.document()))
    ctx.exit(0 if report.ok else 1)


def _run(work: Callable[[Path], Awaitable[Report]], keep: Path | None) -> Report | None:
    """The report, or None if a signal ended it; whatever was started has ended then."""

    async def until_signalled() -> Report | None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        cancels = iter((task.cancel,))

        def end() -> None:
            # Once: what ends in good order must not be cancelled on its way.
            for cancel in cancels:
                cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end)
        try:
            with _folder(keep) as folder:
                return await work(folder)
        except asyncio.CancelledError:
            return None
        except OSError as error:
            raise OperationFault("demo", f"what the demonstration needs failed: {error}") from error

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(until_signalled())


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Where to play: a folder that is kept, or one that is gone in the end."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="licet-demo-") as folder:
            yield Path(folder)
        return
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise OperationFault(
            "not_empty",
            f"`{keep}` exists already and is not an empty folder",
            remedy="name another",
        )
    try:
        keep.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise told_of(error, keep) from error
    yield keep.resolve()
