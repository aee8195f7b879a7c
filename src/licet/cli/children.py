"""The processes that `licet up` starts; nobody calls these by hand."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from pathlib import Path

import click

from licet import __version__
from licet.cli.options import MOMENT
from licet.cli.simulating import vendors_of
from licet.gateway import Folder, Ready, frame, run_worker
from licet.sim import Vendors
from licet.storage import run_recorder
from licet.terms import Instant, format_instant

CONTROL = click.option("--control-fd", type=int, required=True)
LISTEN = click.option("--listen-fd", type=int, required=True)


@click.command()
@CONTROL
@LISTEN
@click.option("--recorder", required=True)
@click.option("--index", type=int, required=True)
@click.pass_context
def worker(ctx: click.Context, control_fd: int, listen_fd: int, recorder: str, index: int) -> None:
    """The path of requests."""
    ctx.exit(run_worker(control_fd, listen_fd, recorder, index))


@click.command()
@CONTROL
@LISTEN
@click.option("--folder", required=True, type=click.Path(path_type=Path))
@click.option("--origin", required=True)
@click.option("--scripted-at", type=MOMENT)
def recorder(
    control_fd: int, listen_fd: int, folder: Path, origin: str, scripted_at: Instant | None
) -> None:
    """The evidence log."""
    # The recorder ends when the supervisor says so, after everybody who has something to record.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def now() -> str:
        wall = Instant(time.time_ns() // 1000)
        return format_instant(wall if scripted_at is None else scripted_at)

    run_recorder(
        folder=folder,
        origin=origin,
        listener=socket.socket(fileno=listen_fd),
        control=socket.socket(fileno=control_fd),
        now=now,
        version=__version__,
    )


@click.command()
@CONTROL
@click.option("--config", "path", required=True, type=click.Path(path_type=Path))
def vendors(control_fd: int, path: Path) -> None:
    """The simulated vendors of `licet up --sim`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    specs = vendors_of(Folder(path))
    control = socket.socket(fileno=control_fd)

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        running = await Vendors.start(loop, specs)
        control.setblocking(False)
        await loop.sock_sendall(control, frame(Ready(pid=os.getpid())))
        # The supervisor says nothing on this channel; it closes, and then it is over.
        await loop.sock_recv(control, 1)
        running.close()

    asyncio.run(serve())
