"""Opens connections on an asyncio loop: the only place of the request path with tasks.

Resolving a name and shaking hands take several steps, which asyncio offers as coroutines
only. Each runs in a task of its own, whose every end is told to the pool that asked.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

from licet.gateway.certificates import vendor_context
from licet.gateway.outbound import Route


class LoopDialer:
    """Dials on a running loop, within `connect_s` seconds."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, connect_s: float, folder: Path) -> None:
        self._loop = loop
        self.connect_s = connect_s
        self._folder = folder
        self._contexts: dict[str | None, ssl.SSLContext] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def dial(
        self,
        route: Route,
        factory: Callable[[], asyncio.Protocol],
        on_ready: Callable[[asyncio.Protocol], None],
        on_failure: Callable[[str], None],
    ) -> None:
        task = self._loop.create_task(self._dial(route, factory, on_ready, on_failure))
        # The loop holds tasks weakly; this set keeps them until they are done.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _dial(
        self,
        route: Route,
        factory: Callable[[], asyncio.Protocol],
        on_ready: Callable[[asyncio.Protocol], None],
        on_failure: Callable[[str], None],
    ) -> None:
        try:
            context = self._context(route.ca_file) if route.tls else None
            async with asyncio.timeout(self.connect_s):
                transport, protocol = await self._loop.create_connection(
                    factory,
                    route.host,
                    route.port,
                    ssl=context,
                    server_hostname=route.host if context else None,
                )
        except TimeoutError:
            on_failure(f"no connection within {self.connect_s:g} s")
        except Exception as error:  # noqa: BLE001 - whatever it is, the pool must hear of it
            on_failure(f"no connection: {error}")
        else:
            # Not before: a connection that was made in the very moment in which its time was over
            # is closed by the loop without a word, and whoever used it already would wait for ever.
            if transport.is_closing():
                on_failure("the vendor closed the connection at once")
            else:
                on_ready(protocol)

    def _context(self, ca_file: str | None) -> ssl.SSLContext:
        context = self._contexts.get(ca_file)
        if context is None:
            context = self._contexts[ca_file] = vendor_context(ca_file, self._folder)
        return context
