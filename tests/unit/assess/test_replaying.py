"""Replay: what was decided comes out again, and whatever was changed in a record is named.

The records are made by the interpreter that decides nothing in the gateway.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256

import msgspec
import pytest

from licet.assess import Replaying, profile_of
from licet.catalog import Candidate as Step
from licet.evidence import Candidate, DecisionLeaf, Observed, canonical
from licet.policy import Decision, Directive, Kind, Mode, Moment, Snapshot, naive
from licet.relay import plan, target
from licet.terms import EvidenceFault, Instant, Profile, format_instant, parse_instant, to_datetime
from tests.golden.persons import PERSONS, read_example

SOURCES = read_example().sources
INSTANTS = [
    parse_instant(text)
    for text in (
        "2026-06-10T12:00:00Z",
        "2026-06-12T21:21:00Z",
        "2026-06-28T12:00:00Z",
        "2026-07-10T12:00:00Z",
    )
]
SNAPSHOT = Snapshot.of(SOURCES)
replace = msgspec.structs.replace


def opening(profile: Profile) -> tuple[bytes, tuple[bytes, ...]]:
    part = canonical(msgspec.to_builtins(profile))
    inputs = canonical({"key": "key-1", "profile": sha256(part).hexdigest()})
    return inputs, (part,)


@cache
def judge() -> naive.Judge:
    return naive.Judge(SOURCES)


def record(
    profile: Profile, workload: str, at: Instant, organisation: str, asked: str = ""
) -> DecisionLeaf:
    """What a gateway would have recorded, worked out by the naive interpreter."""
    use = next(one for one in SOURCES.workloads if one.id == workload)
    wanted = target(asked or workload, [use], lambda _: True)
    assert wanted is not None

    def decide(step: Step) -> Decision:
        return judge().judge(
            profile=profile,
            organisation=organisation,
            workload=workload,
            model=step.model,
            endpoint=step.endpoint,
            moment=Moment(valid_at=at),
        )

    found = plan(
        wanted,
        decide=decide,
        able=lambda _: True,
        available=lambda _: True,
        healthy=lambda _: True,
    )
    first = found.considered[0].decision
    observed = None
    if first.observed_verdict is not None:
        observed = Observed(
            verdict=first.observed_verdict.value,
            deciding=first.observed,
            missing=first.observed_missing,
        )
    return DecisionLeaf(
        at=format_instant(at),
        log="node-1",
        request="01K1",
        key="key-1",
        organisation=organisation,
        workload=workload,
        asked=wanted.asked,
        snapshot=SNAPSHOT.digest,
        valid_at=format_instant(at),
        known_at=format_instant(at),
        verdict=found.verdict.value,
        commitment="0" * 64,
        deciding=found.barring,
        relieving=first.relieving,
        missing=first.missing,
        observed=observed,
        candidates=tuple(
            Candidate(
                endpoint=one.candidate.endpoint,
                model=one.candidate.model,
                verdict=one.decision.verdict.value,
                deciding=one.decision.deciding,
                relieving=one.decision.relieving,
                missing=one.decision.missing,
            )
            for one in found.considered
        ),
    )


CASES = [
    (person, workload.id, at, asked)
    for person in range(len(PERSONS))
    for workload in SOURCES.workloads
    for asked in (workload.id, *dict.fromkeys(one.model for one in workload.candidates))
    for at in INSTANTS
]


def replaying(today: Snapshot | None = None) -> Replaying:
    return Replaying({SNAPSHOT.digest: SNAPSHOT}.__getitem__, today=today)


def profile(person: int) -> Profile:
    found = PERSONS[person]
    return found if isinstance(found, Profile) else found.profile


def test_everything_comes_out_again() -> None:
    again = replaying()
    verdicts = set()
    for person, workload, at, asked in CASES:
        leaf = record(profile(person), workload, at, "plainfield", asked)
        found = again.replay(leaf, *opening(profile(person)))
        assert found.differences == (), (person, workload, asked, format_instant(at))
        verdicts.add((leaf.verdict, bool(leaf.missing), bool(leaf.relieving)))
    assert {verdict for verdict, _, _ in verdicts} == {"permitted", "refused", "undetermined"}


CHANGES = {
    "verdict": "refused",
    "deciding": ("nobody-wrote-this",),
    "relieving": ("nobody-wrote-this",),
    "missing": (("us_person",), ("tier",)),
    "observed": Observed(verdict="refused", deciding=("nobody-wrote-this",)),
    "candidates_left_out": 7,
}


@pytest.mark.parametrize("member", CHANGES)
def test_a_changed_member_is_named_with_both_values(member: str) -> None:
    leaf = record(profile(0), SOURCES.workloads[0].id, INSTANTS[0], "plainfield")
    lie = replace(leaf, **{member: CHANGES[member]})
    (found,) = replaying().replay(lie, *opening(profile(0))).differences
    assert found.member == member
    assert (found.recorded, found.again) == (CHANGES[member], getattr(leaf, member))


def test_a_candidate_that_was_judged_otherwise_or_left_out_is_named() -> None:
    leaf = record(profile(0), SOURCES.workloads[0].id, INSTANTS[1], "plainfield")
    first = replace(leaf.candidates[0], verdict="refused", deciding=("nobody-wrote-this",))
    lie = replace(leaf, candidates=(first, *leaf.candidates[1:]))
    assert [one.member for one in replaying().replay(lie, *opening(profile(0))).differences] == [
        "candidates"
    ]
    short = replace(leaf, candidates=leaf.candidates[:-1])
    found = replaying().replay(short, *opening(profile(0))).differences
    assert "candidates_left_out" in {one.member for one in found}


def test_why_a_permitted_candidate_was_passed_over_is_taken_from_the_record() -> None:
    leaf = record(profile(0), SOURCES.workloads[0].id, INSTANTS[0], "plainfield")
    passed = tuple(
        replace(one, unable="unhealthy" if one.verdict == "permitted" else "")
        for one in leaf.candidates
    )
    assert passed != leaf.candidates
    again = replaying().replay(replace(leaf, candidates=passed), *opening(profile(0)))
    assert again.differences == ()


def test_as_known_now_says_what_would_be_decided_today() -> None:
    """A directive that was recorded later, for the time of the decision."""
    leaf = record(profile(0), SOURCES.workloads[0].id, INSTANTS[0], "plainfield")
    assert leaf.verdict == "permitted"
    template = next(one for one in SOURCES.directives if one.kind is Kind.RESTRICTION)
    version = replace(
        template.versions[0],
        applies=(),
        unless=(),
        mode=Mode.ENFORCE,
        effective_from=to_datetime(Instant(0)),
        effective_until=None,
    )
    late: Directive = replace(template, id="late", versions=(version,))
    today = Snapshot.of(replace(SOURCES, directives=(*SOURCES.directives, late)))
    found = replaying(today).replay(leaf, *opening(profile(0)))
    changed = {one.member: one for one in found.differences}
    assert changed["verdict"].again == "refused"
    assert "late" in changed["deciding"].again
    assert replaying(SNAPSHOT).replay(leaf, *opening(profile(0))).differences == ()


def test_an_opening_must_hold_the_profile_that_it_names() -> None:
    inputs, parts = opening(profile(0))
    assert profile_of(inputs, parts) == profile(0)
    for broken in ((inputs, ()), (inputs, (parts[0] + b" ",)), (b"[]", parts), (b"\xff", parts)):
        with pytest.raises(EvidenceFault):
            profile_of(*broken)
