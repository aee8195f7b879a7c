"""`licet publisher`, which only `licet up` calls: puts the log where others keep it.

A process of its own, and a nice one, so that no record ever waits for it; with a thread for each
place, so that none waits for another.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import click
import msgspec

from licet.catalog import EvidenceSettings, PublishSettings
from licet.evidence import parse_cosigner
from licet.gateway import TILES, Folder, Rounds, Work, frame
from licet.storage import build_tiles, verifier_key
from licet.storage.witnesses import FolderSink, HttpSink, Sink, is_url, publish
from licet.terms import OperationFault

NICER = 10
NUDGES_MAX = 4_096


@click.command()
@click.option("--control-fd", type=int, required=True)
@click.option("--folder", "log", required=True, type=click.Path(path_type=Path))
@click.option("--config", "path", required=True, type=click.Path(path_type=Path))
@click.option("--settings", required=True)
def publisher(control_fd: int, log: Path, path: Path, settings: str) -> None:
    """The schedule of publications."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(NICER)
    asked = msgspec.json.decode(settings, type=EvidenceSettings)
    works = _works(log, Folder(path), asked)
    woken, waker = socket.socketpair()
    woken.setblocking(False)
    waker.setblocking(False)
    with socket.socket(fileno=control_fd) as control, ThreadPoolExecutor(2 * len(works)) as threads:
        rounds = Rounds(
            works,
            threads=threads,
            wake=lambda: _nudge(waker),
            clock_s=time.monotonic,
            wall_s=time.time,
        )
        while not _is_over(control, rounds, woken):
            pass
        rounds.end()


def _is_over(control: socket.socket, rounds: Rounds, woken: socket.socket) -> bool:
    """Takes what is due and tells of it, then waits; whether the supervisor has gone."""
    with suppress(BlockingIOError):
        woken.recv(NUDGES_MAX)
    rounds.take()
    try:
        control.sendall(frame(rounds.publication))
    except BrokenPipeError:
        return True
    # The supervisor says nothing on this channel; it closes, and then it is over.
    return control in select.select([control, woken], [], [], rounds.wait_s())[0]


def _nudge(waker: socket.socket) -> None:
    # A pipe that is full has been nudged often enough.
    with suppress(BlockingIOError):
        waker.send(b".")


def _works(log: Path, folder: Folder, asked: EvidenceSettings) -> list[tuple[str, float, Work]]:
    works: list[tuple[str, float, Work]] = []
    if asked.tiles_every_s is not None:
        works.append(
            (
                TILES,
                asked.tiles_every_s,
                lambda: build_tiles(log, verifier_key(log)).checkpoint.size,
            )
        )
    works += [(one.to, one.every_s, _publishing(log, folder, one)) for one in asked.publish]
    return works


def _publishing(log: Path, folder: Folder, one: PublishSettings) -> Callable[[], int]:
    # The key and the credential are read each time: both may be replaced meanwhile.
    def turn() -> int:
        witnesses = tuple((who.url, parse_cosigner(who.key)) for who in one.witness)
        found = publish(log, _sink(folder, one), verifier_key(log), witnesses=witnesses)
        return found.checkpoint.size

    return turn


def _sink(folder: Folder, one: PublishSettings) -> Sink:
    if not is_url(one.to):
        return FolderSink(folder.within(one.to))
    if one.credential is None:
        return HttpSink(one.to)
    secret = folder.reveal(one.credential, os.environ)
    if not secret:
        raise OperationFault("no_credential", f"{one.credential} is missing or empty")
    return HttpSink(one.to, secret)
