"""One gateway per evidence folder: a lock that the kernel lets go of when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from licet.terms import OperationFault

LOCK_NAME = "gateway.lock"


@contextmanager
def written(path: Path) -> Iterator[None]:
    """What keeps a gateway from writing to `path`, as a fault: `folder_unwritable`."""
    try:
        yield
    except OSError as error:
        raise OperationFault(
            "folder_unwritable",
            f"`{path}` cannot be written: {error.strerror}",
            remedy="a gateway needs room there, and leave to write for whoever runs it",
        ) from error


class FolderLock:
    """Held from construction until `release`, or until the process ends. Raises `OperationFault`:
    `already_running`, `folder_unwritable`."""

    def __init__(self, folder: Path) -> None:
        path = folder / LOCK_NAME
        with written(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise OperationFault(
                "already_running",
                f"a gateway with process id {holder or 'unknown'} runs on `{folder}` already",
                remedy="`licet status` asks it how it is; `licet reload` gives it the new"
                " configuration",
            ) from error
        with ExitStack() as unheld:
            unheld.callback(os.close, descriptor)
            with written(path):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
            unheld.pop_all()
        self._descriptor = descriptor

    def release(self) -> None:
        os.close(self._descriptor)
