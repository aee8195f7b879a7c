"""The process of a worker, with the node that serves requests."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

from licet.catalog import Settings
from licet.gateway.node import Node
from licet.gateway.worker import NodeFace, drive
from licet.policy import Snapshot


def run_worker(
    control_fd: int, listen_fd: int, recorder_path: str, index: int, folder: Path
) -> int:
    """Serves until the supervisor's end of `control_fd` closes; 0 is a good end.

    `listen_fd`: a bound and listening TCP socket, kept by the supervisor across restarts.
    `folder`: the configuration's, which the names of certificates are relative to.
    """

    def make_node(
        loop: asyncio.AbstractEventLoop, listener: socket.socket, settings: Settings
    ) -> NodeFace:
        return Node(
            loop=loop,
            listen_socket=listener,
            recorder_path=recorder_path,
            settings=settings,
            worker_index=index,
            entropy=os.urandom,
            folder=folder,
        )

    return drive(
        control_fd=control_fd,
        listen_fd=listen_fd,
        index=index,
        make_node=make_node,
        load=Snapshot.load,
    )
