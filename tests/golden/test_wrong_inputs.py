"""What each wrong request gets: `wrong_inputs.txt`, by the real code, over real sockets.

Every case is sent to both dialects' paths: the file shows what Chat Completions hears, and the
Messages caller hears the same in its own form. Written anew by `LICET_GOLDEN=write`.
"""

from __future__ import annotations

import json
import os
import re
import socket
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.client import HTTPResponse
from pathlib import Path

import pytest

from licet.gateway.inbound import Inbound
from licet.terms import Instant
from tests.contract.asking import PATHS, PATIENCE_S, Heard, ask, body_of, heard, send_raw
from tests.contract.identities import (
    ISSUER,
    ISSUER_FILE,
    LONG_AGO,
    STRANGER,
    key,
    token,
)
from tests.rig import CHAT, LICET, VENDORS, Rig

GOLDEN = Path(__file__).with_name("wrong_inputs.txt")
AT = Instant(1_781_300_000_000_000)
SETTINGS = LICET + "[limits]\nbody_bytes_max = 4096\n" + ISSUER_FILE
REVOKED, REVOKED_FILE = key("revoked-key", revoked=True)
EXPIRED, EXPIRED_FILE = key("expired-key", expires=LONG_AGO + timedelta(days=1))
PERSONAL, PERSONAL_FILE = key("personal-key", subject="bob")
UNKNOWN, _ = key("unknown-key")
# One workload speaks to no endpoint of the first dialect, another to none of the second.
MUTE = {
    f"workloads/only-{dialect}.toml": f"""
id = "only-{dialect}"
dialect = "{dialect}"
[[candidate]]
model = "alpha"
endpoints = ["{endpoint}"]
"""
    for dialect, endpoint in (("chat", CHAT[0]), ("messages", "third"))
}


UNFINISHED = "a body that never comes"


class Wrong:
    """Makes the bytes of a request in one dialect, right but for what a case changes."""

    def __init__(self, dialect: str, key: str) -> None:
        self.dialect = dialect
        self.path = PATHS[dialect]
        self.key = key

    def body(self, prompt: str = "hello", **extra: object) -> bytes:
        return body_of(self.dialect, prompt, **extra)  # type: ignore[arg-type]

    def request(
        self,
        *lines: str,
        body: bytes | None = None,
        start: str = "",
        host: str | None = "gateway.example",
        key: str | None = "",
        length: bool = True,
    ) -> bytes:
        body = self.body() if body is None else body
        head = [start or f"POST {self.path} HTTP/1.1"]
        head += [f"Host: {host}"] if host is not None else []
        head += [f"x-api-key: {key or self.key}"] if key is not None else []
        head += lines
        head += [f"Content-Length: {len(body)}"] if length else []
        return "\r\n".join([*head, "", ""]).encode("latin-1") + body

    def bearing(self, value: str) -> bytes:
        return self.request(f"Authorization: {value}", key=None)

    def subject(self, value: str, key: str = "") -> bytes:
        return self.request(f"Licet-Subject: {value}", key=key)

    def raw(self, text: str) -> bytes:
        return self.request(body=text.encode())


def unsigned() -> str:
    def part(value: object) -> str:
        return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = {"iss": ISSUER, "aud": "licet", "exp": 9e9}
    return f"{part({'alg': 'none'})}.{part(claims)}."


def chunks(*sizes: int) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (size, b" " * size) for size in sizes) + b"0\r\n\r\n"


