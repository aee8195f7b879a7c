"""What token and key say together of one person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from licet.identity import Key, resolve
from licet.terms import (
    UNKNOWN_PERSON,
    Assurance,
    Attested,
    Engagement,
    Profile,
    Relation,
    Standing,
    Status,
)

FRENCH = Status(country="FR", standing=Standing.CITIZEN)
GERMAN = Status(country="DE", standing=Standing.CITIZEN)
EMPLOYED = Engagement(relation=Relation.EMPLOYEE, organisation="acme-grid")
EARLIER, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


def key(attests: Profile | None = None, **changed: Any) -> Key:
    given: dict[str, Any] = {
        "id": "k",
        "hash": "0" * 64,
        "organisation": "acme-grid",
        "workloads": ("code-review",),
        "attests": attests,
    }
    return Key(**(given | changed))


def by(issuer: str, value: Any, **changed: Any) -> Attested[Any]:
    return Attested(value=value, issuer=issuer, **changed)


def test_without_token_and_attestations_nobody_is_known() -> None:
    assert resolve(None, key()) == UNKNOWN_PERSON


def test_what_the_key_attests_holds_for_everybody_who_uses_it() -> None:
    attests = Profile(us_person=by("acme-grid", True))
    found = resolve(Profile(subject="idp:alice", place=by("idp", "US")), key(attests))
    assert found.subject == "idp:alice"
    assert found.us_person == by("acme-grid", True)
    assert found.place == by("idp", "US")


def test_a_contradiction_makes_unknown_and_is_reported() -> None:
    attests = Profile(us_person=by("acme-grid", True))
    found = resolve(Profile(us_person=by("idp", False)), key(attests))
    assert found.us_person is None
    assert found.conflicts == ("us_person",)


def test_an_attribute_in_conflict_before_stays_unknown() -> None:
    attests = Profile(us_person=by("acme-grid", True))
    found = resolve(Profile(conflicts=("us_person",)), key(attests))
    assert found.us_person is None
    assert found.conflicts == ("us_person",)


def test_of_two_that_agree_the_better_assured_counts() -> None:
    strong = by("idp", True, assurance=Assurance.DOCUMENT)
    weak = by("acme-grid", True, assurance=Assurance.SELF)
    assert resolve(Profile(us_person=weak), key(Profile(us_person=strong))).us_person == strong
    assert resolve(Profile(us_person=strong), key(Profile(us_person=weak))).us_person == strong


def test_sets_are_joined_as_weak_as_the_weaker() -> None:
    token = by("idp", (FRENCH,), assurance=Assurance.DOCUMENT, evidence_date=LATER, expires=LATER)
    attests = by("acme-grid", (GERMAN,), evidence_date=EARLIER)
    found = resolve(Profile(nationality=token), key(Profile(nationality=attests)))
    assert found.nationality == by(
        "idp, acme-grid", (FRENCH, GERMAN), evidence_date=EARLIER, expires=LATER
    )


def test_more_than_a_complete_set_is_a_contradiction() -> None:
    token = Profile(nationality=by("idp", (FRENCH,), complete=True))
    found = resolve(token, key(Profile(nationality=by("acme-grid", (GERMAN,)))))
    assert found.nationality is None
    assert found.conflicts == ("nationality",)


def test_less_than_a_complete_set_is_none() -> None:
    whole = by("idp", (FRENCH, GERMAN), complete=True)
    attests = Profile(nationality=by("acme-grid", (GERMAN,)))
    found = resolve(Profile(nationality=whole), key(attests))
    assert found.nationality is not None
    assert set(found.nationality.value) == {FRENCH, GERMAN}
    assert found.conflicts == ()


def test_a_personal_key_names_its_person() -> None:
    personal = key(subject="idp:bob", speaks_for_others=False)
    assert resolve(None, personal).subject == "idp:bob"
    assert resolve(Profile(subject="idp:alice"), personal).subject == "idp:bob"


def test_declared_attributes_are_merged_like_all_others() -> None:
    attests = Profile(declared={"clearance": by("acme-grid", 2), "badge": by("acme-grid", "red")})
    token = Profile(engagement=by("idp", (EMPLOYED,)), declared={"clearance": by("idp", 3)})
    found = resolve(token, key(attests))
    assert found.declared == {"badge": by("acme-grid", "red")}
    assert found.conflicts == ("clearance",)
