"""Ports of this machine: one for whoever will listen, and whether anybody does."""

from __future__ import annotations

import errno
import socket


def free_port() -> int:
    """A port for whoever listens on it with SO_REUSEADDR, as servers do, now or later.

    It stays bound, without listening, as long as this process lives: the kernel gives it to nobody
    else who wants any port, and refuses who connects before somebody listens.
    """
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        sock.detach()
    assert isinstance(port, int)
    return port


def refuses(port: int) -> bool:
    """Whether nobody listens there: with several workers, none of them any more."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED
