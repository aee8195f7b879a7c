"""Whatever arrives as a token is answered by a value; what was changed is never accepted."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from licet.identity import (
    Issuer,
    TokenProblem,
    TokenVerifier,
    VerifiedToken,
    new_signing_key,
    sign_subject,
)
from tests.unit.identity import wallet

PRIVATE, JWKS = new_signing_key("idp-1", b"\x01" * 32)
NAMES = ("us_person", "nationality", "place", "engagement", "tier", "declared")
VERIFIER = TokenVerifier(
    [Issuer(id="idp", audience="licet", jwks=JWKS, may_attest=(*NAMES, "clearance"))]
)
NOW_S = 1_781_300_000
CLAIMS: dict[str, Any] = {"iss": "idp", "aud": "licet", "exp": NOW_S + 60, "sub": "alice"}
TOKEN = sign_subject(CLAIMS | {"licet": {"us_person": False}}, PRIVATE)

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=12)
json_values = st.recursive(
    scalars | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@given(st.text() | st.text("abcXYZ019-_.=", max_size=200))
def test_garbage_is_a_problem_and_never_an_exception(text: str) -> None:
    assert isinstance(VERIFIER.verify(text, NOW_S), TokenProblem)


@given(st.dictionaries(st.sampled_from(("alg", "kid", "typ", "crit", "b64", "jwk")), json_values))
def test_no_header_opens_the_door(header: dict[str, Any]) -> None:
    _, payload, signature = TOKEN.split(".")
    token = f"{encoded(msgspec.json.encode(header))}.{payload}.{signature}"
    assume(token != TOKEN)
    assert isinstance(VERIFIER.verify(token, NOW_S), TokenProblem)


@given(st.binary(max_size=60), st.binary(max_size=200), st.binary(max_size=70))
def test_no_bytes_in_its_parts_do_either(header: bytes, payload: bytes, signature: bytes) -> None:
    token = f"{encoded(header)}.{encoded(payload)}.{encoded(signature)}"
    assert isinstance(VERIFIER.verify(token, NOW_S), TokenProblem)


@given(st.integers(0, 2), st.data())
def test_a_token_with_one_bit_changed_is_refused(part: int, data: st.DataObject) -> None:
    parts = [bytearray(urlsafe_b64decode(one + "=" * (-len(one) % 4))) for one in TOKEN.split(".")]
    index = data.draw(st.integers(0, len(parts[part]) - 1))
    parts[part][index] ^= 1 << data.draw(st.integers(0, 7))
    token = ".".join(encoded(bytes(one)) for one in parts)
    assert isinstance(VERIFIER.verify(token, NOW_S), TokenProblem)


@given(st.dictionaries(st.sampled_from((*NAMES, "complete", "assurance", "expires")), json_values))
def test_claims_of_any_shape_are_read_or_refused(own: dict[str, Any]) -> None:
    found = VERIFIER.verify(sign_subject(CLAIMS | {"licet": own}, PRIVATE), NOW_S)
    assert isinstance(found, TokenProblem) or found.profile.subject == "idp:alice"


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("exp", "nbf", "iat", "sub"), json_values)))
def test_registered_claims_of_any_shape_are_read_or_refused(changed: dict[str, Any]) -> None:
    found = VERIFIER.verify(sign_subject(CLAIMS | changed, PRIVATE), NOW_S)
    assert isinstance(found, TokenProblem) or found.expires_s > NOW_S


# What attests, only the issuer can have said

GIVEN = ("us_person", "nationality", "place", "engagement", "tier")


def attested(found: VerifiedToken) -> set[str]:
    names = {name for name in GIVEN if getattr(found.profile, name) is not None}
    return names | found.profile.declared.keys()


@given(
    st.sets(st.sampled_from(NAMES[:5])),
    st.fixed_dictionaries(
        {}, optional={"us_person": st.booleans(), "place": st.just("FR"), "tier": st.just(["a"])}
    ),
    st.lists(st.sampled_from(("FR", "DE", "USA")), max_size=3),
)
def test_nobody_attests_more_than_it_may(
    may: set[str], own: dict[str, Any], countries: list[str]
) -> None:
    verifier = TokenVerifier(
        [Issuer(id="idp", audience="licet", jwks=JWKS, may_attest=tuple(sorted(may)))]
    )
    verified = {"verification": {"trust_framework": "none"}, "claims": {"licet": {"place": "US"}}}
    claims = CLAIMS | {"licet": own, "nationalities": countries, "verified_claims": verified}
    found = verifier.verify(sign_subject(claims, PRIVATE), NOW_S)
    assert isinstance(found, VerifiedToken)
    assert attested(found) <= may
    assert attested(found) <= own.keys() | {"nationality"}
    assert found.profile.place is None or found.profile.place.value == "FR"


@given(st.dictionaries(st.sampled_from(("verification", "claims", "licet")), json_values))
def test_verified_claims_of_any_shape_are_read_or_refused(part: dict[str, Any]) -> None:
    whole = CLAIMS | {"verified_claims": part}
    found = VERIFIER.verify(sign_subject(whole, PRIVATE), NOW_S)
    assert isinstance(found, TokenProblem) or attested(found) == set()


@given(st.integers(0, 400), st.sampled_from((b"[", b'{"a":', b'[{"a":')))
def test_nesting_of_any_depth_is_answered(depth: int, opening: bytes) -> None:
    for part in (opening * depth, opening * 40 * depth):
        token = f"{encoded(part)}.{encoded(part)}.{encoded(b'signature')}"
        assert isinstance(VERIFIER.verify(token, NOW_S), TokenProblem)


# Presentations of credentials

WALLET = TokenVerifier([wallet.PID])
PARTS = [wallet.disclosure("nationalities", ["FR"]), wallet.disclosure("us_person", True)]
CREDENTIAL = wallet.credential({"_sd": [wallet.digest(one) for one in PARTS]})
PRESENTED = wallet.presented(CREDENTIAL, *PARTS)


@given(st.text("abcXYZ019-_.~", max_size=200))
def test_garbage_with_tildes_is_a_problem_too(text: str) -> None:
    assert isinstance(WALLET.verify(text, NOW_S), TokenProblem)


@given(st.lists(st.sampled_from((*PARTS, wallet.disclosure("place", "US"), "", CREDENTIAL))))
def test_only_what_the_issuer_signed_can_be_disclosed(disclosures: list[str]) -> None:
    found = WALLET.verify(wallet.presented(CREDENTIAL, *disclosures), NOW_S)
    fits = set(disclosures) <= set(PARTS) and len(set(disclosures)) == len(disclosures)
    assert isinstance(found, VerifiedToken) is fits
    if isinstance(found, VerifiedToken):
        assert attested(found) == ({"nationality"} if PARTS[0] in disclosures else set())


@given(st.data())
def test_a_presentation_with_one_letter_changed_is_refused(data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(PRESENTED) - 1))
    letter = data.draw(st.sampled_from("aZ0-_.~ é"))
    token = PRESENTED[:index] + letter + PRESENTED[index + 1 :]
    found = WALLET.verify(token, NOW_S)
    # The last letter of a part has bits that nothing stands for: the bytes may be the same.
    assume(token != PRESENTED and not _says_the_same(token))
    assert isinstance(found, TokenProblem)


def _says_the_same(token: str) -> bool:
    signature, said = token.rpartition(".")[2], PRESENTED.rpartition(".")[2]
    if token.rpartition(".")[0] != PRESENTED.rpartition(".")[0] or len(signature) != len(said):
        return False
    return signature[:-1] == said[:-1]


@given(st.dictionaries(st.sampled_from(("iat", "aud", "nonce", "sd_hash")), json_values))
def test_a_binding_of_any_shape_is_read_or_refused(changed: dict[str, Any]) -> None:
    found = WALLET.verify(wallet.presented(CREDENTIAL, **changed), NOW_S)
    assert isinstance(found, TokenProblem) or attested(found) == set()


@given(
    st.dictionaries(
        st.sampled_from(("_sd", "_sd_alg", "cnf", "vct", "status", "...", "nationalities")),
        json_values | st.just({"jwk": wallet.HOLDER_KEY}) | st.just([{"...": "x"}]),
    )
)
def test_a_credential_of_any_shape_is_read_or_refused(claims: dict[str, Any]) -> None:
    found = WALLET.verify(wallet.presented(wallet.credential(claims)), NOW_S)
    assert isinstance(found, TokenProblem) or "us_person" not in attested(found)
