"""Requests of every kind, as records, under the rules of June 2026."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

from licet.demo.staging import episode
from licet.evidence import (
    AttemptLeaf,
    Candidate,
    DecisionLeaf,
    Leaf,
    Observed,
    OutcomeLeaf,
    Sending,
    Usage,
)
from licet.policy import Snapshot, Sources, parse
from tests.unit.evidence.examples import LOG

replace = msgspec.structs.replace
LETTER, PROGRAMME = "us-commerce-2026-06-12", "developer-programme"
FIRST = ("anthropic", "claude-mythos-5")
OTHERS = (("cloud-us", "claude-opus-4.8"), ("mistral", "mistral-large-4"))
# Of the first kind the caller could have known; 429 is a 4xx too, and the vendor's to answer for.
FAILURES: tuple[dict[str, Any], ...] = (
    {"status": 400},
    {"status": 429, "fault": "status_429"},
    {"status": 503, "fault": "overloaded"},
    {"fault": "connect"},
)
DAYS = ("2026-06-11", "2026-06-12", "2026-06-13", "2026-06-29")
SETS = ((("us_person",), ("nationality",)), (("place",),))


@cache
def snapshot() -> Snapshot:
    return Snapshot.of(parse(episode()).sources)


def sources(digest: str) -> Sources | None:
    """What a snapshot has: of one only."""
    return snapshot().sources if digest == snapshot().digest else None


def sending(step: tuple[str, str], residency: str = "") -> Sending:
    return Sending(endpoint=step[0], model=step[1], snapshot=snapshot().digest, residency=residency)


def admission(name: str, at: str, verdict: str, draw: random.Random) -> DecisionLeaf:
    """`permitted`: what stands first; `rerouted`: something else; or a refusal."""
    barred = verdict != "permitted"
    first = Candidate(
        endpoint=FIRST[0],
        model=FIRST[1],
        verdict="permitted" if not barred else "undetermined" if draw.random() < 0.5 else "refused",
        deciding=tuple(draw.sample((LETTER, PROGRAMME), draw.randint(1, 2))) if barred else (),
    )
    served = verdict in ("permitted", "rerouted")
    step = FIRST if not barred else draw.choice(OTHERS)
    return DecisionLeaf(
        at=at,
        log=LOG,
        request=name,
        key="key-1",
        organisation=draw.choice(("acme-grid", "harbor-labs", "plainfield")),
        workload=draw.choice(("assistant", "code-review")),
        asked="claude-mythos-5",
        snapshot=snapshot().digest,
        valid_at=at,
        known_at=at,
        verdict="permitted" if served else verdict,  # type: ignore[arg-type]
        commitment="0" * 64,
        deciding=first.deciding,
        relieving=("us-commerce-2026-06-26",) if draw.random() < 0.2 else (),
        missing=draw.choice(SETS) if first.verdict == "undetermined" else (),
        observed=Observed(verdict="refused", deciding=("eu-residency",))
        if draw.random() < 0.1
        else None,
        candidates=(first, Candidate(endpoint=step[0], model=step[1])),
        duties=("retain",) if draw.random() < 0.3 else (),
        sending=sending(step, draw.choice(("", "us", "eu"))) if served else None,
    )


def ended(begin: DecisionLeaf, number: int, word: str, draw: random.Random) -> OutcomeLeaf:
    return OutcomeLeaf(
        at=begin.at,
        log=LOG,
        request=begin.request,
        outcome=word,  # type: ignore[arg-type]
        attempt=number,
        tries=draw.choice((0, 1, 1, 2)) if word == "failed" and number else 1,
        residency=draw.choice(("", "us", "US", "fr", "global", "not_available")) if number else "",
        deciding=(LETTER,) if word == "cut" else (),
        **(draw.choice(FAILURES) if word == "failed" and number else {}),
        usage=Usage(input=draw.randint(0, 9), output=draw.randint(0, 9)) if number else None,
    )


def story(name: str, at: str, draw: random.Random) -> Iterator[Leaf]:
    """The records of one request, in order."""
    verdict = draw.choice(("permitted", "permitted", "rerouted", "refused", "undetermined"))
    begin = admission(name, at, verdict, draw)
    yield begin
    if draw.random() < 0.05:
        return
    if begin.sending is None:
        yield ended(begin, 0, "refused", draw)
        return
    if draw.random() < 0.1:
        yield replace(begin, reason="attempt", verdict="refused", deciding=(LETTER,), sending=None)
        yield ended(begin, 1, "refused", draw)
        return
    number = 1
    while draw.random() < 0.3:
        yield ended(begin, number, "failed", draw)
        number += 1
        again = sending(draw.choice((FIRST, *OTHERS)))
        yield AttemptLeaf(at=at, log=LOG, request=name, attempt=number, sending=again)
    words = ("answered", "answered", "answered", "cut", "failed", "cancelled", "unknown")
    word = draw.choice(words)
    yield ended(begin, number, word, draw)
    if word == "unknown" and draw.random() < 0.5:
        yield ended(begin, number, "answered", draw)


def stories(seed: int, count: int) -> list[Leaf]:
    """Many requests, their records among each other."""
    draw = random.Random(seed)
    waiting: list[Iterator[Leaf]] = []
    written: list[Leaf] = []
    for number in range(count):
        at = f"{DAYS[number * len(DAYS) // count]}T12:00:00.{number:06}Z"
        waiting.append(story(f"{seed}-{number:05}", at, draw))
        while waiting and draw.random() < 0.8:
            step(waiting, written, draw)
    while waiting:
        step(waiting, written, draw)
    return written


def step(waiting: list[Iterator[Leaf]], written: list[Leaf], draw: random.Random) -> None:
    one = draw.choice(waiting)
    leaf = next(one, None)
    if leaf is None:
        waiting.remove(one)
    else:
        written.append(leaf)
