"""The control socket: one JSON object per line, asked and answered.

It is a Unix socket that only the user who runs the gateway may open. A request is
`{"do": NAME, ...arguments}`; the answer is `{"ok": true, "result": {...}}` or
`{"ok": false, "code", "message", "remedy"}`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from licet.terms import Fault, OperationFault

LINE_BYTES_MAX = 1 << 20

Command = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What comes back on the control socket."""

    ok: bool
    result: dict[str, Any] = msgspec.field(default_factory=dict)
    code: str = ""
    message: str = ""
    remedy: str = ""


class ControlSocket:
    """Serves the commands of a table, one request of a connection after the other."""

    def __init__(
        self, sock: socket.socket, commands: Mapping[str, Command], report: Callable[[str], None]
    ) -> None:
        self._socket = sock
        self._commands = commands
        self._report = report
        self._server: asyncio.Server | None = None
        self._conversations: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(
            self._converse, sock=self._socket, limit=LINE_BYTES_MAX
        )

    async def close(self) -> None:
        """Accepts no more connections, and ends those that there are."""
        if self._server is not None:
            self._server.close()
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._conversations.add(task)
        try:
            while line := await reader.readline():
                answer = await self._answer(line)
                writer.write(msgspec.json.encode(answer) + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            # The asker is gone, or sent a line without end: nobody is left to be told.
            return
        finally:
            self._conversations.discard(task)
            writer.close()

    async def _answer(self, line: bytes) -> Answer:
        try:
            return Answer(ok=True, result=dict(await self._carry_out(line)))
        except Fault as fault:
            return Answer(
                ok=False, code=fault.code, message=_told(fault), remedy=fault.remedy or ""
            )
        except Exception as error:  # noqa: BLE001
            # Told to whoever asked: one failed command must not end the gateway.
            self._report(f"a command failed: {type(error).__name__}: {error}")
            return Answer(
                ok=False, code="internal", message=f"internal: {type(error).__name__}: {error}"
            )

    async def _carry_out(self, line: bytes) -> Mapping[str, Any]:
        try:
            request = msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise OperationFault("control_malformed", f"not a request: {error}") from error
        name = request.pop("do", "")
        command = self._commands.get(name) if isinstance(name, str) else None
        if command is None:
            known = ", ".join(f"`{one}`" for one in sorted(self._commands))
            raise OperationFault(
                "control_unknown", f"no command `{name}`", remedy=f"there are {known}"
            )
        return await command(request)


def _told(fault: Fault) -> str:
    """A fault without its remedy, which travels apart."""
    if fault.remedy is None:
        return str(fault)
    return str(fault).removesuffix(f"\n  help: {fault.remedy}")
