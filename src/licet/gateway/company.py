"""Everybody who is here: the connections of a worker, and the exchanges on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from licet.gateway.exchange import Exchange
from licet.gateway.inbound import Inbound

SWEEP_S: Final = 0.05
"""How often deadlines are looked at: bounds are kept to within this."""

STANDSTILL_S: Final = 0.25
"""A look that comes later than this was kept from it: no turn of a busy loop takes as long."""


class Company:
    """In the order in which they came, so that a simulated world is the same each time."""

    __slots__ = ("_looked", "connections", "exchanges")

    def __init__(self, now: float) -> None:
        self._looked = now
        self.connections: dict[Inbound, None] = {}
        self.exchanges: dict[Exchange, None] = {}

    def stood_s(self, now: float) -> float:
        """For how long, before this look, the process stood still; else 0.0."""
        late_s = now - self._looked - SWEEP_S
        self._looked = now
        return late_s if late_s > STANDSTILL_S else 0.0

    def forgive(self, stood_s: float) -> None:
        """What came while we stood still lies unread: nobody was silent, nor slow."""
        for exchange in self.exchanges:
            exchange.forgive(stood_s)
        for connection in self.connections:
            if connection.deadline > 0.0:
                connection.deadline += stood_s

    def expire_exchanges(self, now: float) -> None:
        for exchange in [one for one in self.exchanges if one.deadline <= now]:
            exchange.expired()

    def expire_connections(self, now: float) -> None:
        for connection in [one for one in self.connections if 0.0 < one.deadline <= now]:
            connection.expire()

    def expire_unused(self) -> None:
        """Those on which nothing is asked at present."""
        for connection in [one for one in self.connections if not one.busy]:
            connection.expire()

    def decide_again(self, concerned: Callable[[Exchange], bool] | None = None) -> None:
        """What is in flight, all of it or what is concerned, under the rules of now."""
        for exchange in list(self.exchanges):
            if concerned is None or concerned(exchange):
                exchange.decide_again()

    def abort(self) -> None:
        for connection in list(self.connections):
            connection.abort()
