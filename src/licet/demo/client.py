"""A small HTTP/1.1 client: one request after the other on each of its connections.

Strict where a lenient client would hide a defect: lengths must be there and be kept, and a
response that breaks off is said to have broken off.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from licet.demo.hearing import Heard, Raw, hear, lost
from licet.demo.requests import Ask, body, head
from licet.demo.staging import Access

ANSWER_S = 20.0
LINE_BYTES_MAX = 1 << 16


def _nothing() -> None:
    return


class Connection:
    """One connection to the gateway, opened when it is first used."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, ask: Ask, access: Access, on_begin: Callable[[], None] = _nothing) -> Heard:
        """Sends a request and hears the response out; `on_begin`: its body has begun."""
        data = body(ask)
        lines = head(
            ask,
            host=f"{self._host}:{self._port}",
            key=access.key(ask.person),
            token=access.token(ask.person),
            length=len(data),
        )
        try:
            async with asyncio.timeout(ANSWER_S):
                raw = await self._exchange(lines + data, on_begin)
        except (OSError, EOFError, ValueError, TimeoutError, asyncio.LimitOverrunError) as error:
            await self.close()
            return lost(f"{type(error).__name__}: {error}")
        return hear(raw, ask.dialect, stream=ask.stream)

    async def close(self) -> None:
        """Returns when it is closed; it may be used again."""
        if self._streams is not None:
            (_, writer), self._streams = self._streams, None
            writer.close()
            # How the other side took it changes nothing for what was heard before.
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _exchange(self, request: bytes, on_begin: Callable[[], None]) -> Raw:
        if self._streams is None:
            self._streams = await asyncio.open_connection(
                self._host, self._port, limit=LINE_BYTES_MAX
            )
        reader, writer = self._streams
        writer.write(request)
        status, headers = await _read_head(reader)
        pieces: list[bytes] = []
        whole = True
        try:
            await _read_body(reader, headers, pieces, on_begin)
        except (OSError, EOFError):
            # What came until then is kept, so that the loss can be described.
            whole = False
        if not whole or headers.get("connection") == "close":
            await self.close()
        return Raw(status=status, headers=headers, body=b"".join(pieces), whole=whole)


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    version, status, *_ = lines[0].split(" ")
    if version != "HTTP/1.1":
        raise ValueError(f"a response of `{version}`")
    headers: dict[str, str] = {}
    for line in lines[1:-2]:
        name, colon, value = line.partition(":")
        if not colon or name.lower() in headers:
            raise ValueError(f"a header twice, or none: `{line}`")
        headers[name.lower()] = value.strip()
    return int(status), headers


async def _read_body(
    reader: asyncio.StreamReader,
    headers: dict[str, str],
    pieces: list[bytes],
    on_begin: Callable[[], None],
) -> None:
    if headers.get("transfer-encoding") != "chunked":
        if "content-length" not in headers:
            raise ValueError("a response without a length")
        pieces.append(await reader.readexactly(int(headers["content-length"])))
        on_begin()
        return
    while True:
        size = int((await reader.readuntil(b"\r\n"))[:-2], 16)
        piece = await reader.readexactly(size + 2)
        if piece[-2:] != b"\r\n":
            raise ValueError("a chunk is longer than it says")
        if not size:
            return
        pieces.append(piece[:-2])
        on_begin()
