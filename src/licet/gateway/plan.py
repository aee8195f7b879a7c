"""What a supervisor is started with, and what it says once it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from licet.gateway.adoption import Adopted
from licet.gateway.publication import Command
from licet.terms import Instant

ADOPT_BOUND_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where a gateway lives and how its children are started.

    `recorder` and `worker` make command lines: of a control descriptor and a listening one, and
    for a worker also its index. `companion`, of a control descriptor: a process that runs beside
    the gateway (the simulated vendors), ready before it is. `publisher`: what
    puts the log where others keep it. `scripted_start`: the decision clock
    follows a script, and stands there at first, or where the log ends if that is later.
    `adopt_bound_s`: how long a worker may take to adopt before it is replaced. `configuration`:
    the folder that paths in the configuration are relative to.
    """

    folder: Path
    control: Path
    recorder_path: Path
    host: str
    port: int
    workers: int
    recorder: Callable[[int, int], list[str]]
    worker: Callable[[int, int, int], list[str]]
    companion: Callable[[int], list[str]] | None = None
    publisher: Command | None = None
    scripted_start: Instant | None = None
    adopt_bound_s: float = ADOPT_BOUND_S
    configuration: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Announced once the gateway accepts connections."""

    address: str
    workers: int
    adopted: Adopted
    at: Instant
    scripted: bool
