"""Every known vendor is called as its preset says: path, header of the credential, fields.

The vendors are simulated: each has the paths, and takes the credential in the header, that the
preset names, and nothing else. That the presets are right about the vendors themselves cannot be
shown here; `licet probe` shows it where they can be reached.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from msgspec import structs

from licet.catalog import PRESETS, Dialect
from licet.catalog.nouns import Auth
from licet.gateway import Secrets, probe_endpoint
from licet.policy import Configuration
from licet.sim import SIM_KEY, VendorSpec
from licet.terms import Instant
from tests.contract.asking import Heard, ask, send
from tests.contract.evidence import told
from tests.contract.identities import key
from tests.rig import LICET, PARTIES, Rig

AT = Instant(1_781_300_000_000_000)
WAYS = [(name, dialect) for name, preset in PRESETS.items() for dialect in preset.ways]


def id_of(name: str, dialect: Dialect) -> str:
    return f"{name}-{dialect}"


def prefix_of(name: str, dialect: Dialect) -> str:
    way = PRESETS[name].ways[dialect]
    if way.carriage != "plain":
        return "/v1"
    address = way.base_url.format(region="eu-1", project="p", resource="r")
    return f"{urlsplit(address).path}/{way.version}"


def shown_in(auth: Auth | None) -> Any:
    """Where a simulated vendor looks for the credential: a token is a bearer's."""
    return "bearer" if auth == "google" else auth


SPECS = tuple(
    VendorSpec(
        id=id_of(name, dialect),
        dialect=dialect,
        models=("alpha", "beta"),
        key=SIM_KEY,
        prefix=prefix_of(name, dialect),
        credential_in=shown_in(PRESETS[name].ways[dialect].auth),
        carriage=PRESETS[name].ways[dialect].carriage,
    )
    for name, dialect in WAYS
)


class Preset(Rig):
    """A rig whose endpoints are what presets make of three lines, and an address of ours."""

    def files(self) -> dict[str, bytes]:
        endpoints = []
        for name, dialect in WAYS:
            own = id_of(name, dialect)
            way = PRESETS[name].ways[dialect]
            base = self.vendors.url(own)
            if way.carriage == "plain":
                base += prefix_of(name, dialect).removesuffix(f"/{way.version}")
            endpoints.append(
                f'[[endpoint]]\nid = "{own}"\nvendor = "{name}"\nmodel = "alpha"\n'
                f'dialect = "{dialect}"\nbase_url = "{base}"\ncredential = {{ env = "SIM" }}\n'
                'region = "eu-west-1"\n'
                + ("" if PRESETS[name].operator else 'operator = { id = "maker" }\n')
            )
        found = {
            "licet.toml": LICET,
            "catalog/parties.toml": PARTIES,
            "catalog/endpoints.toml": "".join(endpoints),
        }
        for name, dialect in WAYS:
            own = id_of(name, dialect)
            found[f"workloads/{own}.toml"] = (
                f'id = "{own}"\n[[candidate]]\nmodel = "alpha"\nendpoints = ["{own}"]\n'
            )
        found["keys/presets.toml"] = KEY_FILE
        return {path: text.encode() for path, text in found.items()}

    def secrets(self, configuration: Configuration) -> Secrets:
        credentials = {spec.id: credential_of(spec.id, SIM_KEY) for spec in SPECS}
        return structs.replace(super().secrets(configuration), credentials=credentials)


def credential_of(own: str, secret: str) -> str:
    """What the endpoint's credential holds; for signing, what AWS tools print."""
    if own != "bedrock-messages":
        return secret
    printed = {"Version": 1, "AccessKeyId": "AKIDSIMULATED", "SecretAccessKey": secret}
    return json.dumps(printed | {"SessionToken": "a/session+token=="})


KEY, KEY_FILE = key("presets", workloads=tuple(id_of(*way) for way in WAYS))


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with Preset({}, at=AT, vendors=SPECS) as rig:
        yield rig


@pytest.mark.parametrize(("name", "dialect"), WAYS)
def test_a_vendor_is_called_as_its_preset_says(rig: Rig, name: str, dialect: Dialect) -> None:
    own, way = id_of(name, dialect), PRESETS[name].ways[dialect]
    for stream in (False, True):
        heard = ask(rig.port, KEY, dialect, model=own, stream=stream, user="ada")
        assert heard.status == 200, heard
        assert heard.headers["licet-endpoint"] == own
        (arrival,) = told(rig)[heard.request].arrivals
        assert ("user" in arrival.fields) == (way.end_user == "keep" or dialect == "messages")
        if dialect == "chat":
            assert (way.token_limit or "max_tokens") in arrival.fields
    # And from the other page: what a caller of the other dialect asks arrives in the same way.
    other = "chat" if dialect == "messages" else "messages"
    assert ask(rig.port, KEY, other, model=own).status == 200


@pytest.mark.parametrize(("name", "dialect"), WAYS)
def test_what_it_offers_is_had_and_nothing_else(rig: Rig, name: str, dialect: Dialect) -> None:
    own, way = id_of(name, dialect), PRESETS[name].ways[dialect]
    vectors = post(rig, "/v1/embeddings", {"model": own, "input": "hello"})
    assert vectors.status == (200 if "embeddings" in way.offers else 400)
    asked = {"model": own, "messages": [{"role": "user", "content": "hello"}]}
    counted = post(rig, "/v1/messages/count_tokens", asked)
    assert counted.status == (200 if "count_tokens" in way.offers else 400)


@pytest.mark.parametrize(("name", "dialect"), WAYS)
def test_a_probe_asks_in_the_same_way(rig: Rig, name: str, dialect: Dialect) -> None:
    endpoints = {one.id: one for one in rig.configuration().sources.endpoints}
    endpoint = endpoints[id_of(name, dialect)]
    found = probe_endpoint(
        endpoint, "alpha", credential_of(endpoint.id, SIM_KEY), timeout_s=15, ca_file=None
    )
    assert found.verdict == "answers", found
    found = probe_endpoint(
        endpoint, "alpha", credential_of(endpoint.id, "another"), timeout_s=15, ca_file=None
    )
    assert found.verdict == "refuses", found


def post(rig: Rig, path: str, body: dict[str, Any]) -> Heard:
    return send(rig.port, "POST", path, json.dumps(body).encode(), {"x-api-key": KEY})
