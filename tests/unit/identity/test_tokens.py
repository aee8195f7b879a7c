"""A verified token says what its issuer is trusted for, and no more than that."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from licet.identity import (
    Issuer,
    TokenProblem,
    TokenVerifier,
    VerifiedToken,
    new_signing_key,
    sign_subject,
    subject_claims,
)
from licet.terms import Assurance, Attested, Engagement, Profile, Relation, Standing, Status

PRIVATE, JWKS = new_signing_key("idp-1", b"\x01" * 32)
NOW_S = 1_781_300_000
ALL = ("us_person", "nationality", "place", "engagement", "tier")
FRENCH = Status(country="FR", standing=Standing.CITIZEN)
EMPLOYED = Engagement(relation=Relation.EMPLOYEE, organisation="acme-grid")
CONTRACTED = Engagement(relation=Relation.CONTRACTOR, organisation="plainfield")


def issuer(**changed: Any) -> Issuer:
    given: dict[str, Any] = {"id": "idp", "audience": "licet", "jwks": JWKS, "may_attest": ALL}
    return Issuer(**(given | changed))


def verified(own: dict[str, Any], of: Issuer | None = None, **claims: Any) -> VerifiedToken:
    whole = {"iss": "idp", "aud": "licet", "sub": "alice", "exp": NOW_S + 60, "licet": own}
    found = TokenVerifier([of or issuer()]).verify(sign_subject(whole | claims, PRIVATE), NOW_S)
    assert not isinstance(found, TokenProblem), found
    return found


def test_what_is_signed_is_what_is_read() -> None:
    profile = Profile(
        us_person=Attested(value=False, issuer="idp", assurance=Assurance.EMPLOYER),
        nationality=Attested(
            value=(FRENCH,), issuer="idp", assurance=Assurance.EMPLOYER, complete=True
        ),
        place=Attested(value="US", issuer="idp", assurance=Assurance.EMPLOYER),
        engagement=Attested(value=(EMPLOYED,), issuer="idp", assurance=Assurance.EMPLOYER),
    )
    claims = subject_claims(
        profile, subject="alice", issuer="idp", audience="licet", now_s=NOW_S, lifetime_s=60
    )
    found = TokenVerifier([issuer()]).verify(sign_subject(claims, PRIVATE), NOW_S)
    assert isinstance(found, VerifiedToken)
    expected = {name: getattr(profile, name) for name in profile.__struct_fields__}
    assert found.profile == Profile(**(expected | {"subject": "idp:alice"}))
    assert found.expires_s == NOW_S + 60 + 30
    assert found.ignored == ()


def test_what_an_issuer_is_not_trusted_for_is_left_out_and_named() -> None:
    own = {"us_person": True, "place": "US", "shoe_size": 43}
    found = verified(own, issuer(may_attest=("place",)))
    assert found.profile.us_person is None
    assert found.profile.place is not None
    assert found.ignored == ("licet.shoe_size", "us_person")


def test_an_issuer_vouches_for_no_other_organisation() -> None:
    own = {
        "engagement": [
            {"relation": "employee", "organisation": "acme-grid"},
            {"relation": "contractor", "organisation": "plainfield"},
        ],
        "complete": True,
    }
    found = verified(own, issuer(engagement_with=("acme-grid",)))
    assert found.profile.engagement is not None
    assert found.profile.engagement.value == (EMPLOYED,)
    assert not found.profile.engagement.complete
    assert found.ignored == ("engagement with plainfield",)


def test_assurance_is_never_above_the_issuers() -> None:
    found = verified({"us_person": True, "assurance": "government"})
    assert found.profile.us_person is not None
    assert found.profile.us_person.assurance is Assurance.EMPLOYER


def test_a_claimed_assurance_below_the_issuers_counts() -> None:
    found = verified({"us_person": True, "assurance": "self"})
    assert found.profile.us_person is not None
    assert found.profile.us_person.assurance is Assurance.SELF


def test_standard_nationalities_are_citizenships_and_never_all() -> None:
    found = verified({"complete": True}, nationalities=["FR", "DEU", "D"])
    assert found.profile.nationality is not None
    countries = [one.country for one in found.profile.nationality.value]
    assert countries[:2] == ["FR", "DE"]
    assert not found.profile.nationality.complete


def test_declared_attributes_count_if_they_are_declared_and_trusted() -> None:
    trusted = issuer(may_attest=("clearance", "badge"), declared={"clearance": "integer"})
    found = verified({"declared": {"clearance": 2, "badge": "red", "risk": 1}}, trusted)
    assert {name: one.value for name, one in found.profile.declared.items()} == {"clearance": 2}
    assert found.ignored == ("licet.declared.badge", "licet.declared.risk")


def test_only_the_sets_that_are_named_are_complete() -> None:
    own = {
        "nationality": [{"country": "FR", "standing": "citizen", "since": "2001-05-04"}],
        "tier": ["red-team"],
        "complete": ["nationality"],
    }
    found = verified(own)
    assert found.profile.nationality is not None
    assert found.profile.tier is not None
    assert found.profile.nationality.complete
    assert not found.profile.tier.complete
    assert found.profile.nationality.value[0].since == datetime(2001, 5, 4, tzinfo=UTC)


def test_two_issuers_never_name_the_same_person() -> None:
    verifier = TokenVerifier([issuer(), issuer(id="other")])
    subjects = set()
    for name in ("idp", "other"):
        claims = {"iss": name, "aud": ["licet"], "sub": "alice", "exp": NOW_S + 60}
        found = verifier.verify(sign_subject(claims, PRIVATE), NOW_S)
        assert isinstance(found, VerifiedToken)
        subjects.add(found.profile.subject)
    assert len(subjects) == 2
