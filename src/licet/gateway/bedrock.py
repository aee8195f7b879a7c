"""Requests as Amazon Bedrock takes them: the model in the path, a signature over all of it.

Sources: Amazon Bedrock API reference (`InvokeModel`, `InvokeModelWithResponseStream`); AWS
Signature Version 4, computed by botocore, the vendor's own package, without its HTTP stack. A
signature names the second in which it was made, so it is made for each request; the work is
synchronous and small.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import msgspec
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from licet.catalog import Endpoint
from licet.gateway.outbound import Route
from licet.gateway.reply import Header
from licet.terms import ConfigurationFault
from licet.wire import credential_headers

SERVICE: Final = "bedrock"
VERSION: Final = "bedrock-2023-05-31"
"""The dialect's version as Bedrock calls it, in the body."""
UNRESERVED: Final = "-_.~"
FRAMES: Final = b"application/vnd.amazon.eventstream"

_TOP_LEVEL: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TIMESTAMP: Final = "%Y%m%dT%H%M%SZ"


class _Process(msgspec.Struct, frozen=True, kw_only=True):
    """Credentials as AWS tools print them for one another (`credential_process`)."""

    access: str = msgspec.field(name="AccessKeyId")
    secret: str = msgspec.field(name="SecretAccessKey")
    token: str | None = msgspec.field(name="SessionToken", default=None)


class Bedrock:
    """One endpoint. Its credential is an API key for `auth = "bearer"`, else the JSON that
    `aws configure export-credentials` prints."""

    def __init__(self, endpoint: Endpoint, route: Route, secret: str) -> None:
        """Raises `ConfigurationFault` (`invalid_credential`) for one that cannot be used."""
        self._route = route
        self._signer: _Signer | None = None
        self._proof: list[Header] = []
        if endpoint.auth == "sigv4":
            self._signer = _Signer(_read(secret, endpoint.id), SERVICE, endpoint.region)
        elif secret:
            self._proof = credential_headers("messages", secret, "bearer")

    def put(
        self, body: bytes, model: str, passed: Iterable[Header], at_s: float
    ) -> tuple[str, list[Header], bytes]:
        """Path, headers but for the length, and body, for a `body` that is one of Messages;
        `passed` are the caller's headers, `at_s` Unix time."""
        fields: dict[str, Any] = _TOP_LEVEL.decode(body)
        stream = bytes(fields.pop("stream", b"")).strip() == b"true"
        fields.pop("model", None)
        fields["anthropic_version"] = VERSION
        betas = [value for name, value in passed if name == b"anthropic-beta"]
        if betas:
            named = b",".join(betas).decode("latin-1").split(",")
            fields["anthropic_beta"] = [one.strip() for one in named]
        sent = msgspec.json.encode(fields)
        route = self._route
        call = "invoke-with-response-stream" if stream else "invoke"
        path = f"{route.prefix}/model/{quote(model, safe=UNRESERVED)}/{call}"
        headers: list[Header] = [
            (b"host", route.authority.encode()),
            (b"content-type", b"application/json"),
            (b"accept", FRAMES if stream else b"application/json"),
            *self._proof,
        ]
        if self._signer is not None:
            url = f"{'https' if route.tls else 'http'}://{route.authority}{path}"
            headers += self._signer.proof(url, headers, sent, at_s)
        headers += [(b"accept-encoding", b"identity"), (b"user-agent", b"licet")]
        return path, headers, sent


class _Signer(SigV4Auth):  # type: ignore[misc]
    """The vendor's signer at an instant that is given, since ours must not ask for the time."""

    def proof(self, url: str, headers: list[Header], body: bytes, at_s: float) -> list[Header]:
        """The headers that prove the account for this request, to be sent as they are."""
        plain = {name.decode(): value.decode("latin-1") for name, value in headers}
        asked = AWSRequest(method="POST", url=url, headers=plain, data=body)
        asked.context["timestamp"] = datetime.fromtimestamp(at_s, UTC).strftime(_TIMESTAMP)
        self._modify_request_before_signing(asked)
        signature = self.signature(self.string_to_sign(asked, self.canonical_request(asked)), asked)
        self._inject_signature_to_request(asked, signature)
        return [
            (name.lower().encode(), value.encode())
            for name, value in asked.headers.items()
            if name.lower() not in plain
        ]


def _read(secret: str, endpoint: str) -> Credentials:
    try:
        found = msgspec.json.decode(secret, type=_Process)
    except msgspec.MsgspecError:
        # What it is instead may be the secret itself, so it is not repeated.
        raise ConfigurationFault(
            "invalid_credential",
            f"the credential of endpoint `{endpoint}` is not the JSON that AWS tools print",
            remedy="store what `aws configure export-credentials --format process` prints",
        ) from None
    return Credentials(found.access, found.secret, found.token)