CASES: dict[str, Callable[[Wrong], bytes]] = {
    # Keys
    "no key": lambda w: w.request(key=None),
    "an empty key": lambda w: w.request("x-api-key:", key=None),
    "an unknown key": lambda w: w.request(key=UNKNOWN),
    "a vendor's key": lambda w: w.bearing("Bearer sk-proj-0123456789abcdef"),
    "a revoked key": lambda w: w.request(key=REVOKED),
    "an expired key": lambda w: w.request(key=EXPIRED),
    "two different keys": lambda w: w.request(f"Authorization: Bearer {UNKNOWN}"),
    "the same header twice": lambda w: w.request(f"x-api-key: {UNKNOWN}"),
    "a scheme that is none": lambda w: w.bearing("Basic dXNlcjpwYXNzd29yZA=="),
    "a key without a scheme": lambda w: w.bearing(w.key),
    "a scheme without a key": lambda w: w.bearing("Bearer"),
    "a key of no characters that keys have": lambda w: w.bearing("Bearer \xff\xfe"),
    "a key with SQL in it": lambda w: w.bearing("Bearer ' OR '1'='1"),
    "a key in a trailer": lambda w: (
        w.request("Transfer-Encoding: chunked", key=None, length=False, body=b"")
        + b"0\r\nx-api-key: %s\r\n\r\n" % w.key.encode()
    ),
    # Subject tokens
    "a token of words": lambda w: w.subject("not a token"),
    "an unsigned token": lambda w: w.subject(unsigned()),
    "a token signed by somebody else": lambda w: w.subject(token(key=STRANGER)),
    "an expired token": lambda w: w.subject(token(lifetime_s=-60)),
    "a token for somebody else": lambda w: w.subject(token(aud="another-gateway")),
    "a token of an unknown issuer": lambda w: w.subject(token(iss="https://elsewhere.example")),
    "a token that is too large": lambda w: w.subject("a" * 17_000),
    "a token on a key that speaks for one person": lambda w: w.subject(token(), PERSONAL),
    "two tokens": lambda w: w.request(f"Licet-Subject: {token()}", f"Licet-Subject: {token()}"),
    # Bodies
    "no body": lambda w: w.raw(""),
    "words for a body": lambda w: w.raw("hello"),
    "half a body": lambda w: w.raw('{"model": "chat", "messages": ['),
    "a list for a body": lambda w: w.raw("[]"),
    "no model": lambda w: w.raw('{"messages": []}'),
    "an empty model": lambda w: w.raw('{"model": ""}'),
    "a number for a model": lambda w: w.raw('{"model": 5}'),
    "null for a model": lambda w: w.raw('{"model": null}'),
    "a model in escapes": lambda w: w.raw(r'{"\u006dodel": "nobody", "model": "no\u0062ody-2"}'),
    "two models": lambda w: w.raw('{"model": "chat", "model": "nobody-1"}'),
    "a stream of words": lambda w: w.request(body=w.body(stream="yes")),
    "nothing but brackets": lambda w: w.raw("[" * 2_000 + "]" * 2_000),
    "brackets within": lambda w: w.raw('{"model": "nobody", "x": ' + "[" * 900 + "]" * 900 + "}"),
    "bytes that are not UTF-8": lambda w: w.request(body=b'{"model": "chat", "x": "\xff"}'),
    "UTF-16": lambda w: w.request(body=w.body().decode().encode("utf-16")),
    "a body that is too large": lambda w: w.request(body=w.body("x" * 5_000)),
    "a body said to be too large": lambda w: w.request(
        "Content-Length: 99999999", "Expect: 100-continue", body=b"", length=False
    ),
    "a body that is too large, in chunks": lambda w: (
        w.request("Transfer-Encoding: chunked", length=False, body=b"") + chunks(4_000, 4_000)
    ),
    UNFINISHED: lambda w: w.request("Content-Length: 10", length=False, body=b"{"),
    # Models
    "a model that nobody has": lambda w: w.request(body=w.body(model="gpt-2")),
    "a model of a strange name": lambda w: w.request(body=w.body(model="<script>\r\nx: y" * 20)),
    "a workload of another key": lambda w: w.request(body=w.body(model=f"only-{w.dialect}")),
    "a parameter that the other dialect cannot say": lambda w: w.request(
        body=w.body(
            model="messages" if w.dialect == "chat" else "chat",
            messages=[{"role": "user", "content": [{"type": "hologram"}]}],
        )
    ),
    # Paths and methods
    "GET": lambda w: w.request(start=f"GET {w.path} HTTP/1.1", body=b""),
    "DELETE": lambda w: w.request(start=f"DELETE {w.path} HTTP/1.1", body=b""),
    "a path below": lambda w: w.request(start=f"POST {w.path}/ HTTP/1.1"),
    "a path with dots": lambda w: w.request(start=f"POST /v1/../v1/{w.path[4:]} HTTP/1.1"),
    "a path in capitals": lambda w: w.request(start=f"POST {w.path.upper()} HTTP/1.1"),
    "a path in escapes": lambda w: w.request(start="POST /v1/%63hat HTTP/1.1"),
    "a whole URL": lambda w: w.request(start=f"POST http://evil.example{w.path} HTTP/1.1"),
    "no path that is ours": lambda w: w.request(start="POST /v1/images?key=secret HTTP/1.1"),
    "POST to the list of models": lambda w: w.request(start="POST /v1/models HTTP/1.1"),
    "POST to a page": lambda w: w.request(start="POST /metrics HTTP/1.1"),
    "CONNECT": lambda w: w.request(start="CONNECT vendor.example:443 HTTP/1.1", body=b""),
    # Heads
    "two hosts": lambda w: w.request("Host: another.example"),
    "no host": lambda w: w.request(host=None),
    "an empty host": lambda w: w.request(host=""),
    "a host with a path": lambda w: w.request(host="gateway.example/v1/models?x="),
    "a host with a user": lambda w: w.request(host="admin@gateway.example"),
    "a head that is too large": lambda w: w.request(*(f"x-{n}: {'y' * 900}" for n in range(60))),
    "a header that is too large": lambda w: w.request(f"x-large: {'y' * 60_000}"),
    "a path that is too large": lambda w: w.request(start=f"POST /{'x' * 60_000} HTTP/1.1"),
    "a length and chunks": lambda w: w.request("Transfer-Encoding: chunked"),
    "two lengths": lambda w: w.request("Content-Length: 5"),
    "a negative length": lambda w: w.request("Content-Length: -1", length=False),
    "a length in words": lambda w: w.request("Content-Length: ten", length=False),
    "a length beyond all": lambda w: w.request(f"Content-Length: {'9' * 30}", length=False),
    "a coding that is none": lambda w: w.request("Transfer-Encoding: gzip", length=False),
    "chunks that are none": lambda w: (
        w.request("Transfer-Encoding: chunked", length=False, body=b"") + b"zz\r\n"
    ),
    "no HTTP": lambda w: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "another version": lambda w: w.request(start=f"POST {w.path} HTTP/3.0"),
    "no version": lambda w: w.request(start=f"POST {w.path}"),
    "a method that is none": lambda w: w.request(start=f"GIVE {w.path} HTTP/1.1"),
    "HTTP/2": lambda w: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a folded header": lambda w: w.request("anthropic-version: 2023-06-01\r\n x-injected: 1"),
    "a header without a colon": lambda w: w.request("injected"),
    "a header with a line end in it": lambda w: w.request("anthropic-version: a\nx-injected: 1"),
    "a space before the colon": lambda w: w.request("Content-Type : text/plain"),
    "a zero byte in a header": lambda w: w.request("x-zero: a\x00b"),
}  # fmt: skip


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    files = {
        "licet.toml": SETTINGS,
        "keys/revoked.toml": REVOKED_FILE,
        "keys/expired.toml": EXPIRED_FILE,
        "keys/personal.toml": PERSONAL_FILE,
        **MUTE,
    }
    with Rig(files, at=AT, vendors=VENDORS) as rig:
        yield rig


