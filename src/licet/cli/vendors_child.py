"""`licet vendors`, which only `licet up --sim` calls: the simulated vendors."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path

import click

from licet.cli.simulating import vendors_of
from licet.gateway import Folder, Ready, frame
from licet.sim import Vendors


@click.command()
@click.option("--control-fd", type=int, required=True)
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
