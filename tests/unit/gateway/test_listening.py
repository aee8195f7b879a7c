"""Each worker has a socket on the one address, and nobody shares it by mistake."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from licet.gateway.folder_lock import LOCK_NAME, FolderLock
from licet.gateway.listening import address_of, close_all, listen
from licet.terms import OperationFault


def test_every_worker_gets_a_socket_on_the_same_free_port() -> None:
    sockets = listen("127.0.0.1", 0, 3)
    addresses = {address_of(sock) for sock in sockets}
    assert len(sockets) == 3
    assert len(addresses) == 1
    assert not addresses.pop().endswith(":0")
    close_all(sockets)


def test_an_address_that_another_gateway_has_is_refused() -> None:
    sockets = listen("127.0.0.1", 0, 2)
    port = sockets[0].getsockname()[1]
    with pytest.raises(OperationFault, match="is taken by another program") as caught:
        listen("127.0.0.1", port, 2)
    assert caught.value.code == "listen_taken"
    close_all(sockets)
    close_all(listen("127.0.0.1", port, 1))


def test_a_name_that_is_no_address_is_told() -> None:
    with pytest.raises(OperationFault, match="no address to listen on"):
        listen("256.0.0.1.invalid", 0, 1)


def test_an_ipv6_address_is_written_in_brackets() -> None:
    sock = socket.socket(socket.AF_INET6)
    sock.bind(("::1", 0))
    assert address_of(sock).startswith("[::1]:")
    sock.close()


def test_one_gateway_per_folder(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    with pytest.raises(OperationFault, match="runs on") as caught:
        FolderLock(tmp_path)
    assert caught.value.code == "already_running"
    lock.release()
    FolderLock(tmp_path).release()


def test_a_folder_that_cannot_be_written_is_told_and_stays_unlocked(tmp_path: Path) -> None:
    full = tmp_path / LOCK_NAME
    full.symlink_to("/dev/full")
    with pytest.raises(OperationFault, match="cannot be written") as caught:
        FolderLock(tmp_path)
    assert caught.value.code == "folder_unwritable"
    full.unlink()
    FolderLock(tmp_path).release()
    with pytest.raises(OperationFault, match="No such file or directory"):
        FolderLock(tmp_path / "nowhere")
