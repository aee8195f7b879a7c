"""`verified_claims` count for what the configuration says that their framework is worth."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from licet.identity import (
    Issuer,
    TokenVerifier,
    VerifiedToken,
    new_signing_key,
    sign_subject,
)
from licet.terms import Assurance, Profile

PRIVATE, JWKS = new_signing_key("idp-1", b"\x01" * 32)
NOW_S = 1_781_300_000
ISSUER = Issuer(
    id="idp",
    audience="licet",
    jwks=JWKS,
    may_attest=("us_person", "nationality", "place", "clearance"),
    declared={"clearance": "integer"},
    trust_frameworks={"eidas/high": Assurance.GOVERNMENT, "de_aml": Assurance.DOCUMENT},
)
EIDAS = {"trust_framework": "eidas", "assurance_level": "high", "time": "2026-03-01T10:00:00Z"}


def read(issuer: Issuer = ISSUER, **claims: Any) -> VerifiedToken:
    whole = {"iss": "idp", "aud": "licet", "sub": "alice", "exp": NOW_S + 60} | claims
    found = TokenVerifier([issuer]).verify(sign_subject(whole, PRIVATE), NOW_S)
    assert isinstance(found, VerifiedToken), found
    return found


def part(verification: dict[str, Any], **claims: Any) -> dict[str, Any]:
    return {"verification": verification, "claims": claims}


def countries(profile: Profile) -> list[str]:
    assert profile.nationality is not None
    return [one.country for one in profile.nationality.value]


def test_what_was_verified_counts_as_its_framework_does() -> None:
    found = read(verified_claims=part(EIDAS, nationalities=["FR"])).profile.nationality
    assert found is not None
    assert found.assurance is Assurance.GOVERNMENT
    assert found.evidence_date == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert not found.complete


def test_a_framework_or_level_that_nobody_configured_makes_its_claims_unknown() -> None:
    low = EIDAS | {"assurance_level": "low"}
    none = {"trust_framework": "eidas"}
    for verification, name in ((low, "eidas/low"), (none, "eidas")):
        found = read(verified_claims=part(verification, nationalities=["FR"]))
        assert found.profile == Profile(subject="idp:alice")
        assert found.ignored == (f"verified_claims under {name}",)


def test_parts_are_read_each_for_itself_and_joined() -> None:
    found = read(
        nationalities=["DE"],
        verified_claims=[
            part(EIDAS, nationalities=["FR"]),
            part({"trust_framework": "de_aml"}, licet={"us_person": False}),
            part({"trust_framework": "it_spid"}, licet={"place": "IT"}),
        ],
    )
    assert countries(found.profile) == ["DE", "FR"]
    assert found.profile.nationality is not None
    assert found.profile.nationality.assurance is Assurance.EMPLOYER
    assert found.profile.us_person is not None
    assert found.profile.us_person.assurance is Assurance.DOCUMENT
    assert found.profile.place is None
    assert found.ignored == ("verified_claims under it_spid",)


def test_claims_that_contradict_each_other_are_unknown_and_reported() -> None:
    verified = part(EIDAS, licet={"us_person": False})
    found = read(licet={"us_person": True}, verified_claims=verified).profile
    assert found.us_person is None
    assert found.conflicts == ("us_person",)
    own = {"declared": {"clearance": 2}}
    verified = part(EIDAS, licet={"declared": {"clearance": 3}})
    found = read(licet=own, verified_claims=verified).profile
    assert (found.declared, found.conflicts) == ({}, ("clearance",))


def test_a_third_word_does_not_settle_a_contradiction() -> None:
    found = read(
        licet={"declared": {"clearance": 2}},
        verified_claims=[
            part(EIDAS, licet={"declared": {"clearance": 3}}),
            part({"trust_framework": "de_aml"}, licet={"declared": {"clearance": 3}}),
        ],
    ).profile
    assert (found.declared, found.conflicts) == ({}, ("clearance",))


def test_they_hold_until_the_first_of_the_documents_expires() -> None:
    evidence = [
        {"type": "document", "document_details": {"date_of_expiry": "2030-01-31"}},
        {"type": "document", "document": {"date_of_expiry": "2028-01-31"}},
        {"type": "electronic_record"},
    ]
    claims = {"nationalities": ["FR"], "licet": {"expires": "2031-01-31", "place": "FR"}}
    found = read(verified_claims=part(EIDAS | {"evidence": evidence}, **claims)).profile
    assert found.nationality is not None
    assert found.nationality.expires == datetime(2028, 1, 31, tzinfo=UTC)
    assert found.place is not None
    assert found.place.expires == datetime(2028, 1, 31, tzinfo=UTC)


def test_verified_or_not_an_issuer_attests_only_what_it_may() -> None:
    issuer = msgspec.structs.replace(ISSUER, may_attest=("us_person",))
    found = read(issuer, verified_claims=part(EIDAS, nationalities=["FR"]))
    assert found.profile.nationality is None
    assert found.ignored == ("nationality",)


def test_each_attribute_may_have_evidence_of_its_own() -> None:
    own = {
        "us_person": True,
        "place": "US",
        "declared": {"clearance": 2},
        "evidence_date": "2026-01-01",
        "backing": {
            "us_person": {"evidence_date": "2025-06-01", "expires": "2026-06-01"},
            "clearance": {"assurance": "self"},
        },
    }
    found = read(licet=own).profile
    assert found.us_person is not None
    assert found.us_person.evidence_date == datetime(2025, 6, 1, tzinfo=UTC)
    assert found.us_person.expires == datetime(2026, 6, 1, tzinfo=UTC)
    assert found.place is not None
    assert found.place.evidence_date == datetime(2026, 1, 1, tzinfo=UTC)
    assert found.place.expires is None
    assert found.declared["clearance"].assurance is Assurance.SELF


def test_no_word_on_an_attribute_gives_more_assurance_than_the_issuer_has() -> None:
    own = {"us_person": True, "backing": {"us_person": {"assurance": "government"}}}
    found = read(licet=own).profile.us_person
    assert found is not None
    assert found.assurance is Assurance.EMPLOYER
