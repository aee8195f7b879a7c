"""The guard around everything that enters an exchange from outside.

Where every request passes, the exchange writes it out: once compiled, a decorated method is reached
by way of a bound method, a tuple and a generic call, which cost more than what is guarded.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Protocol, TypeVar, TypeVarTuple


class Crashing(Protocol):
    """What can end for an error of ours without taking others with it."""

    def crashed(self, error: Exception) -> None: ...


A = TypeVarTuple("A")
C = TypeVar("C", bound=Crashing)


def guarded(method: Callable[[C, *A], None]) -> Callable[[C, *A], None]:
    """An exception inside ends the exchange and is reported; it reaches nobody else."""

    def inside(self: C, /, *args: *A) -> None:
        try:
            method(self, *args)
        except Exception as error:  # noqa: BLE001 - reported, and the exchange ends
            self.crashed(error)

    update_wrapper(inside, method)
    return inside
