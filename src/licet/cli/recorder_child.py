"""`licet recorder`, which only `licet up` calls: the evidence log.

It imports nothing but what it needs, because the gateway serves nothing until it is back.
"""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path

import click

from licet import __version__
from licet.cli.options import MOMENT
from licet.storage import run_recorder
from licet.terms import Instant, format_instant


@click.command()
@click.option("--control-fd", type=int, required=True)
@click.option("--listen-fd", type=int, required=True)
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