def send(rig: Rig, case: str, dialect: str) -> Heard:
    wrong = Wrong(dialect, rig.plain_key)
    if case == UNFINISHED:
        return send_unfinished(rig, CASES[case](wrong), wrong.path)
    return send_raw(rig.port, CASES[case](wrong), path=wrong.path)


def send_unfinished(rig: Rig, data: bytes, path: str) -> Heard:
    """A request that does not go on: its time passes at once, and nobody has to wait for it."""
    desk = rig.node.desk

    def body_is_due() -> Inbound | None:
        return next((one for one in desk.company.connections if one._body), None)

    def let_time_pass(inbound: Inbound) -> float:
        left_s, inbound.deadline = inbound.deadline - desk.now(), desk.now()
        return left_s

    with socket.create_connection(("127.0.0.1", rig.port), timeout=PATIENCE_S) as connection:
        connection.sendall(data)
        inbound = rig.call_until(body_is_due)
        assert 0.0 < rig.call(let_time_pass, inbound) <= desk.limits.body_s
        response = HTTPResponse(connection, method="POST")
        response.begin()
        return heard(response, path)


def plain(heard: Heard) -> tuple[int, str, str | None, str]:
    """Status, code, parameter and message, whatever the dialect."""
    error = heard.error
    return heard.status, error["code"], error.get("param"), error["message"]


def render(rig: Rig) -> str:
    lines = []
    for case in CASES:
        status, code, param, message = plain(send(rig, case, "chat"))
        at = f" at {param}" if param else ""
        lines.append(f"{case}\n    {status} {code}{at}\n    {message}\n")
    return "".join(lines)


def test_every_wrong_request_gets_its_message(rig: Rig) -> None:
    text = render(rig)
    if os.environ.get("LICET_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_callers_of_messages_hear_the_same_in_their_own_form(rig: Rig, case: str) -> None:
    heard = send(rig, case, "messages")
    chat = send(rig, case, "chat")
    own = re.compile("messages|chat/completions|chat|completions", re.IGNORECASE)
    assert own.sub("…", str(plain(heard))) == own.sub("…", str(plain(chat)))
    assert heard.whole
    assert chat.whole


@pytest.mark.parametrize("case", CASES)
def test_no_secret_comes_back_and_nothing_reaches_a_vendor(rig: Rig, case: str) -> None:
    before = len(rig.ledger())
    heard = send(rig, case, "chat")
    said = heard.body.decode() + str(heard.headers)
    for secret in (rig.plain_key, REVOKED, EXPIRED, UNKNOWN, "sk-proj", "dXNlcj", "key=secret"):
        assert secret not in said
    assert len(rig.ledger()) == before
    assert heard.headers["x-request-id"] == heard.request


def test_what_the_cases_change_is_served(rig: Rig) -> None:
    for dialect in ("chat", "messages"):
        for good in (rig.plain_key, PERSONAL):
            assert ask(rig.port, good, dialect).status == 200
        heard = ask(rig.port, rig.plain_key, dialect, headers={"Licet-Subject": token()})
        assert heard.status == 200
