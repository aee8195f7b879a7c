"""TLS towards callers: the official client over `https`, and certificates that cannot be used."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx2
import openai
import pytest
import trustme

from licet.catalog import ListenSettings
from licet.gateway import listening_context
from licet.terms import OperationFault, parse_instant
from tests.rig import LICET, Rig

AT = parse_instant("2026-06-10T12:00:00Z")
LISTEN = '\n[listen]\ncertificate_file = "tls/chain.pem"\nkey_file = "tls/key.pem"\n'


def certified(folder: Path) -> ssl.SSLContext:
    """Puts a certificate for this machine into `folder`; what a caller trusts it by."""
    authority = trustme.CA()
    identity = authority.issue_cert("127.0.0.1")
    (folder / "tls").mkdir()
    identity.cert_chain_pems[0].write_to_path(folder / "tls" / "chain.pem")
    identity.private_key_pem.write_to_path(folder / "tls" / "key.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_callers_are_served_over_tls_and_not_without() -> None:
    rig = Rig({"licet.toml": LICET + LISTEN}, at=AT)
    trusting = certified(rig.folder)
    with rig, httpx2.Client(verify=trusting) as http:
        client = openai.OpenAI(
            base_url=f"https://127.0.0.1:{rig.port}/v1", api_key=rig.plain_key, http_client=http
        )
        said = client.chat.completions.create(
            model="alpha", messages=[{"role": "user", "content": "hello"}]
        )
        assert "answer from alpha" in (said.choices[0].message.content or "")
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"{rig.url}/livez")


@pytest.mark.parametrize("broken", ["chain.pem", "key.pem"])
def test_a_certificate_that_cannot_be_used_is_told_before_anything_starts(
    tmp_path: Path, broken: str
) -> None:
    certified(tmp_path)
    (tmp_path / "tls" / broken).write_text("not PEM")
    listen = ListenSettings(certificate_file="tls/chain.pem", key_file="tls/key.pem")
    with pytest.raises(OperationFault, match="cannot be used") as told:
        listening_context(listen, tmp_path)
    assert told.value.code == "wrong_certificate"
