"""Keys come from where the configuration says, over TLS, whole, and from nobody else."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from licet.gateway.key_fetching import DOCUMENT_BYTES_MAX, fetch_keys
from licet.identity import Issuer, KeySource, new_signing_key, read_key_set
from licet.terms import OperationFault
from tests.unit.gateway.publisher import METADATA, Publisher

PRIVATE, JWKS = new_signing_key("idp-1", b"\x01" * 32)
SIGNING = json.loads(JWKS)["keys"][0]


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    with Publisher(tmp_path) as running:
        running.publish(JWKS)
        yield running


def issuer(publisher: Publisher, path: str = "", *, ca: bool = True) -> Issuer:
    """By discovery, or by the address of its keys where a path is given."""
    source = KeySource(
        url=publisher.url + path,
        discovery=not path,
        ca_file="authority.pem" if ca else None,
    )
    return Issuer(id=publisher.url, audience="licet", source=source)


def fetched(one: Issuer, folder: Path, bound_s: float = 10.0) -> list[str | None]:
    return [key.kid for key in read_key_set(asyncio.run(fetch_keys(one, folder, bound_s)))]


def why_not(one: Issuer, folder: Path, bound_s: float = 10.0) -> str:
    with pytest.raises(OperationFault) as caught:
        asyncio.run(fetch_keys(one, folder, bound_s))
    prefix = f"the keys of `{one.id}`: "
    assert caught.value.message.startswith(prefix)
    return caught.value.message.removeprefix(prefix)


def test_discovery_leads_to_the_keys(publisher: Publisher, tmp_path: Path) -> None:
    assert fetched(issuer(publisher), tmp_path) == ["idp-1"]
    assert publisher.asked == [METADATA, "/keys"]


def test_an_address_of_keys_is_asked_and_nothing_else(publisher: Publisher, tmp_path: Path) -> None:
    assert fetched(issuer(publisher, "/keys"), tmp_path) == ["idp-1"]
    assert publisher.asked == ["/keys"]


def test_a_full_address_of_metadata_is_taken_as_it_is(publisher: Publisher, tmp_path: Path) -> None:
    source = KeySource(url=publisher.url + METADATA, discovery=True, ca_file="authority.pem")
    one = Issuer(id=publisher.url, audience="licet", source=source)
    assert fetched(one, tmp_path) == ["idp-1"]


def test_a_server_that_nobody_vouches_for_is_not_believed(
    publisher: Publisher, tmp_path: Path
) -> None:
    assert "certificate" in why_not(issuer(publisher, ca=False), tmp_path).lower()
    assert publisher.asked == []


def test_what_is_not_for_us_is_left_out_of_a_set(publisher: Publisher, tmp_path: Path) -> None:
    others = [
        {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"},
        SIGNING | {"kid": "encryption", "use": "enc"},
        SIGNING | {"kid": "other", "alg": "ES256"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "tiny"},
        SIGNING | {"kid": "own", "use": "sig", "alg": "EdDSA", "x5c": ["MIIB"]},
    ]
    publisher.publish(json.dumps({"keys": others}))
    assert fetched(issuer(publisher), tmp_path) == ["own"]


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ("{}", "not a JSON Web Key Set"),
        ("[1]", "not a JSON Web Key Set"),
        ('{"keys": [1]}', "not a JSON Web Key Set"),
        ('{"keys": []}', "a key set without keys verifies nothing"),
        ('{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}', "holds a private or shared key"),
        (json.dumps({"keys": [json.loads(PRIVATE)]}), "holds a private or shared key"),
        ('{"keys": [{"kty": "RSA"}]}', "no key of the set verifies"),
        (json.dumps({"keys": [SIGNING] * 65}), "more than 64 keys"),
        ('{"keys": [], "keys": []}', "not a JSON Web Key Set"),
        ("[" * 100_000, "not a JSON Web Key Set"),
        (" " * (DOCUMENT_BYTES_MAX + 1), "an answer of more than"),
    ],
)
def test_a_set_that_is_none_is_refused(
    publisher: Publisher, tmp_path: Path, keys: str, why: str
) -> None:
    publisher.publish(keys)
    assert why in why_not(issuer(publisher), tmp_path)


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({"issuer": "https://elsewhere.example"}, "that of `https://elsewhere.example`"),
        ({"issuer": None}, "that of nobody"),
        ({"jwks_uri": None}, "does not say where its keys are"),
        ({"jwks_uri": "http://elsewhere.example/keys"}, "is not protected by TLS"),
        ({"jwks_uri": "file:///etc/passwd"}, "is no address of a document"),
        ({"jwks_uri": "https://a.example/\r\nx: y"}, "no address has"),
    ],
)
def test_metadata_of_somebody_else_or_that_lead_astray_are_refused(
    publisher: Publisher, tmp_path: Path, metadata: dict[str, str], why: str
) -> None:
    publisher.publish(JWKS, **metadata)
    assert why in why_not(issuer(publisher), tmp_path)
    assert publisher.asked == [METADATA]


def test_nobody_is_sent_elsewhere(publisher: Publisher, tmp_path: Path) -> None:
    publisher.say("/moved", b"", 302, location=f"{publisher.url}/keys")
    assert why_not(issuer(publisher, "/moved"), tmp_path) == "an answer with status 302"
    assert publisher.asked == ["/moved"]


def test_half_a_document_is_none(publisher: Publisher, tmp_path: Path) -> None:
    publisher.say("/half", JWKS.encode(), content_length=str(len(JWKS) + 1))
    assert "IncompleteRead" in why_not(issuer(publisher, "/half"), tmp_path)


def test_a_server_that_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        one = Issuer(id=url, audience="licet", source=KeySource(url=url))
        assert why_not(one, tmp_path, bound_s=0.05) == "nothing within 0.05 s"


def test_within_one_machine_it_may_do_without_tls(tmp_path: Path) -> None:
    with Publisher(tmp_path, tls=False) as plain:
        plain.publish(JWKS)
        source = KeySource(url=plain.url, discovery=True)
        one = Issuer(id=plain.url, audience="licet", source=source)
        assert fetched(one, tmp_path) == ["idp-1"]
