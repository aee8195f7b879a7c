"""The sockets that the supervisor listens on, for itself and for its children.

Callers arrive on one TCP socket per worker, all on one address; commands and records on Unix
sockets.

The supervisor owns them and keeps them across restarts of workers: closing a listening socket
resets the connections that wait on it, and a caller must not notice that a worker died.
"""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

from licet.terms import OperationFault

BACKLOG = 1024
UNIX_BACKLOG = 128
SOCKET_PATH_BYTES_MAX = 107
"""What fits into `sockaddr_un` with its closing zero."""


def listen(host: str, port: int, count: int) -> tuple[socket.socket, ...]:
    """`count` listening TCP sockets; port 0 takes a free one. `OperationFault` if taken.

    SO_REUSEPORT lets the kernel spread connections over the workers. It would also let a second
    gateway of the same user share the address in silence, so a plain socket asks first.
    """
    family, address = _resolve(host, port)
    with socket.socket(family, socket.SOCK_STREAM) as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(asking, address)
    sockets: list[socket.socket] = []
    try:
        for _ in range(count):
            sock = socket.socket(family, socket.SOCK_STREAM)
            sockets.append(sock)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            _bind(sock, address)
            if address[1] == 0:
                address = (address[0], sock.getsockname()[1], *address[2:])
        for sock in sockets:
            sock.listen(BACKLOG)
            sock.setblocking(False)
    except OSError:
        close_all(sockets)
        raise
    except OperationFault:
        close_all(sockets)
        raise
    return tuple(sockets)


def bind_unix(path: Path) -> socket.socket:
    """A listening socket at `path`, for our user alone; a stale one of a dead gateway is replaced.

    The caller holds the lock on the folder, so whoever left a socket here is gone.
    """
    if len(os.fsencode(path)) > SOCKET_PATH_BYTES_MAX:
        raise OperationFault(
            "socket_path_too_long",
            f"the path of a socket, `{path}`, is longer than {SOCKET_PATH_BYTES_MAX} bytes",
            remedy="name shorter folders in `licet.toml`: `[control] socket`, `[evidence] folder`",
        )
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        sock.bind(os.fspath(path))
        sock.listen(UNIX_BACKLOG)
    except OSError as error:
        sock.close()
        raise OperationFault(
            "socket_unbound", f"no socket can be made at `{path}`: {error.strerror}"
        ) from error
    finally:
        os.umask(before)
    sock.setblocking(False)
    return sock


def close_all(sockets: list[socket.socket] | tuple[socket.socket, ...]) -> None:
    for sock in sockets:
        sock.close()


def address_of(sock: socket.socket) -> str:
    """`host:port`, IPv6 hosts in brackets."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str | int, ...]]:
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except socket.gaierror as error:
        raise OperationFault(
            "listen_address", f"`{host}` is no address to listen on: {error.strerror}"
        ) from error
    family, _, _, _, address = found[0]
    return family, tuple(part for part in address if not isinstance(part, bytes))


def _bind(sock: socket.socket, address: tuple[str | int, ...]) -> None:
    try:
        sock.bind(address)
    except OSError as error:
        where = f"`{address[0]}:{address[1]}`"
        if error.errno == errno.EADDRINUSE:
            raise OperationFault(
                "listen_taken",
                f"{where} is taken by another program",
                remedy="is a gateway running already? `licet status` says so;"
                " or choose another port: `[listen] port` in `licet.toml`",
            ) from error
        raise OperationFault(
            "listen_refused", f"cannot listen on {where}: {error.strerror}"
        ) from error
