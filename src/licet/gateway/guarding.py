"""The guard around everything that enters an exchange from outside."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Concatenate, ParamSpec, Protocol, TypeVar


class Crashing(Protocol):
    """What can end for an error of ours without taking others with it."""

    def crashed(self, error: Exception) -> None: ...


P = ParamSpec("P")
C = TypeVar("C", bound=Crashing)


def guarded(method: Callable[Concatenate[C, P], None]) -> Callable[Concatenate[C, P], None]:
    """An exception inside ends the exchange and is reported; it reaches nobody else."""

    def inside(self: C, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - reported, and the exchange ends
            self.crashed(error)

    update_wrapper(inside, method)
    return inside
