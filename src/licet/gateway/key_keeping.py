"""Keys that issuers publish: fetched in time, kept while they count, handed to the workers.

What was fetched last stays good for as long as the configuration says, also over a restart
without a network; after that the workers themselves accept nothing signed with it. A key that
a worker does not know of is a reason to look again sooner, and not more often than a pause allows:
anybody can make up a key id.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from licet.identity import Issuer, KeySetProblem, KeySource, read_key_set, with_keys
from licet.terms import OperationFault

PAUSE_S = 10.0
RETRY_FIRST_S = 2.0
RETRY_MOST_S = 300.0

Fetch = Callable[[Issuer], Awaitable[str]]
"""The usable keys of an issuer as a key set; `OperationFault` when there are none to be had."""


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one issuer; `fetched_s` in Unix seconds."""

    issuer: str
    url: str
    jwks: str
    fetched_s: int


class _Followed:
    """One issuer whose keys are fetched."""

    def __init__(self, issuer: Issuer, source: KeySource) -> None:
        self.issuer = issuer
        self.source = source
        self.kept: _Kept | None = None
        self.told_s = 0
        self.fault = ""
        self.tried = asyncio.Event()
        self.sooner = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class KeyKeeper:
    """`folder`: where keys are kept over restarts. `wall_s`: the system's clock, Unix seconds.

    `changed` is called when workers should be told; `furnish` is what to tell them. `pause_s`:
    the shortest time between two looks at one issuer for the sake of unknown keys.
    """

    def __init__(
        self,
        *,
        folder: Path,
        wall_s: Callable[[], float],
        fetch: Fetch,
        changed: Callable[[], None],
        report: Callable[[str], None],
        pause_s: float = PAUSE_S,
        retry_s: float = RETRY_FIRST_S,
    ) -> None:
        self._folder = folder
        self._wall_s = wall_s
        self._fetch = fetch
        self._changed = changed
        self._report = report
        self._pause_s = pause_s
        self._retry_s = retry_s
        self._followed: dict[tuple[str, KeySource], _Followed] = {}

    def follow(self, issuers: Iterable[Issuer]) -> None:
        """From now on these are kept up to date, and no others."""
        wanted = {(one.id, one.source): one for one in issuers if one.source is not None}
        for gone in self._followed.keys() - wanted.keys():
            _stop(self._followed.pop(gone))
        for identity, issuer in wanted.items():
            if identity not in self._followed:
                self._followed[identity] = self._begin(issuer, identity[1])

    async def settled(self, bound_s: float) -> None:
        """Returns once each has keys or was asked for them once, at the latest after the bound."""
        waiting = [
            asyncio.ensure_future(one.tried.wait())
            for one in self._followed.values()
            if one.kept is None
        ]
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=bound_s)
            for task in late:
                task.cancel()

    def furnish(self, issuers: tuple[Issuer, ...]) -> tuple[Issuer, ...]:
        """The issuers with the keys that are known of them now."""
        return tuple(self._furnish(one) for one in issuers)

    def unknown_key(self, issuer: str) -> None:
        """A worker has seen a token of this issuer, signed with a key that it does not know."""
        for one in self._followed.values():
            if one.issuer.id == issuer:
                one.sooner.set()

    def status(self) -> list[dict[str, Any]]:
        """Per followed issuer: how many keys, how old in seconds, and what went wrong last."""
        now_s = self._wall_s()
        rows = []
        for one in self._followed.values():
            kept = one.kept
            rows.append(
                {
                    "id": one.issuer.id,
                    "keys": 0 if kept is None else len(read_key_set(kept.jwks)),
                    "age_s": None if kept is None else max(0, int(now_s - kept.fetched_s)),
                    "max_age_s": one.source.max_age_s,
                    "fault": one.fault,
                }
            )
        return rows

    def close(self) -> None:
        for one in self._followed.values():
            _stop(one)
        self._followed.clear()

    def _furnish(self, issuer: Issuer) -> Issuer:
        one = None if issuer.source is None else self._followed.get((issuer.id, issuer.source))
        if one is None or one.kept is None:
            return issuer
        one.told_s = one.kept.fetched_s
        return with_keys(issuer, one.kept.jwks, one.kept.fetched_s)

    def _begin(self, issuer: Issuer, source: KeySource) -> _Followed:
        one = _Followed(issuer, source)
        one.kept = self._read(one)
        one.task = asyncio.get_running_loop().create_task(self._keep_up(one))
        return one

    async def _keep_up(self, one: _Followed) -> None:
        """Looks again when it is time, after a failure, or sooner when somebody has reason to."""
        wait_s = self._age_left_s(one)
        retry_s = self._retry_s
        while True:
            if wait_s > 0 and await _within(one.sooner, wait_s):
                one.sooner.clear()
            if await self._look(one):
                wait_s, retry_s = float(one.source.refresh_s), self._retry_s
            else:
                wait_s = retry_s
                retry_s = min(retry_s * 2, RETRY_MOST_S, float(one.source.refresh_s))
            # INVARIANT (bounded looks): made-up key ids cost an issuer one look per pause.
            pause_s = min(self._pause_s, wait_s)
            await asyncio.sleep(pause_s)
            wait_s -= pause_s

    def _age_left_s(self, one: _Followed) -> float:
        if one.kept is None:
            return 0.0
        return max(0.0, one.kept.fetched_s + one.source.refresh_s - self._wall_s())

    async def _look(self, one: _Followed) -> bool:
        try:
            jwks = await self._fetch(one.issuer)
        except OperationFault as fault:
            if one.fault != fault.message:
                self._report(f"{fault.message}; what was fetched before counts for its time")
            one.fault = fault.message
            return False
        else:
            one.fault = ""
            self._take(one, jwks)
            return True
        finally:
            one.tried.set()

    def _take(self, one: _Followed, jwks: str) -> None:
        before = one.kept
        one.kept = _Kept(
            issuer=one.issuer.id, url=one.source.url, jwks=jwks, fetched_s=int(self._wall_s())
        )
        self._write(one, one.kept)
        # The same keys again need not be told each time, only before they would run out.
        aged = one.kept.fetched_s - one.told_s > one.source.max_age_s / 2
        if before is None or before.jwks != jwks or aged:
            self._changed()

    def _read(self, one: _Followed) -> _Kept | None:
        """What was kept, if it is whole and of this issuer at this address."""
        try:
            kept = _read(self._folder, one.issuer.id, one.source)
        except (OSError, msgspec.DecodeError, KeySetProblem) as error:
            self._report(f"the kept keys of `{one.issuer.id}` are of no use: {error}")
            return None
        if kept is None:
            return None
        # A clock that was ahead when they were fetched must not let them count for longer.
        return msgspec.structs.replace(kept, fetched_s=min(kept.fetched_s, int(self._wall_s())))

    def _write(self, one: _Followed, kept: _Kept) -> None:
        path = _path(self._folder, one.issuer.id, one.source)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = path.with_suffix(".new")
            new.write_bytes(msgspec.json.encode(kept))
            os.replace(new, path)
        except OSError as error:
            self._report(f"the keys of `{one.issuer.id}` cannot be kept over a restart: {error}")


