"""What is attested with a key reads back as the organisation's word."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from licet.identity import attest, new_key, parse_key, write_key
from licet.terms import Assurance, Engagement, OperationFault, Relation, read

NOON = datetime(2026, 6, 12, 12, tzinfo=UTC)
DAY = datetime(2026, 6, 12, tzinfo=UTC)


def test_a_flag_is_attested_by_the_organisation_as_employer_that_day() -> None:
    profile = attest(["us_person=yes"], "acme", NOON)
    assert profile is not None
    attested = profile.us_person
    assert attested is not None
    assert (attested.value, attested.issuer) == (True, "acme")
    assert (attested.assurance, attested.evidence_date) == (Assurance.EMPLOYER, DAY)


def test_several_are_attested_together() -> None:
    words = ["us_person=no", "place=FR", "employee_of=acme", "employee_of=bolt", "tier=vetted"]
    profile = attest(words, "acme", NOON)
    assert profile is not None
    assert profile.engagement is not None
    assert profile.engagement.value == tuple(
        Engagement(relation=Relation.EMPLOYEE, organisation=name) for name in ("acme", "bolt")
    )


@pytest.mark.parametrize(
    "words",
    [
        ["us_person=yes"],
        ["us_person=no", "place=FR", "employee_of=acme", "employee_of=bolt"],
        ['tier=a "quoted" one', "tier=b"],
    ],
)
def test_a_key_file_reads_back_to_the_same_key(words: list[str]) -> None:
    _, key = new_key(
        "first", b"k" * 32, organisation="acme", workloads=("chat",), created=NOON, subject="ada"
    )
    key = msgspec.structs.replace(key, attests=attest(words, "acme", NOON))
    assert parse_key(read("keys/first.toml", write_key(key).encode())).value == key


def test_nothing_said_is_nothing_attested() -> None:
    assert attest([], "acme", NOON) is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nationality=FR"], "without anybody's nationality"),
        (["us_person"], "cannot be attested of a key"),
        (["us_person=maybe"], "says neither"),
        (["us_person=yes", "us_person=no"], "attested twice"),
        (["place=XX"], "is no country"),
        (["shoe_size=44"], "one of `us_person=...`"),
    ],
)
def test_what_cannot_be_attested_of_a_key_is_refused(words: list[str], told: str) -> None:
    with pytest.raises(OperationFault) as caught:
        attest(words, "acme", NOON)
    assert told in str(caught.value)
