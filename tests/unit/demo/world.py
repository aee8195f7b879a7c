"""A pass that was never played: the episode's configuration, and what is made up about it."""

from __future__ import annotations

from typing import Literal

from licet.demo.hearing import Heard, Kind
from licet.demo.judge import Judge, Mark, Said
from licet.demo.persons import FABLE, MYTHOS, PERSONS, Dialect, Person, noon
from licet.demo.requests import Ask
from licet.demo.script import LETTER, MINUTE_US
from licet.demo.staging import staged
from licet.policy import parse
from licet.sim import JUNE_2026, End, Entry
from licet.terms import Instant

URLS = {spec.id: f"http://127.0.0.1:{9000 + index}" for index, spec in enumerate(JUNE_2026)}
Outcome = Literal["completed", "cancelled"]

BEFORE = Instant(LETTER - MINUTE_US)
AFTER = noon(6, 13)
BY_ID = {person.id: person for person in PERSONS}
FRENCH, US_CITIZEN, UNPROVEN = BY_ID["claire"], BY_ID["ann"], BY_ID["someone"]

MARKS = (
    Mark(at=BEFORE, asked=Instant(0), passed=Instant(0)),
    Mark(at=LETTER, asked=Instant(100), passed=Instant(110)),
    Mark(at=AFTER, asked=Instant(200), passed=Instant(210)),
)
"""By the wall clock, the letter came into force between 100 and 110."""


def judge(*, withdrawn: bool = False) -> Judge:
    configuration = parse(staged(URLS, withdrawn=withdrawn)[0])
    assert not configuration.faults
    return Judge(configuration.sources, PERSONS)


def ask(
    person: Person = FRENCH, name: str = FABLE, *, dialect: Dialect = "messages", case: str = "1"
) -> Ask:
    return Ask(case=case, person=person, dialect=dialect, name=name, stream=False)


def said(kind: Kind, asked: Ask, *, at: Instant = AFTER, until: Instant | None = None) -> Said:
    return Said(ask=asked, heard=Heard(kind=kind), at=at, until=at if until is None else until)


def answered(asked: Ask, model: str, endpoint: str, *, rerouted: bool = False) -> Said:
    heard = Heard(kind=Kind.ANSWERED, model=model, endpoint=endpoint, rerouted=rerouted)
    return Said(ask=asked, heard=heard, at=AFTER, until=AFTER)


def entry(
    at: int,
    person: str | None = "claire",
    model: str | None = FABLE,
    *,
    vendor: str = "anthropic",
    dialect: Dialect = "messages",
) -> Entry:
    return Entry(
        number=1,
        at=Instant(at),
        vendor=vendor,
        dialect=dialect,
        path="/v1/messages",
        model=model,
        stream=True,
        digest="0" * 64,
        body_bytes=1,
        whole=True,
        request_id=None,
        accept_encoding=None,
        person=person,
        case="1",
        fault=None,
        status=200,
    )


def end(at: int, outcome: Outcome = "completed") -> dict[int, End]:
    return {1: End(number=1, at=Instant(at), outcome=outcome, chunks=9)}


__all__ = ["FABLE", "MYTHOS"]
