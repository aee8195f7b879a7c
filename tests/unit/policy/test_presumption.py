"""What is presumed yields to whatever is said, however little stands behind it."""

from __future__ import annotations

import msgspec
import pytest

from licet.policy import (
    Alternative,
    Condition,
    Directive,
    Kind,
    Moment,
    Presumption,
    Snapshot,
    Verdict,
    Version,
    naive,
)
from licet.terms import (
    UNKNOWN_PERSON,
    Assurance,
    Attested,
    Profile,
    Standing,
    Status,
    parse_instant,
    to_datetime,
)
from tests.golden.persons import FABLE, NOON, read_example

AT = NOON["13 Jun"]
START = to_datetime(parse_instant("2026-01-01T00:00:00Z"))
RULE = Directive(
    id="knowing",
    kind=Kind.RESTRICTION,
    versions=(
        Version(
            received=START,
            effective_from=START,
            applies=(
                Alternative(
                    conditions=(
                        Condition(
                            attribute="subject.us_person",
                            any_of=(False,),
                            assurance=Assurance.DOCUMENT,
                        ),
                    )
                ),
            ),
            presume=(Presumption(attribute="subject.us_person", value=True),),
        ),
    ),
)
SOURCES = msgspec.structs.replace(read_example().sources, directives=(RULE,))
WEAK, STRONG = Assurance.EMPLOYER, Assurance.DOCUMENT


def national(country: str, assurance: Assurance, *, complete: bool = True) -> Profile:
    statuses: tuple[Status, ...] = (Status(country=country, standing=Standing.CITIZEN),)
    attested = Attested(value=statuses, issuer="hr", assurance=assurance, complete=complete)
    return Profile(nationality=attested)


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (UNKNOWN_PERSON, Verdict.PERMITTED),
        # By the axioms this is a foreign person, only not on the evidence that the rule asks for.
        (national("FR", WEAK), Verdict.UNDETERMINED),
        (national("FR", STRONG), Verdict.REFUSED),
        (national("US", STRONG), Verdict.PERMITTED),
        # Of an open set nothing follows: nothing is said of being a US person.
        (national("FR", WEAK, complete=False), Verdict.PERMITTED),
    ],
)
def test_nothing_is_presumed_against_what_follows_from_a_nationality(
    profile: Profile, expected: Verdict
) -> None:
    ruleset = Snapshot.of(SOURCES).select(AT)
    known = ruleset.know(profile, "plainfield", "code-review", AT)
    assert ruleset.decide(known, FABLE, "anthropic").verdict is expected
    judged = naive.judge(
        SOURCES,
        profile=profile,
        organisation="plainfield",
        workload="code-review",
        model=FABLE,
        endpoint="anthropic",
        moment=Moment(valid_at=AT),
    )
    assert judged.verdict is expected
