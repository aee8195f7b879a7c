"""Whoever asks with a token that does not count is let in by no gateway, and nobody is asked.

A directive is in force on every model for whoever is not a US person, or is not known to be one.
Only a token that attests `us_person = true`, and counts, leads to an answer.
"""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OctKey

from licet.identity import new_signing_key, sign_subject
from licet.identity.signatures import sign
from licet.terms import Instant
from tests.contract.asking import Heard, ask
from tests.contract.identities import ISSUER, ISSUER_FILE, JWKS, PRIVATE, STRANGER, token
from tests.rig import LICET, Rig
from tests.unit.identity import wallet

AT = Instant(1_781_300_000_000_000)
LETTER = """
id = "letter"
kind = "restriction"
title = "A letter"
authority = "An Authority"

[[version]]
received = 2026-01-01T00:00:00Z
effective_from = 2026-01-01T00:00:00Z
[[version.applies]]
subject.us_person = false
"""
MORE = f"""
[[issuer]]
id = "https://hr.example"
audience = "licet"
jwks = '{JWKS}'
may_attest = ["place"]

[[issuer]]
id = "{wallet.PID.id}"
audience = "licet"
jwks = '{wallet.JWKS}'
format = "sd-jwt-vc"
vct = ["{wallet.VCT}"]
may_attest = ["us_person"]
"""
US = {"us_person": True}
FILES = {"licet.toml": LICET + ISSUER_FILE + MORE, "directives/letter.toml": LETTER}
NEW, NEW_JWKS = new_signing_key("idp-1", b"\x07" * 32)


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with Rig(FILES, at=AT) as running:
        yield running


def asked(rig: Rig, subject: str) -> Heard:
    """The answer to a request of this subject; what is not answered has reached no vendor."""
    before = len(rig.ledger())
    heard = ask(rig.port, rig.plain_key, "chat", headers={"licet-subject": subject})
    rig.idle()
    assert len(rig.ledger()) - before == (1 if heard.status == 200 else 0)
    return heard


def claims(**changed: Any) -> dict[str, Any]:
    now_s = int(time.time())
    whole = {"iss": ISSUER, "aud": "licet", "sub": "alice", "exp": now_s + 600, "licet": US}
    return whole | changed


