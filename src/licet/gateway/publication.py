"""The publisher as the supervisor sees it: a process for which nothing waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from licet.catalog import EvidenceSettings
from licet.gateway.children import Backoff, Child, Launch, how_it_ended
from licet.gateway.messages import Frames, Place, Publication, decode_publication

TILES = "tiles"
"""The name under which the tiles beside the log are reported."""
LAST_TURN_S = 5.0
"""How long a publisher that is replaced has for what it publishes last."""

Command = Callable[[int, EvidenceSettings], list[str]]


class PublisherProcess:
    """`command` makes a command line of a control descriptor and what is to be published;
    `changed` is called with what became of it after each turn."""

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        command: Command | None,
        changed: Callable[[Publication], None],
        report: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._command = command
        self._changed = changed
        self._report = report
        self._wanted: EvidenceSettings | None = None
        self._child: Child[Publication] | None = None
        self._gone: asyncio.Future[None] | None = None
        self._told: dict[str, str] = {}
        self._absence = ""
        self.publication = Publication()

    def follow(self, settings: EvidenceSettings) -> None:
        """From now on this is published, and nothing else."""
        if self._command is None or settings == self._wanted:
            return
        self._wanted = settings
        if self._child is not None:
            self._child.stop()
            # A place that never answers keeps nobody from what is wanted now.
            self._loop.call_later(LAST_TURN_S, self._child.kill)
        # One after the other: two at a time could put an older checkpoint over a newer one.
        if self._child is None or self._child.pid is None:
            self._start()

    def status(self) -> list[dict[str, Any]]:
        """Per place: how many leaves are published there, since when, and what went wrong last."""
        return [
            {
                "place": one.name,
                "size": one.size,
                "at_s": one.at_s,
                "failures": one.failures,
                "fault": one.fault or self._absence,
            }
            for one in self.publication.places
        ]

    async def stop(self, bound_s: float) -> None:
        """Publishes once more what was signed last; ended by force when that takes longer."""
        self._wanted = None
        child, gone = self._child, self._gone
        if child is None or gone is None:
            return
        child.stop()
        if child.pid is not None:
            await asyncio.wait({gone}, timeout=bound_s)
            child.kill()

    def _start(self) -> None:
        settings, command = self._wanted, self._command
        self._child = self._gone = None
        names = [] if settings is None else [one.to for one in settings.publish]
        if settings is not None and settings.tiles_every_s is not None:
            names.insert(0, TILES)
        # Nothing is published yet, which is seen also when the publisher never says a word.
        self._told = {}
        self.publication = Publication(places=tuple(Place(name=name) for name in names))
        self._changed(self.publication)
        if settings is None or command is None or not names:
            return
        self._gone = self._loop.create_future()
        self._child = Child(
            loop=self._loop,
            name="publisher",
            launch=Launch(command=lambda control_fd: command(control_fd, settings)),
            feeder=lambda: Frames(decode_publication).feed,
            on_start=lambda: None,
            on_message=self._hear,
            on_death=self._see_death,
            backoff=Backoff(),
        )
        self._child.start()

    def _hear(self, publication: Publication) -> None:
        self._absence = ""
        self.publication = publication
        for one in publication.places:
            if one.fault != self._told.get(one.name, ""):
                self._report(
                    f"evidence is not published to `{one.name}`: {one.fault}"
                    if one.fault
                    else f"evidence is published to `{one.name}` again"
                )
        self._told = {one.name: one.fault for one in publication.places}
        self._changed(publication)

    def _see_death(self, code: int) -> None:
        if self._child is None or self._child.is_ending:
            if self._gone is not None and not self._gone.done():
                self._gone.set_result(None)
            self._start()
            return
        self._absence = f"the publisher ended ({how_it_ended(code)}), and is not back yet"
        self._report(f"the publisher ended ({how_it_ended(code)}); it is started again")
