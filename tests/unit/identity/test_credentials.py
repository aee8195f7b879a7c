"""A wallet's credential says what its holder discloses, to whom, now: and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from licet.identity import Issuer, Revoked, TokenProblem, TokenVerifier, VerifiedToken
from licet.identity.disclosures import disclose
from licet.terms import Assurance
from tests.unit.identity.wallet import (
    HOLDER,
    HOLDER_KEY,
    NOW_S,
    PID,
    PRIVATE,
    VCT,
    credential,
    digest,
    disclosure,
    presented,
    with_claims,
)


def verify(token: str, issuer: Issuer = PID, at_s: int = NOW_S) -> VerifiedToken | TokenProblem:
    return TokenVerifier([issuer]).verify(token, at_s)


def accepted(token: str, issuer: Issuer = PID, at_s: int = NOW_S) -> VerifiedToken:
    found = verify(token, issuer, at_s)
    assert isinstance(found, VerifiedToken), found
    return found


def code(token: str, issuer: Issuer = PID, at_s: int = NOW_S) -> str:
    found = verify(token, issuer, at_s)
    assert isinstance(found, TokenProblem), found
    return found.code


def test_what_is_disclosed_is_known_and_what_is_not_is_unknown() -> None:
    signed, parts = with_claims({"nationalities": ["FR"], "birthdate": "1990-01-01"})
    with_it = accepted(presented(signed, parts[0])).profile
    assert with_it.nationality is not None
    assert [one.country for one in with_it.nationality.value] == ["FR"]
    assert not with_it.nationality.complete
    without = accepted(presented(signed, parts[1])).profile
    assert without.nationality is None
    assert without.us_person is None


def test_a_birth_date_is_read_by_nobody() -> None:
    signed, parts = with_claims({"birthdate": "1990-01-01", "nationalities": ["FR"]})
    found = accepted(presented(signed, *parts))
    assert b"1990" not in msgspec.json.encode(found)


def test_members_of_a_list_are_disclosed_one_by_one() -> None:
    french, german = disclosure("FR"), disclosure("DE")
    digests = [{"...": digest(french)}, {"...": digest(german)}, {"...": digest("decoy")}]
    signed = credential({"nationalities": digests})
    found = accepted(presented(signed, german)).profile.nationality
    assert found is not None
    assert [one.country for one in found.value] == ["DE"]


def test_the_document_says_since_when_and_until_when() -> None:
    signed, parts = with_claims(
        {"nationalities": ["FR"], "date_of_issuance": "2024-05-04", "date_of_expiry": "2034-05-04"}
    )
    found = accepted(presented(signed, *parts)).profile.nationality
    assert found is not None
    assert found.evidence_date == datetime(2024, 5, 4, tzinfo=UTC)
    assert found.expires == datetime(2034, 5, 4, tzinfo=UTC)
    assert found.assurance is Assurance.EMPLOYER


def test_an_issuer_of_credentials_attests_only_what_it_may() -> None:
    signed, parts = with_claims({"nationalities": ["FR"]})
    issuer = msgspec.structs.replace(PID, may_attest=("us_person",))
    found = accepted(presented(signed, *parts), issuer)
    assert found.profile.nationality is None
    assert found.ignored == ("nationality",)


def test_whoever_has_no_name_is_known_by_the_key_of_the_wallet() -> None:
    unnamed = accepted(presented(credential({}))).profile.subject
    assert unnamed is not None
    assert unnamed.startswith("https://pid.example:cnf:")
    assert accepted(presented(credential({"sub": "7"}))).profile.subject == "https://pid.example:7"


def test_it_counts_for_as_long_as_a_presentation_does() -> None:
    token = presented(credential({}))
    leeway_s, most_s = PID.leeway_s, PID.presentation_s
    assert accepted(token).expires_s == NOW_S + most_s + leeway_s
    assert accepted(token, at_s=NOW_S - leeway_s).issuer == PID.id
    assert code(token, at_s=NOW_S - leeway_s - 1) == "token_early"
    assert accepted(token, at_s=NOW_S + most_s + leeway_s - 1).issuer == PID.id
    assert code(token, at_s=NOW_S + most_s + leeway_s) == "presentation_old"


SIGNED = credential({})
WITHOUT_KEY = HOLDER_KEY | {"kty": "oct", "k": "c2VjcmV0"}


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (SIGNED + "~", "binding_missing"),
        (presented(credential({"cnf": None})), "binding_missing"),
        (presented(credential({"cnf": {"kid": "wallet-1"}})), "binding_missing"),
        (presented(credential({"cnf": {"jwk": WITHOUT_KEY}})), "binding_missing"),
        (SIGNED + "~not.a.token", "binding_malformed"),
        (presented(SIGNED, typ="JWT"), "binding_malformed"),
        (presented(SIGNED, nonce=None), "binding_malformed"),
        (presented(SIGNED, nonce=""), "binding_malformed"),
        (presented(SIGNED, iat=None), "binding_malformed"),
        (presented(SIGNED, sd_hash=None), "binding_malformed"),
        (presented(SIGNED, key=PRIVATE), "binding_invalid"),
        (presented(SIGNED, sd_hash=digest("another~")), "binding_invalid"),
        (presented(SIGNED, aud="another"), "audience_wrong"),
        (presented(credential({}, key=HOLDER)), "signature_invalid"),
        (presented(credential({}, typ="JWT")), "type_wrong"),
        (presented(credential({"vct": "urn:other"})), "credential_wrong"),
        (presented(credential({"vct": None})), "credential_wrong"),
        (presented(credential({"vct": [VCT]})), "credential_wrong"),
        (presented(credential({"exp": NOW_S - 31})), "token_expired"),
        (presented(credential({"exp": None})), "claim_malformed"),
        (presented(credential({"iss": "https://elsewhere.example"})), "issuer_unknown"),
        (presented(credential({"status": {"status_list": {"idx": 1}}})), "status_unchecked"),
        (presented(credential({"_sd_alg": "md5"})), "token_malformed"),
        (presented(SIGNED, disclosure("nationalities", ["FR"])), "token_malformed"),
        (credential({"aud": "licet"}), "format_wrong"),
    ],
)
def test_what_is_amiss_is_refused(token: str, expected: str) -> None:
    assert code(token) == expected


def test_a_status_that_nobody_reads_is_accepted_only_where_that_was_decided() -> None:
    token = presented(credential({"status": {"status_list": {"idx": 1}}}))
    issuer = msgspec.structs.replace(PID, status_unchecked=True)
    assert accepted(token, issuer).issuer == PID.id


def test_a_credential_is_no_token_and_a_token_no_credential() -> None:
    issuer = msgspec.structs.replace(PID, format="jwt", vct=())
    assert code(presented(SIGNED), issuer) == "format_wrong"
    assert code(credential({"aud": "licet"}), issuer) == "type_wrong"


def test_taking_a_disclosure_away_breaks_what_the_holder_signed() -> None:
    signed, parts = with_claims({"nationalities": ["FR"], "sub": "7"})
    token = presented(signed, *parts)
    assert code(token.replace(f"~{parts[0]}", "")) == "binding_invalid"


@pytest.mark.parametrize(
    "revoked",
    [Revoked(tokens=("lost",)), Revoked(subjects=("7",)), Revoked(issued_before_s=NOW_S)],
)
def test_a_credential_can_be_revoked(revoked: Revoked) -> None:
    token = presented(credential({"jti": "lost", "sub": "7"}))
    issuer = msgspec.structs.replace(PID, revoked=revoked)
    assert code(token, issuer) in ("token_revoked", "subject_revoked")


NAME = disclosure("name", 1)


@pytest.mark.parametrize(
    ("claims", "disclosures"),
    [
        ({"_sd": [digest(NAME), digest(NAME)]}, [NAME]),
        ({"_sd": [digest(NAME)], "a": {"_sd": [digest(NAME)]}}, [NAME]),
        ({"_sd": [digest(NAME)], "name": 2}, [NAME]),
        ({"_sd": [digest(NAME)]}, [NAME, NAME]),
        ({"_sd": digest(NAME)}, [NAME]),
        ({"_sd": [7]}, []),
        ({"list": [{"...": digest(NAME)}]}, [NAME]),
        ({"_sd": [digest(disclosure(1))]}, [disclosure(1)]),
        ({"_sd": [digest(disclosure("_sd", []))]}, [disclosure("_sd", [])]),
        ({"_sd": [digest(disclosure("...", 1))]}, [disclosure("...", 1)]),
        ({"_sd": [digest(disclosure("exp", 1))]}, [disclosure("exp", 1)]),
        ({"_sd": [digest(disclosure("cnf", {}))]}, [disclosure("cnf", {})]),
        ({"_sd": [digest(disclosure(7, 1))]}, [disclosure(7, 1)]),
        ({"...": digest(NAME)}, []),
        ({}, ["not base64url!"]),
        ({}, [""]),
    ],
)
def test_digests_and_disclosures_that_do_not_fit_are_refused(
    claims: dict[str, Any], disclosures: list[str]
) -> None:
    with pytest.raises(ValueError):
        disclose(claims, disclosures)


def test_disclosures_within_disclosures_find_their_places() -> None:
    inner = disclosure("country", "FR")
    outer = disclosure("address", {"_sd": [digest(inner), digest("decoy")], "locality": "Lyon"})
    claims = {"_sd": [digest(outer)], "_sd_alg": "sha-256"}
    assert disclose(claims, [outer, inner]) == {"address": {"locality": "Lyon", "country": "FR"}}
    assert disclose(claims, [outer]) == {"address": {"locality": "Lyon"}}
    assert disclose(claims, []) == {}