def encoded(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def with_header(payload: bytes | None = None, **header: Any) -> str:
    return sign(
        {"alg": "Ed25519", "kid": "idp-1"} | header,
        json.dumps(claims()).encode() if payload is None else payload,
        json.loads(PRIVATE),
    )


def shared_secret() -> str:
    public = json.loads(JWKS)["keys"][0]["x"].encode()
    header = {"alg": "HS256", "kid": "idp-1"}
    key = OctKey.import_key(public)
    return jws.serialize_compact(header, json.dumps(claims()), key, algorithms=["HS256"])


def presentation(**changed: Any) -> str:
    now_s = int(time.time())
    signed = wallet.credential({"iat": now_s - 60, "exp": now_s + 600, "licet": US})
    return wallet.presented(signed, **({"iat": now_s} | changed))


UNKNOWN_FRAMEWORK = {"verification": {"trust_framework": "x"}, "claims": {"licet": US}}
REFUSED: dict[str, Callable[[], str]] = {
    "unsigned": lambda: f"{encoded({'alg': 'none'})}.{encoded(claims())}.",
    "unsigned, in capitals": lambda: f"{encoded({'alg': 'NONE'})}.{encoded(claims())}.",
    "unsigned, under a signature's name": lambda: token(licet=US).rpartition(".")[0] + ".",
    "signed with the public key as a secret": shared_secret,
    "signed by somebody else": lambda: token(key=STRANGER, licet=US),
    "expired": lambda: sign_subject(claims(exp=int(time.time()) - 31), PRIVATE),
    "of another audience": lambda: token(aud="another", licet=US),
    "of no audience": lambda: token(aud=None, licet=US),
    "of an unknown issuer": lambda: token(iss="https://elsewhere.example", licet=US),
    "truncated": lambda: token(licet=US)[:-9],
    "huge": lambda: token(licet=US, more="x" * 20_000),
    "nested": lambda: with_header(b"[" * 4_000 + b"]" * 4_000),
    "nested in a claim": lambda: with_header(
        json.dumps(claims(deep=0)).replace(": 0", ": " + "[" * 4_000 + "]" * 4_000).encode()
    ),
    "with two audiences under one name": lambda: with_header(
        json.dumps(claims(aud="another"))[:-1].encode() + b', "aud": "licet"}'
    ),
    "of wrong types": lambda: token(licet={"us_person": "true"}),
    "of wrong types in a list": lambda: token(licet=[US]),
    "with its own key": lambda: with_header(jwk=json.loads(JWKS)["keys"][0], kid="elsewhere"),
    "for a logout": lambda: with_header(typ="logout+jwt"),
    "a credential without its holder": lambda: presentation().rpartition("~")[0] + "~",
    "a credential for somebody else": lambda: presentation(aud="another"),
    "a credential that was presented long ago": lambda: presentation(iat=int(time.time()) - 400),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_token_that_does_not_count_opens_no_door(rig: Rig, name: str) -> None:
    heard = asked(rig, REFUSED[name]())
    assert heard.status in (401, 431), heard.body


@pytest.mark.parametrize(
    "subject",
    [
        lambda: token(licet=None),
        lambda: token(licet={"us_person": False}),
        lambda: sign_subject(claims(iss="https://hr.example"), PRIVATE),
        lambda: token(licet=None, verified_claims=UNKNOWN_FRAMEWORK),
        lambda: token(licet=US | {"expires": "2020-01-01"}),
    ],
    ids=["nothing attested", "not a US person", "may not attest", "unknown framework", "lapsed"],
)
def test_what_is_not_attested_by_whoever_may_is_unknown(
    rig: Rig, subject: Callable[[], str]
) -> None:
    assert asked(rig, subject()).status == 451


def test_the_token_and_the_credential_that_all_others_change_are_answered(rig: Rig) -> None:
    assert asked(rig, token(licet=US)).status == 200
    assert asked(rig, presentation()).status == 200


def test_a_token_that_was_accepted_is_refused_once_it_is_revoked() -> None:
    with Rig(FILES, at=AT) as running:
        lost, kept = token(licet=US, jti="lost"), token(licet=US, jti="kept")
        for subject in (lost, lost, kept):
            assert asked(running, subject).status == 200
        revoked = f'[[revoked]]\nissuer = "{ISSUER}"\ntoken = "lost"\n'
        running.adopt({"revocations/laptops.toml": revoked})
        assert asked(running, lost).status == 401
        assert asked(running, kept).status == 200
        everything = f'[[revoked]]\nissuer = "{ISSUER}"\nissued_before = 2100-01-01\n'
        running.adopt({"revocations/all.toml": everything})
        assert asked(running, kept).status == 401


def test_a_token_that_was_accepted_is_refused_once_its_key_is_gone() -> None:
    with Rig(FILES, at=AT) as running:
        old, new = token(licet=US), token(licet=US, key=NEW)
        assert (asked(running, old).status, asked(running, new).status) == (200, 401)
        running.adopt({"licet.toml": FILES["licet.toml"].replace(JWKS, NEW_JWKS)})
        assert (asked(running, old).status, asked(running, new).status) == (401, 200)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
FUZZ = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(changed=st.dictionaries(st.sampled_from(("iss", "aud", "exp", "nbf", "iat")), json_values))
def test_registered_claims_of_any_shape_are_answered(rig: Rig, changed: dict[str, Any]) -> None:
    subject = sign_subject(claims(licet={}) | changed, PRIVATE)
    assert asked(rig, subject).status in (401, 451)


@FUZZ
@given(
    own=st.dictionaries(
        st.sampled_from(("us_person", "place", "backing", "expires", "assurance", "declared")),
        json_values.filter(lambda value: value is not True),
    )
)
def test_claims_of_any_shape_that_do_not_attest_are_never_granted(
    rig: Rig, own: dict[str, Any]
) -> None:
    assert asked(rig, token(licet=own)).status in (401, 451)


@FUZZ
@given(part=st.integers(0, 2), index=st.integers(0, 60), letter=st.sampled_from("aZ09-_=."))
def test_a_token_with_a_letter_changed_is_refused(
    rig: Rig, part: int, index: int, letter: str
) -> None:
    whole = token(licet=US)
    parts = whole.split(".")
    parts[part] = parts[part][:index] + letter + parts[part][index + 1 :]
    changed = ".".join(parts)
    if changed != whole:
        assert asked(rig, changed).status == 401


@FUZZ
@given(text=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=200))
def test_garbage_is_answered(rig: Rig, text: str) -> None:
    heard = asked(rig, text)
    # Nothing at all is no token: the key alone says who asks, and of that nothing is attested.
    assert heard.status == (401 if text else 451)
    assert msgspec.json.decode(heard.body)["error"]
