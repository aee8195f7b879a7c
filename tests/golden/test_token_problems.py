"""What each wrong subject token gets: `token_problems.txt`, made by the real code.

A case is a name, and a token made for it here; the file holds code and message. Written anew by
`LICET_GOLDEN=write`.
"""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from licet.identity import (
    Issuer,
    KeySource,
    Revoked,
    TokenProblem,
    TokenVerifier,
    new_signing_key,
    sign_subject,
)
from licet.identity.signatures import sign

GOLDEN = Path(__file__).with_name("token_problems.txt")
NOW_S = 1_781_300_000

PRIVATE, JWKS = new_signing_key("idp-1", b"\x01" * 32)
OTHER, _ = new_signing_key("idp-1", b"\x02" * 32)
UNKNOWN_KID, _ = new_signing_key("idp-9", b"\x01" * 32)
CURVE = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))

SOURCE = KeySource(url="https://login.example/keys")
VERIFIER = TokenVerifier(
    [
        Issuer(
            id="acme-idp",
            audience="licet",
            jwks=JWKS,
            may_attest=("us_person", "nationality", "engagement", "place", "tier", "clearance"),
            declared={"clearance": "integer"},
        ),
        Issuer(id="only-es", audience="licet", jwks=JWKS, algorithms=("ES256",)),
        Issuer(id="wallet", audience="licet", jwks=JWKS, format="sd-jwt-vc", vct=("urn:pid",)),
        Issuer(id="not-fetched", audience="licet", source=SOURCE),
        Issuer(id="aged", audience="licet", jwks=JWKS, source=SOURCE, keys_until_s=NOW_S),
        Issuer(
            id="careful",
            audience="licet",
            jwks=JWKS,
            revoked=Revoked(tokens=("lost",), subjects=("bob",), issued_before_s=NOW_S - 60),
        ),
    ]
)


def claims(**changed: Any) -> dict[str, Any]:
    whole = {
        "iss": "acme-idp",
        "aud": "licet",
        "sub": "alice",
        "iat": NOW_S,
        "exp": NOW_S + 600,
        "licet": {"us_person": True},
    }
    return {name: value for name, value in (whole | changed).items() if value is not None}


def signed(**changed: Any) -> str:
    return sign_subject(claims(**changed), PRIVATE)


def own(**values: Any) -> str:
    return signed(licet=values)


def unsigned(algorithm: str = "none") -> str:
    parts = [{"alg": algorithm, "typ": "JWT"}, claims()]
    return ".".join(_encoded(part) for part in parts) + "."


def shared_secret() -> str:
    # The classic confusion: the public key, which everybody knows, as the secret of an HMAC.
    public = json.loads(JWKS)["keys"][0]["x"].encode()
    header = {"alg": "HS256", "typ": "JWT", "kid": "idp-1"}
    key = OctKey.import_key(public)
    return jws.serialize_compact(header, json.dumps(claims()), key, algorithms=["HS256"])


def another_curve() -> str:
    header = {"alg": "ES256", "typ": "JWT"}
    return jws.serialize_compact(header, json.dumps(claims()), CURVE, algorithms=["ES256"])


def changed_payload() -> str:
    header, payload, signature = signed(licet={"us_person": False}).split(".")
    plain = urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    forged = plain.replace(b'"us_person":false', b'"us_person":true')
    assert forged != plain
    return f"{header}.{urlsafe_b64encode(forged).rstrip(b'=').decode()}.{signature}"


def critical_header() -> str:
    header = _encoded({"alg": "Ed25519", "kid": "idp-1", "crit": ["b64"], "b64": False})
    return f"{header}.{_encoded(claims())}.AAAA"


def twice(claims_text: str) -> str:
    """Signed claims that read differently to different parsers."""
    return of_kind("JWT", claims_text.encode())


def of_kind(kind: str, payload: bytes = b"") -> str:
    header = {"alg": "Ed25519", "typ": kind, "kid": "idp-1"}
    return sign(header, payload or json.dumps(claims()).encode(), json.loads(PRIVATE))


def with_certificate(private: str) -> str:
    written = json.loads(private)
    header = {"alg": "Ed25519", "typ": "JWT", "kid": written["kid"], "x5c": ["MIIB"]}
    return sign(header, json.dumps(claims()).encode(), written)


def nested(depth: int) -> str:
    whole = json.dumps(claims(deep=0)).replace('"deep": 0', '"deep": ' + "[" * depth + "]" * depth)
    return of_kind("JWT", whole.encode())


def verified(**changed: Any) -> str:
    part = {"verification": {"trust_framework": "eidas"}, "claims": {}}
    return signed(verified_claims=part | changed)