def kept_keys(folder: Path, issuers: Iterable[Issuer]) -> tuple[Issuer, ...]:
    """The issuers with the keys that a gateway kept of them: for commands beside it."""
    found = []
    for issuer in issuers:
        try:
            kept = None if issuer.source is None else _read(folder, issuer.id, issuer.source)
        except (OSError, msgspec.DecodeError, KeySetProblem):
            # As if there were none: a token of this issuer is then told to lack its keys.
            kept = None
        found.append(issuer if kept is None else with_keys(issuer, kept.jwks, kept.fetched_s))
    return tuple(found)


def _path(folder: Path, issuer: str, source: KeySource) -> Path:
    name = sha256(f"{issuer}\n{source.url}".encode()).hexdigest()[:32]
    return folder / f"{name}.json"


def _read(folder: Path, issuer: str, source: KeySource) -> _Kept | None:
    """None where nothing is kept of this issuer at this address; errors where it is not whole."""
    path = _path(folder, issuer, source)
    if not path.exists():
        return None
    kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
    read_key_set(kept.jwks)
    return kept if (kept.issuer, kept.url) == (issuer, source.url) else None


async def _within(event: asyncio.Event, bound_s: float) -> bool:
    """Whether the event came before the bound."""
    try:
        async with asyncio.timeout(bound_s):
            await event.wait()
    except TimeoutError:
        return False
    return True


def _stop(one: _Followed) -> None:
    if one.task is not None:
        one.task.cancel()
