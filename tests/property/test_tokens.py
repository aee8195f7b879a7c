"""Whatever arrives as a token is answered by a value; what was changed is never accepted."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from licet.identity import Issuer, TokenProblem, TokenVerifier, new_signing_key, sign_subject

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
