"""Endpoints of Google: access tokens are got from a server of ours, as from the vendor's own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import RSAKey

from licet.sim import VendorSpec
from tests.system import house
from tests.system.callers import Ask, call
from tests.system.house import Gateway, VendorsProcess, eventually, rows_of_workers

pytestmark = pytest.mark.system

PRIVATE = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
PEM = PRIVATE.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
).decode()
PUBLIC = RSAKey.import_key(PRIVATE.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
))  # fmt: skip
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
MAIL = "gateway@project.iam.gserviceaccount.com"
AUDIENCE = "https://oauth2.googleapis.com/token"
"""Whom a proof of the vendor's package is for, wherever it is sent."""
HOUR_S = 3600
SPECS = (
    VendorSpec(
        id="google", dialect="messages", models=("north",), key="token-2", carriage="vertex"
    ),
    VendorSpec(id="other", dialect="messages", models=("south",)),
    # The house's workloads of the dialect want somebody too.
    VendorSpec(id="chat", dialect="chat", models=("north", "south")),
)
ENDPOINTS = """
[[endpoint]]
id = "google"
vendor = "vertex"
dialect = "messages"
model = "north"
base_url = "{google}"
{credential}

[[endpoint]]
id = "other"
operator = {{ id = "maker" }}
dialect = "messages"
base_url = "{other}"
models = ["south"]
credential = {{ env = "SIM" }}

[[endpoint]]
id = "chat"
operator = {{ id = "maker" }}
dialect = "chat"
base_url = "{chat}"
models = ["north", "south"]
credential = {{ env = "SIM" }}
"""


