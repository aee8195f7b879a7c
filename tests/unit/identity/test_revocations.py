"""What was revoked attests nothing; what counts, counts up to the second that it says."""

from __future__ import annotations

from typing import Any

import pytest

from licet.identity import (
    Issuer,
    KeySource,
    Revocation,
    Revoked,
    TokenProblem,
    TokenVerifier,
    VerifiedToken,
    new_signing_key,
    sign_subject,
    with_revocations,
)

PRIVATE, JWKS = new_signing_key("idp-1", b"\x01" * 32)
OTHER, OTHER_JWKS = new_signing_key("idp-2", b"\x02" * 32)
NOW_S = 1_781_300_000
LEEWAY_S = 30
SOURCE = KeySource(url="https://login.example/keys")


def verdict(at_s: int = NOW_S, *, key: str = PRIVATE, of: dict[str, Any], **claims: Any) -> str:
    """`accepted`, or the code of the problem."""
    issuer = Issuer(**({"id": "idp", "audience": "licet", "jwks": JWKS} | of))
    whole = {"iss": "idp", "aud": "licet", "sub": "alice", "exp": NOW_S + 600} | claims
    found = TokenVerifier([issuer]).verify(sign_subject(whole, key), at_s)
    return found.code if isinstance(found, TokenProblem) else "accepted"


@pytest.mark.parametrize(
    ("claims", "at_s", "expected"),
    [
        ({"exp": NOW_S}, NOW_S + LEEWAY_S - 1, "accepted"),
        ({"exp": NOW_S}, NOW_S + LEEWAY_S, "token_expired"),
        ({"exp": NOW_S + 0.5}, NOW_S + LEEWAY_S, "accepted"),
        ({"exp": NOW_S + 0.5}, NOW_S + LEEWAY_S + 1, "token_expired"),
        ({"nbf": NOW_S}, NOW_S - LEEWAY_S, "accepted"),
        ({"nbf": NOW_S}, NOW_S - LEEWAY_S - 1, "token_early"),
        ({"iat": NOW_S}, NOW_S - LEEWAY_S, "accepted"),
        ({"iat": NOW_S}, NOW_S - LEEWAY_S - 1, "token_early"),
    ],
)
def test_clocks_may_differ_by_the_leeway_and_by_no_second_more(
    claims: dict[str, Any], at_s: int, expected: str
) -> None:
    assert verdict(at_s, of={"leeway_s": LEEWAY_S}, **claims) == expected


@pytest.mark.parametrize(
    ("revoked", "claims", "expected"),
    [
        (Revoked(tokens=("7d1c",)), {"jti": "7d1c"}, "token_revoked"),
        (Revoked(tokens=("7d1c",)), {"jti": "7d1d"}, "accepted"),
        (Revoked(tokens=("7d1c",)), {}, "accepted"),
        (Revoked(subjects=("alice",)), {}, "subject_revoked"),
        (Revoked(subjects=("alice",)), {"sub": "bob"}, "accepted"),
        (Revoked(issued_before_s=NOW_S), {"iat": NOW_S - 1}, "token_revoked"),
        (Revoked(issued_before_s=NOW_S), {"iat": NOW_S}, "accepted"),
        (Revoked(issued_before_s=NOW_S), {}, "token_revoked"),
    ],
)
def test_what_is_revoked_is_refused_and_nothing_else(
    revoked: Revoked, claims: dict[str, Any], expected: str
) -> None:
    assert verdict(of={"revoked": revoked}, **claims) == expected


def test_revocations_are_those_of_one_issuer_and_the_latest_instant_counts() -> None:
    issuer = Issuer(id="idp", audience="licet", jwks=JWKS)
    found = with_revocations(
        issuer,
        [
            Revocation(issuer="idp", token="b"),
            Revocation(issuer="idp", token="a"),
            Revocation(issuer="idp", subject="alice"),
            Revocation(issuer="idp", issued_before_s=5.0),
            Revocation(issuer="idp", issued_before_s=9.0),
            Revocation(issuer="other", subject="bob"),
        ],
    )
    expected = Revoked(tokens=("a", "b"), subjects=("alice",), issued_before_s=9.0)
    assert found.revoked == expected
    assert with_revocations(issuer, [Revocation(issuer="other", token="a")]) == issuer


def test_keys_that_were_fetched_count_for_their_time() -> None:
    of = {"source": SOURCE, "keys_until_s": NOW_S}
    assert verdict(NOW_S - 1, of=of) == "accepted"
    assert verdict(NOW_S, of=of) == "keys_stale"
    assert verdict(of={"source": SOURCE, "jwks": ""}) == "keys_missing"


def test_what_was_verified_is_looked_at_again_when_its_keys_run_out() -> None:
    issuer = Issuer(id="idp", audience="licet", jwks=JWKS, source=SOURCE, keys_until_s=NOW_S + 100)
    whole = {"iss": "idp", "aud": "licet", "exp": NOW_S + 600}
    found = TokenVerifier([issuer]).verify(sign_subject(whole, PRIVATE), NOW_S)
    assert isinstance(found, VerifiedToken)
    assert found.expires_s == NOW_S + 100


def test_only_a_key_that_may_have_come_since_is_a_reason_to_look_again() -> None:
    def named(of: dict[str, Any], key: str) -> str | None:
        issuer = Issuer(**({"id": "idp", "audience": "licet", "jwks": JWKS} | of))
        whole = {"iss": "idp", "aud": "licet", "exp": NOW_S + 600}
        found = TokenVerifier([issuer]).verify(sign_subject(whole, key), NOW_S)
        return found.issuer if isinstance(found, TokenProblem) else "accepted"

    forged = OTHER.replace("idp-2", "idp-1")
    assert named({"source": SOURCE}, PRIVATE) == "accepted"
    assert named({"source": SOURCE}, OTHER) == "idp"
    assert named({"source": SOURCE}, forged) is None
    assert named({}, OTHER) is None


def test_a_rotated_key_signs_for_nobody() -> None:
    assert verdict(of={"jwks": OTHER_JWKS}) == "key_unknown"
    assert verdict(of={"jwks": OTHER_JWKS}, key=OTHER) == "accepted"
