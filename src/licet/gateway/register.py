"""The supervisor's own line to the recorder: register leaves, durable before anything follows.

Adoptions, suspensions and clock events are leaves like any other; what they announce is put
into effect only when the recorder has said that they are on disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from licet.evidence import CommitQueue, RegisterLeaf, Welcome, encode
from licet.terms import EvidenceFault, OperationFault

_RETRY_S = 0.02


class Register(asyncio.Protocol):
    """A connection to the recorder's Unix socket, made anew when it is needed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, path: str) -> None:
        self._loop = loop
        self._path = path
        self._queue: CommitQueue[asyncio.Future[int]] = CommitQueue("supervisor")
        self._transport: asyncio.Transport | None = None
        self._welcomed: asyncio.Future[Welcome] | None = None

    @property
    def is_connected(self) -> bool:
        return self._transport is not None and self._queue.welcome is not None

    async def connect(self, bound_s: float) -> Welcome:
        """The recorder's greeting; `OperationFault` when it has not come within the bound."""
        try:
            async with asyncio.timeout(bound_s):
                return await self._connect()
        except TimeoutError:
            raise OperationFault(
                "recorder_unreachable",
                f"the recorder has not answered at `{self._path}` within {bound_s:g} s",
                remedy="its last words are above; `licet evidence verify` says whether the log"
                " is sound",
            ) from None

    async def append(self, leaves: Sequence[RegisterLeaf], bound_s: float) -> tuple[int, ...]:
        """The places of these leaves in the log, once all are durable.

        `OperationFault` when the recorder is gone or refuses: then none, some or all of them are
        in the log, and what they announce must not be put into effect.
        """
        if not leaves:
            return ()
        await self.connect(bound_s)
        futures = [self._loop.create_future() for _ in leaves]
        for leaf, future in zip(leaves, futures, strict=True):
            if not self._queue.submit(encode(leaf), future):
                raise OperationFault("recorder_behind", "the recorder accepts nothing more")
        self._flush()
        try:
            async with asyncio.timeout(bound_s):
                return tuple(await asyncio.gather(*futures))
        except TimeoutError:
            raise OperationFault(
                "recorder_slow", f"the recorder has not confirmed within {bound_s:g} s"
            ) from None

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._flush()

    def data_received(self, data: bytes) -> None:
        try:
            settled = self._queue.receive(data)
        except EvidenceFault as fault:
            self._lose(f"the recorder is not understood: {fault.message}")
            return
        for one in settled:
            if one.token.done():
                continue
            if one.durable:
                one.token.set_result(one.index)
            else:
                one.token.set_exception(
                    OperationFault(one.code, f"the recorder refused a record: {one.code}")
                )
        welcome = self._queue.welcome
        if welcome is not None and self._welcomed is not None and not self._welcomed.done():
            self._welcomed.set_result(welcome)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(f"the recorder ended the connection: {exc}" if exc else "the recorder ended")

    async def _connect(self) -> Welcome:
        while True:
            if self._transport is None:
                self._welcomed = self._loop.create_future()
                try:
                    await self._loop.create_unix_connection(lambda: self, self._path)
                except OSError:
                    # The recorder is starting, or starting again; the caller bounds how long.
                    await asyncio.sleep(_RETRY_S)
                    continue
            if self._queue.welcome is not None:
                return self._queue.welcome
            assert self._welcomed is not None
            try:
                return await asyncio.shield(self._welcomed)
            except OperationFault:
                await asyncio.sleep(_RETRY_S)

    def _flush(self) -> None:
        data = self._queue.to_send()
        if data and self._transport is not None:
            self._transport.write(data)

    def _lose(self, why: str) -> None:
        if self._transport is not None:
            self._transport.abort()
            self._transport = None
        fault = OperationFault("recorder_lost", why, remedy="the recorder is back in a moment")
        waiting: list[asyncio.Future[Any]] = [*self._queue.lost()]
        if self._welcomed is not None:
            waiting.append(self._welcomed)
        for future in waiting:
            if not future.done():
                future.set_exception(fault)
                # Whoever waited no longer may have given up meanwhile; that is no error.
                future.exception()