class Tokens:
    """A token server and a metadata server: `token-1`, `token-2` and so on, each good for an hour
    but the first, which is for `first_s`. `sound`: whether it gives any. `asked`: who proved to be
    whom."""

    def __init__(self) -> None:
        self.sound = True
        self.first_s = HOUR_S
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def key(self) -> str:
        """The file of a service account's key, as it is downloaded."""
        said = {
            "type": "service_account",
            "client_email": MAIL,
            "private_key_id": "key-1",
            "private_key": PEM,
            "token_uri": f"http://{self.address}/token",
        }
        return json.dumps(said)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _give(self, to: str) -> tuple[int, dict[str, Any]]:
        if not self.sound:
            return 400, {"error": "invalid_grant", "error_description": "account is disabled"}
        self.asked.append(to)
        token = f"token-{len(self.asked)}"
        return 200, {
            "access_token": token,
            "expires_in": self.first_s if token == "token-1" else HOUR_S,
            "token_type": "Bearer",
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        tokens = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                proof = jwt.decode(parse_qs(body)["assertion"][0], PUBLIC, algorithms=["RS256"])
                claims = proof.claims
                assert claims["aud"] == AUDIENCE
                assert claims["scope"] == SCOPE
                self._answer(*tokens._give(claims["iss"]))

            def do_GET(self) -> None:
                assert self.headers["metadata-flavor"] == "Google"
                path = self.path.removeprefix("/computeMetadata/v1/instance/service-accounts/")
                if path.startswith("default/token"):
                    self._answer(*tokens._give("this machine"))
                else:
                    self._answer(200, {"email": MAIL, "scopes": [SCOPE], "aliases": ["default"]})

            def _answer(self, status: int, said: dict[str, Any]) -> None:
                body = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("metadata-flavor", "Google")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Whoever wants to know looks at `asked`."""

        return Handler


@pytest.fixture
def tokens() -> Iterator[Tokens]:
    with Tokens() as tokens:
        yield tokens


@pytest.fixture
def vendors(tmp_path: Path) -> Iterator[VendorsProcess]:
    vendors = VendorsProcess(tmp_path / "ledger.jsonl", SPECS)
    yield vendors
    vendors.close()


def gateway_of(folder: Path, vendors: VendorsProcess, tokens: Tokens, credential: str) -> Gateway:
    files = {
        "catalog/endpoints.toml": ENDPOINTS.format(**vendors.urls, credential=credential),
        "google.json": tokens.key,
    }
    return Gateway(folder / "gateway", vendors, files=files)


def await_word(gateway: Gateway) -> None:
    """Nobody who starts waits long for a token: it, or its refusal, may come after that."""

    def has_come() -> bool:
        (row,) = gateway.status()["tokens"]
        return bool(row["left_s"] > 0 or row["fault"])

    eventually(has_come)
    # What workers are asked now they hear after the token.
    rows_of_workers(gateway.control)


BY_FILE = 'credential = { file = "google.json" }'


def asked(gateway: Gateway) -> tuple[list[str], int | None]:
    """Who was asked for one answer, in order, and how the first of them answered."""
    before = len(gateway.vendors.arrivals())
    assert call(gateway, Ask(workload="messages")).kind == "answered"
    arrivals = gateway.vendors.arrivals()[before:]
    return [arrival.vendor for arrival in arrivals], arrivals[0].status


def test_a_token_is_got_with_a_key_and_renewed_before_it_ends(
    tmp_path: Path, vendors: VendorsProcess, tokens: Tokens
) -> None:
    tokens.first_s = 4
    with gateway_of(tmp_path, vendors, tokens, BY_FILE) as gateway:
        snapshot, pids = gateway.status()["snapshot"], gateway.worker_pids()
        # The vendor takes the second token alone.
        eventually(lambda: asked(gateway) == (["google"], 200))
        assert tokens.asked == [MAIL, MAIL]
        (row,) = gateway.status()["tokens"]
        assert (row["endpoints"], row["fault"]) == (["google"], "")
        assert HOUR_S - 60 < row["left_s"] <= HOUR_S
        assert (gateway.status()["snapshot"], gateway.worker_pids()) == (snapshot, pids)
        assert "token      google: for 3" in gateway.command("status").stdout


def test_without_a_token_nothing_is_sent_and_it_is_said(
    tmp_path: Path, vendors: VendorsProcess, tokens: Tokens
) -> None:
    tokens.sound = False
    tokens.asked.append("somebody else")
    with gateway_of(tmp_path, vendors, tokens, BY_FILE) as gateway:
        await_word(gateway)
        assert asked(gateway) == (["other"], 200)
        told = gateway.command("status").stdout
        assert "token      google: NONE, FAILING: no access token of Google" in told
        assert "account is disabled" in told
        probed = gateway.command("probe", "google")
        assert (probed.returncode, "account is disabled" in probed.stderr) == (1, True)
        tokens.sound = True
        eventually(lambda: asked(gateway) == (["google"], 200))
        _, said = gateway.end()
    assert "without one, `google` is not called" in said
    assert PEM.splitlines()[1] not in said


def test_the_metadata_server_knows_a_machine_without_a_key(
    tmp_path: Path, vendors: VendorsProcess, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(house.ENVIRONMENT, "GCE_METADATA_HOST", tokens.address)
    tokens.asked.append("somebody else")
    with gateway_of(tmp_path, vendors, tokens, "") as gateway:
        await_word(gateway)
        assert asked(gateway) == (["google"], 200)
        assert tokens.asked[1:] == ["this machine"]


def test_a_file_that_is_no_key_is_told_at_once(
    tmp_path: Path, vendors: VendorsProcess, tokens: Tokens
) -> None:
    tokens.asked.append("somebody else")
    with gateway_of(tmp_path, vendors, tokens, BY_FILE) as gateway:
        await_word(gateway)
        gateway.write({"google.json": "a-secret-of-another-kind"})
        told = gateway.command("reload")
        assert told.returncode != 0
        assert "is no file of credentials of Google" in told.stderr
        assert "a-secret" not in told.stderr
        # What was adopted before goes on.
        assert asked(gateway) == (["google"], 200)
