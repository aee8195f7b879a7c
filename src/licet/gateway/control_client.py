"""Asking a running gateway: the commands' side of the control socket."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import msgspec

from licet.gateway.control_socket import Answer
from licet.terms import OperationFault


def ask(path: Path, command: str, *, timeout_s: float = 60.0, **arguments: Any) -> dict[str, Any]:
    """The result of a command; `OperationFault` when it failed or no gateway answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(timeout_s)
        try:
            sock.connect(str(path))
        except OSError as error:
            raise OperationFault(
                "gateway_not_running",
                f"no gateway answers at `{path}`: {error.strerror or error}",
                remedy="start it with `licet up`, or name its folder with `--config`",
            ) from error
        try:
            sock.sendall(msgspec.json.encode({"do": command, **arguments}) + b"\n")
            with sock.makefile("rb") as lines:
                line = lines.readline()
        except OSError as error:
            raise OperationFault(
                "gateway_silent", f"the gateway did not answer `{command}`: {error}"
            ) from error
    if not line:
        raise OperationFault("gateway_ended", f"the gateway ended before it answered `{command}`")
    answer = msgspec.json.decode(line, type=Answer)
    if not answer.ok:
        raise OperationFault(answer.code, answer.message, remedy=answer.remedy or None)
    return answer.result
