"""A process that runs beside the gateway, such as the simulated vendors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from licet.gateway.children import Backoff, Child, Launch, how_it_ended
from licet.gateway.messages import Frames, FromWorker, Ready, decode_from_worker
from licet.terms import OperationFault


class Companion:
    """Started before the workers, ended after them; it says `Ready` on its channel."""

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        command: Callable[[int], list[str]],
        report: Callable[[str], None],
    ) -> None:
        self._report = report
        self._ready: asyncio.Future[None] = loop.create_future()
        self._died: asyncio.Future[int] = loop.create_future()
        self._child: Child[FromWorker] = Child(
            loop=loop,
            name="companion",
            launch=Launch(command=command),
            feeder=lambda: Frames(decode_from_worker).feed,
            on_start=lambda: None,
            on_message=self._hear,
            on_death=self._see_death,
            backoff=Backoff(),
        )

    async def start(self, bound_s: float) -> None:
        self._child.start()
        either: set[asyncio.Future[Any]] = {self._ready, self._died}
        await asyncio.wait(either, timeout=bound_s, return_when=asyncio.FIRST_COMPLETED)
        if not self._ready.done():
            why = (
                f"ended ({how_it_ended(self._died.result())})"
                if self._died.done()
                else f"was not ready within {bound_s:g} s"
            )
            raise OperationFault(
                "companion_not_started",
                f"the simulated vendors' process {why}",
                remedy="its last words are above",
            )

    def stop(self) -> None:
        self._child.stop()

    def _hear(self, message: FromWorker) -> None:
        if isinstance(message, Ready) and not self._ready.done():
            self._ready.set_result(None)

    def _see_death(self, code: int) -> None:
        if not self._died.done():
            self._died.set_result(code)
        if not self._ready.done():
            self._child.expect_end()
        elif not self._child.is_ending:
            self._report(
                f"the simulated vendors ended ({how_it_ended(code)}); they are started again"
            )
