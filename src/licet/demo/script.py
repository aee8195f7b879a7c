"""What is played: the instants at which the decision clock stands, and who asks what at each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from licet.demo.persons import DIALECTS, FABLE, MYTHOS, PERSONS, Dialect, Person
from licet.demo.requests import Ask
from licet.terms import Instant, to_instant

LETTER = to_instant(datetime(2026, 6, 12, 21, 21, tzinfo=UTC))
"""12 June 17:21 -04:00, the first letter."""

LIFT = to_instant(datetime(2026, 6, 30, 23, 52, tzinfo=UTC))
"""30 June 19:52 -04:00, the third."""

RETURN = to_instant(datetime(2026, 7, 1, 4, tzinfo=UTC))
"""1 July in the east of the US: the developer serves again."""

MINUTE_US = 60_000_000
DRIP_MS = 200
_FIRST, _LAST = datetime(2026, 6, 9, 12, tzinfo=UTC), datetime(2026, 7, 2, 12, tzinfo=UTC)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """The clock stands at `at`. `asks` are asked and answered there; `held` are streams that
    are begun there and still on their way when the clock moves on."""

    at: Instant
    asks: tuple[Ask, ...]
    held: tuple[Ask, ...] = ()


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """One side of the episode. `withdrawn`: the developer's models are gone for everybody."""

    id: str
    title: str
    withdrawn: bool
    steps: tuple[Step, ...]


def passes() -> tuple[Pass, ...]:
    """The developer's side, then the deployer's."""
    return (
        Pass(
            id="developer",
            title="the developer's side: the letters applied to those whom they name",
            withdrawn=False,
            steps=tuple(_developer(number, at) for number, at in enumerate(instants())),
        ),
        Pass(
            id="deployer",
            title="the deployer's side: both models withdrawn from everybody, work going on",
            withdrawn=True,
            steps=tuple(_deployer(number, at) for number, at in enumerate(instants())),
        ),
    )


def instants() -> tuple[Instant, ...]:
    """Noon UTC of every day, and the exact minutes of the first letter and of the third, each
    with the minute before."""
    days = (_LAST - _FIRST).days + 1
    noons = {to_instant(_FIRST + timedelta(days=day)) for day in range(days)}
    minutes = {Instant(at - back) for at in (LETTER, LIFT) for back in (MINUTE_US, 0)}
    return tuple(sorted(noons | minutes))


def _developer(number: int, at: Instant) -> Step:
    """Everybody, both models by name and the workload, in both dialects, streamed and whole."""
    asks = _numbered(number, _everything())
    held = _numbered(number, _streams(), "held") if at == LETTER - MINUTE_US else ()
    return Step(at=at, asks=tuple(asks), held=tuple(held))


def _deployer(number: int, at: Instant) -> Step:
    """Everybody's work, and either model by its name."""
    return Step(at=at, asks=tuple(_numbered(number, _work(number))))


Question = tuple[Person, Dialect, str, bool]
"""Who asks, in which dialect, for which name, streamed or not."""


def _everything() -> Iterator[Question]:
    for person in PERSONS:
        for dialect in DIALECTS:
            for name in (FABLE, MYTHOS, person.workloads[dialect]):
                for stream in (False, True):
                    yield person, dialect, name, stream


def _work(number: int) -> Iterator[Question]:
    """All work, and each model once by its name: in either dialect, streamed or not, in turn."""
    for index, (person, dialect, name, stream) in enumerate(_everything()):
        way = DIALECTS.index(dialect) * 2 + stream
        in_turn = way == (number + index // 12 + (name == MYTHOS)) % 4
        if name == person.workloads[dialect] or in_turn:
            yield person, dialect, name, stream


def _streams() -> Iterator[Question]:
    return (
        question for question in _everything() if question[3] and question[2] in (FABLE, MYTHOS)
    )


def _numbered(number: int, questions: Iterator[Question], prefix: str = "") -> Iterator[Ask]:
    for index, (person, dialect, name, stream) in enumerate(questions):
        yield Ask(
            case=f"{prefix}{number}-{index}",
            person=person,
            dialect=dialect,
            name=name,
            stream=stream,
            drip_ms=DRIP_MS if prefix else None,
        )