def _encoded(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


FRENCH = {"country": "FR", "standing": "citizen"}

CASES: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "words": lambda: "not a token",
    "not ASCII": lambda: "é.é.é",
    "three dots of nothing": lambda: "..",
    "encrypted": lambda: "a.b.c.d.e",
    "too large": lambda: "a" * 20_000,
    "unsigned": unsigned,
    "unsigned, in capitals": lambda: unsigned("NONE"),
    "signed by a shared secret": shared_secret,
    "signed by nobody's key": another_curve,
    "signed by another key": lambda: sign_subject(claims(), OTHER),
    "signed by a key that the issuer does not have": lambda: sign_subject(claims(), UNKNOWN_KID),
    "by an algorithm that is not for this issuer": lambda: signed(iss="only-es"),
    "its payload changed": changed_payload,
    "without its signature": lambda: signed().rpartition(".")[0] + ".",
    "with a critical header": critical_header,
    "from an unknown issuer": lambda: signed(iss="https://elsewhere.example"),
    "without an issuer": lambda: signed(iss=None),
    "for somebody else": lambda: signed(aud="another-gateway"),
    "for nobody": lambda: signed(aud=None),
    "expired": lambda: signed(exp=NOW_S - 31),
    "without an end": lambda: signed(exp=None),
    "ending in words": lambda: signed(exp="tomorrow"),
    "ending never": lambda: signed(exp=1e300),
    "not valid yet": lambda: signed(nbf=NOW_S + 31),
    "issued in the future": lambda: signed(iat=NOW_S + 31),
    "of nobody": lambda: signed(sub=""),
    "of a number": lambda: signed(sub=7),
    "our claim in words": lambda: signed(licet="us person"),
    "a US person in words": lambda: own(us_person="yes"),
    "a place that is none": lambda: own(place="UK"),
    "a nationality without a country": lambda: own(nationality=[{"standing": "citizen"}]),
    "a standing that is none": lambda: own(nationality=[FRENCH | {"standing": "subject"}]),
    "a field that is none": lambda: own(nationality=[FRENCH | {"city": "Paris"}]),
    "a time without an offset": lambda: own(nationality=[FRENCH | {"since": "2020-01-01T00:00"}]),
    "a date that is none": lambda: own(us_person=True, evidence_date="2026-02-30"),
    "a relation that is none": lambda: own(
        engagement=[{"relation": "friend", "organisation": "acme-grid"}]
    ),
    "a declared attribute of another type": lambda: own(declared={"clearance": "high"}),
    "an assurance that is none": lambda: own(us_person=True, assurance="absolute"),
    "nationalities that are none": lambda: signed(nationalities=["XX"]),
    "nationalities in words": lambda: signed(nationalities="FR"),
    "nationalities against a complete set": lambda: signed(
        nationalities=["DE"], licet={"nationality": [FRENCH], "complete": True}
    ),
    "nested deeper than claims are": lambda: nested(20),
    "nested deeper than a parser goes": lambda: nested(5_000),
    "two audiences under one name": lambda: twice(
        json.dumps(claims(aud="another"))[:-1] + ', "aud": "licet"}'
    ),
    "two answers under one name": lambda: twice(
        json.dumps(claims(licet={})).replace("{}", '{"us_person": false, "us_person": true}')
    ),
    "a list of claims": lambda: twice("[]"),
    "claims that are no JSON": lambda: twice('{"exp": NaN}'),
    "a logout": lambda: of_kind("logout+jwt"),
    "a holder's signature alone": lambda: of_kind("kb+jwt"),
    "a credential as a token": lambda: of_kind("dc+sd-jwt"),
    "a token from an issuer of credentials": lambda: signed(iss="wallet"),
    "a presentation from an issuer of tokens": lambda: signed() + "~",
    "a presentation without its holder": lambda: (
        of_kind("dc+sd-jwt", json.dumps(claims(iss="wallet", vct="urn:pid")).encode()) + "~"
    ),
    "a presentation of nothing": lambda: "~~",
    "from an issuer whose keys are not known yet": lambda: signed(iss="not-fetched"),
    "from an issuer whose keys are too old": lambda: signed(iss="aged"),
    "revoked by its number": lambda: signed(iss="careful", jti="lost"),
    "of a revoked subject": lambda: signed(iss="careful", sub="bob"),
    "issued before all were revoked": lambda: signed(iss="careful", iat=NOW_S - 61),
    "issued nobody knows when": lambda: signed(iss="careful", iat=None),
    "a number of a token that is none": lambda: signed(jti=7),
    "an assurance of one attribute that is none": lambda: own(
        us_person=True, backing={"us_person": {"assurance": "absolute"}}
    ),
    "an end of one attribute that is none": lambda: own(
        us_person=True, backing={"us_person": {"expires": "soon"}}
    ),
    "verified claims in words": lambda: signed(verified_claims="passport"),
    "verified claims that nobody verified": lambda: verified(verification=None),
    "verified claims without a framework": lambda: verified(verification={}),
    "verified claims without claims": lambda: verified(claims=["FR"]),
    "with a status to look up": lambda: signed(
        status={"status_list": {"idx": 7, "uri": "https://a"}}
    ),
    "with a certificate": lambda: with_certificate(OTHER),
    "with a certificate and an unknown key": lambda: with_certificate(UNKNOWN_KID),
    "more tiers than anybody has": lambda: own(tier=[f"tier-{n}" for n in range(65)]),
}


def render() -> str:
    lines = []
    for name, make in CASES.items():
        found = VERIFIER.verify(make(), NOW_S)
        assert isinstance(found, TokenProblem), name
        lines.append(f"{name}\n    {found.code}: {found.message}\n")
    return "".join(lines)


def test_every_wrong_token_gets_its_message() -> None:
    text = render()
    if os.environ.get("LICET_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("status", ["active", 1, None])
def test_a_word_under_the_name_of_a_status_is_its_issuers_own(status: object) -> None:
    assert not isinstance(VERIFIER.verify(signed(status=status), NOW_S), TokenProblem)


def test_whoever_accepts_that_nobody_looks_it_up_does() -> None:
    lenient = Issuer(id="acme-idp", audience="licet", jwks=JWKS, status_unchecked=True)
    token = signed(status={"status_list": {"idx": 7, "uri": "https://a"}})
    assert not isinstance(TokenVerifier([lenient]).verify(token, NOW_S), TokenProblem)


def test_the_token_that_all_cases_change_is_accepted() -> None:
    assert not isinstance(VERIFIER.verify(signed(), NOW_S), TokenProblem)


@pytest.mark.parametrize("at_s", [NOW_S - 30, NOW_S + 629])
def test_the_leeway_is_within_the_bounds(at_s: int) -> None:
    assert not isinstance(VERIFIER.verify(signed(), at_s), TokenProblem)
