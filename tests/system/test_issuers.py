"""An issuer changes its keys under a running gateway, which learns of it by itself."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from licet.identity import new_signing_key, sign_subject
from tests.system.callers import Ask, Heard, call
from tests.system.house import Gateway, eventually, house, rows_of_workers
from tests.unit.gateway.publisher import Publisher

pytestmark = pytest.mark.system

ISSUER = """
[[issuer]]
id = "{url}"
audience = "licet"
discovery = "{url}"
ca_file = "authority.pem"
may_attest = ["us_person"]
keys_max_age_s = 3_600
leeway_s = 0
"""
EXPLAIN = ("explain", "--organisation", "acme", "--workload", "chat", "--model", "north")
REVOKED = '[[revoked]]\nissuer = "{url}"\ntoken = "{token}"\n'


class Idp:
    """Who signs, with the key of now; `publish` is when the world hears of it."""

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher
        self._keys = 0
        self.rotate()

    def rotate(self) -> None:
        self._keys += 1
        self._private, self._public = new_signing_key(f"key-{self._keys}", os.urandom(32))

    def publish(self) -> None:
        self.publisher.publish(self._public)

    def token(self, **claims: Any) -> str:
        url, now_s = self.publisher.url, int(time.time())
        whole = {"iss": url, "aud": "licet", "sub": "ada", "iat": now_s, "exp": now_s + 600}
        return sign_subject(whole | {"licet": {"us_person": True}} | claims, self._private)


@pytest.fixture
def idp(tmp_path: Path) -> Iterator[Idp]:
    folder = tmp_path / "gateway"
    folder.mkdir()
    with Publisher(folder) as publisher:
        found = Idp(publisher)
        found.publish()
        yield found


@pytest.fixture
def gateway(tmp_path: Path, idp: Idp) -> Iterator[Gateway]:
    with house(tmp_path) as gateway:
        settings = (gateway.folder / "licet.toml").read_text()
        gateway.write({"licet.toml": settings + ISSUER.format(url=idp.publisher.url)})
        told = gateway.command("reload")
        assert told.returncode == 0, told.stderr
        await_keys(gateway)
        yield gateway


def await_keys(gateway: Gateway) -> None:
    """Nobody who starts or reloads waits long for an issuer: its keys may come after that."""
    eventually(lambda: [row["keys"] > 0 for row in gateway.status()["issuers"]] == [True])
    # What workers are asked now they hear after the keys.
    rows_of_workers(gateway.control)


def ask_with(gateway: Gateway, token: str) -> Heard:
    gateway.tokens["ada"] = token
    return call(gateway, Ask(person="ada"))


def test_a_rotated_key_counts_no_more_and_the_new_one_does_without_a_restart(
    gateway: Gateway, idp: Idp
) -> None:
    old = idp.token()
    assert ask_with(gateway, old).kind == "answered"
    pids, snapshot = gateway.worker_pids(), gateway.status()["snapshot"]
    idp.rotate()
    new = idp.token()
    refused = ask_with(gateway, new)
    assert (refused.status, b"key_unknown" in refused.body) == (401, True)
    idp.publish()
    eventually(lambda: ask_with(gateway, new).kind == "answered")
    eventually(lambda: ask_with(gateway, old).status == 401)
    assert gateway.worker_pids() == pids
    assert gateway.status()["snapshot"] == snapshot
    (row,) = gateway.status()["issuers"]
    assert (row["id"], row["keys"], row["fault"]) == (idp.publisher.url, 1, "")


def test_a_restart_without_the_issuer_serves_with_what_was_fetched_last(
    gateway: Gateway, idp: Idp
) -> None:
    assert ask_with(gateway, idp.token()).kind == "answered"
    assert gateway.end()[0] == 0
    idp.publisher.answers.clear()
    gateway.up()
    await_keys(gateway)
    assert ask_with(gateway, idp.token()).kind == "answered"
    told = gateway.command(*EXPLAIN, "--token", idp.token())
    assert told.returncode == 0, told.stderr
    shown = gateway.command("status").stdout
    assert f"issuer     {idp.publisher.url}: 1 keys" in shown


def test_a_token_is_revoked_by_a_reload_though_it_was_accepted_before(
    gateway: Gateway, idp: Idp
) -> None:
    lost, kept = idp.token(jti="lost"), idp.token(jti="kept")
    for token in (lost, kept, lost):
        assert ask_with(gateway, token).kind == "answered"
    url = idp.publisher.url
    gateway.write({"revocations/laptops.toml": REVOKED.format(url=url, token="lost")})
    assert gateway.command("reload").returncode == 0
    refused = ask_with(gateway, lost)
    assert (refused.status, b"token_revoked" in refused.body) == (401, True)
    assert ask_with(gateway, kept).kind == "answered"


def test_a_revocation_counts_though_another_file_is_broken(gateway: Gateway, idp: Idp) -> None:
    lost = idp.token(jti="lost")
    assert ask_with(gateway, lost).kind == "answered"
    url = idp.publisher.url
    gateway.write(
        {
            "revocations/laptops.toml": REVOKED.format(url=url, token="lost"),
            "directives/broken.toml": "id = ",
        }
    )
    assert gateway.command("reload").returncode != 0
    assert ask_with(gateway, lost).status == 401
