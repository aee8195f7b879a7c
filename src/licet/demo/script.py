"""What is played: the instants at which the decision clock stands, and who asks what at each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
    """The clock stands at `at`. `across` are asked while it is moved there; `asks` are asked and
    answered there; `held` are streams that are begun there and still on their way when the
    clock moves on."""

    at: Instant
    across: tuple[Ask, ...]
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
    return Step(
        at=at,
        across=_numbered(f"across-{number}", _by_name(number)) if number else (),
        asks=_numbered(str(number), _everything()),
        held=_numbered("held", _streams(), DRIP_MS) if at == LETTER - MINUTE_US else (),
    )


def _deployer(number: int, at: Instant) -> Step:
    """Everybody's work, and either model by its name."""
    return Step(
        at=at,
        across=_numbered(f"across-{number}", _by_name(number)) if number else (),
        asks=_numbered(str(number), (*_work(), *_by_name(number + 1))),
    )


Question = tuple[Person, Dialect, str, bool]
"""Who asks, in which dialect, for which name, streamed or not."""


def _everything() -> Iterator[Question]:
    for person in PERSONS:
        for name in (FABLE, MYTHOS, None):
            for dialect in DIALECTS:
                for stream in (False, True):
                    yield person, dialect, name or person.workloads[dialect], stream


def _work() -> Iterator[Question]:
    return (question for question in _everything() if _names_workload(question))


def _by_name(number: int) -> Iterator[Question]:
    """Each model once by its name: in either dialect, streamed or not, in turn."""
    named = [question for question in _everything() if not _names_workload(question)]
    # Eight of each person: four ways for either model.
    for index, question in enumerate(named):
        if index % 4 == (number + index // 4) % 4:
            yield question


def _streams() -> Iterator[Question]:
    return (each for each in _everything() if each[3] and not _names_workload(each))


def _names_workload(question: Question) -> bool:
    person, dialect, name, _ = question
    return name == person.workloads[dialect]


def _numbered(
    prefix: str, questions: Iterable[Question], drip_ms: int | None = None
) -> tuple[Ask, ...]:
    return tuple(
        Ask(
            case=f"{prefix}-{index}",
            person=person,
            dialect=dialect,
            name=name,
            stream=stream,
            drip_ms=drip_ms,
        )
        for index, (person, dialect, name, stream) in enumerate(questions)
    )
