"""Access tokens that open vendors' doors for a while: renewed before they end, told to the workers.

INVARIANT (keys stay): what tokens are got with stays with the supervisor; a worker, which speaks to
everybody, has nothing that counts for longer than a token does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from licet.gateway.google_tokens import Token
from licet.terms import OperationFault

EARLY_S: Final = 300.0
"""How long before its end a token is renewed, or at half its time where that is later."""
RETRY_FIRST_S: Final = 2.0
RETRY_MOST_S: Final = 60.0


class _Followed:
    """One source of tokens, and the endpoints that are called with them."""

    def __init__(self) -> None:
        self.endpoints: list[str] = []
        self.token: Token | None = None
        self.fault = ""
        self.tried = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class TokenKeeper:
    """`fetch` gets a token for a source; `changed` is called when workers should be told of
    `known()`. `wall_s`: the system's clock, Unix seconds."""

    def __init__(
        self,
        *,
        wall_s: Callable[[], float],
        fetch: Callable[[str], Awaitable[Token]],
        changed: Callable[[], None],
        report: Callable[[str], None],
        retry_s: float = RETRY_FIRST_S,
    ) -> None:
        self._wall_s = wall_s
        self._fetch = fetch
        self._changed = changed
        self._report = report
        self._retry_s = retry_s
        self._followed: dict[str, _Followed] = {}

    def follow(self, sources: Mapping[str, str]) -> None:
        """From now on these endpoints have tokens: id -> what they are got with."""
        for gone in self._followed.keys() - set(sources.values()):
            _stop(self._followed.pop(gone))
        for one in self._followed.values():
            one.endpoints.clear()
        for endpoint, source in sources.items():
            if source not in self._followed:
                self._followed[source] = self._begin(source)
            self._followed[source].endpoints.append(endpoint)

    async def settled(self, bound_s: float) -> None:
        """Returns once each was asked for, at the latest after the bound."""
        waiting = [
            asyncio.ensure_future(one.tried.wait())
            for one in self._followed.values()
            if not one.tried.is_set()
        ]
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=bound_s)
            for task in late:
                task.cancel()

    def known(self) -> dict[str, str]:
        """Endpoint -> the token that opens it now; without those for which there is none."""
        return {
            endpoint: one.token.value
            for one in self._followed.values()
            if one.token is not None and one.token.ends_s > self._wall_s()
            for endpoint in one.endpoints
        }

    def status(self) -> list[dict[str, Any]]:
        """Per source: for which endpoints, for how many seconds more, and what went wrong last."""
        now_s = self._wall_s()
        return [
            {
                "endpoints": sorted(one.endpoints),
                "left_s": 0 if one.token is None else max(0, int(one.token.ends_s - now_s)),
                "fault": one.fault,
            }
            for one in self._followed.values()
        ]

    def close(self) -> None:
        for one in self._followed.values():
            _stop(one)
        self._followed.clear()

    def _begin(self, source: str) -> _Followed:
        one = _Followed()
        one.task = asyncio.get_running_loop().create_task(self._keep_up(source, one))
        return one

    async def _keep_up(self, source: str, one: _Followed) -> None:
        retry_s = self._retry_s
        while True:
            if await self._renew(source, one):
                retry_s = self._retry_s
                left_s = self._left_s(one)
                wait_s = max(left_s - EARLY_S, left_s / 2)
            else:
                left_s = self._left_s(one)
                # At its end the workers hear that it is gone.
                wait_s = min(retry_s, left_s) if left_s > 0 else retry_s
                retry_s = min(retry_s * 2, RETRY_MOST_S)
            await asyncio.sleep(wait_s)

    async def _renew(self, source: str, one: _Followed) -> bool:
        try:
            token = await self._fetch(source)
            if token.ends_s <= self._wall_s():
                raise OperationFault("no_token", "an access token that has ended already")
        except OperationFault as fault:
            if one.fault != fault.message:
                named = ", ".join(f"`{endpoint}`" for endpoint in one.endpoints)
                self._report(f"{fault.message}; without one, {named} is not called")
            one.fault = fault.message
            if one.token is not None and self._left_s(one) <= 0:
                one.token = None
                self._changed()
            return False
        else:
            one.fault, one.token = "", token
            self._changed()
            return True
        finally:
            one.tried.set()

    def _left_s(self, one: _Followed) -> float:
        return 0.0 if one.token is None else one.token.ends_s - self._wall_s()


def _stop(one: _Followed) -> None:
    if one.task is not None:
        one.task.cancel()
